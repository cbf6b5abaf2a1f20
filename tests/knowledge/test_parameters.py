"""Parameters: every number is there, in its unit, with a source that exists or a wide interval."""

from __future__ import annotations

import math
import re
from pathlib import Path

import pytest

from forestall.errors import InputError, KnowledgeError
from forestall.knowledge import parameters
from forestall.knowledge.parameters import load_parameters, parameter, value
from forestall.knowledge.provenance import Status
from forestall.knowledge.references import load_references

SOURCE = Path(__file__).parents[2] / "src" / "forestall"
SUBTYPES = ("her2_positive", "er_positive", "triple_negative")
UNITS = {
    **{f"growth.doubling_time.{subtype}": "day" for subtype in SUBTYPES},
    **{f"site.{site}.{sub}": "1" for site in ("bone", "liver", "lung", "node", "brain") for sub in SUBTYPES},
    "growth.metastasis_speedup": "1",
    "growth.birth_rate": "1/day",
    "growth.capacity_per_lesion": "cells",
    "tumor.cells_per_mm3": "cells/mm**3",
    "tumor.detection_diameter": "mm",
    "tumor.lesion_diameter_median": "mm",
    "tumor.lesion_diameter_log_sd": "1",
    "tumor.lesions_mean": "1",
    "mutation.per_site_rate": "1",
    "tolerance.entry_rate": "1/day",
    "tolerance.exit_rate": "1/day",
    "tolerance.drug_protection": "1",
    "death.signal_rate": "1/day",
    "adcc.effector_log_sd": "1",
    "measurement.diameter_log_sd": "1",
    "measurement.repeat_sd": "mm",
    "recist.new_lesion_detection_diameter": "mm",
    "mortality.background_rate": "1/year",
    "mortality.background_doubling": "year",
    "mortality.burden_rate": "1/year",
    "mortality.burden_reference": "mm**3",
    "mortality.burden_exponent": "1",
    "mortality.brain_multiplier": "1",
    "dropout.rate": "1/year",
    "patient.age_mean": "year",
    "patient.age_sd": "year",
    "patient.weight_mean": "kg",
    "patient.weight_log_sd": "1",
    "patient.height_mean": "cm",
    "patient.height_sd": "cm",
    "prevalence.er_positive_given_her2_positive": "1",
    "expression.log_sd": "1",
    "sensitivity.cytotoxic_log_sd": "1",
    "seeding.new_lesion_rate": "1/day",
}


@pytest.mark.parametrize(("name", "unit"), UNITS.items(), ids=list(UNITS))
def test_unit_parameters_come_in_their_unit_and_inside_their_interval(name: str, unit: str) -> None:
    found = parameter(name)
    assert value(name, unit) == pytest.approx(found.value)
    assert found.interval is not None
    assert found.interval[0] <= found.value <= found.interval[1]


REFERENCES = ("fcgamma.killing.vv", "growth.division_factor.her2_positive")
"""What other numbers are relative to."""


def test_unit_every_source_exists_and_every_assumption_is_wide() -> None:
    for name, found in load_parameters().items():
        assert found.source is None or found.source in load_references(), name
        if found.status is Status.ASSUMED and name not in REFERENCES:
            assert found.interval is not None
            assert found.interval[1] >= 1.08 * found.interval[0], name


def test_unit_every_parameter_that_the_code_asks_for_exists() -> None:
    call = re.compile(r"\b(?:value|parameter)\(\s*\"([a-z0-9_]+(?:\.[a-z0-9_]+)+)\"")
    files = [path for path in SOURCE.rglob("*.py") if path.name != "parameters.py"]
    asked = {name for path in files for name in call.findall(path.read_text("utf-8"))}
    assert asked <= set(load_parameters())


@pytest.mark.parametrize(
    ("subtype", "mean", "sd"),
    [("her2_positive", 162, 60), ("er_positive", 241, 166), ("triple_negative", 103, 43)],
)
def test_oracle_doubling_times_have_the_printed_mean_and_sd(subtype: str, mean: float, sd: float) -> None:
    """Lognormal: mean = m exp(s^2/2), variance = mean^2 (exp(s^2) - 1); Ryu 2014 prints mean and SD."""
    median = value(f"growth.doubling_time.{subtype}", "day")
    log_sd = value(f"growth.doubling_time_log_sd.{subtype}", "1")
    assert median * math.exp(log_sd**2 / 2) == pytest.approx(mean, rel=2e-3)
    assert mean * math.sqrt(math.expm1(log_sd**2)) == pytest.approx(sd, rel=5e-3)
    interval = parameter(f"growth.doubling_time.{subtype}").interval
    assert interval == pytest.approx([median * math.exp(z * log_sd) for z in (-1.645, 1.645)], rel=5e-3)


