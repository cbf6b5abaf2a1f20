"""Resistance that exists before treatment, and the age of the tumor then.

References:
    Lea DE, Coulson CA. The distribution of the numbers of mutants in bacterial populations. J Genet 1949;49:264.
    Iwasa Y, Nowak MA, Michor F. Evolution of resistance during clonal expansion. Genetics 2006;172:2557.
    Harris TE. The theory of branching processes. 1963.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from forestall.engine.branching.record import AT_DETECTION
from forestall.statistics.goodness_of_fit import chi_square, mass_from_generating_function
from forestall.studies.verification.models import cells_by_mask, outcomes, two_types, watched
from forestall.studies.verification.verdict import Effort, Verdict, by_p_value, by_score, share_score

Array = NDArray[np.float64]

_CLOSED_FORM = "generating function at size M"
_CASES = ((1e-9, 0.14, 0.13, 1e9), (1e-5, 0.14, 0.13, 1e5), (1e-9, 0.5, 0.0, 1e9), (3e-7, 1.0, 0.5, 1e6))
_IWASA = ((1e-8, 0.2, 0.1, 1e8), (1e-9, 0.14, 0.13, 1e9), (1e-12, 0.14, 0.13, 1e12), (1e-7, 0.3, 0.03, 1e7))


def checks(effort: Effort) -> Iterator[Verdict]:
    """All checks of this module."""
    yield from _closed_form(effort)
    yield from _none(effort)
    yield from _luria_delbrueck(effort)
    yield from _age(effort)


def resistant_law(u: float, b: float, d: float, size: float, largest: int) -> Array:
    """Probabilities of 0 .. largest - 1 resistant cells when a tumor has grown to a size; equal rates of both types.

    G(z) = exp[u b M (1 - z) / (b z - d) ln(b (1 - z) / (b - d))].
    """

    def function(z: NDArray[np.complex128]) -> NDArray[np.complex128]:
        with np.errstate(invalid="ignore", divide="ignore"):
            ratio = np.log(b * (1.0 - z) / (b - d)) * (1.0 - z) / (b * z - d)
        return np.exp(u * b * size * np.where(z == 1.0, 0.0, ratio))

    return np.maximum(mass_from_generating_function(function, largest), 0.0)


def luria_delbrueck_law(mutations: float, largest: int) -> Array:
    """Probabilities of 0 .. largest - 1 mutants where so many mutations are expected and no cell dies (Lea and Coulson 1949)."""
    law = np.empty(largest)
    law[0] = math.exp(-mutations)
    for k in range(1, largest):
        law[k] = mutations / k * (law[:k] / (k - np.arange(k) + 1.0)).sum()
    return law


def _resistant(u: float, b: float, d: float, size: float, n: int, seed: int) -> Array:
    found = outcomes(two_types(u, b, d), size, watched(1.0, 1.0), n, seed)
    return cells_by_mask(found, AT_DETECTION, 2)[:, 1]


def _closed_form(effort: Effort) -> Iterator[Verdict]:
    n, shown = effort.of(50_000), 2000
    for k, (u, b, d, size) in enumerate(_CASES):
        mass = resistant_law(u, b, d, size, 2**20)[:shown]
        cells = np.minimum(_resistant(u, b, d, size, n, effort.seed + k), shown).astype(np.int64)
        p = chi_square(cells, np.append(mass, 1.0 - mass.sum()))
        yield by_p_value(
            f"resistant cells at {size:.0e}, u = {u:g}, b = {b:g}, d = {d:g}", _CLOSED_FORM, n, p
        )


def _none(effort: Effort) -> Iterator[Verdict]:
    n = effort.of(100_000)
    for k, (u, b, d, size) in enumerate(_IWASA):
        none = math.exp(-u * size * b / d * math.log(b / (b - d)))
        hits = _resistant(u, b, d, size, n, effort.seed + 10 + k) == 0.0
        what = f"no resistance at {size:.0e}, u = {u:g}, b = {b:g}, d = {d:g}"
        yield by_score(what, "Iwasa, Nowak, Michor 2006", n, share_score(hits, none))


def _luria_delbrueck(effort: Effort) -> Iterator[Verdict]:
    n, m, largest = effort.of(50_000), 3.0, 300
    law = luria_delbrueck_law(m, largest)
    cells = np.minimum(_resistant(m * 1e-9, 0.3, 0.0, 1e9, n, effort.seed + 20), largest).astype(np.int64)
    p = chi_square(cells, np.append(law, 1.0 - law.sum()))
    yield by_p_value("Luria-Delbrück, 3 mutations expected", "Lea and Coulson 1949", n, p)


def _age(effort: Effort) -> Iterator[Verdict]:
    """(1 - d / b) M exp(-r T) is exponential with mean 1 for large M."""
    n = effort.of(50_000)
    for k, (b, d) in enumerate(((0.14, 0.13), (1.0, 0.2))):
        found = outcomes(two_types(0.0, b, d), 1e9, watched(1.0, 1.0), n, effort.seed + 30 + k)
        age = np.concatenate([part.record.age[:, 0] for part in found])
        size = cells_by_mask(found, AT_DETECTION, 1)[:, 0]
        p = float(stats.kstest((1.0 - d / b) * size * np.exp(-(b - d) * age), "expon").pvalue)
        yield by_p_value(f"age at 1e9 cells, b = {b:g}, d = {d:g}", "Harris 1963", n, p)
