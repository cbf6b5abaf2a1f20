"""Published curves: which arm they show, and how far a prediction is from them."""

from __future__ import annotations

import gzip
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from forestall.errors import InputError
from forestall.statistics.kaplan_meier import kaplan_meier
from forestall.studies.validation.curve_matching import Match, matches
from forestall.studies.validation.curves import area_between, read_curves
from forestall.studies.validation.derivation import questions
from forestall.studies.validation.evidence import read_evidence

Writer = Callable[..., Path]


def curves_of(folder: Path, arms: dict[str, float], trial: str = "ONE", figure: str = "ONE_2") -> Path:
    """A folder with one figure; exponential curves with these medians in months."""
    folder.mkdir(exist_ok=True)
    lines, patients = ["curve,trial,endpoint,arm"], ["curve,arm,time_months,event"]
    for arm, median in arms.items():
        lines.append(f"{figure},{trial},PFS,{arm}")
        shares = (np.arange(200) + 0.5) / 200
        patients += [f"{figure},{arm},{time:.4f},1" for time in -np.log(1 - shares) / np.log(2) * median]
    (folder / "arm_summary.csv").write_text("\n".join(lines) + "\n")
    with gzip.open(folder / "patient_level.csv.gz", "wt") as stream:
        stream.write("\n".join(patients) + "\n")
    return folder


def matched(evidence: Path, curves: Path) -> dict[str, Match]:
    tables = read_evidence(evidence)
    (question,) = questions(tables)
    assert question.plan is not None
    return matches(tables, question.plan, "PFS", read_curves(curves))


@pytest.mark.parametrize(
    "names",
    [
        ("pal_let", "let"),
        ("palbociclib_letrozole", "placebo"),
        ("palbocyclib", "pbo"),
        ("palbociclib", "control"),
        ("palbo", "letrozole"),
    ],
)
def test_unit_names_that_shorten_drugs_find_their_arms(
    tables: Writer, tmp_path: Path, names: tuple[str, str]
) -> None:
    found = matched(
        tables(), curves_of(tmp_path / "curves", dict(zip(names, (24.0, 14.0), strict=True)), "One")
    )
    assert [(arm, curve and curve.arm) for arm, (curve, _) in found.items()] == [
        ("alone", names[1]),
        ("both", names[0]),
    ]


def test_unit_one_wrong_median_makes_the_whole_figure_doubtful(tables: Writer, tmp_path: Path) -> None:
    found = matched(tables(), curves_of(tmp_path / "curves", {"pal_let": 24.0, "placebo": 22.0}))
    assert all(curve is None and "another analysis" in because for curve, because in found.values())


def test_unit_a_curve_that_ends_before_its_median_contradicts_nothing(tables: Writer, tmp_path: Path) -> None:
    folder = curves_of(tmp_path / "curves", {"pal_let": 24.0, "placebo": 14.0})
    with gzip.open(folder / "patient_level.csv.gz", "rt") as stream:
        text = stream.read().splitlines()
    short = [line for line in text if "pal_let" not in line or float(line.split(",")[2]) < 20]
    short += ["ONE_2,pal_let,20,0"] * (len(text) - len(short))
    with gzip.open(folder / "patient_level.csv.gz", "wt") as stream:
        stream.write("\n".join(short) + "\n")
    assert all(curve is not None for curve, _ in matched(tables(), folder).values())


def test_unit_names_that_say_nothing_need_an_override(tables: Writer, tmp_path: Path) -> None:
    curves = curves_of(tmp_path / "curves", {"a": 24.0, "b": 14.0})
    assert all(curve is None for curve, _ in matched(tables(), curves).values())
    text = "trials:\n  ONE:\n    curves: {both: {PFS: ONE_2/a}, alone: {PFS: ONE_2/zzz}}\n"
    found = matched(tables(overrides=text), curves)
    assert found["both"][0] is not None
    assert "no such curve: ONE_2/zzz" in found["alone"][1]


def test_oracle_the_area_between_exponentials() -> None:
    """Without censoring the area between ordered curves is the difference of the means, here 100 days."""
    times = -np.log(1 - (np.arange(20_000) + 0.5) / 20_000)
    every = np.ones(times.size, np.bool_)
    area, span = area_between(kaplan_meier(300 * times, every), kaplan_meier(200 * times, every))
    assert area == pytest.approx(100, rel=1e-3)
    assert span == pytest.approx(300 * times[-1])


def test_oracle_the_area_ends_with_the_shorter_follow_up() -> None:
    """Nobody fails in the first; half of the second at day 10: 0.5 * (50 - 10)."""
    nobody = kaplan_meier([50.0, 50.0], [False, False])
    half = kaplan_meier([10.0, 80.0], [True, False])
    assert area_between(nobody, half) == (20.0, 50.0)


@pytest.mark.parametrize(
    ("line", "message"), [("ONE_2,a,-1,1", "not a possible time"), ("ONE_2,a,1,2", "not an event flag"), ("ONE_2,a,x,1", "time")]
)  # fmt: skip
def test_unit_impossible_patients_are_named_with_their_line(tmp_path: Path, line: str, message: str) -> None:
    folder = curves_of(tmp_path / "curves", {"a": 24.0})
    with gzip.open(folder / "patient_level.csv.gz", "at") as stream:
        stream.write(line + "\n")
    with pytest.raises(InputError, match=message) as error:
        read_curves(folder)
    assert error.value.line == 202


def test_unit_the_curated_curves_find_their_arms() -> None:
    root = Path(os.environ.get("FORESTALL_SHARED", Path(__file__).resolve().parents[3] / "shared"))
    if not (root / "data" / "trial_curves").is_dir():
        pytest.skip("the shared curves are not here")
    tables, curves = read_evidence(root / "evidence"), read_curves(root / "data" / "trial_curves")
    found = {}
    for one in questions(tables):
        if one.plan and one.plan.subgroup == "all" and "PFS" in one.plan.endpoints:
            found |= {
                arm: curve for arm, (curve, _) in matches(tables, one.plan, "PFS", curves).items() if curve
            }
    names = {arm: curve.arm for arm, curve in found.items()}
    assert names["ANA"] == "anastrazole"
    assert names["RIB+LET"] == "ribociclib_letrozole"
    assert names["ERI"] == "eribulin"
    assert "PAL+LET" not in names
