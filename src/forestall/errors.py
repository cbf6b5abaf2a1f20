"""One exception tree: what happened, the value seen, what is allowed, the likely fix."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from pathlib import Path


class ForestallError(Exception):
    """Base of every error that Forestall raises on purpose."""


class InputError(ForestallError):
    """A file, field or argument that the user can mend.

    Args:
        message: What is wrong, in one sentence.
        file: The file it stands in, if any.
        line: The line in that file, counted from 1.
        field: The field, as a dotted path.
        value: The value seen.
        allowed: What would be accepted.
        fix: The likely fix.
    """

    def __init__(
        self,
        message: str,
        *,
        file: str | Path | None = None,
        line: int | None = None,
        field: str | None = None,
        value: object = None,
        allowed: str | None = None,
        fix: str | None = None,
    ) -> None:
        self.message = message
        self.file = None if file is None else str(file)
        self.line = line
        self.field = field
        self.value = value
        self.allowed = allowed
        self.fix = fix
        super().__init__(str(self))

    def at(self, field: str, *, file: str | Path | None = None, line: int | None = None) -> InputError:
        """The same complaint at another place.

        Args:
            field: The field that the user wrote.
            file: The file it stands in, if any.
            line: The line in that file.
        """
        return InputError(
            self.message,
            file=file,
            line=line,
            field=field,
            value=self.value,
            allowed=self.allowed,
            fix=self.fix,
        )

    def __str__(self) -> str:
        place = self.file or ""
        if self.line is not None:
            place += f":{self.line}"
        parts = [part for part in (place, self.field) if part]
        text = ": ".join([*parts, self.message])
        if self.value is not None:
            text += f" (got {_shorten(self.value)})"
        if self.allowed:
            text += f"; allowed: {self.allowed}"
        if self.fix:
            text += f"; {self.fix}"
        return " ".join(text.split())


class KnowledgeError(InputError):
    """An entry of the knowledge files that breaks the schema or points nowhere."""


class StudyError(ForestallError):
    """A study that cannot be run, or an output folder that cannot be written."""


def _shorten(value: object, limit: int = 80) -> str:
    text = repr(value)
    return text if len(text) <= limit else text[: limit - 3] + "..."


def did_you_mean(word: str, options: Iterable[str]) -> str:
    """The likely fix for an unknown word.

    Args:
        word: What was typed.
        options: Every valid word.

    Returns:
        "did you mean 'x'?", or the valid words when none is close.
    """
    known = sorted(options)
    folded = {name.casefold(): name for name in known}
    close = difflib.get_close_matches(word.casefold(), list(folded), n=3, cutoff=0.5)
    if close:
        return "did you mean " + " or ".join(f"'{folded[name]}'" for name in close) + "?"
    shown = ", ".join(known[:12])
    return f"known: {shown}" + (", ..." if len(known) > 12 else "")
