"""Parameters of the model that belong to no drug, network or alteration, by dotted name."""

from __future__ import annotations

from collections.abc import Callable

from pydantic import RootModel

from forestall.errors import InputError, KnowledgeError, did_you_mean
from forestall.knowledge.parameter_sets import replaced
from forestall.knowledge.provenance import Quantity
from forestall.knowledge.reading import DATA, locate, read_yaml, validate
from forestall.knowledge.scope import catalog

DIRECTORY = DATA / "parameters"
Lookup = Callable[[str, str], float]
"""What gives the value of a parameter, by name, in a unit."""


class ParameterFile(RootModel[dict[str, Quantity]]):
    """One file of parameters, by dotted name.

    The value of a lognormal quantity is its median; an interval holds 90% of the distribution unless its note
    says otherwise.
    """


@catalog("parameters")
def load_parameters() -> dict[str, Quantity]:
    """Every parameter, by dotted name.

    Raises:
        KnowledgeError: if an entry is wrong, or a name is given in two files.
    """
    parameters: dict[str, Quantity] = {}
    for path in sorted(DIRECTORY.glob("*.yaml")):
        document = read_yaml(path)
        for name, quantity in validate(ParameterFile, document).root.items():
            if name in parameters:
                line = locate(document, (name,))
                raise KnowledgeError("another file has this parameter", file=path, line=line, field=name)
            parameters[name] = quantity
    return parameters


def parameter(name: str) -> Quantity:
    """A parameter with its provenance; the set in use (`forestall.knowledge.parameter_sets`) may replace its value.

    Raises:
        InputError: if there is none of this name, with the nearest names.
    """
    known = load_parameters()
    if name not in known:
        raise InputError("no such parameter", value=name, fix=did_you_mean(name, known))
    return replaced(name, known[name])


def value(name: str, unit: str) -> float:
    """The central value of a parameter.

    Args:
        name: Dotted name, for example "growth.birth_rate".
        unit: Unit of the result, for example "1/day".

    Raises:
        InputError: if there is no such parameter, or its unit measures something else.
    """
    return parameter(name).to(unit)
