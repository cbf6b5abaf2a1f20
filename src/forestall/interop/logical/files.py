"""A logical model from a file, and into one; the suffix names the format."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from forestall.errors import InputError
from forestall.interop.logical.model import LogicalModel
from forestall.interop.logical.parsing import Place

FORMATS = {
    ".bnet": "bnet",
    ".txt": "booleannet",
    ".booleannet": "booleannet",
    ".bool": "booleannet",
    ".bnd": "maboss",
    ".sbml": "sbml-qual",
    ".xml": "sbml-qual",
}
"""Format by suffix, in small letters."""
SUFFIXES = ".bnet, .txt or .booleannet (booleannet), .bnd (MaBoSS), .sbml or .xml (SBML-qual)"


def load_network(path: str | Path, *, settings: str | Path | None = None) -> LogicalModel:
    """Read a logical model.

    Args:
        path: The file; for MaBoSS the .bnd file.
        settings: A MaBoSS .cfg file (rates, initial states, internal nodes, times). For a .bnd file the .cfg file
            of the same name beside it is used if there is one.

    Raises:
        InputError: with file and line.
    """
    from forestall.interop.logical.maboss_settings import read_settings, refuse_missing_parameters

    file = Path(path)
    model = _reader(_format(file))(file)
    chosen = Path(settings) if settings is not None else _settings_beside(file)
    if chosen is not None:
        return read_settings(chosen, model)
    refuse_missing_parameters(model, Place(file), fix="name the file that gives it with --settings FILE.cfg")
    return model


def save_network(model: LogicalModel, path: str | Path) -> tuple[str, ...]:
    """Write a logical model; for MaBoSS a .cfg file beside the .bnd file.

    Args:
        model: The model.
        path: The file to be; its suffix names the format.

    Returns:
        What the format cannot hold and the file therefore lacks, one line each.
    """
    file = Path(path)
    texts, lost = _writer(_format(file))(model)
    for suffix, text in texts.items():
        _write_whole(file.with_suffix(suffix) if suffix else file, text)
    return lost


def _format(file: Path) -> str:
    form = FORMATS.get(file.suffix.casefold())
    if form is None:
        raise InputError("the suffix names no known format", file=file, value=file.suffix, allowed=SUFFIXES)
    return form


def _reader(form: str) -> Callable[[Path], LogicalModel]:
    if form == "bnet":
        from forestall.interop.logical.bnet import read_bnet

        return read_bnet
    if form == "booleannet":
        from forestall.interop.logical.booleannet import read_booleannet

        return read_booleannet
    if form == "maboss":
        from forestall.interop.logical.maboss_network import read_bnd

        return read_bnd
    from forestall.interop.logical.sbml_qual import read_sbml_qual

    return read_sbml_qual


def _writer(form: str) -> Callable[[LogicalModel], tuple[dict[str, str], tuple[str, ...]]]:
    if form == "bnet":
        from forestall.interop.logical.bnet import bnet_text

        return bnet_text
    if form == "booleannet":
        from forestall.interop.logical.booleannet import booleannet_text

        return booleannet_text
    if form == "maboss":
        from forestall.interop.logical.maboss_writer import maboss_texts

        return maboss_texts
    from forestall.interop.logical.sbml_qual_writer import sbml_qual_text

    return sbml_qual_text


def _settings_beside(file: Path) -> Path | None:
    beside = file.with_suffix(".cfg")
    return beside if file.suffix.casefold() == ".bnd" and beside.is_file() else None


def _write_whole(file: Path, text: str) -> None:
    """The file is complete or as it was before."""
    staged = file.with_name(f".{file.name}.partial-{os.getpid()}")
    try:
        staged.write_text(text, encoding="utf-8")
        staged.replace(file)
    except OSError as error:
        staged.unlink(missing_ok=True)
        Place(file).refuse(f"the file cannot be written: {error.strerror or error}", None)
