"""The parts of a calibration, each against what it must give."""

from __future__ import annotations

import math
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from forestall.errors import InputError
from forestall.studies.calibration import results
from forestall.studies.calibration.emulator import features, prior_of
from forestall.studies.calibration.inputs import inputs_of
from forestall.studies.calibration.logistic import fit
from forestall.studies.calibration.observations import Observation, covariance
from forestall.studies.calibration.slopes import UNKNOWN
from forestall.studies.calibration.smoother import assimilate
from forestall.studies.calibration.spec import CalibrationSpec, PriorSpec, load_spec, unknowns
from forestall.studies.validation.derivation import TrialPlan, questions
from forestall.studies.validation.evidence import read_evidence

from ..validate.conftest import BOTH, Writer

SHIPPED = load_spec("metastatic")


def observation(
    kind: str, *arms: str, error: float = 0.1, own: float = 0.05, trial: float = 0.2
) -> Observation:
    return Observation("ONE", "all", arms, kind, None, 0.0, error, own, trial)  # type: ignore[arg-type]


def test_unit_numbers_of_the_same_patients_err_together() -> None:
    observed = [
        observation("median", "both"),
        observation("median", "alone"),
        observation("hazard_ratio", "both", "alone", trial=0.0),
    ]
    found = covariance(observed, {"median": 0.03})
    assert found[0, 0] == pytest.approx(0.1**2 + 0.05**2 + 0.2**2 + 0.03**2)
    assert found[0, 1] == pytest.approx(0.2**2), "the trial's error is shared, the patients are not"
    assert found[0, 2] == pytest.approx(-0.49 * 0.1**2), "a longer median goes with a smaller ratio"
    assert found[1, 2] == pytest.approx(0.49 * 0.1**2)
    assert np.linalg.eigvalsh(found).min() > 0


def test_unit_the_emulator_finds_a_quadratic_logit() -> None:
    """4000 sets of 50 patients: the coefficients' standard errors are near 0.005; the bound is ten of them, for the penalty's pull."""
    rng = np.random.default_rng(1)
    variables = rng.normal(size=(4000, 2))
    truth = np.array([0.3, 0.8, -0.5, 0.2, 0.1, -0.2])
    terms = features(variables)
    share = rng.binomial(50, 1 / (1 + np.exp(-terms @ truth))) / 50
    center, precision = prior_of([UNKNOWN] * 2)
    found = fit(terms, share, np.full(4000, 50.0), precision, center=center)
    assert found == pytest.approx(truth, abs=0.05)


def test_oracle_linear_gaussian_posterior() -> None:
    """One unknown with a standard normal prior, observed as 2 x = 1 with SD 0.5: posterior mean 8/17, variance 1/17 (conjugacy).

    4000 members: standard errors 0.004 of the mean and 0.0013 of the variance; the bounds are five of them. The second unknown
    is out of reach and must stay as it was.
    """
    pytest.importorskip("iterative_ensemble_smoother")
    prior = np.random.default_rng(2).normal(size=(4000, 2))
    reached = np.array([[True], [False]])
    found = assimilate(
        prior, lambda x: 2 * x[:, :1], np.array([1.0]), np.array([[0.25]]), reached, rounds=4, seed=3
    )
    assert found[:, 0].mean() == pytest.approx(8 / 17, abs=0.02)
    assert found[:, 0].var() == pytest.approx(1 / 17, abs=0.0065)
    assert np.array_equal(found[:, 1], prior[:, 1])


def plan_of(folder: Path) -> TrialPlan:
    plan = questions(read_evidence(folder))[0].plan
    assert plan is not None
    return plan


def touched(plan: TrialPlan, arm: int, *, tied: bool = False) -> set[str]:
    """Unknowns that an arm depends on, with one spread between patients for each trait or one for all."""
    spreads = {"sensitivity.*_log_sd": PriorSpec(tied=tied)}
    coordinates = unknowns(SHIPPED.model_copy(update={"parameters": SHIPPED.parameters | spreads}))
    weights = inputs_of(plan, arm, coordinates).weights
    return {coordinates[k].name for k in np.flatnonzero((weights != 0).any(axis=0))}


