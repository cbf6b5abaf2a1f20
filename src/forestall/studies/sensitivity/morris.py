"""Elementary effects of a trial's uncertain numbers (Morris's screening, by SALib)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from SALib.analyze import morris as analysis
from SALib.sample import morris as design

from forestall.studies.sensitivity.coordinates import RANGE, Coordinate

_LEVELS: Final = 4
_LEAST_TRAJECTORIES: Final = 2
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Effect:
    """How far a result moves with one number, over the range of what is uncertain of it."""

    name: str
    mean: float
    """Mean elementary effect; above 0 the result rises with the number."""
    mean_absolute: float
    """Mu star."""
    half_width: float
    """Of its 95% bootstrap interval."""
    spread: float
    """Sigma: how much the effect depends on the other numbers."""


def trajectories(coordinates: Sequence[Coordinate], count: int, seed: int) -> Floats:
    """(count * (k + 1), k) points in standard deviations from the center.

    Args:
        coordinates: The k numbers.
        count: Trajectories.
        seed: Seed.

    References:
        Morris MD. Technometrics 1991;33:161-174, doi:10.2307/1269043.
        Herman J, Usher W. J Open Source Softw 2017;2:97, doi:10.21105/joss.00097.
    """
    points = design.sample(_problem(coordinates), count, num_levels=_LEVELS, seed=seed)
    return np.asarray(points, np.float64)


def elementary_effects(
    coordinates: Sequence[Coordinate], points: Floats, results: Floats, seed: int
) -> tuple[list[Effect], int]:
    """Effects on one result, the largest first.

    Args:
        coordinates: The k numbers.
        points: From `trajectories`.
        results: (count * (k + 1),) the result at each point; NaN where there is none.
        seed: Of the bootstrap.

    Returns:
        The effects, and the trajectories that they rest on: one with a missing result is left out. No effect with fewer than two.
    """
    size = len(coordinates) + 1
    whole = np.isfinite(results.reshape(-1, size)).all(axis=1)
    if whole.sum() < _LEAST_TRAJECTORIES:
        return [], int(whole.sum())
    rows = np.repeat(whole, size)
    found = analysis.analyze(
        _problem(coordinates), points[rows], results[rows], num_levels=_LEVELS, seed=seed, scaled=False
    )
    columns = (np.asarray(found[name], np.float64) for name in ("mu", "mu_star", "mu_star_conf", "sigma"))
    effects = [Effect(one.name, *map(float, row)) for one, *row in zip(coordinates, *columns, strict=True)]
    return sorted(effects, key=lambda effect: -effect.mean_absolute), int(whole.sum())


def _problem(coordinates: Sequence[Coordinate]) -> dict[str, object]:
    return {
        "num_vars": len(coordinates),
        "names": [one.name for one in coordinates],
        "bounds": [[-RANGE, RANGE]] * len(coordinates),
    }
