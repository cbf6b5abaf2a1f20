"""`python -m benchmarks crosstalk`: measured and computed sizes of the crosstalk, and the fit to them.

The fit moves the numbers of the network's upper part within their intervals by penalized least squares. It starts from
the file and prints which numbers would move: none by much, if the file holds the result of a fit.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from scipy.optimize import least_squares

from forestall.biology.signaling.actions import Action
from forestall.biology.signaling.compile import Compiled, Floats, compile_network, compiled
from forestall.biology.signaling.steady import Case, steady_states, time_course
from forestall.knowledge.networks import DIRECTORY, Network

LINES = {
    "MCF7": "er_positive",
    "BT474": "her2_positive_er_positive",
    "SKBR3": "her2_positive_er_negative",
    "MDA-MB-231": "triple_negative",
}
AKT_FOLDS = {"MCF7": (17.6, 4.9), "BT474": (1.2, 1.4), "SKBR3": (2.4, 2.4), "MDA-MB-231": (1.5, 14.6)}
ERK_FOLDS = {"MCF7": (11.7, 6.8), "BT474": (2.6, 4.0), "SKBR3": (4.1, 4.0)}
"""Peak folds after (neuregulin, EGF), medians of three: Imoto 2022."""
CUT_BY_EGF, CUT_BY_NEUREGULIN = 0.57, 0.90
"""Share of the growth inhibition by trastuzumab that ligands take away: Nahta 2006."""
LARGEST_REBOUND, LARGEST_SHARE_WITHOUT_HER3 = 0.55, 0.4
"""Of the rebound of AKT after neratinib: with trastuzumab, and without the rise of HER3 (Canonici 2013; Sergina 2007)."""
NERATINIB: Mapping[str | Action, float] = {"EGFR": 0.9, "ERBB2": 0.9}
TRASTUZUMAB: Mapping[str | Action, float] = {"EGFR": 0.9, "ERBB2": 0.96}
"""Neratinib with trastuzumab at 60% inhibition of what neratinib leaves."""
STARVED = {"NRG1": 0.02, "EGF": 0.02, "IGF1": 0.02}
UPPER = (
    *("SRC", "EGFR", "ERBB2", "ERBB3", "IGF1R", "IRS1", "PIK3CA", "PDPK1", "MTORC2", "AKT1"),
    *("KRAS", "RAF1", "MAP2K1", "MAPK1"),
)
"""Nodes whose numbers the fit may move."""
REFERENCE = Path(__file__).with_name("crosstalk_reference.json")
"""Treatment -> context -> proliferation and survival drive before the fit; the fit stays near them."""
PRIOR = 0.6
"""Weight of the distance from the file's values, in quarters of an interval."""


@dataclass(frozen=True)
class Size:
    """One measured size beside the computed one."""

    name: str
    measured: float
    computed: float
    spread: float
    """Of the residual that the fit sees."""
    kind: str = "fold"
    """fold (on the logarithm), share, or "at most"."""

    @property
    def residual(self) -> float:
        """Distance in units of the spread."""
        if self.kind == "fold":
            return float(np.log(self.computed / self.measured)) / self.spread
        gap = self.computed - self.measured
        return max(gap, 0.0) / self.spread if self.kind == "at most" else gap / self.spread


def sizes(network: Compiled, without_her3: Compiled) -> list[Size]:
    """Every measured size beside the network's."""
    found = list(_ligand_sizes(network))
    for line in ("BT474", "SKBR3"):
        found += _rebound_sizes(network, without_her3, line)
        found += _rescue_sizes(network, line)
    return found


def _ligand_sizes(network: Compiled) -> Iterator[Size]:
    ligands: list[dict[str, float]] = [{}, {"NRG1": 0.98}, {"EGF": 0.98}]
    cases = [Case(context, ligands={**STARVED, **added}) for context in LINES.values() for added in ligands]
    states = steady_states(cases, slow="rest", network=network)
    for row, line in enumerate(LINES):
        none, *stimulated = states[3 * row : 3 * row + 3]
        for node, folds, spread in (("AKT1", AKT_FOLDS, 0.35), ("MAPK1", ERK_FOLDS, 0.5)):
            for ligand, state, fold in zip(("NRG1", "EGF"), stimulated, folds.get(line, ()), strict=False):
                yield Size(f"{node} after {ligand}, {line}", fold, state[node] / none[node], spread)


def _rebound_sizes(network: Compiled, without_her3: Compiled, line: str) -> Iterator[Size]:
    whole = _rebound(network, line, NERATINIB)
    both = _rebound(network, line, TRASTUZUMAB) / whole
    rest = _rebound(without_her3, line, NERATINIB) / whole
    yield Size(f"rebound left by trastuzumab, {line}", LARGEST_REBOUND, both, 0.08, "at most")
    yield Size(f"rebound without HER3, {line}", LARGEST_SHARE_WITHOUT_HER3, rest, 0.08, "at most")


def _rebound(network: Compiled, line: str, effects: Mapping[str | Action, float]) -> float:
    """Rise of AKT between the first hour and the next day."""
    first, later = time_course(
        Case(LINES[line], effects=effects), [0.04, 1.0], network=network, tolerance=1e-5
    )
    return later["AKT1"] - first["AKT1"]


