"""The branching engine: patients per second and core, cost against the number of cells, and rebop (an exact SSA) beside it.

Processor time of one thread, without compilation. The ratio to rebop is taken from the same model over the same time in one run.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from forestall.engine.branching.landscape import (
    Alteration,
    Drug,
    Effect,
    Phase,
    RuleLandscape,
    TableLandscape,
)
from forestall.engine.branching.lattice import Lattice
from forestall.engine.branching.plan import Line, Plan, Tumors
from forestall.engine.branching.simulate import follow_patients

SIZES = (1e5, 1e6, 1e8, 1e9, 4e9, 1e10, 1e12)
REBOP_CELLS = 100_000
REBOP_DAYS = 7.0


@dataclass(frozen=True)
class Settings:
    """How much is measured."""

    patients: int = 4000
    rebop_runs: int = 20


QUICK = Settings(500, 5)


def eight_alterations(probability: float, sleep: float = 0.0, wake: float = 0.0) -> RuleLandscape:
    """Four drugs, eight alterations: each resists one drug, and half resists the next."""
    names = [f"D{i}" for i in range(4)]
    alterations = tuple(
        Alteration(
            f"A{i}", probability, Effect(0.97, folds={names[i % 4]: math.inf, names[(i + 1) % 4]: 3.0})
        )
        for i in range(8)
    )
    drugs = tuple(Drug(name, 0.04) for name in names)
    phases = (Phase("none"), Phase("first", {"D0": 9.0, "D1": 9.0}), Phase("second", {"D2": 9.0, "D3": 9.0}))
    return RuleLandscape(
        0.14,
        0.13,
        alterations,
        drugs,
        phases,
        sleep=sleep,
        wake=wake,
        tolerant_death=0.005,
        tolerant_kill=0.1,
    )


def patients_per_second(model: RuleLandscape, cells: float, patients: int, seed: int = 1) -> float:
    """From one cell to detection in three lesions, then two years of two lines, each until progression."""
    plan = Plan((Line(((1, math.inf),)), Line(((2, math.inf),))))
    lattice, tumors = Lattice(model), Tumors(np.full((patients, 3), cells))
    follow_patients(lattice, Tumors(np.full((2, 3), cells)), plan)
    return patients / _seconds(lambda: follow_patients(lattice, tumors, plan, seed=seed))


def seconds_per_year(cells: float, probability: float, patients: int) -> float:
    """One year at a constant size: processor time per patient."""
    rates = [[0.14, 0.14, 0.0, 0.0, 0.0]]
    lattice = Lattice(TableLandscape((probability,), {0: rates, 1: rates}))
    plan = Plan((Line(((0, math.inf),)),), horizon_days=365.0)
    tumors = Tumors(np.full((patients, 1), cells), grown=False)
    follow_patients(lattice, Tumors(np.full((2, 1), cells), grown=False), plan)
    return _seconds(lambda: follow_patients(lattice, tumors, plan)) / patients


def year_costs(probability: float, patients: int, rounds: int = 5) -> dict[float, float]:
    """Processor time of a year by number of cells: medians of rounds, so that a slow spell meets every size."""
    taken = [
        {cells: seconds_per_year(cells, probability, patients) for cells in SIZES} for _ in range(rounds)
    ]
    return {cells: float(np.median([one[cells] for one in taken])) for cells in SIZES}


def seconds_of_rebop(runs: int) -> float:
    """Processor time of one run of rebop: two genotypes, 1e5 cells, a week."""
    import rebop

    system = rebop.Gillespie()
    system.add_reaction(0.14 * (1.0 - 1e-6), ["a"], ["a", "a"])
    system.add_reaction(0.14 * 1e-6, ["a"], ["a", "b"])
    system.add_reaction(0.14, ["b"], ["b", "b"])
    for name in ("a", "b"):
        system.add_reaction(0.13, [name], [])

    def run() -> None:
        for seed in range(runs):
            system.run({"a": REBOP_CELLS}, tmax=REBOP_DAYS, nb_steps=1, rng=seed)

    return _seconds(run) / runs


def seconds_beside_rebop(patients: int) -> float:
    """Processor time of the same by the engine."""
    rates = [[0.14, 0.13, 0.0, 0.0, 0.0]]
    lattice = Lattice(TableLandscape((1e-6,), {0: rates, 1: rates}))
    plan = Plan((Line(((0, math.inf),)),), horizon_days=REBOP_DAYS, visit_days=REBOP_DAYS)
    tumors = Tumors(np.full((patients, 1), float(REBOP_CELLS)), grown=False)
    return _seconds(lambda: follow_patients(lattice, tumors, plan)) / patients


def run(settings: Settings) -> None:
    """Measure and print."""
    print(
        "\nbranching engine, 3 lesions from one cell to 1e9 cells each, 8 alterations, 2 years in two lines"
    )
    for label, model, share in (
        ("one phenotype, 1e-9 per alteration", eight_alterations(1e-9), 1.0),
        ("one phenotype, 1e-8 per alteration", eight_alterations(1e-8), 1.0),
        ("two phenotypes, 1e-9 per alteration", eight_alterations(1e-9, 0.005, 0.01), 0.25),
        ("two phenotypes, 1e-8 per alteration", eight_alterations(1e-8, 0.005, 0.01), 0.05),
    ):
        rate = patients_per_second(model, 1e9, max(20, round(share * settings.patients)))
        print(f"{label:<40}{rate:12,.0f} patients/s")
    for label, probability in (("no mutants", 0.0), ("mutants at 1e-9 per division", 1e-9)):
        costs = year_costs(probability, 5 * settings.patients)
        for cells, cost in costs.items():
            print(
                f"one year at {cells:.0e} cells, {label:<30}{1e6 * cost:8.1f} µs ({cost / costs[SIZES[0]]:.2f} x)"
            )
    ours, theirs = seconds_beside_rebop(settings.patients), seconds_of_rebop(settings.rebop_runs)
    print(
        f"{REBOP_CELLS:,} cells for {REBOP_DAYS:g} days: {1e6 * ours:.2f} µs; rebop {1e6 * theirs:,.0f} µs: {theirs / ours:,.0f} x"
    )


def _seconds(work: Callable[[], object], repeats: int = 3) -> float:
    """Median processor time."""
    spent = []
    for _ in range(repeats):
        start = time.process_time()
        work()
        spent.append(time.process_time() - start)
    return float(np.median(spent))


if __name__ == "__main__":
    run(Settings())
