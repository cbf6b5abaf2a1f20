"""The calibrated parameter sets that ship."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from forestall.errors import InputError, KnowledgeError
from forestall.knowledge.alterations import load_alterations
from forestall.knowledge.ensembles import DIRECTORY, load_ensemble, parameters_named
from forestall.knowledge.parameter_sets import LITERATURE
from forestall.knowledge.parameters import load_parameters
from forestall.knowledge.provenance import Status


def test_unit_every_number_of_the_shipped_sets_is_one_of_the_catalog() -> None:
    known = {*load_parameters(), *(f"alterations.{name}.rate_per_division" for name in load_alterations())}
    ensemble = load_ensemble()
    for one in (ensemble.center, *ensemble.members):
        assert set(one.values) <= known
        assert all(0 < number < float("inf") for number in one.values.values())


def test_unit_the_shipped_ensemble_says_where_it_comes_from() -> None:
    about = load_ensemble().about
    assert about.status is Status.CALIBRATED
    assert about.command.startswith("forestall calibrate")
    assert set(about.evidence_sha256) == {"trials.csv", "arms.csv", "comparisons.csv"}
    assert len(load_ensemble().members) == about.members


def test_unit_each_trial_has_an_ensemble_that_has_not_seen_it() -> None:
    ensemble = load_ensemble()
    for trial in ensemble.about.trials:
        unseen = ensemble.without(trial)
        assert unseen is not ensemble
        assert unseen.center.values != ensemble.center.values
    assert ensemble.without("a trial that nobody has run") is ensemble


def test_unit_words_for_parameters() -> None:
    assert parameters_named("literature") is LITERATURE
    assert parameters_named("calibrated") is load_ensemble().center
    assert parameters_named() is load_ensemble().center
    with pytest.raises(InputError):
        parameters_named("calibrate")


def test_unit_members_that_were_changed_by_hand_are_refused(tmp_path: Path) -> None:
    for kind in ("yaml", "csv"):
        shutil.copy(DIRECTORY / f"metastatic.{kind}", tmp_path)
    assert load_ensemble(str(tmp_path / "metastatic.yaml")).members
    load_ensemble.cache_clear()
    with (tmp_path / "metastatic.csv").open("a") as stream:
        stream.write("\n")
    with pytest.raises(KnowledgeError):
        load_ensemble(str(tmp_path / "metastatic.yaml"))
