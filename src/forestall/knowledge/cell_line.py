"""A cell line as a user describes it in a file: a tumor type and what differs from it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import BeforeValidator, Field

from forestall.errors import InputError, did_you_mean
from forestall.knowledge.alterations import load_alterations
from forestall.knowledge.complaints import rethrown
from forestall.knowledge.networks import Network
from forestall.knowledge.provenance import Entry
from forestall.knowledge.reading import locate, read_yaml, validate


def _alteration(value: object) -> str:
    known = {key.casefold(): key for key in load_alterations()}
    if isinstance(value, str) and value.strip().casefold() in known:
        return known[value.strip().casefold()]
    fix = did_you_mean(value, known.values()) if isinstance(value, str) else None
    raise InputError("unknown alteration", value=value, fix=fix)


class CellLineSpec(Entry):
    """One cell line. What is not said is that of the tumor type."""

    name: str = Field(min_length=1, max_length=80)
    context: str
    """Tumor type, such as "HER2+/ER+"."""
    alterations: tuple[Annotated[str, BeforeValidator(rethrown(_alteration))], ...] = ()
    expression: dict[str, Annotated[float, Field(ge=0, le=1e4)]] = Field(default_factory=dict)
    """Factors on the expression of nodes, beside those of the tumor type."""
    ligands: dict[str, Annotated[float, Field(ge=0, lt=1)]] = Field(default_factory=dict)
    """Levels of input nodes such as NRG1."""
    traits: dict[str, bool] = Field(default_factory=dict)


def read_cell_line(path: Path, network: Network) -> CellLineSpec:
    """A cell line from a YAML file.

    Args:
        path: The file.
        network: The network whose nodes and traits it names.

    Raises:
        InputError: if the file breaks the schema or names what the network lacks; it names file, line and field.
    """
    document = read_yaml(path)
    spec = validate(CellLineSpec, document)
    for field, named, known in (
        ("expression", spec.expression, network.nodes),
        ("ligands", spec.ligands, network.nodes),
        ("traits", spec.traits, network.traits),
    ):
        for name in named:
            if name not in known:
                line = locate(document, (field, name))
                fix = did_you_mean(name, known)
                raise InputError(
                    "the network has none of this name",
                    file=path,
                    line=line,
                    field=field,
                    value=name,
                    fix=fix,
                )
    return spec
