"""Trial designs: the catalog, and the file that a user writes."""

from __future__ import annotations

import itertools
import math
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from forestall.errors import InputError
from forestall.knowledge.evidence import load_evidence
from forestall.knowledge.population import Age, Population
from forestall.knowledge.reading import read_yaml
from forestall.knowledge.references import load_references
from forestall.knowledge.trials import (
    DIRECTORY,
    TrialSpec,
    find_trial,
    load_trial,
    load_trials,
    trial_json_schema,
)
from forestall.knowledge.visits import VisitPhase, parse_visits, visit_days

NAMES = [
    "CLEOPATRA", "H0648g", "TAnDEM", "EMILIA", "BOLERO-2", "BOLERO-3",
    "PALOMA-2", "MONALEESA-2", "SOLAR-1", "HER2CLIMB", "EGF100151", "FALCON",
]  # fmt: skip
GUIDE = Path(__file__).parents[2] / "docs" / "how-to" / "write-a-trial.md"
EXAMPLE = """\
trial: EXAMPLE-1
population:
  her2: positive
  er_positive: 50%
  setting: metastatic
  line: 1
arms:
  control: trastuzumab + docetaxel q3w
  dual: trastuzumab + pertuzumab + docetaxel q3w
randomization: 1:1
patients: 800
visits: every 9 weeks
endpoints: [PFS, OS, ORR]
follow_up: 36 months
published: CLEOPATRA
"""


def spec(**changes: Any) -> TrialSpec:
    return TrialSpec.model_validate({**yaml.safe_load(EXAMPLE.replace("1:1", "'1:1'")), **changes})


def test_unit_the_catalog_holds_the_twelve_trials() -> None:
    assert set(load_trials()) == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_unit_sources_and_published_results_exist(name: str) -> None:
    trial = load_trials()[name]
    assert set(trial.sources) <= set(load_references())
    assert trial.published == name
    assert trial.sources
    assert any("assumed" in note for note in trial.notes)


@pytest.mark.parametrize("name", NAMES)
def test_golden_size_and_allocation_are_those_of_the_published_arms(name: str) -> None:
    trial = load_trials()[name]
    evidence = load_evidence()[name]
    sizes = [
        [
            row.n
            for row in evidence.outcomes
            if (row.arm, row.endpoint, row.subgroup) == (arm, endpoint, evidence.subgroup)
        ]
        for endpoint in ("TTP", "PFS", "OS")
        for arm in trial.arms
    ]
    totals = {
        sum(filter(None, (one[0] for one in pair)))
        for pair in zip(sizes[::2], sizes[1::2], strict=True)
        if all(pair)
    }
    assert trial.patients in totals
    first, second = (one[0] for one in sizes[-2:])
    assert first is not None
    assert second is not None
    assert trial.allocation[1] / trial.allocation[0] == pytest.approx(second / first, rel=0.15)


def test_unit_the_example_of_the_design_reads(tmp_path: Path) -> None:
    path = tmp_path / "example-1.yaml"
    path.write_text(EXAMPLE)
    trial = load_trial(path)
    assert trial == load_trial(str(path))
    assert trial.allocation == (1, 1)
    assert trial.control_arm == "control"
    assert trial.population.er_positive == 0.5
    assert trial.population.first_line
    assert trial.follow_up_days == pytest.approx(36 * 30.4375)
    assert trial.visit_days()[:3] == [0, 63, 126]
    assert trial.visit_days()[-1] == 63 * 17
    assert {arm: set(drugs) for arm, drugs in trial.drugs_by_arm.items()} == {
        "control": {"trastuzumab", "docetaxel"},
        "dual": {"trastuzumab", "pertuzumab", "docetaxel"},
    }


def test_property_a_trial_saved_as_json_reads_back_the_same() -> None:
    for trial in load_trials().values():
        assert TrialSpec.model_validate_json(trial.model_dump_json()) == trial


@pytest.mark.parametrize("name", ["cleopatra", "CLEOPATRA", "paloma2", "Paloma-2", "her2climb", "solar 1"])
def test_unit_names_are_found_whatever_their_case_and_hyphens(name: str) -> None:
    assert find_trial(name).parent == DIRECTORY


def test_unit_an_unknown_trial_names_the_nearest_and_the_way_to_a_file() -> None:
    with pytest.raises(InputError, match=r"did you mean 'CLEOPATRA'\? Or give the path of a trial file"):
        load_trial("cleopatria")
    with pytest.raises(InputError, match="there is no such file"):
        load_trial("mine.yaml")


def test_unit_a_file_without_extension_is_found_by_its_path(tmp_path: Path) -> None:
    path = tmp_path / "protocol"
    path.write_text(EXAMPLE)
    assert load_trial(str(path)).trial == "EXAMPLE-1"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("every 9 weeks", [0, 63, 126, 189]),
        ("every 6 weeks until 12 weeks, then every 9 weeks", [0, 42, 84, 147]),
        ("every 6 weeks until 13 weeks then every 9 weeks", [0, 42, 84, 147]),
        ("every 60 days until 100 days", [0, 60]),
    ],
)
def test_unit_visits_follow_the_words(text: str, expected: list[float]) -> None:
    phases = tuple(VisitPhase.model_validate(phase) for phase in parse_visits(text))
    assert visit_days(phases, 200) == expected


