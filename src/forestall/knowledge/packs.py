"""Disease packs: a file or folder of YAML that stands in the place of the breast catalog.

The packs that ship are folders below `data/packs`; a user points to any other by its path. The sections of all files of a folder
are joined; trials and published results may stand in subfolders of these names.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from forestall.errors import InputError, did_you_mean
from forestall.knowledge.pack_file import Pack
from forestall.knowledge.pack_reading import read_pack
from forestall.knowledge.reading import DATA, Document, locate
from forestall.knowledge.scope import BREAST, Scope, current, disease

DIRECTORY = DATA / "packs"


def pack_in_force() -> Pack | None:
    """The pack in force; None for the breast catalog."""
    scope = current()
    if scope is None:
        return None
    facts: Pack = scope.facts
    return facts


def shipped_packs() -> tuple[str, ...]:
    """Ids of the packs that ship with the package."""
    return tuple(sorted(path.name for path in DIRECTORY.iterdir() if path.is_dir()))


def find_disease(name_or_path: str | Path, beside: Path | None = None) -> Scope | None:
    """The knowledge of a disease.

    Args:
        name_or_path: "breast", the id of a pack that ships, or the path of a pack's file or folder.
        beside: A file that relative paths may start from.

    Returns:
        What to put in force with `in_scope`; None for breast.

    Raises:
        InputError: if there is no such disease, or its files are wrong: naming file, line and field.
    """
    text = str(name_or_path).strip()
    if text.casefold() == BREAST:
        return None
    if text.casefold() in shipped_packs():
        return _shipped(text.casefold())
    for path in (Path(text), *([beside.parent / text] if beside else [])):
        if text and path.exists():
            return read_pack(path, str(path.resolve()))
    known = (BREAST, *shipped_packs())
    raise InputError(
        "unknown disease",
        value=text,
        allowed=f"{', '.join(known)}, or the path of a pack (file or folder)",
        fix=did_you_mean(text, known),
    )


def scope_of(data: Mapping[str, Any], document: Document | None = None) -> Scope | None:
    """The knowledge of the disease that a trial names; that in force if it names none.

    Args:
        data: The trial as it is written.
        document: Its file, if it has one.

    Raises:
        InputError: if there is no such disease.
    """
    named = data.get("disease")
    if not isinstance(named, str) or named.strip().casefold() == disease():
        return current()
    try:
        return find_disease(named, None if document is None else document.path)
    except InputError as error:
        if document is None or error.file is not None:
            raise
        line = locate(document, ("disease",))
        raise error.at("disease", file=document.path, line=line) from None


def check_disease(value: Any) -> str:
    """The disease of a trial or patient, which is put in force before they are read: here it can only be that one.

    A pack of the user's comes back as an absolute path, so that the record of a run finds it again.

    Raises:
        InputError: if it is another.
    """
    scope = current()
    names = {disease()} if scope is None else {disease(), Path(scope.origin).name}
    if not isinstance(value, str) or Path(value.strip()).name.casefold() not in {n.casefold() for n in names}:
        allowed = ", ".join((BREAST, *shipped_packs())) + ", or the path of a pack"
        raise InputError("unknown disease", value="nothing" if value is None else value, allowed=allowed)
    return BREAST if scope is None else scope.origin


@functools.cache
def _shipped(disease: str) -> Scope:
    return read_pack(DIRECTORY / disease, disease)
