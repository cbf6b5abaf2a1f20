"""Which sets a wave simulates, with which patients, and which of them the emulator is moved to agree with."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from forestall.knowledge.parameter_sets import ParameterSet
from forestall.studies.calibration import run
from forestall.studies.calibration.shards import Shard, simulate_all
from forestall.studies.calibration.spec import load_spec


def test_unit_every_trial_and_every_set_has_patients_of_its_own(tmp_path: Path) -> None:
    seeds: dict[tuple[str, str], int] = {}

    def simulator(one: SimpleNamespace, parameters: ParameterSet, seed: int, patients: int) -> Shard:
        seeds[one.name, parameters.name] = seed
        return Shard(*(np.ones(shape) for shape in ((1, 2), 1, 1, 1)))

    designs = [SimpleNamespace(name=f"trial-{k}") for k in range(40)]
    sets = {number: ParameterSet(str(number), {"x": float(number)}) for number in range(10)}
    simulate_all(designs, sets, tmp_path, seed=3, patients=2, workers=2, simulator=simulator)  # type: ignore[arg-type]
    assert len(set(seeds.values())) == len(seeds) == 400
    again = dict(seeds)
    simulate_all(designs[::-1], sets, tmp_path / "2", seed=3, patients=2, workers=1, simulator=simulator)  # type: ignore[arg-type]
    assert seeds == again, "they do not depend on the order of trials or the number of workers"


@pytest.mark.parametrize(
    ("narrow", "local"),
    [(1, [(0, 0), (10, 30), (30, 60), (60, 100)]), (2, [(0, 0), (10, 30), (30, 60), (30, 100)])],
)
def test_unit_the_emulator_is_moved_to_the_narrow_waves_together(
    narrow: int, local: Sequence[tuple[int, int]]
) -> None:
    spec = load_spec("metastatic").model_copy(update={"members": (10, 20, 30, 40), "narrow": narrow})
    found = [run._local(spec, wave) for wave in range(4)]
    assert [(one.start, one.stop) for one in found] == list(local)


def test_unit_the_last_bits_of_linear_algebra_do_not_reach_the_next_sets() -> None:
    """They differ between processors: here by 1e-13 in every member."""
    spec = load_spec("metastatic").model_copy(update={"members": (10, 50, 50), "narrow": 1})
    random = np.random.default_rng(1)
    posterior = random.normal([1.0, -2.0, 0.5], [0.5, 0.1, 1.0], (400, 3))
    sets = [
        run._next_design(SimpleNamespace(spec=spec, posterior={None: members}), 1)  # type: ignore[arg-type]
        for members in (posterior, posterior + random.normal(size=posterior.shape) * 1e-13)
    ]
    assert np.array_equal(*sets)


def test_unit_narrow_waves_are_as_wide_as_the_posterior() -> None:
    spec = load_spec("metastatic").model_copy(update={"members": (10, 2000, 2000, 2000), "narrow": 2})
    posterior = np.random.default_rng(1).normal([1.0, -2.0], [0.5, 0.1], (4000, 2))
    calibration = SimpleNamespace(spec=spec, posterior={None: posterior})
    for wave, width in ((1, 1.5), (2, 1.0), (3, 1.0)):
        sets = run._next_design(calibration, wave)  # type: ignore[arg-type]
        assert np.allclose(sets.mean(axis=0), [1.0, -2.0], atol=0.03)
        assert np.allclose(sets.std(axis=0), width * np.array([0.5, 0.1]), rtol=0.05)