@pytest.mark.parametrize(
    ("name", "low", "high"),
    [
        ("measurement.diameter_log_sd", -0.178, 0.161),
        ("measurement.diameter_log_sd_between_readers", -0.221, 0.254),
    ],
)
def test_oracle_reading_error_follows_from_the_limits_of_agreement(
    name: str, low: float, high: float
) -> None:
    """Bland-Altman: limits are 3.92 SD of the difference apart, itself sqrt 2 SD of one reading."""
    width = math.log1p(high) - math.log1p(low)
    assert value(name, "1") == pytest.approx(width / 3.92 / math.sqrt(2), abs=5e-4)


def test_oracle_repeat_scans_differ_by_4_mm_in_a_tenth() -> None:
    """Oxnard 2011 prints both the SD and the share of repeats that differ by at least 4 mm."""
    spread = math.sqrt(2) * value("measurement.repeat_sd", "mm")
    assert math.erfc(4 / spread / math.sqrt(2)) == pytest.approx(0.10, abs=0.01)


def test_oracle_seeding_follows_from_blood_counts() -> None:
    """Cells in blood, their half-life, metastases per shed cell (Coumans 2013, Meng 2004)."""
    cells = value("tumor.cells_per_mm3", "cells/mm**3") * math.pi / 6 * 2.7**3
    rates = [9 * 5 * math.log(2) / hours * 24 / cells / 6e7 for hours in (2.4, 1.0)]
    assert rates[0] < value("seeding.new_lesion_rate", "1/day") < rates[1]


def test_oracle_detection_is_half_likely_at_the_detection_diameter() -> None:
    """Logistic in diameter through 26% at 5 mm and 91% at 10 mm (Weedon-Fekjær 2008)."""
    low, high = math.log(0.26 / 0.74), math.log(0.91 / 0.09)
    assert value("tumor.detection_diameter", "mm") == pytest.approx(5 - 5 * low / (high - low), abs=0.1)


def test_unit_genotype_frequencies_sum_to_one() -> None:
    assert sum(
        value(f"fcgamma.frequency.{genotype}", "1") for genotype in ("vv", "vf", "ff")
    ) == pytest.approx(1)


def test_unit_an_unknown_parameter_names_the_nearest() -> None:
    with pytest.raises(InputError, match=r"did you mean 'growth\.birth_rate'"):
        value("growth.birthrate", "1/day")
    with pytest.raises(InputError, match="measures something else"):
        value("growth.birth_rate", "mm")


def test_unit_a_parameter_in_two_files_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("a", "b"):
        text = "x.y: {value: 1, unit: mm, interval: [0, 2], status: assumed}\n"
        (tmp_path / f"{name}.yaml").write_text(text)
    monkeypatch.setattr(parameters, "DIRECTORY", tmp_path)
    with pytest.raises(KnowledgeError, match=r"b.yaml:1: x.y: another file has this parameter"):
        load_parameters.__wrapped__()


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ("{value: 1, unit: mm, status: measured}", "a measured value needs a source"),
        ("{value: 1, unit: mm, status: assumed}", "an assumed value needs an interval"),
        ("{value: 1, unit: furlongs per fish, interval: [0, 2], status: assumed}", "unknown unit"),
        ("{value: 3, unit: mm, interval: [0, 2], status: assumed}", "inverted or does not hold the value"),
        ("{value: 1, unit: mm, interval: [0, 2], status: guessed}", "allowed: 'measured', 'derived'"),
    ],
)
def test_unit_a_wrong_entry_is_named_by_file_and_field(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, entry: str, words: str
) -> None:
    (tmp_path / "wrong.yaml").write_text(f"# comment\nx.y: {entry}\n")
    monkeypatch.setattr(parameters, "DIRECTORY", tmp_path)
    with pytest.raises(InputError, match=r"wrong.yaml:2: x.y") as caught:
        load_parameters.__wrapped__()
    assert words in str(caught.value)
