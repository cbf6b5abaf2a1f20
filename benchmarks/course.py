"""The deterministic course of patients: the fast engine, scipy's LSODA, and libRoadRunner.

All three start from the same cells (tumors grown to detection, with the resistant clones that arose) and keep the arm's treatment
for the whole time. LSODA calls the compiled right-hand side and restarts at every dose; libRoadRunner reads the same patient from
SBML. Times are processor time of one thread, without compilation and loading.
"""

from __future__ import annotations

import importlib.util
import time
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.driver import Batch, batch_of, warm_up
from forestall.interop.sbml_lesions import total_id

Array = NDArray[np.float64]

CASES = (("cleopatra", 1), ("her2climb", 1))
RELATIVE, ABSOLUTE = 1e-6, 1e-9
"""Tolerances of LSODA and libRoadRunner; the absolute one is in mg/L, cells and fold expression."""
TIGHT = 1e-9
"""Both tolerances of the solution that all are compared with."""
ROADRUNNERS = ((True, RELATIVE), (False, RELATIVE), (False, 1e-8))
"""Stiff or not, relative tolerance: not stiff (Adams), CVODE needs 1e-8 to come within 1e-3."""
REPEATS = 3


@dataclass(frozen=True)
class Settings:
    """How much is run."""

    days: int = 730
    fast_patients: int = 500
    accuracy_patients: int = 5
    lsoda_patients: int = 3
    roadrunner_patients: int = 1


QUICK = Settings(days=126, fast_patients=100, accuracy_patients=2, lsoda_patients=1)


@dataclass
class Row:
    """What one solver did."""

    solver: str
    seconds: list[float]
    """Per patient."""
    volume_error: float = field(default=np.nan)
    """Largest relative error of a lesion's volume at a visit."""

    @property
    def per_second(self) -> float:
        """Patients per second and core."""
        return 1.0 / float(np.mean(self.seconds))

    @property
    def diameter_error(self) -> float:
        """Largest relative error of a lesion's diameter, which is the cube root of the volume."""
        return float(max(abs((1 + sign * self.volume_error) ** (1 / 3) - 1) for sign in (-1, 1)))


def run(settings: Settings) -> None:
    """Print one table per arm."""
    for trial, arm in CASES:
        batch = batch_of(trial, arm, settings.fast_patients, settings.days)
        _describe(batch, trial, settings)
        _print_table(_rows(batch, settings))


def _describe(batch: Batch, trial: str, settings: Settings) -> None:
    doses = [f"{c.drug} every {c.cycle_days} d" for c in batch.arm.phases[0]]
    compared = (batch.cohort.site_class[: settings.accuracy_patients] >= 0).sum(axis=1)
    print(
        f"\n{trial}, arm {batch.arm.name} ({', '.join(doses)}): {batch.visits[-1]} days, {len(batch)} patients"
    )
    print(
        f"compared at {len(batch.visits)} visits of {len(compared)} patients with {compared.tolist()} lesions,"
        f" {batch.cells.shape[3]} genotypes, each cycling and tolerant"
    )


def _rows(batch: Batch, settings: Settings) -> list[Row]:
    warm_up(batch)
    tight = [batch.lsoda(i, TIGHT, TIGHT) for i in range(settings.accuracy_patients)]
    rows = [_fast(batch, tight), _lsoda(batch, tight, settings.lsoda_patients)]
    if importlib.util.find_spec("roadrunner") is None:
        print("libRoadRunner is not installed: left out")
        return rows
    models = [_roadrunner_model(batch, i) for i in range(settings.roadrunner_patients)]
    return rows + [_roadrunner(batch, models, tight, stiff, relative) for stiff, relative in ROADRUNNERS]


def _fast(batch: Batch, tight: list[Array]) -> Row:
    seconds = []
    for _ in range(REPEATS):
        begin = time.process_time()
        batch.fast()
        seconds.append(time.process_time() - begin)
    row = Row("forestall, compiled kernel", [min(seconds) / len(batch)])
    found = batch.fast(len(tight))
    row.volume_error = _largest_error([found[i, :, : seen.shape[1]] for i, seen in enumerate(tight)], tight)
    return row


def _lsoda(batch: Batch, tight: list[Array], patients: int) -> Row:
    found: list[Array] = []
    seconds = []
    for i in range(patients):
        begin = time.process_time()
        found.append(batch.lsoda(i, RELATIVE, ABSOLUTE))
        seconds.append(time.process_time() - begin)
    return Row(f"scipy LSODA, rtol {RELATIVE:.0e}", seconds, _largest_error(found, tight))


def _roadrunner_model(batch: Batch, i: int) -> Any:
    import roadrunner

    model = roadrunner.RoadRunner(batch.sbml(i))
    lesions = int((batch.cohort.site_class[i] >= 0).sum())
    model.timeCourseSelections = [total_id(lesion) for lesion in range(lesions)]
    return model


def _roadrunner(batch: Batch, models: list[Any], tight: list[Array], stiff: bool, relative: float) -> Row:
    found: list[Array] = []
    seconds = []
    times = batch.visits.astype(float).tolist()
    for model in models:
        model.resetAll()
        model.integrator.setValue("stiff", stiff)
        model.integrator.setValue("relative_tolerance", relative)
        model.integrator.setValue("absolute_tolerance", ABSOLUTE)
        begin = time.process_time()
        found.append(np.array(model.simulate(times=times)))
        seconds.append(time.process_time() - begin)
    solver = f"libRoadRunner, CVODE {'BDF' if stiff else 'Adams'}, rtol {relative:.0e}"
    return Row(solver, seconds, _largest_error(found, tight))


def _largest_error(found: list[Array], tight: list[Array]) -> float:
    pairs = zip(found, tight, strict=False)
    return max(float(np.abs(one / other - 1).max()) for one, other in pairs)


def _print_table(rows: list[Row]) -> None:
    head = (
        f"{'solver':<40}{'patients/s/core':>16}{'forestall is':>15}{'volume error':>14}{'diameter error':>16}"
    )
    print(head)
    for row in rows:
        ratio = rows[0].per_second / row.per_second
        times = f"{ratio:,.0f} x faster" if row is not rows[0] else ""
        print(
            f"{row.solver:<40}{row.per_second:>16,.3g}{times:>15}"
            f"{row.volume_error:>14.1e}{row.diameter_error:>16.1e}",
            flush=True,
        )
