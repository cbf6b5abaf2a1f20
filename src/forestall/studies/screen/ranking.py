"""Combinations and single agents as rows: how much they do, how much of it is synergy, where, and why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from forestall.biology.culture import Treatments
from forestall.statistics.growth_inhibition import gr_metrics, growth_rate_inhibition
from forestall.statistics.hill_fit import fit_hill
from forestall.studies.screen.surfaces import Singles, Surfaces
from forestall.studies.screen.system import Array, Ints, System

RANKED_BY = ("bliss", "hsa", "loewe", "zip", "response")
_PERCENT = 100.0


@dataclass(frozen=True)
class Combination:
    """One combination in one genotype."""

    drugs: tuple[str, ...]
    line: str
    doses: tuple[float, ...]
    """Where the combination gains most over its better drug."""
    response: float
    """There, as a fraction of the untreated response."""
    lowest_response: float
    """Anywhere on the grid."""
    gr_value: float | None
    """At those doses; absent if the response does not grow."""
    mean_synergy: dict[str, float]
    """By reference model: mean over the grid of expected minus observed, in percentage points."""
    peak_synergy: dict[str, float]
    """Its largest value on the grid."""
    mechanism: str

    @property
    def name(self) -> str:
        """The drugs in words."""
        return " + ".join(self.drugs)

    def score(self, by: str) -> float:
        """What it is ranked by; larger is better."""
        return -self.lowest_response if by == "response" else self.mean_synergy.get(by, -np.inf)

    def as_row(self) -> dict[str, Any]:
        """One row of the table."""
        row: dict[str, Any] = {"combination": self.name, "genotype": self.line}
        row |= {f"drug_{k + 1}": drug for k, drug in enumerate(self.drugs)}
        row |= {f"dose_{k + 1}": dose for k, dose in enumerate(self.doses)}
        row |= {"response": self.response, "lowest_response": self.lowest_response, "gr_value": self.gr_value}
        row |= {f"mean_{name}": score for name, score in self.mean_synergy.items()}
        row |= {f"peak_{name}": score for name, score in self.peak_synergy.items()}
        return row | {"mechanism": self.mechanism}


def combination_rows(system: System, singles: Singles, surfaces: Surfaces) -> list[Combination]:
    """One row for each combination and genotype, with its mechanism."""
    panel, order = system.panel, surfaces.order
    count, lines = surfaces.response.shape[:2]
    flat = surfaces.response.reshape(count, lines, -1)
    best = surfaces.synergy["hsa"].reshape(count, lines, -1).argmax(axis=2)
    levels = np.stack(np.unravel_index(best, surfaces.response.shape[2:]), axis=-1)
    doses = panel.doses[surfaces.drugs[:, None, :], levels]
    at_best = np.take_along_axis(flat, best[..., None], axis=2)[..., 0]
    gr = _gr_at(system, singles, at_best)
    sentences = _sentences(system, singles, surfaces.drugs, levels, doses)
    scores = {name: _PERCENT * values.reshape(count, lines, -1) for name, values in surfaces.synergy.items()}
    return [
        Combination(
            drugs=tuple(panel.drugs[d] for d in surfaces.drugs[c]),
            line=panel.lines[g],
            doses=tuple(float(doses[c, g, k]) for k in range(order)),
            response=float(at_best[c, g]),
            lowest_response=float(flat[c, g].min()),
            gr_value=None if gr is None else float(gr[c, g]),
            mean_synergy={name: float(values[c, g].mean()) for name, values in scores.items()},
            peak_synergy={name: float(values[c, g].max()) for name, values in scores.items()},
            mechanism=sentences[c * lines + g],
        )
        for c in range(count)
        for g in range(lines)
    ]


def _gr_at(system: System, singles: Singles, response: Array) -> Array | None:
    if system.measure != "cells":
        return None
    return growth_rate_inhibition(np.log(response) + singles.untreated, singles.untreated)


def _sentences(system: System, singles: Singles, drugs: Ints, levels: Ints, doses: Array) -> list[str]:
    """The mechanism of every (combination, genotype), in that order: the better part first, then the drug that it lacks."""
    count, lines, order = levels.shape
    lane = np.tile(np.arange(lines), count)
    drug = np.repeat(drugs, lines, axis=0)
    dose = doses.reshape(-1, order)
    parts = [[j for j in range(order) if j != left] for left in range(order)]
    without = np.stack(
        [system.log_response(Treatments(lane, drug[:, part], dose[:, part])) for part in parts], axis=1
    )
    left = without.argmin(axis=1)
    rows = np.arange(lane.size)[:, None]
    kept = np.array(parts)[left]
    base = Treatments(lane, drug[rows, kept], dose[rows, kept])
    added = Treatments(lane, drug[rows, left[:, None]], dose[rows, left[:, None]])
    return system.explain(base, added)


def single_rows(system: System, singles: Singles) -> list[dict[str, Any]]:
    """One row for each drug and genotype: potency and efficacy of the response, and GR metrics if it grows."""
    panel, rows = system.panel, []
    for d, drug in enumerate(panel.drugs):
        response = singles.response[d]
        fitted = fit_hill(panel.doses[d], response, np.ones(len(response)))
        columns: dict[str, Array] = {
            "ec50": fitted.potency,
            "hill": fitted.slope,
            "response_at_highest_dose": response[:, -1],
        }
        if system.measure == "cells":
            values = growth_rate_inhibition(singles.log_response[d], singles.untreated[:, None])
            metrics = gr_metrics(panel.doses[d], values)
            columns |= {
                "gr50": metrics.gr50,
                "gr_max": metrics.gr_max,
                "gr_infinity": metrics.gr_infinity,
                "gr_aoc": metrics.gr_aoc,
            }
        for g, line in enumerate(panel.lines):
            numbers = {name: float(values[g]) for name, values in columns.items()}
            rows.append({"drug": drug, "genotype": line, **numbers})
    return rows


def best_order(rows: list[Combination], by: str) -> list[Combination]:
    """Rows from the best to the worst; ties keep their order."""
    return sorted(rows, key=lambda row: -row.score(by))