def test_golden_visits_of_her2climb_and_monaleesa_2() -> None:
    assert load_trials()["HER2CLIMB"].visit_days(400) == [0, 42, 84, 126, 168, 231, 294, 357]
    days = load_trials()["MONALEESA-2"].visit_days(800)
    assert [b - a for a, b in itertools.pairwise(days)] == [56.0] * 9 + [84.0] * 3


@given(st.integers(1, 200), st.floats(0, 5000), st.integers(1, 60))
@settings(max_examples=100, deadline=None)
def test_property_visits_are_evenly_spaced_and_end_with_follow_up(step: int, until: float, more: int) -> None:
    phases = tuple(
        VisitPhase.model_validate(phase)
        for phase in parse_visits(f"every {step} days until {step * more} days, then every {2 * step} days")
    )
    days = visit_days(phases, until)
    assert days[0] == 0
    assert days[-1] - 1e-6 <= until < days[-1] + 2 * step
    assert {round(b - a, 6) for a, b in itertools.pairwise(days)} <= {step, 2 * step}


@pytest.mark.parametrize(
    ("written", "per_year"),
    [("5% per year", 0.05), ("0.05/year", 0.05), ("0% per year", 0.0), ("1% per month", 0.113615)],
)
def test_unit_dropout_is_the_share_lost_in_a_year(written: str, per_year: float) -> None:
    hazard = spec(dropout=written).dropout_per_day
    assert hazard is not None
    assert 1 - math.exp(-hazard * 365.25) == pytest.approx(per_year, rel=1e-4)


@pytest.mark.parametrize(
    ("written", "expected"),
    [("50%", 0.5), (0.5, 0.5), ("0.5", 0.5), (True, 1.0), (False, 0.0), (1, 1.0), ("100 %", 1.0)],
)
def test_unit_shares(written: object, expected: float) -> None:
    assert Population.model_validate({"her2": "any", "er_positive": written}).er_positive == expected


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ({"median": 54, "range": [22, 89]}, Age(median=54, range=(22, 89))),
        ({"median": 54, "range": "22-89"}, Age(median=54, range=(22, 89))),
        ("54 (22-89)", Age(median=54, range=(22, 89))),
        ("18-75", Age(range=(18, 75))),
        ("65+", Age(range=(65, 100))),
        (54, Age(median=54)),
    ],
)
def test_unit_ages(written: object, expected: Age) -> None:
    assert Population.model_validate({"her2": "any", "age": written}).age == expected


def test_unit_population_words() -> None:
    population = Population.model_validate(
        {
            "her2": "Positive",
            "line": "2+",
            "menopause": "postmenopausal",
            "biomarkers": {"pik3ca": "mutant", "ESR1": "40%", "PTEN_loss": "wild-type"},
            "prior": ["Trastuzumab", "taxane"],
            "brain_metastases": "allowed",
        }
    )
    assert population.her2 == "positive"
    assert population.menopause == "post"
    assert population.biomarkers == {"PIK3CA": 1.0, "ESR1": 0.4, "PTEN_loss": 0.0}
    assert population.prior == ("trastuzumab", "taxane")
    assert population.brain_metastases is None
    assert not population.first_line
    assert Population(her2="any").brain_metastases == 0.0


@pytest.mark.parametrize("path", sorted(DIRECTORY.glob("*.yaml")), ids=lambda path: path.stem)
def test_unit_the_catalog_satisfies_the_json_schema(path: Path) -> None:
    jsonschema.validate(read_yaml(path).data, trial_json_schema())


@pytest.mark.parametrize(
    "changes",
    [
        {"patiens": 3},
        {"patients": "many"},
        {"arms": {}},
        {"endpoints": ["PFS2"]},
        {"population": {"her2": "yes"}},
    ],
)
def test_unit_the_json_schema_refuses_what_the_reader_refuses(changes: dict[str, Any]) -> None:
    data = {**yaml.safe_load(EXAMPLE.replace("1:1", "'1:1'")), **changes}
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(data, trial_json_schema())
    with pytest.raises(ValueError, match="validation error"):
        TrialSpec.model_validate(data)


def test_unit_every_field_of_the_schema_is_described() -> None:
    schema = trial_json_schema()
    fields = {**schema["properties"], **schema["$defs"]["Population"]["properties"]}
    assert [name for name, field in fields.items() if not field.get("description")] == []


def test_unit_the_guide_names_every_field_and_its_examples_read(tmp_path: Path) -> None:
    text = GUIDE.read_text(encoding="utf-8")
    for name in [*TrialSpec.model_fields, *Population.model_fields]:
        assert f"`{name}`" in text, name
    blocks = [
        block for block in re.findall(r"```yaml\n(.*?)```", text, re.DOTALL) if block.startswith("trial:")
    ]
    assert len(blocks) >= 2
    for block in blocks:
        path = tmp_path / "block.yaml"
        path.write_text(block, encoding="utf-8")
        load_trial(path)
