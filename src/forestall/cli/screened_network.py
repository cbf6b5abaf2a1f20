"""Which model a screen runs: our network, a logical model or an SBML model, from the options of the command line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from forestall.errors import InputError

if TYPE_CHECKING:
    from forestall.studies.screen.system import System

_SBML = (".xml", ".sbml")
_LOGICAL = (".bnet", ".bnd", ".txt", ".booleannet", ".bool")


OF_NETWORKS = (
    "context", "doses", "genotypes", "doubling", "ligands", "growth", "death", "output", "until", "settings", "initial", "settle",
    "trajectories",
)  # fmt: skip
"""Options that no screen of patients has."""
_OF_MODELS = ("growth", "death", "output", "until", "trajectories")
_OF_LOGICAL = ("settings", "initial", "settle")
_FLAGS = {"doubling": "--doubling-time", "ligands": "--ligand"}
"""Options whose names on the command line are others."""


@dataclass(frozen=True, kw_only=True)
class ScreenOptions:
    """What the command line says about the network and the assay; None or an empty list where it says nothing."""

    network: str
    drugs: Sequence[str]
    order: int
    hours: float
    seed: int
    context: str | None
    doses: Sequence[str] | None
    genotypes: Sequence[str] | None
    doubling: float | None
    """Hours."""
    ligands: Sequence[str] | None
    growth: str | None
    death: str | None
    output: str | None
    until: float | None
    settings: Path | None
    initial: Sequence[str] | None
    settle: float | None
    trajectories: int | None

    def refuse(self, names: Sequence[str], reason: str) -> None:
        """Refuse options that another kind of screen has.

        Args:
            names: Of the fields.
            reason: What they are for.

        Raises:
            InputError: if one was given.
        """
        for name in names:
            given = getattr(self, name)
            if given is not None and given != []:
                raise InputError(f"{_FLAGS.get(name, f'--{name}')} is only {reason}", value=given)

    @property
    def shared(self) -> dict[str, Any]:
        """What every model of others is asked."""
        return {
            "drugs": self.drugs,
            "doses": self.doses,
            "genotypes": self.genotypes or ["wild type"],
            "order": min(self.order, len(self.drugs)),
        }


def screened_system(asked: ScreenOptions) -> System:
    """The model to screen.

    Raises:
        InputError: if an option is missing, or belongs to another kind of model.
    """
    path = Path(asked.network)
    if not asked.network.endswith(_SBML + _LOGICAL):
        asked.refuse(_OF_MODELS + _OF_LOGICAL, "for models of others")
        return _culture(asked)
    asked.refuse(("context", "ligands"), "for our own networks")
    if asked.network.endswith(_SBML) and not _is_qualitative(path):
        asked.refuse(("growth", "death", "doubling", *_OF_LOGICAL), "for models of cells")
        return _ode(path, asked)
    asked.refuse(("output",), "for SBML models")
    return _logical(path, asked)


def _culture(asked: ScreenOptions) -> System:
    from forestall.studies.screen.request import ScreenRequest, culture_system

    if asked.context is None:
        raise InputError("--context is missing", allowed="such as HER2+/ER+, or a cell-line file")
    given = {"doses": asked.doses, "genotypes": asked.genotypes}
    request = ScreenRequest(
        asked.drugs,
        asked.context,
        order=asked.order,
        hours=asked.hours,
        doubling_hours=asked.doubling,
        network=asked.network,
        ligands=dict(_assignment("--ligand", text) for text in asked.ligands or ()),
        **{name: words for name, words in given.items() if words is not None},
    )
    return culture_system(request)


def _ode(path: Path, asked: ScreenOptions) -> System:
    from forestall.studies.screen.ode_system import ode_system

    if asked.output is None or asked.until is None:
        fix = "name the observable that is the response, and when it is read"
        raise InputError("an SBML model needs --output and --until", fix=fix)
    return ode_system(path, output=asked.output, until=asked.until, **asked.shared)


def _logical(path: Path, asked: ScreenOptions) -> System:
    from forestall.cli.network_options import load
    from forestall.studies.logical_plan import DEFAULT_TIME, DEFAULT_TRAJECTORIES, Plan
    from forestall.studies.screen.logical_system import logical_system

    before = asked.settle or 0.0
    plan = Plan(
        time=before + (DEFAULT_TIME if asked.until is None else asked.until),
        perturb_from=before,
        trajectories=DEFAULT_TRAJECTORIES if asked.trajectories is None else asked.trajectories,
        seed=asked.seed,
    )
    return logical_system(
        load(path, asked.settings, asked.initial),
        growth=_nodes(asked.growth),
        death=_nodes(asked.death),
        plan=plan,
        days=asked.hours / 24.0,
        doubling_days=None if asked.doubling is None else asked.doubling / 24.0,
        **asked.shared,
    )


def _nodes(text: str | None) -> list[str]:
    return [node.strip() for node in (text or "").split(",") if node.strip()]


def _is_qualitative(path: Path) -> bool:
    """Whether an SBML file declares the package for logical models near its beginning."""
    try:
        with path.open("rb") as stream:
            return b"/qual/" in stream.read(4000)
    except OSError:
        return False


def _assignment(option: str, text: str) -> tuple[str, float]:
    name, _, number = text.partition("=")
    try:
        return name.strip(), float(number)
    except ValueError:
        raise InputError(f"{option} takes NAME=NUMBER", value=text, allowed="such as NRG1=0.6") from None
