"""Shards that processes of their own make."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from forestall.studies.calibration.prepared import prepare
from forestall.studies.calibration.shards import simulate_all
from forestall.studies.calibration.spec import numbers, unknowns

from .test_synthetic_truth import SPEC, publish


def test_property_shards_are_the_same_however_many_processes_make_them(tmp_path: Path) -> None:
    coordinates = unknowns(SPEC)
    truth = numbers(coordinates, np.zeros(len(coordinates)))
    calibration = prepare(SPEC, publish(tmp_path / "evidence", truth, 1))
    sets = {
        number: calibration.parameter_set(np.full(len(calibration.unknowns), 0.3 * number), f"set {number}")
        for number in range(2)
    }
    found = [
        simulate_all(
            calibration.designs[:3], sets, tmp_path / str(workers), seed=3, patients=4, workers=workers
        )
        for workers in (1, 2)
    ]
    assert len(found[0]) == 6
    assert found[0].keys() == found[1].keys()
    for key, shard in found[0].items():
        for name, array in vars(shard).items():
            assert np.array_equal(array, getattr(found[1][key], name), equal_nan=True), (key, name)
    kept = [sorted(file.name for file in (tmp_path / str(workers)).rglob("*.npz")) for workers in (1, 2)]
    assert kept[0] == kept[1]
    assert len(kept[0]) == 6
