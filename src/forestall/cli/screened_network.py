"""Which model a screen runs: our network, a logical model or an SBML model, from the options of the command line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from forestall.errors import InputError

if TYPE_CHECKING:
    from forestall.studies.screen.system import System


def screened_system(
    *,
    network: str,
    context: str | None,
    drugs: Sequence[str],
    doses: Sequence[str] | None,
    order: int,
    genotypes: Sequence[str] | None,
    hours: float,
    doubling: float | None,
    ligands: Sequence[str],
    outputs: Mapping[str, str | None],
    until: float | None,
) -> System:
    """The model to screen.

    Raises:
        InputError: if an option is missing, or belongs to another kind of model.
    """
    from forestall.studies.screen.request import ScreenRequest, culture_system

    if network.endswith((".bnet", ".bnd", ".txt", ".sbml", ".xml")):
        raise InputError("not yet", value=network)
    _refuse({f"--{name}": given for name, given in outputs.items()} | {"--until": until}, "for FILEs of others")
    if context is None:
        raise InputError("--context is missing", allowed="such as HER2+/ER+, or a cell-line file")
    defaults = {} if doses is None else {"doses": doses}
    defaults |= {} if genotypes is None else {"genotypes": genotypes}
    request = ScreenRequest(
        drugs,
        context,
        order=order,
        hours=hours,
        doubling_hours=doubling,
        network=network,
        ligands=dict(_assignment("--ligand", text) for text in ligands),
        **defaults,
    )
    return culture_system(request)


def _refuse(options: Mapping[str, object], reason: str) -> None:
    for name, given in options.items():
        if given is not None:
            raise InputError(f"{name} is only {reason}", value=given)


def _assignment(option: str, text: str) -> tuple[str, float]:
    name, equals, number = text.partition("=")
    try:
        return name.strip(), float(number)
    except ValueError:
        raise InputError(f"{option} takes NAME=NUMBER", value=text, allowed="such as NRG1=0.6") from None
