"""Two drugs given together: both tables of Bozic and others 2013, the formula of table 1, and the integral that it approximates.

References:
    Bozic I and others. Evolutionary dynamics of cancer in response to targeted combination therapy. eLife 2013;2:e00747.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy.integrate import solve_ivp
from scipy.optimize import brentq

from forestall.engine.branching.landscape import Alteration, Drug, Effect, Phase, RuleLandscape
from forestall.knowledge.engine_checks import BurdenTable, load_bozic
from forestall.studies.verification.models import cured, outcomes, watched
from forestall.studies.verification.verdict import FALSE_ALARM, Effort, Verdict, by_score, share_score

_PAPER = "Bozic and others 2013"
_TREATED_DAYS = 3000.0
"""After so long no sensitive cell is left; what lives is resistant to both drugs."""
_FORMULA_GAP = 0.08
"""Share by which the printed formula may lie above the integral: its expansion drops a term."""


@dataclass(frozen=True)
class TwoDrugs:
    """A tumor under two drugs that kill the same cells."""

    birth: float = 0.14
    death: float = 0.13
    treated_death: float = 0.17
    probability: float = 1e-9
    """Per site and division."""
    sites: int = 50
    """Whose mutation resists one of the drugs, for each drug."""
    shared: int = 0
    """Whose mutation resists both."""
    cost: float = 0.0
    """Share of the net growth rate that each mutation costs, through division."""

    def landscape(self) -> RuleLandscape:
        """The model: phase 1 gives both drugs, 2 and 3 one of them."""
        full, fitness = math.inf, 1.0 - self.cost
        resists = (
            ("first", ("A",), self.sites),
            ("second", ("B",), self.sites),
            ("both", ("A", "B"), self.shared),
        )
        alterations = tuple(
            Alteration(name, sites * self.probability, Effect(fitness, folds=dict.fromkeys(drugs, full)))
            for name, drugs, sites in resists
            if sites
        )
        kill = self.treated_death - self.death
        phases = (
            Phase("none"),
            Phase("both", {"A": full, "B": full}),
            Phase("A", {"A": full}),
            Phase("B", {"B": full}),
        )
        drugs = (Drug("A", kill), Drug("B", kill))
        return RuleLandscape(self.birth, self.death, alterations, drugs, phases, combine="strongest")

    def formula(self, cells: float) -> float:
        """Probability that treatment fails, as printed (equation 1 there)."""
        u, n, shared = self.probability, self.sites, self.shared
        s, treated = 1.0 - self.death / self.birth, 1.0 - self.treated_death / self.birth
        ratio = (treated - s) / (s * treated)
        one = -cells * u * shared * (1.0 - s / treated)
        paths = 2.0 * n * (n + shared) * math.log(1.0 / (s * cells) + u * (n + shared) * ratio)
        two = cells * u**2 * (ratio * paths - (2.0 * n * n + 2.0 * shared * n) * s / treated**2)
        return -math.expm1(one + two)

    def integral(self, cells: float) -> float:
        """The same probability without expansion.

        e is the probability that a cell with one alteration against one drug leaves a line that resists both and survives:
        stationary under therapy, and before it (backward in time) by Kendall's equation. Such cells arise from sensitive cells,
        whose number grows to M and declines under therapy; a shared mutation makes a surviving line at once.
        """
        b, d, line = self.birth, self.death, 1.0 - self.death / self.birth
        single, other = self.probability * self.sites, self.probability * (self.sites + self.shared)
        shared = self.probability * self.shared

        def change(e: float, death: float) -> float:
            return b * other * line - e * (death - b + b * other * (1.0 + line)) - b * (1.0 - other) * e * e

        treated = brentq(change, 0.0, 1e-2, args=(self.treated_death,), xtol=1e-25)
        emission = 2.0 * single + shared

        def grow(t: float, y: list[float]) -> list[float]:
            return [
                change(y[0], d),
                b * cells * math.exp(-(b - d) * t) * (2.0 * single * y[0] + shared * line),
            ]

        before = solve_ivp(grow, (0.0, 60.0 / (b - d)), [treated, 0.0], "LSODA", rtol=1e-10, atol=1e-16).y[
            1, -1
        ]
        decline = self.treated_death - b + b * emission
        during = b * cells * (2.0 * single * treated + shared * line) / decline
        return -math.expm1(-before - during)


def failing_share(
    model: TwoDrugs, cells: float, samples: int, seed: int
) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """(samples,) whether simulated tumors of a size are still there after treatment with both drugs."""
    plan = watched(_TREATED_DAYS, _TREATED_DAYS, ((1, math.inf),))
    return ~cured(outcomes(model.landscape(), cells, plan, samples, seed))


def checks(effort: Effort) -> Iterator[Verdict]:
    """All checks of this module."""
    yield from _table_1(effort)
    yield from _table_2(effort)
    yield from _sequence(effort)


def _table_1(effort: Effort) -> Iterator[Verdict]:
    n, table = effort.of(20_000), load_bozic().alone
    cells = [(row, shared) for row in table.rows for shared in (0, 1)]
    models = [_of_table(table, shared) for _, shared in cells]
    misprints, gaps = [], []
    for model, (row, shared) in zip(models, cells, strict=True):
        printed, formula = (row.shared_none, row.shared_one)[shared], model.formula(row.cells)
        misprints.append(abs(formula / printed - 1.0) / _rounding(row.cells, printed))
        gaps.append(formula / model.integral(row.cells) - 1.0)
    what = "table 1 as printed, by its formula, over its rounding"
    yield Verdict(what, _PAPER, len(cells), "at most", max(misprints), 0.0, 1.0, 0.0)
    what = "formula of table 1 above the integral it expands"
    yield Verdict(what, _PAPER, len(cells), "at most", max(gaps), 0.0, _FORMULA_GAP, 0.0)
    for k, (model, (row, shared)) in enumerate(zip(models, cells, strict=True)):
        failed = failing_share(model, row.cells, n, effort.seed + k)
        what = f"table 1: {shared} shared, {row.cells:.1e} cells, two drugs fail"
        yield by_score(what, "integral of the model", n, share_score(failed, model.integral(row.cells)))


def _of_table(table: BurdenTable, shared: int) -> TwoDrugs:
    rates = (table.birth, table.death, table.treated_death)
    return TwoDrugs(*rates, table.probability, table.sites, shared)


def _rounding(cells: float, printed: float) -> float:
    """Relative error of a printed probability: of its own three digits, and of the two digits of the burden."""
    burden = 0.5 * 10.0 ** (math.floor(math.log10(cells)) - 1) / cells
    return burden + 5e-4 / printed


def _table_2(effort: Effort) -> Iterator[Verdict]:
    n, table = effort.of(20_000), load_bozic().costly
    for k, row in enumerate(table.rows):
        for c, (cost, printed) in enumerate(zip(table.costs, row.fails, strict=True)):
            model = TwoDrugs(row.birth, row.birth - 0.01, row.birth + 0.03, shared=row.shared, cost=cost)
            share = float(failing_share(model, row.cells, n, effort.seed + 100 + 4 * k + c).mean())
            noise = 4.9 * math.sqrt(max(printed * (1.0 - printed), 0.5 / n) / n)
            what = f"table 2: {row.shared} shared, {row.cells:.0e} cells, b = {row.birth:g}, cost {cost:.0%}"
            low, high = printed - 0.005 - noise, printed + 0.005 + noise
            yield Verdict(what, f"{_PAPER}, table 2", n, "fail", share, low, high, FALSE_ALARM)


def _sequence(effort: Effort) -> Iterator[Verdict]:
    """A lesion of 1e9 cells: both drugs at once cure more than 99%, one after the other none (figure 5 there)."""
    n, model = effort.of(4000), TwoDrugs()
    failed = failing_share(model, 1e9, n, effort.seed + 200)
    yield by_score(
        "1e9 cells, both drugs at once fail",
        "integral of the model",
        n,
        share_score(failed, model.integral(1e9)),
    )
    plan = watched(6000.0, 3000.0, ((2, 3000.0), (3, 3000.0)))
    cures = float(cured(outcomes(model.landscape(), 1e9, plan, n, effort.seed + 201)).mean())
    yield Verdict(
        "1e9 cells, one drug after the other cures",
        f"{_PAPER}, figure 5",
        n,
        "share",
        cures,
        0.0,
        1e-3,
        FALSE_ALARM,
    )
