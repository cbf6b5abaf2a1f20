"""An ensemble in parts, each of which knows its own sets."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from pydantic import ValidationError

from forestall.knowledge.parameter_sets import ParameterSet
from forestall.studies.calibration.prepared import Calibration, prepare
from forestall.studies.calibration.run import run_waves
from forestall.studies.calibration.shards import Design, Shard
from forestall.studies.calibration.spec import CalibrationSpec, numbers, unknowns

from .synthetic import SPEC, publish, stand_in

pytest.importorskip("iterative_ensemble_smoother")


def in_parts(folder: Path, parts: int, *, odd_sets_alone_are_longer: bool = False) -> Calibration:
    """One wave; where it is asked for, curves of every second set are other ones."""

    def simulator(one: Design, parameters: ParameterSet, seed: int, patients: int) -> Shard:
        shard = stand_in(one, parameters, seed, patients)
        odd = int(parameters.name.removeprefix("set ")) % 2
        return replace(shard, survival=shard.survival**0.8) if odd and odd_sets_alone_are_longer else shard

    spec = SPEC.model_copy(update={"members": (60,), "parts": parts})
    calibration = prepare(spec, publish(folder, numbers(unknowns(spec), np.zeros(8)), 3))
    run_waves(calibration, folder / "shards", simulator=simulator)
    return calibration


def test_property_each_part_of_the_ensemble_knows_its_own_sets_alone(tmp_path: Path) -> None:
    whole, other_whole, halves, other_halves = (
        in_parts(tmp_path / f"{parts}-{longer}", parts, odd_sets_alone_are_longer=longer).posterior[None]
        for parts in (1, 2)
        for longer in (False, True)
    )
    assert (whole != other_whole).any(axis=1).all()
    assert np.array_equal(halves[::2], other_halves[::2])
    assert (halves[1::2] != other_halves[1::2]).any(axis=1).all()
    assert np.median(halves, axis=0) == pytest.approx(np.median(whole, axis=0), abs=0.5)


def test_garbage_parts_need_sets_to_learn_from() -> None:
    few = {**SPEC.model_dump(), "members": (12, 10)}
    assert CalibrationSpec.model_validate({**few, "parts": 2}).parts == 2
    with pytest.raises(ValidationError, match="each of the parts must have 10 sets"):
        CalibrationSpec.model_validate({**few, "parts": 3})
