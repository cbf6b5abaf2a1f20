"""One patient's lesions carried through time, in stretches that end where treatment or visits change.

The law of a stretch depends on the rates of its days alone. While a patient's rates repeat and no effect wanes, so do the laws,
and the last few are kept.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from forestall.biology.dosing import Schedule
from forestall.biology.integrate import LONGEST_STRETCH_DAYS
from forestall.biology.lesions import WORK_ROWS, advance_lesions, longest_stretch
from forestall.biology.periods import know_rates, ring_place, source_day
from forestall.biology.rates import CourseModel, PatientRates
from forestall.biology.setup import CohortArrays
from forestall.biology.stretch import StretchLaw, new_law, write_law
from forestall.biology.waning import effect_on_days
from forestall.engine.kernels import bare_kernel, bare_kernel_with, kernel_with

Array = NDArray[np.float64]

_KEPT = 4
"""Laws that are kept for stretches that come again."""


class Walker(NamedTuple):
    """What carrying one patient through time needs besides her rates."""

    laws: tuple[StretchLaw, StretchLaw, StretchLaw, StretchLaw]
    key: NDArray[np.int64]
    """(4, 2) first day (of those that were integrated) and length of the stretches whose laws are kept; -1 for none."""
    turn: NDArray[np.int64]
    """(1,) the place to use next."""
    places: NDArray[np.int64]
    """(LONGEST_STRETCH_DAYS,) scratch."""
    effect: Array
    """(LONGEST_STRETCH_DAYS,) scratch: share of the treatment's effect that is left."""
    work: Array
    """(WORK_ROWS, G) scratch."""
    expected: Array
    """(edges in use,) scratch."""


@kernel_with(error_model="numpy")
def new_walker(lanes: int, genotypes: int, probability: Array) -> Walker:
    """A walker for a patient with so many lanes and genotypes, and edges of (E,) probabilities, padded with 0."""
    classes, edges = lanes // genotypes, probability.shape[0]
    used = 0
    while used < edges and probability[used] > 0.0:
        used += 1
    laws = (
        new_law(lanes, classes, edges),
        new_law(lanes, classes, edges),
        new_law(lanes, classes, edges),
        new_law(lanes, classes, edges),
    )
    return Walker(
        laws,
        np.full((_KEPT, 2), -1, np.int64),
        np.zeros(1, np.int64),
        np.empty(LONGEST_STRETCH_DAYS, np.int64),
        np.empty(LONGEST_STRETCH_DAYS),
        np.zeros((WORK_ROWS, genotypes)),
        np.zeros(used),
    )


@bare_kernel
def forget_laws(walker: Walker) -> None:
    """Forget the kept laws: a new phase begins."""
    walker.key[:] = -1


@bare_kernel_with(forceinline=True)
def stretch_days(schedule: Schedule, phase: int, longest: int) -> int:
    """Length of the next stretch.

    Args:
        schedule: The arm's doses.
        phase: Index of the phase.
        longest: Days until something else ends the stretch; if that is far off, whole dosing periods, so that laws come again.
    """
    if longest <= LONGEST_STRETCH_DAYS:
        return int(longest)
    period = max(1, schedule.period[phase])
    return int(LONGEST_STRETCH_DAYS - LONGEST_STRETCH_DAYS % period)


@bare_kernel
def _kept_law(
    schedule: Schedule, p: PatientRates, phase: int, day: int, days: int, repeats: bool, walker: Walker
) -> tuple[int, bool]:
    """The place of a stretch's law, and whether it stands there already."""
    place = walker.turn[0]
    first = -1
    if repeats:
        first = source_day(schedule, p, phase, day)
        for kept in range(_KEPT):
            if walker.key[kept, 0] == first and walker.key[kept, 1] == days:
                return kept, True
    walker.key[place, 0], walker.key[place, 1] = first, days
    walker.turn[0] = (place + 1) % _KEPT
    return int(place), False


@bare_kernel
def advance(
    i: int,
    model: CourseModel,
    schedule: Schedule,
    cohort: CohortArrays,
    p: PatientRates,
    phase: int,
    day: int,
    longest: int,
    cells: Array,
    handover: float,
    chance: NDArray[np.uint64],
    walker: Walker,
) -> int:
    """Carry a patient's lesions through the next stretch.

    Args:
        i: Row of the patient.
        model: What the arm shares.
        schedule: The arm's doses.
        cohort: The batch.
        p: The patient's rates.
        phase: Index of the phase.
        day: Day of the phase.
        longest: Days until the next visit or the end.
        cells: (2, L, G), changed in place.
        handover: Clones of fewer cells are stochastic; 0 for none.
        chance: (L, 2) random stream of each lesion.
        walker: Scratch and kept laws.

    Returns:
        Days that passed.
    """
    days = stretch_days(schedule, phase, longest)
    days = min(days, longest_stretch(cells, cohort.capacity[i], p.birth))
    table = cohort.table[i]
    edges, probability = cohort.edges[table], cohort.probability[i]
    repeats = know_rates(model, schedule, p, phase, day, days) and p.waning == 0.0
    place, known = _kept_law(schedule, p, phase, day, days, repeats, walker)
    law = walker.laws[place]
    if not known:
        for j in range(days):
            walker.places[j] = ring_place(schedule, p, phase, day + j)
        effect_on_days(p, day, days, walker.effect)
        write_law(p.ring, walker.places, days, p.rest, walker.effect, cohort.loss[i], edges, probability, law)
    advance_lesions(
        cells,
        law,
        days,
        cohort.site_class[i],
        cohort.capacity[i],
        edges,
        probability,
        handover,
        chance,
        walker.work,
        walker.expected,
    )
    return int(days)
