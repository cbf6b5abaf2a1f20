"""The calibration as the command runs it: where evidence and curves are, and what is written where."""

from __future__ import annotations

import functools
import os
import shlex
from pathlib import Path
from typing import Final

import forestall
from forestall.errors import InputError
from forestall.studies.calibration.curves import SUMMARY
from forestall.studies.calibration.prepared import Calibration, prepare
from forestall.studies.calibration.results import write_ensemble, write_results
from forestall.studies.calibration.run import calibrate, then_survival
from forestall.studies.calibration.spec import SPECS, load_spec
from forestall.studies.one_thread import algebra_on_one_thread
from forestall.studies.progress import Progress
from forestall.studies.record import file_sha256

SHARED: Final = "FORESTALL_SHARED"
SHARDS: Final = "shards"


def run_calibration(
    spec: str,
    *,
    evidence: Path | None = None,
    curves: Path | None = None,
    out: Path,
    resume: bool = False,
    workers: int | None = None,
    progress: Progress | None = None,
) -> list[Calibration]:
    """Calibrate and write everything to a folder.

    Args:
        spec: Name of a shipped specification, or a file.
        evidence: Folder of the tables; that of the shared folder if not given.
        curves: Folder of published curves; that beside the evidence, if it is there.
        out: Where to.
        resume: Whether shards that are there may be used.
        workers: Processes, and threads between simulations; one per processor if not given.
        progress: Told the stage, how much of it is done and how much there is.

    Raises:
        InputError: if there is no evidence, or shards are there and `resume` is not set.
    """
    tables, points = inputs(evidence, curves)
    calibration = prepare(load_spec(spec), tables, points)
    shards = out / SHARDS
    if not resume and shards.is_dir() and any(shards.iterdir()):
        raise InputError(
            "an earlier run left shards here", file=shards, fix="add --resume, or choose another --out"
        )
    threads = workers or os.cpu_count() or 1
    run = functools.partial(_run, shards=shards, workers=threads, progress=progress)
    run(calibration)
    file = SPECS / f"{spec}.yaml"
    write = functools.partial(
        _write,
        out=out,
        command=f"forestall calibrate {shlex.quote(spec)}",
        spec_sha256=file_sha256(file if file.is_file() else Path(spec)),
        curves_sha256=None if points is None else file_sha256(points / SUMMARY),
    )
    write([calibration])
    second = then_survival(calibration, tables)
    if second is None:
        return [calibration]
    run(second)
    write([calibration, second])
    return [calibration, second]


def _run(stage: Calibration, *, shards: Path, workers: int, progress: Progress | None) -> None:
    with algebra_on_one_thread():
        calibrate(stage, shards, workers=workers, progress=progress)


def _write(
    stages: list[Calibration], *, out: Path, command: str, spec_sha256: str, curves_sha256: str | None
) -> None:
    """Everything that the stages have given; what an earlier stage wrote is replaced."""
    write_ensemble(stages, out, command=command, spec_sha256=spec_sha256, curves_sha256=curves_sha256)
    write_results(stages, out)


def shared() -> Path:
    """The folder of evidence and data that a clone finds beside itself, or where the environment says."""
    named = os.environ.get(SHARED)
    return Path(named) if named else Path(forestall.__file__).parents[3] / "shared"


def inputs(evidence: Path | None, curves: Path | None) -> tuple[Path, Path | None]:
    """Folders of the tables and, if there is one, of the curves; those of the shared folder if none are given."""
    tables = _found(evidence, shared() / "evidence")
    beside = curves if curves is not None else tables.parent / "data" / "trial_curves"
    return tables, beside if curves is not None or (beside / SUMMARY).is_file() else None


def _found(given: Path | None, usual: Path) -> Path:
    folder = usual if given is None else given
    if not folder.is_dir():
        raise InputError(
            "there is no evidence here", field="--evidence", value=str(folder), fix="give --evidence DIR"
        )
    return folder
