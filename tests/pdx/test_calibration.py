"""The calibration: what it recovers from a synthetic folder, and what it predicts of arms left out."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from forestall.errors import InputError
from forestall.knowledge.pdx_fits import SHIPPED, PdxModel, load_pdx_fits
from forestall.studies.pdx_arms import summarize
from forestall.studies.pdx_calibrate import calibrate, to_rate
from forestall.studies.pdx_check import left_out, score, twins, without_compound
from forestall.studies.pdx_data import PdxArm, read_pdx
from forestall.studies.pdx_predict import posterior
from forestall.studies.pdx_unseen import unseen_compounds


def test_oracle_the_slope_of_a_straight_line() -> None:
    days = np.arange(0.0, 30.0, 3.0)
    found = summarize(PdxArm("M", "untreated", days, 200 * np.exp(0.041 * days)))
    assert found.slope == pytest.approx(0.041, abs=1e-5)
    assert found.days == 27


def test_unit_growth_of_the_synthetic_models_is_recovered(synthetic_folder: Path) -> None:
    # Truth: untreated growth 0.03 + 0.005 n per day, BYL719 half of it; a mouse's slope has an error below 0.002 per day.
    fit = calibrate(read_pdx(synthetic_folder), seed=1, command="test", software="test")
    known = posterior(fit)
    for number in (0, 6, 11):
        mean, _ = known.of([(f"M-{number:02d}", "untreated"), (f"M-{number:02d}", "BYL719")])
        growth = 0.03 + 0.005 * number
        assert to_rate(mean) == pytest.approx([growth, growth / 2], abs=0.004)


def test_unit_too_few_arms_are_refused(tmp_path: Path) -> None:
    rows = "A,1,BRCA,untreated,0,200\nA,1,BRCA,untreated,3,220\n"
    (tmp_path / "volumes.csv").write_text("model,animal_id,tumor_type,treatment,day,volume_mm3\n" + rows)
    with pytest.raises(InputError, match="too few"):
        calibrate(read_pdx(tmp_path), seed=1, command="test", software="test")


def test_golden_the_shipped_file_is_what_the_command_makes(shared_folder: Path) -> None:
    shipped = load_pdx_fits()[SHIPPED.stem]
    made = calibrate(read_pdx(shared_folder), seed=1, command="test", software="test")
    assert made.provenance.data == shipped.provenance.data
    assert made.models == shipped.models
    assert made.removal == shipped.removal
    assert made.log_likelihood == pytest.approx(shipped.log_likelihood, abs=0.05)


def test_unit_left_out_arms_are_predicted_better_than_by_the_treatments_mean(shared_folder: Path) -> None:
    found = left_out(load_pdx_fits()[SHIPPED.stem], read_pdx(shared_folder), seed=1)
    model = score(found.seen, found.expected, found.treatment)
    simple = score(found.seen, found.treatment_mean, found.treatment)
    assert model.rank_correlation > simple.rank_correlation + 0.1
    assert model.mean_absolute_error < simple.mean_absolute_error
    # 661 arms, nominal 0.90, standard error 0.012.
    assert 0.865 < found.coverage < 0.935


def test_unit_a_compound_without_any_arm_is_told_from_its_target_and_the_network() -> None:
    """CLR457 (pan-PI3K) from BKM120 and BYL719, and no arm of its own, beats the mean of each xenograft's other arms."""
    fit = load_pdx_fits()[SHIPPED.stem]
    found = {item.compound: item for item in unseen_compounds(fit)}
    assert len(found) == 16
    assert "CLR457" not in {
        code for model in without_compound(fit, "CLR457").models.values() for code in model.arms
    }
    one = found["CLR457"]
    assert one.models == 39
    assert one.shrunk.rank_correlation > one.mean.rank_correlation + 0.1
    errors = np.array(
        [[item.shrunk.root_mean_square_error, item.mean.root_mean_square_error] for item in found.values()]
    )
    assert errors[:, 0].mean() < 0.95 * errors[:, 1].mean()


def test_property_arms_of_the_compound_itself_tell_nothing() -> None:
    """With its growth rates turned around, the same predictions are scored: the rank correlation changes its sign."""
    fit = load_pdx_fits()[SHIPPED.stem]
    turned = fit.model_copy(
        update={"models": {name: _turned(model, "CLR457") for name, model in fit.models.items()}}
    )
    one, other = (
        next(item for item in unseen_compounds(known) if item.compound == "CLR457") for known in (fit, turned)
    )
    assert other.shrunk.rank_correlation == pytest.approx(-one.shrunk.rank_correlation)
    assert other.mean.rank_correlation == pytest.approx(-one.mean.rank_correlation)


def _turned(model: PdxModel, compound: str) -> PdxModel:
    arms = {
        code: arm.model_copy(update={"slope": -arm.slope}) if code == compound else arm
        for code, arm in model.arms.items()
    }
    return model.model_copy(update={"arms": arms})


def test_unit_shrinking_tells_more_of_a_compound_with_the_same_target() -> None:
    pairs = [("BKM120", "CLR457"), ("CLR457", "BKM120"), ("CGM097", "HDM201"), ("HDM201", "CGM097")]
    found = twins(load_pdx_fits()[SHIPPED.stem], pairs)
    raw = np.mean([twin.raw.root_mean_square_error for twin in found])
    shrunk = np.mean([twin.shrunk.root_mean_square_error for twin in found])
    assert shrunk < 0.95 * raw
