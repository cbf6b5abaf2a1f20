"""What a simulation promises beyond its law: the same numbers for any workers and chunks, bounded memory, reasons for failure."""

from __future__ import annotations

import math

import numpy as np
import psutil
import pytest

from forestall.engine.branching.landscape import (
    Alteration,
    Drug,
    Effect,
    Phase,
    RuleLandscape,
    TableLandscape,
)
from forestall.engine.branching.lattice import Lattice
from forestall.engine.branching.lesion import Lesion, settle
from forestall.engine.branching.plan import Line, Plan, Settings, Tumors
from forestall.engine.branching.record import AT_DETECTION
from forestall.engine.branching.simulate import follow_patients, stream_patients
from forestall.engine.branching.stack import (
    CYCLING,
    DONE,
    EXTINCT,
    STATUS,
    TOLERANT,
    TOO_MANY_GENOTYPES,
    TOO_SLOW,
    new_worker,
)

INF = math.inf
DRUGS = RuleLandscape(
    0.14,
    0.13,
    (Alteration("a", 5e-8, Effect(folds={"A": INF})), Alteration("b", 5e-8, Effect(folds={"B": INF}))),
    (Drug("A", 0.04), Drug("B", 0.04)),
    (Phase("none"), Phase("A", {"A": INF}), Phase("B", {"B": INF})),
    combine="strongest",
)
ONCE = Plan((Line(((1, INF),)),), horizon_days=1000.0, visit_days=50.0, detectable_cells=1e8)


def tumors(patients: int, cells: float = 1e9, lesions: int = 1) -> Tumors:
    return Tumors(np.full((patients, lesions), cells))


def test_property_adding_a_patient_changes_only_that_patient() -> None:
    few, more = (follow_patients(Lattice(DRUGS), tumors(n), ONCE) for n in (5, 9))
    assert np.array_equal(few.record.burden, more.record.burden[:5], equal_nan=True)


def test_property_adding_a_lesion_leaves_the_others_age() -> None:
    one, two = (follow_patients(Lattice(DRUGS), tumors(20, lesions=n), ONCE) for n in (1, 2))
    assert (one.record.age[:, 0] == two.record.age[:, 0]).all()
    assert (two.record.age[:, 0] != two.record.age[:, 1]).all()


def test_property_a_zero_dose_is_no_treatment() -> None:
    """Phase 1 gives a drug of no effect: bit-identical to phase 0."""
    model = RuleLandscape(
        0.14, 0.13, DRUGS.alterations, (Drug("A", 0.0),), (Phase("none"), Phase("A", {"A": INF}))
    )
    plans = [Plan((Line(((phase, INF),)),), horizon_days=200.0) for phase in (0, 1)]
    none, zero = (follow_patients(Lattice(model), tumors(50, 1e6), plan) for plan in plans)
    assert np.array_equal(none.record.burden, zero.record.burden)


def test_property_tumors_at_detection_do_not_depend_on_the_plan() -> None:
    plans = (ONCE, Plan((Line(((2, 30.0), (1, 20.0))),), horizon_days=100.0))
    first, second = (follow_patients(Lattice(DRUGS), tumors(30), plan) for plan in plans)
    for mask in range(4):
        one, two = (o.cells_of(AT_DETECTION, lambda g, m=mask: g.mask == m) for o in (first, second))
        assert (one == two).all()


