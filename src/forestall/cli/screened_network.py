"""Which model a screen runs: our network, a logical model or an SBML model, from the options of the command line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from forestall.errors import InputError

if TYPE_CHECKING:
    from forestall.studies.screen.system import System

_SBML = (".xml", ".sbml")
_LOGICAL = (".bnet", ".bnd", ".txt")


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
    if network.endswith(_SBML + _LOGICAL):
        _refuse({"--context": context, "--doubling-time": doubling, "--ligand": ligands or None}, "for our own networks")
        given = {"drugs": drugs, "doses": doses, "order": order, "genotypes": genotypes or ["wild type"], "until": until}
        return _model_of_others(Path(network), given, outputs)
    from forestall.studies.screen.request import ScreenRequest, culture_system

    _refuse({f"--{name}": given for name, given in outputs.items()} | {"--until": until}, "for models of others")
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


def _model_of_others(path: Path, given: dict[str, Any], outputs: Mapping[str, str | None]) -> System:
    """A logical model if it is written in a format for these, an SBML model otherwise."""
    if path.suffix in _SBML and not _is_qualitative(path):
        from forestall.studies.screen.ode_system import ode_system

        _refuse({f"--{name}": outputs[name] for name in ("growth", "death")}, "for logical models")
        if outputs["output"] is None or given["until"] is None:
            raise InputError("an SBML model needs --output and --until", fix="name the observable that is the response, and when it is read")
        return ode_system(path, output=outputs["output"], **given)
    raise InputError("logical models cannot be screened yet", file=path)


def _is_qualitative(path: Path) -> bool:
    """Whether an SBML file declares the package for logical models near its beginning."""
    try:
        with path.open("rb") as stream:
            return b"/qual/" in stream.read(4000)
    except OSError:
        return False


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
