"""The record of a run: everything that is needed to run it again and to see that nothing changed."""

from __future__ import annotations

import hashlib
import json
import platform
import shlex
import sys
from collections.abc import Iterable
from functools import cache
from importlib import metadata, resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict

from forestall import __version__
from forestall.errors import InputError

SCHEMA = 1
RECORD_FILE = "record.json"
_LIBRARIES = ("numpy", "numba", "scipy", "polars", "pyarrow", "pydantic")


class RunRecord(BaseModel):
    """What a run was, in a form that a later version can read."""

    model_config = ConfigDict(extra="forbid")

    schema_version: int = SCHEMA
    study: str
    """Kind of study, such as 'trial'."""
    name: str
    trial: dict[str, Any]
    """The trial as it was read, in the words of its file."""
    seed: int
    patients: int
    replicates: int
    versions: dict[str, str]
    """Forestall, Python and the libraries that results rest on."""
    machine: str
    knowledge_sha256: str
    """Of all knowledge files together."""
    explained: int | None = None
    """Patients of each arm whose courses were repeated to see why they progressed."""
    parameters: str = "literature"
    """Name of the parameter set that took the place of the catalog's numbers."""
    parameter_values: dict[str, float] = {}
    """The numbers of that set."""
    tables_sha256: dict[str, str]
    """Of each table that was written."""
    command: str
    """How to run it again; empty if the run was not kept."""


def versions() -> dict[str, str]:
    """Versions of Forestall, Python and the numerical libraries."""
    found = {name: metadata.version(name) for name in _LIBRARIES}
    return {"forestall": __version__, "python": platform.python_version(), **found}


def machine() -> str:
    """Processor architecture and operating system."""
    return f"{platform.machine()} {sys.platform}"


@cache
def knowledge_sha256(*, without: tuple[str, ...] = ()) -> str:
    """Hash of every knowledge file's name and content, in the order of their names.

    Args:
        without: Folders that are left out, such as "validation/".
    """
    digest = hashlib.sha256()
    for name, file in sorted(_files(resources.files("forestall.knowledge") / "data", "")):
        if name.startswith(without):
            continue
        digest.update(name.encode() + b"\0" + hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()


def _files(folder: Traversable, prefix: str) -> Iterable[tuple[str, Traversable]]:
    for entry in folder.iterdir():
        name = f"{prefix}{entry.name}"
        if entry.is_dir():
            yield from _files(entry, name + "/")
        elif entry.name.endswith(".yaml"):
            yield name, entry


def file_sha256(path: Path) -> str:
    """Hash of a file's content."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def rerun_command(folder: Path | None) -> str:
    """The command that repeats the run recorded in a folder; empty if the folder is only temporary."""
    return "" if folder is None else f"forestall rerun {shlex.quote(str(folder))}"


def write_record(record: RunRecord, folder: Path) -> None:
    """Write the record into a folder."""
    (folder / RECORD_FILE).write_text(record.model_dump_json(indent=2) + "\n", encoding="utf-8")


def read_record(folder: Path) -> RunRecord:
    """The record in a folder.

    Raises:
        InputError: if there is none, or it cannot be read.
    """
    path = folder / RECORD_FILE
    try:
        return RunRecord.model_validate(json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        raise InputError(
            "there is no run record here", file=path, fix="give the --out folder of an earlier run"
        ) from None
    except (OSError, ValueError) as error:
        raise InputError(
            "the run record cannot be read",
            file=path,
            value=str(error).splitlines()[0],
            fix="run the trial again",
        ) from None
