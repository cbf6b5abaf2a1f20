"""Which model a screen runs: our network, a logical model or an SBML model, from the options of the command line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from forestall.errors import InputError

if TYPE_CHECKING:
    from forestall.studies.screen.system import System

_SBML = (".xml", ".sbml")
_LOGICAL = (".bnet", ".bnd", ".txt", ".booleannet", ".bool")


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
    growth: str | None,
    death: str | None,
    output: str | None,
    until: float | None,
    start: tuple[Path | None, Sequence[str] | None, float | None],
    trajectories: int | None,
    seed: int,
) -> System:
    """The model to screen; `start` are settings, initial states and the time before the drugs of a logical model.

    Raises:
        InputError: if an option is missing, or belongs to another kind of model.
    """
    settings, initial, settle = start
    of_logical: dict[str, object] = {"--settings": settings, "--initial": initial or None, "--settle": settle}
    if network.endswith(_SBML + _LOGICAL):
        refuse({"--context": context, "--ligand": ligands or None}, "for our own networks")
        shared = {
            "drugs": drugs,
            "doses": doses,
            "genotypes": genotypes or ["wild type"],
            "order": min(order, len(drugs)),
        }
        if network.endswith(_SBML) and not _is_qualitative(Path(network)):
            refuse(
                {"--growth": growth, "--death": death, "--doubling-time": doubling} | of_logical,
                "for models of cells",
            )
            return _ode(Path(network), shared, output, until)
        refuse({"--output": output}, "for SBML models")
        return _logical(
            Path(network), shared, (growth, death), until, (hours, doubling), start, (trajectories, seed)
        )
    from forestall.studies.screen.request import ScreenRequest, culture_system

    others: dict[str, object] = {
        "--growth": growth,
        "--death": death,
        "--output": output,
        "--until": until,
        "--trajectories": trajectories,
    } | of_logical
    refuse(others, "for models of others")
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


def _ode(path: Path, shared: dict[str, Any], output: str | None, until: float | None) -> System:
    from forestall.studies.screen.ode_system import ode_system

    if output is None or until is None:
        fix = "name the observable that is the response, and when it is read"
        raise InputError("an SBML model needs --output and --until", fix=fix)
    return ode_system(path, output=output, until=until, **shared)


def _logical(
    path: Path,
    shared: dict[str, Any],
    outputs: tuple[str | None, str | None],
    until: float | None,
    assay: tuple[float, float | None],
    start: tuple[Path | None, Sequence[str] | None, float | None],
    sample: tuple[int | None, int],
) -> System:
    from forestall.cli.network_options import load
    from forestall.studies.logical_plan import DEFAULT_TIME, DEFAULT_TRAJECTORIES, Plan
    from forestall.studies.screen.logical_system import logical_system

    growth, death = ([node.strip() for node in (text or "").split(",") if node.strip()] for text in outputs)
    hours, doubling = assay
    settings, initial, settle = start
    before = settle or 0.0
    plan = Plan(
        time=before + (DEFAULT_TIME if until is None else until),
        perturb_from=before,
        trajectories=DEFAULT_TRAJECTORIES if sample[0] is None else sample[0],
        seed=sample[1],
    )
    return logical_system(
        load(path, settings, initial),
        growth=growth,
        death=death,
        plan=plan,
        days=hours / 24.0,
        doubling_days=None if doubling is None else doubling / 24.0,
        **shared,
    )


def _is_qualitative(path: Path) -> bool:
    """Whether an SBML file declares the package for logical models near its beginning."""
    try:
        with path.open("rb") as stream:
            return b"/qual/" in stream.read(4000)
    except OSError:
        return False


def refuse(options: Mapping[str, object], reason: str) -> None:
    """Refuse options that another kind of screen has.

    Args:
        options: Name -> what was given, or None.
        reason: What they are for.

    Raises:
        InputError: if one was given.
    """
    for name, given in options.items():
        if given is not None:
            raise InputError(f"{name} is only {reason}", value=given)


def _assignment(option: str, text: str) -> tuple[str, float]:
    name, _, number = text.partition("=")
    try:
        return name.strip(), float(number)
    except ValueError:
        raise InputError(f"{option} takes NAME=NUMBER", value=text, allowed="such as NRG1=0.6") from None
