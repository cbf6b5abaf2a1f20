import math

import numpy as np
import pytest

from forestall.clinic.endpoints import (
    Reason,
    duration_of_response,
    objective_response,
    overall_survival,
    progression_free_survival,
    time_to_progression,
)
from forestall.clinic.findings import Findings
from forestall.errors import InputError

NAN = math.nan
SCHEDULE = 63.0 * np.arange(12)
CODE = {"NE": 0, "CR": 1, "PR": 2, "SD": 3, "PD": 4}


def one(
    responses="", *, progression=NAN, free_until=0.0, death=NAN, dropout=NAN, contact=1000.0, failure=0
) -> Findings:
    """Findings of one patient with visits every nine weeks."""
    findings = Findings.blank(np.array([7]), 12, 3, ["", "PIK3CA_mut (acquired)"], ["PIK3CA_mut"])
    codes = [0, *(CODE[name] for name in responses.split())]
    findings.visits[0] = len(codes)
    findings.visit_day[0, : len(codes)] = SCHEDULE[: len(codes)]
    findings.response[0, : len(codes)] = codes
    findings.progression_day[0] = progression
    findings.progression_free_until_day[0] = free_until
    findings.death_day[0] = death
    findings.dropout_day[0] = dropout
    findings.last_contact_day[0] = contact
    findings.failure[0] = failure
    return findings


def row(endpoints):
    """Time, event, left, right and reason of the only patient."""
    return (
        float(endpoints.time_days[0]),
        bool(endpoints.event[0]),
        float(endpoints.left_days[0]),
        float(endpoints.right_days[0]),
        Reason(endpoints.reason[0]),
    )


PROGRESSED = {"progression": 189.0, "free_until": 126.0}
DIED = {"free_until": 126.0, "death": 150.0, "contact": 150.0}
LOST = {"free_until": 126.0, "dropout": 150.0, "contact": 150.0}
INF = math.inf


@pytest.mark.parametrize(
    ("case", "patient", "expected"),
    [
        ("progression", PROGRESSED, (189, True, 126, 189, Reason.PROGRESSION)),
        ("death later", {**PROGRESSED, "death": 300.0}, (189, True, 126, 189, Reason.PROGRESSION)),
        ("death without progression", DIED, (150, True, 126, 150, Reason.DEATH)),
        ("cutoff", {"free_until": 126.0}, (126, False, 126, INF, Reason.DATA_CUTOFF)),
        ("dropout", LOST, (126, False, 126, INF, Reason.LOST_TO_FOLLOW_UP)),
        ("never assessed", {"contact": 40.0}, (0, False, 0, INF, Reason.NO_ASSESSMENT)),
        ("early death", {"death": 40.0, "contact": 40.0}, (40, True, 0, 40, Reason.DEATH)),
        ("two missed", {**PROGRESSED, "progression": 315.0}, (126, False, 126, INF, Reason.MISSED_VISITS)),
        ("one missed visit", {**PROGRESSED, "progression": 252.0}, (252, True, 126, 252, Reason.PROGRESSION)),
        ("dead, missed", {"free_until": 126.0, "death": 400.0}, (126, False, 126, INF, Reason.MISSED_VISITS)),
        ("later than cutoff", {**PROGRESSED, "contact": 150.0}, (126, False, 126, INF, Reason.DATA_CUTOFF)),
    ],
)  # fmt: skip
def test_golden_progression_free_survival(case, patient, expected):
    assert row(progression_free_survival(one(**patient), schedule_days=SCHEDULE)) == expected, case


def test_unit_without_a_schedule_missed_visits_keep_the_event():
    kept = progression_free_survival(one(progression=315.0, free_until=126.0))
    assert row(kept) == (315, True, 126, 315, Reason.PROGRESSION)
    stricter = progression_free_survival(
        one(progression=252.0, free_until=126.0), schedule_days=SCHEDULE, missed_visits=1
    )
    assert row(stricter)[4] is Reason.MISSED_VISITS


def test_unit_a_visit_in_its_window_is_not_missed():
    """Assessments five days off their plan: no planned visit lies between them."""
    findings = one(progression=194.0, free_until=121.0)
    assert row(progression_free_survival(findings, schedule_days=SCHEDULE, missed_visits=1))[1]


def test_golden_time_to_progression_censors_deaths():
    dead = one(free_until=126.0, death=150.0, contact=150.0)
    assert row(time_to_progression(dead)) == (126, False, 126, math.inf, Reason.DEATH_BEFORE_PROGRESSION)
    assert row(time_to_progression(one(**PROGRESSED))) == (189, True, 126, 189, Reason.PROGRESSION)


@pytest.mark.parametrize(
    ("patient", "expected"),
    [
        ({"death": 300.0, "contact": 300.0}, (300, True, 300, 300, Reason.DEATH)),
        ({"contact": 700.0}, (700, False, 700, math.inf, Reason.DATA_CUTOFF)),
        ({"dropout": 90.0, "contact": 90.0}, (90, False, 90, math.inf, Reason.LOST_TO_FOLLOW_UP)),
        (
            {"death": 800.0, "dropout": 90.0, "contact": 90.0},
            (90, False, 90, math.inf, Reason.LOST_TO_FOLLOW_UP),
        ),
    ],
)
def test_golden_overall_survival(patient, expected):
    assert row(overall_survival(one(**patient))) == expected


