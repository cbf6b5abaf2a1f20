"""Reading SBML files of others: hostile XML is refused before any of it is expanded, and every complaint names file and line."""

from __future__ import annotations

import xml.parsers.expat
from pathlib import Path
from typing import Any

from forestall.errors import ForestallError, InputError
from forestall.interop.sbml_expansion import refuse_explosions

MAX_BYTES = 20_000_000
MAX_DEPTH = 150
"""Of XML elements; readers of formulas recurse on it."""
MOST_FUNCTIONS_CHECKED = 200
"""libSBML's general check takes minutes on models with a thousand functions that call each other."""
_SKIPPED_CHECKS = ("UNITS_CONSISTENCY", "MODELING_PRACTICE", "SBO_CONSISTENCY")
_INSTALL = "SBML needs python-libsbml and libroadrunner; install them with: pip install 'forestall[sbml]'"


def libsbml_module() -> Any:
    """The module python-libsbml, loaded only where it is needed.

    Raises:
        ForestallError: if it is not installed.
    """
    try:
        import libsbml
    except ImportError:
        raise ForestallError(_INSTALL) from None
    return libsbml


def roadrunner_module() -> Any:
    """The module roadrunner, loaded only where it is needed, with its own messages turned off.

    Raises:
        ForestallError: if it is not installed.
    """
    try:
        import roadrunner
    except ImportError:
        raise ForestallError(_INSTALL) from None
    roadrunner.Logger.setLevel(roadrunner.Logger.LOG_FATAL)
    return roadrunner


def read_xml(path: Path) -> str:
    """The text of an XML file that is safe to parse.

    Args:
        path: The file.

    Raises:
        InputError: if it is missing, too large, not UTF-8, not well-formed, nested too deeply, or declares a document type (with
            which entities could be expanded without bounds).
    """
    raw = _bytes(path)
    parser = xml.parsers.expat.ParserCreate()
    depth = 0

    def refuse(reason: str, fix: str | None = None) -> InputError:
        return InputError(reason, file=path, line=parser.CurrentLineNumber, fix=fix)

    def opened(_name: str, _attributes: dict[str, str]) -> None:
        nonlocal depth
        depth += 1
        if depth > MAX_DEPTH:
            raise refuse(f"nested more than {MAX_DEPTH} levels deep")

    def closed(_name: str) -> None:
        nonlocal depth
        depth -= 1

    def declared(*_: object) -> None:
        raise refuse("a document type declaration (DTD) is not allowed", "remove '<!DOCTYPE ...>'")

    parser.StartElementHandler, parser.EndElementHandler = opened, closed
    parser.StartDoctypeDeclHandler = declared
    try:
        parser.Parse(raw, True)
    except xml.parsers.expat.ExpatError as error:
        reason = xml.parsers.expat.errors.messages.get(error.code, "unknown")
        raise InputError(f"this is not well-formed XML: {reason}", file=path, line=error.lineno) from None
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InputError("the file is not UTF-8 text", file=path, fix="save it as UTF-8") from None


def _bytes(path: Path) -> bytes:
    if not path.exists():
        raise InputError("there is no such file", file=path, fix="check the path")
    if not path.is_file():
        raise InputError("this is not a regular file", file=path)
    size = path.stat().st_size
    if size > MAX_BYTES:
        raise InputError(
            "the file is too large", file=path, value=f"{size} bytes", allowed=f"up to {MAX_BYTES} bytes"
        )
    try:
        return path.read_bytes()
    except OSError as error:
        raise InputError(f"cannot read the file: {error.strerror or error}", file=path) from None


def read_document(path: Path) -> Any:
    """An SBML level 2 or 3 core document that passed libSBML's checks.

    Args:
        path: The file.

    Returns:
        The libsbml.SBMLDocument.

    Raises:
        InputError: with file and line, if it is no SBML, is inconsistent, needs a package, or its rules expand without bounds.
        ForestallError: if python-libsbml is not installed.
    """
    libsbml = libsbml_module()
    text = read_xml(path)
    document = libsbml.readSBMLFromString(text)
    _refuse_errors(libsbml, document, path)
    _refuse_unsupported(document, path)
    refuse_explosions(libsbml, document.getModel(), path)
    many = document.getModel().getNumFunctionDefinitions() > MOST_FUNCTIONS_CHECKED
    for name in (*_SKIPPED_CHECKS, *(("GENERAL_CONSISTENCY",) if many else ())):
        document.setConsistencyChecks(getattr(libsbml, f"LIBSBML_CAT_{name}"), False)
    document.checkConsistency()
    _refuse_errors(libsbml, document, path)
    return document


def _refuse_errors(libsbml: Any, document: Any, path: Path) -> None:
    for severity in (libsbml.LIBSBML_SEV_FATAL, libsbml.LIBSBML_SEV_ERROR):
        if document.getNumErrors(severity):
            error = document.getErrorWithSeverity(0, severity)
            message = " ".join((error.getShortMessage(), "-", _last_sentence(error.getMessage())))
            raise InputError(message, file=path, line=error.getLine() or None)


def _last_sentence(message: str) -> str:
    """The part of libSBML's message that is about this file; what comes before quotes the specification."""
    lines = [" ".join(line.split()) for line in message.strip().splitlines() if line.strip()]
    text = lines[-1] if lines else "no details"
    return text if len(text) <= 200 else text[:197] + "..."


def _refuse_unsupported(document: Any, path: Path) -> None:
    model = document.getModel()
    if model is None:
        raise InputError("the document holds no model", file=path)
    if document.getLevel() not in (2, 3):
        level = f"level {document.getLevel()} version {document.getVersion()}"
        raise InputError(
            "this level of SBML is not supported", file=path, line=1, value=level, allowed="level 2 or 3"
        )
    for number in range(document.getNumPlugins()):
        package = document.getPlugin(number).getPackageName()
        if document.getLevel() > 2 and document.getPackageRequired(package):
            fix = (
                "a logical model (qual) goes to the readers of logical models" if package == "qual" else None
            )
            raise InputError(
                "this SBML package is not supported",
                file=path,
                line=document.getLine() or None,
                value=package,
                fix=fix,
            )
    if model.getNumSpecies() + model.getNumParameters() == 0:
        raise InputError(
            "the model has neither species nor parameters", file=path, line=model.getLine() or None
        )
