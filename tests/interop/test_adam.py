"""The analysis tables mean what CDISC says that they mean, and are written whole or not at all."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow.parquet as pq
import pytest

from forestall.clinic.endpoints import (
    duration_of_response,
    objective_response,
    overall_survival,
    progression_free_survival,
)
from forestall.clinic.findings import Findings
from forestall.errors import StudyError
from forestall.interop import adam_writer
from forestall.interop.adam import AdamArm, AdamStudy, Batch, Subjects, adam_tables, best_change_percent
from forestall.interop.adam_columns import LAYOUTS
from forestall.interop.adam_values import study_day
from forestall.interop.adam_writer import AdamWriter

NAN = float("nan")
NE, CR, PR, SD, PD, NO_VISIT = 0, 1, 2, 3, 4, -1
STUDY = AdamStudy(
    study="EXAMPLE-1",
    arms=[AdamArm("control", "trastuzumab, every 3 weeks"), AdamArm("dual", 'with "quotes", commas')],
    sites=["bone", "liver"],
    failures={2: "the tumor died out before detection"},
)


def four_patients() -> Findings:
    """One who responds and progresses, one censored in response, one dead before a scan, one failed."""
    found = Findings.blank(
        np.arange(4),
        visits=4,
        lesions=2,
        causes=["tolerant cells", "rebound"],
        alterations=["PIK3CA_mut", "RB1_loss"],
    )
    found.arm[:] = [0, 1, 0, 1]
    found.visits[:] = [4, 3, 1, 0]
    found.visit_day[:3, 0] = 0.0
    found.visit_day[0] = [0, 63, 126, 189]
    found.visit_day[1, :3] = [0, 63, 126]
    found.lesion_diameter_mm[0, :, 0] = [40, 20, 18, 30]
    found.lesion_diameter_mm[0, 2:, 1] = [6, 10]
    found.lesion_diameter_mm[1, :3, 0] = [50, 30, 0]
    found.lesion_diameter_mm[2, 0, 0] = 25
    found.sum_diameter_mm[0] = [40, 20, 18, 30]
    found.sum_diameter_mm[1, :3] = [50, 30, 0]
    found.sum_diameter_mm[2, 0] = 25
    found.response[0] = [SD, PR, PR, PD]
    found.response[1, :3] = [SD, PR, CR]
    found.response[2, 0] = SD
    found.progression_day[0] = 189
    found.progression_free_until_day[:3] = [126, 126, 0]
    found.death_day[0], found.death_day[2] = 400.6, 30.2
    found.last_contact_day[:3] = [400.6, 150.0, 30.2]
    found.treatment_stop_day[0] = 189
    found.cause[0], found.lead_site[0], found.lead_genotype[0] = 1, 1, 0b11
    found.failure[3] = 2
    return found


def batch_of(findings: Findings) -> Batch:
    n = len(findings)
    subjects = Subjects(
        age_years=np.linspace(40, 70, n),
        weight_kg=np.full(n, 68.5),
        surface_m2=np.full(n, 1.75),
        lesions=np.ones(n, np.int64),
        biomarkers={"HER2": np.full(n, "positive"), "PIK3CA": np.arange(n) % 2 == 1},
    )
    endpoints = [
        progression_free_survival(findings),
        overall_survival(findings),
        duration_of_response(findings),
    ]
    return Batch(subjects, findings, endpoints, objective_response(findings))


@pytest.fixture
def tables() -> dict[str, pl.DataFrame]:
    return adam_tables(STUDY, batch_of(four_patients()))


def of(frame: pl.DataFrame, patient: int, parameter: str | None = None) -> list[dict[str, object]]:
    rows = frame.filter(pl.col("USUBJID") == f"EXAMPLE-1-{patient:06d}")
    return (rows if parameter is None else rows.filter(pl.col("PARAMCD") == parameter)).to_dicts()


def test_unit_every_table_has_the_columns_of_its_layout_in_order(tables: dict[str, pl.DataFrame]) -> None:
    for name, layout in LAYOUTS.items():
        names = [column.name for column in layout.columns]
        assert tables[name].columns[: len(names)] == names
    assert tables["ADSL"].columns[-2:] == ["HER2", "PIK3CA"]


def test_unit_labels_fit_into_a_sas_transport_file() -> None:
    for layout in LAYOUTS.values():
        assert len(layout.label) <= 40
        for column in layout.columns:
            assert len(column.label) <= 40, column
            assert len(column.name) <= 8, column


def test_unit_adsl_has_one_row_for_each_patient_with_words_for_codes(tables: dict[str, pl.DataFrame]) -> None:
    adsl = tables["ADSL"]
    assert adsl["USUBJID"].to_list() == [f"EXAMPLE-1-{index:06d}" for index in range(4)]
    assert adsl["ARM"].to_list() == ["control", "dual", "control", "dual"]
    assert adsl["ARMCD"].to_list() == ["A1", "A2", "A1", "A2"]
    assert adsl["CAUSEPD"].to_list() == ["rebound", None, None, None]
    assert adsl["GENOPD"].to_list() == ["PIK3CA_mut+RB1_loss", None, None, None]
    assert adsl["SITEPD"].to_list() == ["liver", None, None, None]
    assert adsl["DTHFL"].to_list() == ["Y", None, "Y", None]
    assert adsl["DTHDY"].to_list() == [401, None, 31, None]
    assert adsl["TRTEDY"].to_list() == [190, None, None, None]
    assert adsl["PIK3CA"].to_list() == ["N", "Y", "N", "Y"]


def test_unit_what_happened_after_the_last_contact_is_not_known() -> None:
    findings = four_patients()
    findings.last_contact_day[0] = 150.0
    adsl = adam_tables(STUDY, batch_of(findings))["ADSL"]
    assert adsl.row(0, named=True)["DTHFL"] is None
    assert adsl.row(0, named=True)["CAUSEPD"] is None


def test_unit_a_failed_patient_keeps_a_row_with_its_reason_and_no_result(
    tables: dict[str, pl.DataFrame],
) -> None:
    assert tables["ADSL"]["FAILFL"].to_list() == ["N", "N", "N", "Y"]
    assert tables["ADSL"]["FAILREAS"].to_list()[3] == "the tumor died out before detection"
    rows = of(tables["ADTTE"], 3)
    assert [row["PARAMCD"] for row in rows] == ["PFS", "OS", "DOR"]
    for row in rows:
        assert row["AVAL"] is None
        assert row["CNSR"] is None
        assert row["EVNTDESC"] == "No result: the simulation failed"
    assert [row["AVALC"] for row in of(tables["ADRS"], 3)] == [None]
    assert of(tables["ADTR"], 3) == []


def test_unit_cnsr_is_zero_for_an_event_and_one_for_a_censoring(tables: dict[str, pl.DataFrame]) -> None:
    pfs = tables["ADTTE"].filter(pl.col("PARAMCD") == "PFS")
    assert pfs["CNSR"].to_list() == [0, 1, 0, None]
    assert pfs["EVNTDESC"].to_list()[:3] == ["Disease progression", "Censored at data cutoff", "Death"]


def test_unit_aval_is_in_months_and_the_interval_in_study_days(tables: dict[str, pl.DataFrame]) -> None:
    [row] = of(tables["ADTTE"], 0, "PFS")
    assert row["AVAL"] == pytest.approx(189 / 30.4375, rel=1e-12)
    assert row["AVALU"] == "MONTHS"
    assert (row["ADY"], row["LEFTDY"], row["RIGHTDY"]) == (190, 127, 190)
    [censored] = of(tables["ADTTE"], 1, "PFS")
    assert (censored["ADY"], censored["LEFTDY"], censored["RIGHTDY"]) == (127, 127, None)


def test_unit_duration_of_response_runs_from_the_response_and_only_for_responders(
    tables: dict[str, pl.DataFrame],
) -> None:
    [row] = of(tables["ADTTE"], 0, "DOR")
    assert row["AVAL"] == pytest.approx((189 - 63) / 30.4375)
    assert row["ADY"] == 190
    assert of(tables["ADTTE"], 2, "DOR") == []


def test_unit_changes_are_from_the_baseline_of_the_same_lesion(tables: dict[str, pl.DataFrame]) -> None:
    rows = [row for row in of(tables["ADTR"], 0, "LDIAM") if row["TRLNKID"] == "L01"]
    assert [row["AVISITN"] for row in rows] == [0, 1, 2, 3]
    assert [row["ADY"] for row in rows] == [1, 64, 127, 190]
    assert [row["BASE"] for row in rows] == [40.0] * 4
    assert [row["CHG"] for row in rows] == [None, -20.0, -22.0, -10.0]
    assert [row["PCHG"] for row in rows] == [None, -50.0, -55.0, -25.0]
    assert [row["ABLFL"] for row in rows] == ["Y", None, None, None]


def test_unit_a_lesion_that_appears_later_has_no_baseline(tables: dict[str, pl.DataFrame]) -> None:
    rows = [row for row in of(tables["ADTR"], 0, "LDIAM") if row["TRLNKID"] == "L02"]
    assert [(row["AVAL"], row["BASE"], row["CHG"], row["PCHG"]) for row in rows] == [
        (6.0, None, None, None),
        (10.0, None, None, None),
    ]


def test_unit_best_change_is_the_lowest_up_to_progression(tables: dict[str, pl.DataFrame]) -> None:
    best = tables["ADTR"].filter(pl.col("PARAMCD") == "BESTPCHG")
    assert best["AVAL"].to_list() == [-55.0, -100.0]
    assert best["AVISITN"].to_list() == [None, None]
    found = four_patients()
    found.progression_day[0] = 63
    assert best_change_percent(found)[0] == -50.0
    assert np.isnan(best_change_percent(found)[2:]).all()


def test_unit_responses_come_visit_by_visit_and_then_the_best(tables: dict[str, pl.DataFrame]) -> None:
    rows = of(tables["ADRS"], 0)
    assert [(row["PARAMCD"], row["AVISITN"], row["AVALC"]) for row in rows] == [
        ("OVRLRESP", 1, "PR"),
        ("OVRLRESP", 2, "PR"),
        ("OVRLRESP", 3, "PD"),
        ("BOR", None, "PR"),
    ]


def test_unit_there_is_no_study_day_zero() -> None:
    days = np.array([-7.0, -0.5, 0.0, 0.9, 1.0, NAN, np.inf])
    assert study_day(days)[:5].tolist() == [-7, -1, 1, 1, 2]
    assert np.isnan(study_day(days)[5:]).all()


def many_patients(n: int, seed: int = 5) -> Findings:
    """Random findings: up to 12 visits, up to 3 lesions, some failed."""
    draw = np.random.default_rng(seed)
    found = Findings.blank(np.arange(n), 12, 3, ["a", "b", "c"], ["PIK3CA_mut", "RB1_loss", "ESR1_mut"])
    made = draw.integers(1, 13, n)
    visit = np.arange(12)
    here = visit < made[:, None]
    found.arm[:] = draw.integers(0, 2, n)
    found.visits[:] = made
    found.visit_day[:] = np.where(here, visit * 63.0, np.nan)
    size = draw.lognormal(3, 0.4, (n, 12, 3))
    there = here[:, :, None] & (np.arange(3) < draw.integers(1, 4, n)[:, None])[:, None, :]
    found.lesion_diameter_mm[:] = np.where(there, size, np.nan)
    found.sum_diameter_mm[:] = np.where(here, np.nansum(found.lesion_diameter_mm, axis=2), np.nan)
    found.response[:] = np.where(here, draw.integers(0, 4, (n, 12)), NO_VISIT)
    last = (made - 1) * 63.0
    progressed = (draw.random(n) < 0.7) & (made > 1)
    found.progression_day[progressed] = last[progressed]
    found.progression_free_until_day[:] = np.where(progressed, last - 63, last)
    found.last_contact_day[:] = last + draw.uniform(0, 300, n)
    died = draw.random(n) < 0.4
    found.death_day[died] = found.last_contact_day[died]
    found.cause[progressed] = draw.integers(0, 3, int(progressed.sum()))
    found.lead_genotype[:] = draw.integers(0, 8, n)
    found.failure[draw.random(n) < 0.02] = 2
    return found


def write(folder: Path, findings: Findings, size: int) -> dict[str, str]:
    """Write in batches of the given size; the hash of every file."""
    with AdamWriter(folder, STUDY) as writer:
        whole = batch_of(findings)
        for start in range(0, len(findings), size):
            rows = np.arange(start, min(start + size, len(findings)))
            part = batch_of(findings.select(rows))
            chosen = {name: values[rows] for name, values in whole.subjects.biomarkers.items()}
            subjects = Subjects(
                whole.subjects.age_years[rows],
                whole.subjects.weight_kg[rows],
                whole.subjects.surface_m2[rows],
                whole.subjects.lesions[rows],
                chosen,
            )
            writer.write(Batch(subjects, part.findings, part.endpoints, part.responses))
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.iterdir())}


def test_property_files_do_not_depend_on_how_the_patients_were_cut(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(adam_writer, "_ROW_GROUP", 1000)
    findings = many_patients(400)
    once = write(tmp_path / "once", findings, 400)
    assert len(once) == 8
    assert write(tmp_path / "again", findings, 400) == once
    assert write(tmp_path / "parts", findings, 37) == once
    assert pq.ParquetFile(tmp_path / "parts" / "adtr.parquet").num_row_groups > 3


def test_property_parquet_and_csv_hold_the_same_rows(tmp_path: Path) -> None:
    write(tmp_path, many_patients(200), 64)
    for name in LAYOUTS:
        parquet = pl.read_parquet(tmp_path / f"{name.lower()}.parquet")
        csv = pl.read_csv(tmp_path / f"{name.lower()}.csv", schema=parquet.schema)
        assert parquet.height > 0
        assert parquet.equals(csv)


def test_unit_parquet_carries_the_labels_of_the_columns(tmp_path: Path) -> None:
    write(tmp_path, four_patients(), 4)
    schema = pq.read_schema(tmp_path / "adtte.parquet")
    assert schema.field("CNSR").metadata[b"label"] == b"Censor"
    assert schema.metadata[b"label"] == b"Time-to-Event Analysis Dataset"


def test_unit_a_study_without_patients_still_has_its_tables(tmp_path: Path) -> None:
    with AdamWriter(tmp_path, STUDY):
        pass
    assert pl.read_parquet(tmp_path / "adtr.parquet").columns == [
        column.name for column in LAYOUTS["ADTR"].columns
    ]
    assert (tmp_path / "adtr.csv").read_text().startswith("STUDYID,USUBJID,")


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError])
def test_unit_an_aborted_run_leaves_nothing_and_spares_earlier_files(
    tmp_path: Path, error: type[BaseException]
) -> None:
    before = write(tmp_path, four_patients(), 4)

    def interrupted() -> None:
        with AdamWriter(tmp_path, STUDY) as writer:
            writer.write(batch_of(many_patients(50)))
            assert list(tmp_path.glob("*.partial"))
            raise error

    with pytest.raises(error):
        interrupted()
    assert {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in sorted(tmp_path.iterdir())} == before


def test_unit_nothing_has_its_final_name_before_the_end(tmp_path: Path) -> None:
    with AdamWriter(tmp_path, STUDY) as writer:
        writer.write(batch_of(four_patients()))
        assert {path.suffix for path in tmp_path.iterdir()} == {".partial"}
    assert not list(tmp_path.glob("*.partial"))


def test_unit_what_a_killed_run_left_is_removed(tmp_path: Path) -> None:
    for name in ("adtr.parquet.partial", "adsl.csv.partial"):
        (tmp_path / name).write_bytes(b"half a table")
    (tmp_path / "notes.partial").write_text("not ours")
    with AdamWriter(tmp_path, STUDY, formats=["parquet"]) as writer:
        writer.write(batch_of(four_patients()))
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "adrs.parquet",
        "adsl.parquet",
        "adtr.parquet",
        "adtte.parquet",
        "notes.partial",
    ]


def test_unit_a_batch_with_other_biomarkers_is_refused(tmp_path: Path) -> None:
    first, second = batch_of(four_patients()), batch_of(four_patients())
    second.subjects.biomarkers["ER"] = np.full(4, "positive")  # type: ignore[index]
    writer = AdamWriter(tmp_path, STUDY)
    writer.write(first)
    with pytest.raises(StudyError, match="ER"):
        writer.write(second)
    writer.abort()
    assert not list(tmp_path.iterdir())


def test_unit_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StudyError, match="cannot write to"):
        AdamWriter(tmp_path / "file" / "tables", STUDY)


def test_unit_the_documentation_lists_every_column_as_it_is() -> None:
    page = (Path(__file__).parents[2] / "docs" / "reference" / "tables.md").read_text(encoding="utf-8")
    for layout in LAYOUTS.values():
        section = page.split(f"## {layout.name}: {layout.label}\n")[1].split("\n## ")[0]
        listed = [line.split(" | ")[:2] for line in section.splitlines() if line.startswith("| `")]
        assert listed == [[f"| `{column.name}`", column.label] for column in layout.columns]
