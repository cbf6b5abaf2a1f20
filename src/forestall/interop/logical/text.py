"""Text files of bounded size, and the tokens of rules that stand on one line."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path

from forestall.interop.logical.expressions import Operator
from forestall.interop.logical.parsing import WORDS, Place, Token

MAX_TEXT_BYTES = 5_000_000
MAX_NODES = 20_000
MAX_RULE_CHARACTERS = 100_000
RULE_SIGNS = {
    "&": Operator.AND,
    "&&": Operator.AND,
    "|": Operator.OR,
    "||": Operator.OR,
    "!": Operator.NOT,
    "~": Operator.NOT,
    "^": Operator.XOR,
}
"""Operators of .bnet and booleannet rules; the words and, or, not and xor serve too."""
_NAME_CHARACTER = r"[^\s,;:&|!~^()\[\]{}<>=*?$@%#\"'`\\]"
_TOKEN = re.compile(
    rf"(?P<blank>\s+)|(?P<operator>&&?|\|\|?|[!~^])|(?P<sign>[()])|(?P<name>{_NAME_CHARACTER}+)"
)
_NAME = re.compile(rf"{_NAME_CHARACTER}+")
_ENCODING = "save it as UTF-8"
_CONSTANTS = {"0": "0", "1": "1", "false": "0", "true": "1"}
_INCLUDE = re.compile(
    r"^\s*(?:[#@%]\s*)?(?:include|import|source)\b\s*[\"'<(]|^\s*@?include\s+\S", re.IGNORECASE
)


def read_text(path: Path, limit: int = MAX_TEXT_BYTES) -> str:
    """The text of a file.

    Raises:
        InputError: if it cannot be read, is too large, or is not text.
    """
    place = Place(path)
    try:
        content = _bounded_bytes(place, limit)
    except OSError as error:
        place.refuse(f"the file cannot be read: {(error.strerror or str(error)).lower()}", None)
    line = content[: _first_zero(content)].count(b"\n") + 1
    if b"\0" in content:
        place.refuse("this is no text file: it has a zero byte", line, fix=_ENCODING)
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        place.refuse("this is no UTF-8 text", content[: error.start].count(b"\n") + 1, fix=_ENCODING)


def _first_zero(content: bytes) -> int:
    found = content.find(b"\0")
    return found if found >= 0 else len(content)


def _bounded_bytes(place: Place, limit: int) -> bytes:
    """Never more bytes than the limit; neither a device nor a pipe, which have no end."""
    with place.file.open("rb") as stream:
        status = os.fstat(stream.fileno())
        if not stat.S_ISREG(status.st_mode):
            place.refuse("this is not a regular file", None)
        content = stream.read(limit + 1) if status.st_size <= limit else b""
    if status.st_size > limit or len(content) > limit:
        place.refuse(
            "the file is too large for a network",
            None,
            value=f"{status.st_size:,} bytes",
            allowed=f"{limit:,} bytes",
        )
    return content


def lines_of(text: str, place: Place) -> Iterator[tuple[int, str]]:
    """Number and content of each line that is neither empty nor a comment ('#')."""
    for number, line in enumerate(text.splitlines(), start=1):
        if _INCLUDE.match(line):
            refuse_include(place, number, line)
        content = line.partition("#")[0].strip()
        if content:
            yield number, content


def refuse_include(place: Place, line: int, text: str) -> None:
    """None of the formats can include another file, and following one could go in a circle."""
    place.refuse("files cannot be included", line, value=text.strip(), fix="put all rules into this file")


def rule_tokens(text: str, line: int, place: Place) -> list[Token]:
    """Tokens of a rule or name.

    Raises:
        InputError: at a sign that has no meaning.
    """
    if len(text) > MAX_RULE_CHARACTERS:
        place.refuse(
            "this rule is too long", line, value=len(text), allowed=f"{MAX_RULE_CHARACTERS:,} characters"
        )
    tokens, at = [], 0
    while at < len(text):
        found = _TOKEN.match(text, at)
        if found is None:
            place.refuse(
                "unknown symbol", line, value=text[at], allowed="names, 0, 1, &, |, !, ^, (, ), and, or, not"
            )
        at = found.end()
        if found.lastgroup != "blank":
            tokens.append(_token(found, line))
    return tokens


def _token(found: re.Match[str], line: int) -> Token:
    text, kind = found.group(), str(found.lastgroup)
    if kind == "sign":
        return Token(text, text, line)
    if kind == "name" and text.casefold() in _CONSTANTS:
        return Token("number", _CONSTANTS[text.casefold()], line)
    return Token(kind, text, line)


def node_name(text: str, line: int, place: Place) -> str:
    """The name that a rule is for.

    Raises:
        InputError: if it is no name.
    """
    name = text.strip()
    if _NAME.fullmatch(name) is None:
        place.refuse(
            "this is no name of a node", line, value=name, allowed="letters, digits, '_', '.', '-', '/', '+'"
        )
    if name.casefold() in WORDS or name.casefold() in _CONSTANTS:
        place.refuse("this word is reserved and cannot name a node", line, value=name)
    return name


class Declared:
    """The nodes that a file has declared so far, each once."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._lines: dict[str, int] = {}

    def add(self, name: str, line: int) -> None:
        """Note a node.

        Raises:
            InputError: if it has a rule already, or if there are too many nodes.
        """
        if name in self._lines:
            self._place.refuse(
                f"'{name}' has a rule already, in line {self._lines[name]}", line, fix="remove one of the two"
            )
        if len(self._lines) >= MAX_NODES:
            self._place.refuse("the network has too many nodes", line, allowed=f"{MAX_NODES:,} nodes")
        self._lines[name] = line

    @property
    def names(self) -> list[str]:
        """Names in the order of the file."""
        return list(self._lines)

    def line_of(self, name: str) -> int:
        """Where a node was declared."""
        return self._lines[name]

    def __contains__(self, name: object) -> bool:
        return name in self._lines

    def __len__(self) -> int:
        return len(self._lines)