def test_golden_duration_of_response_runs_from_the_first_response():
    findings = one("SD PR PR PD", progression=252.0, free_until=189.0)
    assert row(duration_of_response(findings)) == (126, True, 63, 126, Reason.PROGRESSION)
    ongoing = one("PR PR", free_until=126.0, contact=130.0)
    assert row(duration_of_response(ongoing)) == (63, False, 63, math.inf, Reason.DATA_CUTOFF)


def test_unit_no_response_has_no_duration_and_is_not_a_failure():
    none = duration_of_response(one("SD PD", progression=126.0, free_until=63.0))
    assert math.isnan(none.time_days[0])
    assert none.failed == 0
    assert none.reason_text() == ["Not applicable: no response"]
    assert not none.valid[0]


def test_golden_objective_response_with_and_without_confirmation():
    findings = Findings.concatenate(
        [one("PR PD"), one("PR PR"), one("SD SD"), one(), one("PR PR", failure=3)]
    )
    confirmed, raw = (objective_response(findings, confirmed=flag) for flag in (True, False))
    assert confirmed.best.tolist() == [3, 2, 3, 0, -1]
    assert raw.best.tolist() == [2, 2, 3, 0, -1]
    assert (confirmed.responders, raw.responders) == (1, 2)
    assert confirmed.evaluated == raw.evaluated == 4
    assert np.isnan(confirmed.responder[4])
    assert math.isnan(confirmed.first_day[4])


@pytest.mark.parametrize(
    "endpoint", [progression_free_survival, overall_survival, time_to_progression, duration_of_response]
)
def test_unit_a_failed_patient_is_nan_and_counted(endpoint):
    """Invariant 5: NaN with a reason, counted, never dropped."""
    good = one("PR PR", **PROGRESSED)
    findings = Findings.concatenate([good, one("PR PR", **PROGRESSED, death=200.0, failure=2)])
    result = endpoint(findings)
    assert result.failed == 1
    assert result.valid.tolist() == [True, False]
    assert not result.event[1]
    assert all(np.isnan(values[1]) for values in (result.time_days, result.left_days, result.right_days))
    assert Reason(result.reason[1]) is Reason.FAILED
    assert row(endpoint(good)) == row(endpoint(findings.select(np.array([True, False]))))


def test_property_intervals_hold_the_event_time():
    rng = np.random.default_rng(1)
    parts = []
    for _ in range(200):
        free = 63.0 * rng.integers(0, 6)
        fate = {"progression": free + 63.0} if rng.random() < 0.5 else {}
        if rng.random() < 0.4:
            fate["death"] = fate["contact"] = free + rng.uniform(1, 200)
        parts.append(one(free_until=free, **fate))
    result = progression_free_survival(Findings.concatenate(parts), schedule_days=SCHEDULE)
    assert (result.left_days <= result.time_days).all()
    assert (result.right_days >= result.time_days).all()
    assert (np.isinf(result.right_days) == ~result.event).all()
    assert 20 < result.event.sum() < 190


def test_unit_a_schedule_that_does_not_rise_is_refused():
    with pytest.raises(InputError, match="rising"):
        progression_free_survival(one(**PROGRESSED), schedule_days=[0, 63, 63])


def test_unit_concatenation_pads_what_was_not_made():
    short = Findings.blank(np.array([1, 2]), 4, 1, [""], [])
    long = Findings.blank(np.array([3]), 6, 2, [""], [])
    long.lesion_diameter_mm[:] = 12.0
    both = Findings.concatenate([short, long])
    assert both.patient.tolist() == [1, 2, 3]
    assert both.visit_day.shape == (3, 6)
    assert both.response[0].tolist() == [-1] * 6
    assert np.isnan(both.lesion_diameter_mm[:2]).all()
    assert (both.lesion_diameter_mm[2] == 12).all()
    assert both.new_lesion.dtype == np.bool_


def test_unit_selection_keeps_rows_together():
    findings = Findings.concatenate([one(progression=63.0 * k) for k in range(1, 5)])
    picked = findings.select(np.array([3, 0]))
    assert picked.progression_day.tolist() == [252, 63]
    assert len(picked) == 2
    assert len(findings.select(np.zeros(4, dtype=bool))) == 0


def test_unit_findings_of_the_wrong_shape_or_mixed_words_are_refused():
    good = one()
    fields = {name: getattr(good, name) for name in Findings.__slots__}
    with pytest.raises(InputError, match=r"death_day.*\(1,\)"):
        Findings(**{**fields, "death_day": np.zeros(2)})
    with pytest.raises(InputError, match=r"arm.*int16"):
        Findings(**{**fields, "arm": np.zeros(1, dtype=np.int64)})
    with pytest.raises(InputError, match="different causes"):
        Findings.concatenate([good, Findings(**{**fields, "causes": ["other"]})])
    with pytest.raises(InputError, match="no findings"):
        Findings.concatenate([])
