"""The recovery study as the command runs it."""

from __future__ import annotations

import os
from pathlib import Path

from forestall.studies.calibration.command import SHARDS, inputs
from forestall.studies.calibration.prepared import prepare
from forestall.studies.calibration.recovery import Recovery, recover
from forestall.studies.calibration.recovery_results import write_recovery
from forestall.studies.calibration.run import run_waves
from forestall.studies.calibration.spec import load_spec
from forestall.studies.one_thread import algebra_on_one_thread
from forestall.studies.progress import Progress


def run_recovery(
    spec: str,
    *,
    worlds: int,
    patients: int,
    evidence: Path | None = None,
    curves: Path | None = None,
    out: Path,
    workers: int | None = None,
    progress: Progress | None = None,
) -> Recovery:
    """Calibrate to worlds whose truth is known, and write how often it was found; shards of the folder are used again.

    Only the calibration's first wave is simulated: worlds are drawn from the prior, and so are the sets that they are learned from.

    Args:
        spec: Name of a shipped specification, or a file.
        worlds: How many.
        patients: Simulated per arm in a world; 0 takes sets of the calibration as worlds.
        evidence: As in `run_calibration`.
        curves: As in `run_calibration`.
        out: Where to.
        workers: Threads; one per processor if not given.
        progress: Told the stage, how much of it is done and how much there is.
    """
    whole = load_spec(spec)
    first_wave = whole.model_copy(update={"members": whole.members[:1]})
    calibration = prepare(first_wave, *inputs(evidence, curves))
    shards, threads = out / SHARDS, workers or os.cpu_count() or 1
    with algebra_on_one_thread():
        run_waves(calibration, shards, workers=threads, progress=progress)
        found = recover(
            calibration, shards, worlds=worlds, patients=patients, workers=threads, progress=progress
        )
    write_recovery(found, out)
    return found
