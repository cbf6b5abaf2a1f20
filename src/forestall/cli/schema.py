"""`forestall schema`: the JSON Schema of the files that users write."""

from __future__ import annotations

import json
from enum import StrEnum
from typing import Annotated

import typer


class FileKind(StrEnum):
    """A kind of file that a user writes."""

    TRIAL = "trial"
    PATIENT = "patient"


Kind = Annotated[FileKind, typer.Argument(help="Which file.", show_default=False)]


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command("schema", short_help="Print the JSON Schema of trial or patient files.")(schema)


def schema(kind: Kind) -> None:
    """Print the JSON Schema of trial or patient files, for editors that check and complete YAML."""
    typer.echo(json.dumps(_schema_of(kind), indent=2, ensure_ascii=False))


def _schema_of(kind: FileKind) -> dict[str, object]:
    if kind is FileKind.TRIAL:
        from forestall.knowledge.trials import trial_json_schema

        return trial_json_schema()
    from forestall.knowledge.patients import patient_json_schema

    return patient_json_schema()