def test_unit_an_arm_depends_on_its_own_drugs_and_patients(tables: Writer) -> None:
    chemotherapy = {"arm": "chemo", "drugs": "capecitabine", "median_months": "9"}
    plan = plan_of(tables([{"line": "2"}], [BOTH, chemotherapy], [{"arm_ctl": "chemo"}]))
    both, chemo = touched(plan, plan.arms["both"][0]), touched(plan, plan.arms["chemo"][0])
    assert {
        "response.class.cdk46_inhibitor",
        "response.drug.letrozole",
        "sensitivity.endocrine_log_sd",
    } <= both
    assert {"response.class.antimetabolite", "sensitivity.cytotoxic_log_sd"} <= chemo
    assert (
        not {"response.class.cdk46_inhibitor", "sensitivity.endocrine_log_sd", "tolerance.entry_rate"} & chemo
    )
    assert {"growth.doubling_time.er_positive", "prior.growth_per_line"} <= both & chemo
    assert "sensitivity.*_log_sd" in touched(plan, plan.arms["chemo"][0], tied=True)
    assert "growth.doubling_time.her2_positive" not in both | chemo


def test_unit_an_unknown_number_is_named_with_the_nearest() -> None:
    spec = SHIPPED.model_copy(
        update={"parameters": {"growth.birth_rat": next(iter(SHIPPED.parameters.values()))}}
    )
    with pytest.raises(InputError, match=r"growth\.birth_rate"):
        unknowns(spec)


def test_unit_a_tied_name_multiplies_all_its_numbers_by_one_factor() -> None:
    one = next(u for u in unknowns(SHIPPED) if u.name == "growth.doubling_time_log_sd.*")
    values, center = one.values(1.0), one.values(0.0)
    assert len(values) == 3
    assert {round(math.log(values[name] / center[name]), 9) for name in values} == {round(one.sd, 9)}


def test_unit_priors_come_from_the_catalog_where_none_is_given() -> None:
    """Interval 0.05 to 0.3 as 90% of a lognormal."""
    one = next(u for u in unknowns(SHIPPED) if u.name == "growth.birth_rate")
    assert one.sd == pytest.approx(math.log(6) / 3.2897, rel=1e-4)
    assert one.values(0.0) == {"growth.birth_rate": pytest.approx(0.14)}


def test_unit_a_specification_that_keeps_more_than_it_has_is_refused() -> None:
    with pytest.raises(ValueError, match="kept"):
        CalibrationSpec.model_validate({**SHIPPED.model_dump(), "kept": SHIPPED.ensemble + 1})


def test_oracle_the_discrepancy_is_what_members_and_sampling_leave(monkeypatch: pytest.MonkeyPatch) -> None:
    """6000 numbers of each kind around predictions: spread of the members 0.2, sampling 0.1 and 0.3 beyond them, or nothing.

    The variance of a published number is 0.14, known to 1.8%: a standard error of 0.004 for 0.3 and, at nothing, of 0.03 for the root.
    """
    rng = np.random.default_rng(4)
    center, beyond = rng.normal(size=12000), np.repeat([0.3, 0.0], 6000)
    members = center + 0.2 * rng.normal(size=(300, 12000))
    truth = center + 0.2 * rng.normal(size=12000)
    published = truth + 0.1 * rng.normal(size=12000) + beyond * rng.normal(size=12000)
    kinds = ["hazard_ratio"] * 6000 + ["median"] * 6000
    observed = [
        SimpleNamespace(kind=kind, value=value, error=0.1)
        for kind, value in zip(kinds, published, strict=True)
    ]
    monkeypatch.setattr(results, "unseen_predictions", lambda _calibration: members)
    found = results.discrepancy(SimpleNamespace(observed=observed))  # type: ignore[arg-type]
    assert found["hazard_ratio"] == pytest.approx(0.3, abs=0.02)
    assert found["median"] < 0.07
