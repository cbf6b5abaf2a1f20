"""A look at an XML file before a library parses it: no entities, no inclusions, bounded depth and size."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn
from xml.parsers import expat

from forestall.interop.logical.parsing import Place
from forestall.interop.logical.text import read_text

MAX_XML_BYTES = 20_000_000
MAX_XML_DEPTH = 1000
MAX_XML_ELEMENTS = 2_000_000
_XINCLUDE = "http://www.w3.org/2001/XInclude"
_EXTERNAL_MODEL = "externalModelDefinition"
"""How the SBML package comp includes another file."""


def read_guarded_xml(path: Path, deepest: int = MAX_XML_DEPTH) -> str:
    """The text of a well-formed and harmless XML file.

    Args:
        path: The file.
        deepest: Levels of elements that may be nested; readers of formulas recurse on them.

    Raises:
        InputError: with file and line.
    """
    place = Place(path)
    text = read_text(path, MAX_XML_BYTES)
    guard = _Guard(place, expat.ParserCreate(namespace_separator=" "), deepest)
    guard.parse(text)
    return text


@dataclass
class _Guard:
    place: Place
    parser: Any
    deepest: int
    depth: int = 0
    elements: int = 0

    def parse(self, text: str) -> None:
        self.parser.StartDoctypeDeclHandler = self._refuse_doctype
        self.parser.EntityDeclHandler = self._refuse_entity
        self.parser.StartElementHandler = self._open
        self.parser.EndElementHandler = self._close
        try:
            self.parser.Parse(text.encode(), True)
        except expat.ExpatError as error:
            self.place.refuse(f"this is no XML: {expat.ErrorString(error.code)}", error.lineno)

    def _refuse_doctype(self, *_: object) -> None:
        self._refuse(
            "a document type, which could define entities, is not accepted", fix="remove the <!DOCTYPE ...>"
        )

    def _refuse_entity(self, *_: object) -> None:
        self._refuse("entities are not accepted", fix="remove the <!ENTITY ...>")

    def _refuse(self, message: str, *, fix: str | None = None, allowed: str | None = None) -> NoReturn:
        self.place.refuse(message, self.parser.CurrentLineNumber, fix=fix, allowed=allowed)

    def _open(self, name: str, _attributes: object) -> None:
        self.depth += 1
        self.elements += 1
        if name.startswith(_XINCLUDE) or name.endswith(_EXTERNAL_MODEL):
            self._refuse("files cannot be included", fix="put everything into this file")
        if self.depth > self.deepest:
            self._refuse("the elements are nested too deep", allowed=f"{self.deepest} levels")
        if self.elements > MAX_XML_ELEMENTS:
            self._refuse("there are too many elements", allowed=f"{MAX_XML_ELEMENTS:,}")

    def _close(self, _name: str) -> None:
        self.depth -= 1
