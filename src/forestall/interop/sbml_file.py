"""Reading SBML files of others: hostile XML is refused before any of it is expanded, and every complaint names file and line."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from forestall.errors import ForestallError, InputError
from forestall.interop.logical.xml_guard import read_guarded_xml
from forestall.interop.sbml_expansion import refuse_explosions

MAX_DEPTH = 150
"""Of XML elements; readers of formulas recurse on it."""
MOST_FUNCTIONS_CHECKED = 200
"""libSBML's general check takes minutes on models with a thousand functions that call each other."""
_SKIPPED_CHECKS = ("UNITS_CONSISTENCY", "MODELING_PRACTICE", "SBO_CONSISTENCY")
_QUOTED = re.compile(r"'(\w+)'")
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
    text = read_guarded_xml(path, MAX_DEPTH)
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
    found = [
        error
        for error in map(document.getError, range(document.getNumErrors()))
        if error.getErrorId()
        != libsbml.MissingXMLEncoding  # XML that names none is UTF-8, and was read as such
    ]
    unknown = (libsbml.ApplyCiMustBeUserFunction, libsbml.ApplyCiMustBeModelComponent)
    wrong = [
        error
        for error in found
        if error.getSeverity() >= libsbml.LIBSBML_SEV_ERROR
        or (error.getErrorId() in unknown and _names_nothing(error, document))
    ]
    if wrong:
        error = max(wrong, key=lambda each: each.getSeverity())
        message = " ".join((error.getShortMessage(), "-", _last_sentence(error.getMessage())))
        raise InputError(message, file=path, line=error.getLine() or None)


def _names_nothing(error: Any, document: Any) -> bool:
    """Whether a symbol that libSBML complains of, in old levels only as a warning, is nowhere defined."""
    quoted = _QUOTED.findall(_last_sentence(error.getMessage()))
    return bool(quoted) and all(document.getElementBySId(name) is None for name in quoted)


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
