"""NM-TRAN event tables."""

from __future__ import annotations

import pytest

from forestall.errors import InputError
from forestall.interop.nmtran import read_events

TABLE = """ID,TIME,AMT,RATE,EVID,II,ADDL,SS,CMT,DV,WT
# loading dose, then a steady state
1,0,100,.,1,12,3,.,1,.,70
1,6,.,.,0,.,.,.,2,3.2,70
2,0,50,25,1,24,.,1,2,.,61
2,30,.,.,3,.,.,.,.,.,61
"""


def write(tmp_path, text, name="events.csv"):
    path = tmp_path / name
    path.write_text(text)
    return path


def test_unit_records_are_read_in_days_and_milligrams(tmp_path):
    subjects = read_events(write(tmp_path, TABLE))
    assert list(subjects) == ["1", "2"]
    dose, observation = subjects["1"]
    assert (dose.time, dose.amount, dose.interval, dose.additional, dose.compartment) == (
        0.0,
        100.0,
        0.5,
        3,
        1,
    )
    assert (observation.evid, observation.time) == (0, 0.25)
    infusion, reset = subjects["2"]
    assert (infusion.rate, infusion.steady_state) == (600.0, 1)
    assert reset.evid == 3


def test_unit_units_are_converted(tmp_path):
    text = "TIME,AMT,RATE\n1,2,4\n"
    (event,) = read_events(write(tmp_path, text), time_unit="day", amount_unit="g")["1"]
    assert (event.time, event.amount, event.rate) == (1.0, 2000.0, 4000.0)


def test_unit_modeled_duration_is_not_converted(tmp_path):
    (event,) = read_events(write(tmp_path, "TIME,AMT,RATE\n0,2,-2\n"))["1"]
    assert event.rate == -2


def test_unit_event_type_is_inferred_without_evid(tmp_path):
    text = "time,amt,rate,mdv,ss\n0,5,0,1,0\n1,0,5,1,1\n2,0,0,1,0\n3,0,0,0,0\n"
    assert [event.evid for event in read_events(write(tmp_path, text))["1"]] == [1, 1, 2, 0]


def test_unit_comment_column_skips_records(tmp_path):
    text = "C,ID,TIME,AMT\n.,7,0,5\nC,7,1,5\n"
    assert len(read_events(write(tmp_path, text))["7"]) == 1


@pytest.mark.parametrize(
    ("text", "line", "item"),
    [
        ("ID,AMT\n1,5\n", 1, None),
        ("TIME,AMT,AMT\n0,5,5\n", 1, "AMT"),
        ("TIME,AMT\n0,five\n", 2, "AMT"),
        ("TIME,AMT\n2026-01-05,5\n", 2, "TIME"),
        ("TIME,AMT\n08:30,5\n", 2, "TIME"),
        ("TIME,AMT\nnan,5\n", 2, "TIME"),
        ("TIME,AMT,ADDL,II\n0,5,1.5,2\n", 2, "ADDL"),
        ("TIME,AMT,ADDL,II\n0,5,inf,2\n", 2, "ADDL"),
        ("TIME,AMT\n0,-5\n", 2, "AMT"),
        ("TIME,AMT\n0,5,6\n", 2, None),
        ("TIME,AMT\n4,5\n3,5\n", 3, "TIME"),
        ("TIME,AMT,EVID\n4,5,3\n", 2, "AMT"),
        ("TIME,AMT,SS\n4,5,1\n", 2, "II"),
    ],
)
def test_unit_errors_name_file_line_and_item(tmp_path, text, line, item):
    path = write(tmp_path, text)
    with pytest.raises(InputError) as refused:
        read_events(path)
    assert (refused.value.file, refused.value.line, refused.value.field) == (str(path), line, item)
    assert "\n" not in str(refused.value)


def test_unit_errors_show_the_value_as_typed(tmp_path):
    with pytest.raises(InputError, match=r"got '-24'"):
        read_events(write(tmp_path, "TIME,AMT,II\n0,5,-24\n"))


@pytest.mark.parametrize("content", [b"", b"TIME,AMT\n", b"\xff\xfe\x00TIME"])
def test_unit_files_without_records_are_refused(tmp_path, content):
    path = tmp_path / "events.csv"
    path.write_bytes(content)
    with pytest.raises(InputError):
        read_events(path)


def test_unit_missing_file_is_refused(tmp_path):
    with pytest.raises(InputError, match="cannot be read"):
        read_events(tmp_path / "none.csv")