def test_unit_a_line_ends_at_progression_and_the_next_begins() -> None:
    """Drug A until its resistant cells have regrown, then B: the second line shrinks them."""
    plan = Plan((Line(((1, INF),)), Line(((2, INF),))), 4000.0, 50.0, detectable_cells=1e8)
    found = follow_patients(Lattice(DRUGS), tumors(40), plan)
    first, burden = found.record.progression[:, 0], found.record.burden
    assert np.isfinite(first).all()
    for i in range(40):
        visit = int(first[i] // 50)
        assert burden[i, visit] >= 1e8
        assert burden[i, visit + 1] < burden[i, visit]
    second = found.record.progression[:, 1]
    assert (second[np.isfinite(second)] > first[np.isfinite(second)]).all()


def test_unit_a_line_may_end_by_the_calendar_and_its_phases_repeat() -> None:
    """Deaths only in phase 1, which alternates with phase 0 in the first line; nothing happens in the second."""
    still, dying = [0.0, 0.0, 0.0, 0.0, 0.0], [0.0, 0.1, 0.0, 0.0, 0.0]
    model = TableLandscape((), {0: [still, dying]})
    plan = Plan((Line(((0, 10.0), (1, 5.0)), 30.0, False), Line(((0, 1.0),))), 60.0, 5.0)
    start = Tumors(np.full((1, 1), 1e12), grown=False)
    seen = follow_patients(Lattice(model), start, plan).record.burden[0] / 1e12
    days = np.arange(0.0, 61.0, 5.0)
    dead = np.where(days < 15, 0.0, np.where(days < 30, 0.5, 1.0))
    assert seen == pytest.approx(np.exp(-dead), rel=1e-5)


def test_oracle_crowding_holds_a_lesion_at_its_plateau() -> None:
    """K (1 - d / b) = 5e5 cells after 400 days, by the logistic equation; 200 lesions, within 1%."""
    model = TableLandscape((), {0: [[0.2, 0.1, 0.0, 0.0, 0.0]]})
    start = Tumors(np.full((200, 1), 1e4), capacity=(1e6,))
    plan = Plan((Line(((0, INF),)),), horizon_days=400.0, visit_days=400.0)
    burden = follow_patients(Lattice(model), start, plan).record.burden[:, -1]
    assert burden.mean() == pytest.approx(5e5, rel=0.01)


@pytest.mark.parametrize(
    ("rates", "status"),
    [
        ([0.1, 0.2, 0.0, 0.0, 0.0], EXTINCT),
        ([0.0, 0.0, 0.0, 0.0, 0.0], TOO_SLOW),
    ],
)
def test_unit_hopeless_tumors_are_nan_with_a_reason(rates: list[float], status: int) -> None:
    found = follow_patients(
        Lattice(TableLandscape((), {0: [rates]})), tumors(2, 1e3), Plan((Line(((0, INF),)),))
    )
    assert (found.record.status == status).all()
    assert found.failed.all()
    assert not found.cured.any()
    assert np.isnan(found.record.age).all()
    assert np.isnan(found.record.burden).all()


def test_unit_too_many_genotypes_are_a_reason() -> None:
    """A list with room for one genotype."""
    lesion = Lesion(np.zeros(1, np.int64), np.full(3, -1, np.int32), np.zeros((1, 2)))
    worker = new_worker(Settings().array())
    assert settle(lesion, 0, 2, CYCLING, 5.0, worker) == 1
    assert settle(lesion, 1, 2, TOLERANT, 7.0, worker) == 1
    assert worker.note[STATUS] == DONE
    assert lesion.cells.tolist() == [[5.0, 7.0]]
    assert settle(lesion, 1, 0, CYCLING, 1.0, worker) == 1
    assert worker.note[STATUS] == TOO_MANY_GENOTYPES


def test_property_64_alterations_arise_on_demand() -> None:
    """1e6 cells at 1e-5 per alteration: tens of double mutants per tumor; only what arises, and its neighbors, is held."""
    model = RuleLandscape(0.3, 0.1, tuple(Alteration(f"a{i}", 1e-5) for i in range(64)))
    lattice = Lattice(model, depth=1)
    found = follow_patients(lattice, tumors(3, 1e6), Plan((Line(((0, INF),)),), horizon_days=1.0))
    assert not found.failed.any()
    assert 65 < len(lattice.genotypes) < 20_000
    assert any(genotype.carries(63) for genotype in lattice.genotypes)


@pytest.mark.slow
def test_property_memory_does_not_grow_with_patients() -> None:
    """60,000 patients after 10,000: less than 40 MiB more."""
    lattice = Lattice(DRUGS)

    def run(patients: int) -> float:
        for outcome in stream_patients(lattice, lambda a, b: tumors(b - a, 1e6), ONCE, patients, workers=2):
            assert not outcome.failed.any()
        return psutil.Process().memory_info().rss / 2**20

    before = run(10_000)
    assert run(60_000) - before < 40.0


def test_unit_sizes_and_plans_that_make_no_sense_are_refused() -> None:
    for wrong in (lambda: Plan(()), lambda: Plan((Line(()),)), lambda: Plan((Line(((0, 0.0),)),))):
        with pytest.raises(ValueError, match=r"plan|phase"):
            wrong()
    with pytest.raises(ValueError, match="sizes"):
        Tumors(np.array([[-1.0]]))
