"""What differs between the patients of a pack, and does not in breast cancer."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from tests.packs.conftest import documented_pack

from forestall.clinic.cohort import rate_spreads
from forestall.clinic.entry_lesions import sites
from forestall.clinic.population import draw_population
from forestall.errors import InputError
from forestall.knowledge.alterations import load_alterations
from forestall.knowledge.pack_reading import read_pack
from forestall.knowledge.packs import find_disease
from forestall.knowledge.population import Population as Eligibility
from forestall.knowledge.scope import in_scope
from forestall.studies.marker_story import slopes

PATIENTS = 4000
WIDTH_OF_90_PERCENT = 3.2897
"""Of a normal distribution, in standard deviations."""
SPREAD_ERROR = 5 / math.sqrt(2 * PATIENTS)
"""Five standard errors of a standard deviation, relative: a false alarm in two million."""


def test_unit_patients_of_a_pack_differ_in_the_death_that_a_lost_drive_adds() -> None:
    with in_scope(find_disease("melanoma_braf")):
        drawn = draw_population(Eligibility.model_validate({}), np.arange(PATIENTS), 1)
    assert np.log(drawn.signal_death).std() == pytest.approx(0.54, rel=SPREAD_ERROR)
    assert (drawn.tolerance == 1.0).all()


def test_unit_a_lognormal_rate_differs_by_its_interval_and_by_itself() -> None:
    with in_scope(find_disease("lung_egfr")):
        spreads, rate = rate_spreads(), load_alterations()["EGFR_T790M"].rate_per_division
        drawn = draw_population(Eligibility.model_validate({}), np.arange(PATIENTS), 1)
        factors = np.log(drawn.alteration_factors(spreads))
    assert rate.interval is not None
    expected = math.log(rate.interval[1] / rate.interval[0]) / WIDTH_OF_90_PERCENT
    own, other = (list(spreads).index(name) for name in ("EGFR_T790M", "MET_amp"))
    assert factors[:, own].std() == pytest.approx(expected, rel=SPREAD_ERROR)
    assert abs(np.corrcoef(factors[:, own], factors[:, other])[0, 1]) < 5 / math.sqrt(PATIENTS)


def test_unit_the_death_of_tolerant_cells_differs_in_chronic_myeloid_leukemia() -> None:
    with in_scope(find_disease("cml")):
        drawn = draw_population(Eligibility.model_validate({}), np.arange(PATIENTS), 1)
    assert np.log(drawn.tolerant_death).std() == pytest.approx(0.5, rel=SPREAD_ERROR)
    assert abs(np.corrcoef(np.log(drawn.tolerant_death), np.log(drawn.tolerance))[0, 1]) < 5 / math.sqrt(
        PATIENTS
    )


@pytest.mark.parametrize(("entry", "expected"), [("allowed", 0.25), ("excluded", 0.0)])
def test_unit_brain_metastases_at_entry_are_as_common_as_the_pack_says(entry: str, expected: float) -> None:
    """n = 4000, binomial, five standard errors: a false alarm in two million."""
    with in_scope(find_disease("lung_alk")):
        drawn = draw_population(
            Eligibility.model_validate({"brain_metastases": entry}), np.arange(PATIENTS), 1
        )
        brain = (drawn.site == sites().index("brain")).any(axis=1).mean()
    assert abs(brain - expected) <= 5 * math.sqrt(0.25 * 0.75 / PATIENTS)


@pytest.mark.parametrize(
    ("disease", "alteration", "share"),
    [("melanoma_braf", "MGMT_up", 0.75), ("lung_alk", "TYMS_up", 0.67), ("lung_egfr", "TUBB3_up", 0.29)],
)
def test_unit_many_tumors_resist_chemotherapy_from_the_start(
    disease: str, alteration: str, share: float
) -> None:
    """n = 4000, binomial, five standard errors: a false alarm in two million."""
    with in_scope(find_disease(disease)):
        drawn = draw_population(Eligibility.model_validate({}), np.arange(PATIENTS), 1)
    carried = drawn.truncal[:, drawn.alterations.index(alteration)].mean()
    assert abs(carried - share) <= 5 * math.sqrt(share * (1 - share) / PATIENTS)


@pytest.mark.parametrize(("line", "share"), [("1", 0.143), ("2", 0.52)])
def test_unit_gain_of_the_androgen_receptor_is_rarer_before_the_first_line(line: str, share: float) -> None:
    """n = 4000, binomial, five standard errors: a false alarm in two million."""
    with in_scope(find_disease("prostate_ar")):
        drawn = draw_population(Eligibility.model_validate({"line": line}), np.arange(PATIENTS), 1)
    carried = drawn.truncal[:, drawn.alterations.index("AR_amp")].mean()
    assert abs(carried - share) <= 5 * math.sqrt(share * (1 - share) / PATIENTS)


def test_property_nothing_of_this_differs_in_breast_cancer() -> None:
    drawn = draw_population(Eligibility.model_validate({"her2": "positive"}), np.arange(50), 1)
    assert (drawn.signal_death == 1.0).all()
    assert (drawn.tolerance == 1.0).all()
    assert (drawn.tolerant_death == 1.0).all()
    assert not any(rate_spreads().values())
    assert (drawn.alteration_factors(rate_spreads()) == 1.0).all()


@pytest.mark.parametrize(
    ("right", "wrong", "complaint"),
    [
        (
            "doubling_time: {value: 90, unit: day",
            "doubling_time: {value: 90, unit: kg",
            "doubling_time has the unit 'kg'",
        ),
        ("interval: [2.0e-7, 8.0e-5]", "interval: [0, 8.0e-5]", "an interval above zero"),
    ],
)
def test_unit_what_would_fail_in_the_simulation_is_found_on_reading(
    tmp_path: Path, right: str, wrong: str, complaint: str
) -> None:
    path = tmp_path / "gist.yaml"
    path.write_text(documented_pack().replace(right, wrong, 1), encoding="utf-8")
    with pytest.raises(InputError, match=complaint):
        read_pack(path)


def test_oracle_slopes_of_three_exponentials_are_found_again() -> None:
    day = np.arange(0.0, 2000.0, 28.0)
    values = np.exp(-0.05 * day) + 0.02 * np.exp(-0.006 * day) + 1e-4 * np.exp(-0.0005 * day)
    assert slopes(day, values) == pytest.approx([-0.05, -0.006, -0.0005], rel=0.05)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("seed", range(20))
def test_property_no_course_makes_the_search_for_slopes_overflow(seed: int) -> None:
    rng = np.random.default_rng(seed)
    values = 100.0 * np.exp(np.cumsum(rng.normal(-0.3, 1.0, 40)))
    assert all(math.isfinite(slope) for slope in slopes(np.arange(0.0, 3360.0, 84.0), values))


def test_unit_phases_are_found_at_visits_twelve_weeks_apart() -> None:
    """BCR-ABL1 (%) of a typical patient under imatinib; one search, from the first two and the last three visits, found one slope."""
    values = np.array(
        [
            100.0,
            8.62,
            1.02,
            0.292,
            0.168,
            0.121,
            0.0916,
            0.0668,
            0.0496,
            0.0388,
            0.0268,
            0.0196,
            0.0152,
            0.0124,
            0.0092,
            0.008,
            0.0056,
            0.0044,
            0.0052,
            0.0032,
            0.0028,
            0.0032,
            0.0024,
            0.002,
            0.002,
            0.002,
            0.0024,
            0.0028,
            0.0016,
            0.0012,
            0.0016,
            0.0012,
            0.0012,
            0.0008,
            0.0004,
        ]
    )
    first, second, *_ = slopes(np.arange(0.0, 84.0 * values.size, 84.0), values)
    assert -0.04 < first < -0.02
    assert -0.006 < second < -0.001