def _rescue_sizes(network: Compiled, line: str) -> Iterator[Size]:
    ligands: list[dict[str, float]] = [{}, {"EGF": 0.9}, {"NRG1": 0.9}]
    blocked: list[dict[str | Action, float]] = [{}, {"ERBB2": 0.6}]
    cases = [Case(LINES[line], effects=effects, ligands=added) for added in ligands for effects in blocked]
    drive = [state["proliferation"] for state in steady_states(cases, network=network)]
    alone, egf, neuregulin = (1 - drive[2 * k + 1] / drive[2 * k] for k in range(3))
    yield Size(f"trastuzumab's effect cut by EGF, {line}", CUT_BY_EGF, 1 - egf / alone, 0.08, "share")
    yield Size(
        f"trastuzumab's effect cut by NRG1, {line}", CUT_BY_NEUREGULIN, 1 - neuregulin / alone, 0.05, "share"
    )


Key = str | int
Keys = tuple[Key, ...]


@dataclass(frozen=True)
class Problem:
    """The fit: where the numbers stand in the file, their intervals, and the treatments to stay near."""

    document: dict[str, Any]
    keys: tuple[Keys, ...]
    reference: dict[str, Any]

    @classmethod
    def load(cls) -> Problem:
        """The numbers of the upper part in the catalog's file."""
        document = yaml.safe_load((DIRECTORY / "breast.yaml").read_text(encoding="utf-8"))
        keys = [key for name in UPPER for key in _numbers(document["nodes"][name], ("nodes", name))]
        keys += [
            key
            for name in ("ERBB3", "IGF1R", "IRS1")
            for part in ("raised_by", "lowered_by")
            if part in document["expression"][name]
            for key in _numbers(document["expression"][name][part], ("expression", name, part))
        ]
        return cls(document, tuple(sorted(keys, key=str)), json.loads(REFERENCE.read_text(encoding="utf-8")))

    def bounds(self) -> Floats:
        """(low, value, high) of every number, (numbers, 3); zeros are kept away from."""
        rows = [_at(self.document, keys)[:3] for keys in self.keys]
        found = np.array([[low, value, high] for value, low, high in rows], float)
        return np.asarray(np.maximum(found, 1e-3 * found[:, 2:]))

    def network(self, values: Floats, *, her3: bool = True) -> Compiled:
        """The network with other numbers; `her3=False` freezes the expression of HER3."""
        changed = json.loads(json.dumps(self.document))
        for keys, value in zip(self.keys, values, strict=True):
            number = _at(changed, keys)
            number[:3] = [float(value), min(number[1], float(value)), max(number[2], float(value))]
        if not her3:
            del changed["expression"]["ERBB3"]
        return compile_network(Network.model_validate(changed))

    def residuals(self, scaled: Floats) -> Floats:
        """Sizes, outputs under treatments, and distance from the file's values."""
        low, value, high = self.bounds().T
        values = value * np.exp(scaled * np.log(high / low) / 4)
        network = self.network(values)
        found = [size.residual for size in sizes(network, self.network(values, her3=False))]
        return np.array([*found, *self._outputs(network), *(PRIOR * scaled)])

    def _outputs(self, network: Compiled) -> Iterator[float]:
        rows = [
            (entry["effects"], context, drives)
            for entry in self.reference.values()
            for context, drives in entry["drives"].items()
        ]
        states = steady_states(
            [Case(context, effects=effects) for effects, context, _ in rows], network=network
        )
        for (_, _, drives), state in zip(rows, states, strict=True):
            yield (state["proliferation"] - drives[0]) / 0.08
            yield (state["survival"] - drives[1]) / 0.08


def _numbers(value: object, path: Keys) -> Iterator[Keys]:
    """Paths of the short lists of numbers with an interval that is not a single point."""
    if (
        isinstance(value, list)
        and len(value) in (3, 4)
        and all(isinstance(part, int | float) for part in value[:3])
    ):
        if value[2] > value[1]:
            yield path
    elif isinstance(value, dict):
        for key, part in value.items():
            yield from _numbers(part, (*path, key))
    elif isinstance(value, list):
        for position, part in enumerate(value):
            yield from _numbers(part, (*path, position))


def _at(document: Any, keys: Keys) -> Any:
    for key in keys:
        document = document[key]
    return document


def fit(problem: Problem, evaluations: int) -> None:
    """Refit from the file's values and print what would move."""
    start = np.zeros(len(problem.keys))
    before = problem.residuals(start)
    low, value, high = problem.bounds().T
    width = np.log(high / low) / 4
    limits = (np.log(low / value) / width - 1e-6, np.log(high / value) / width + 1e-6)
    found = least_squares(problem.residuals, start, bounds=limits, diff_step=1e-3, max_nfev=evaluations)
    print(
        f"sum of squares {np.sum(before**2):.1f} in the file, {np.sum(found.fun**2):.1f} after {found.nfev} steps"
    )
    for keys, moved, old in zip(problem.keys, found.x, value, strict=True):
        if abs(moved) > 0.5:
            factor = float(np.exp(moved * np.log(_ratio(problem, keys)) / 4))
            print(f"  {'.'.join(map(str, keys))}: {old:.3g} would become {old * factor:.3g}")


def _ratio(problem: Problem, keys: Keys) -> float:
    low, _, high = problem.bounds()[problem.keys.index(keys)]
    return float(high / low)


def print_sizes(found: Sequence[Size]) -> None:
    """The table."""
    print(f"{'':44s} {'wanted':>10s} {'computed':>10s}")
    for size in found:
        bound = "<= " if size.kind == "at most" else ""
        print(f"{size.name:44s} {bound + format(size.measured, '.2f'):>10s} {size.computed:10.2f}")


def run(*, refit: bool) -> None:
    """Print measured and computed sizes; with `refit`, fit again from the file's values."""
    problem = Problem.load()
    _, value, _ = problem.bounds().T
    print_sizes(sizes(compiled(), problem.network(value, her3=False)))
    if refit:
        fit(problem, evaluations=8)
