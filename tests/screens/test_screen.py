"""Screens of the breast network: shapes, synergy, ranking, mechanisms, and complaints."""

from __future__ import annotations

import json

import numpy as np
import pytest

from forestall.errors import InputError
from forestall.studies.screen.request import ScreenRequest, culture_system
from forestall.studies.screen.result import ScreenResult, run_screen


def screen(drugs: str, *, ranked_by: str = "bliss", **fields: object) -> ScreenResult:
    request = ScreenRequest(drugs.split(","), **({"context": "HER2+/ER+"} | fields))  # type: ignore[arg-type]
    return run_screen(culture_system(request), ranked_by)


@pytest.fixture(scope="module")
def small() -> ScreenResult:
    return screen("lapatinib,fulvestrant,palbociclib", genotypes=("wild type", "RB1_loss"), order=3)


def sentence(result: ScreenResult, name: str, line: str = "wild type") -> str:
    return next(row.mechanism for row in result.combinations if row.name == name and row.line == line)


def test_unit_every_single_pair_and_triple_is_run_in_every_genotype(small: ScreenResult) -> None:
    pairs, triples = small.surfaces
    assert pairs.response.shape == (3, 2, 4, 4)
    assert triples.response.shape == (1, 2, 4, 4, 4)
    assert len(small.combinations) == 8
    points = small.points()
    assert points.height == 3 * 2 * 4 + 3 * 2 * 16 + 2 * 64
    assert points["response"].is_finite().all()


def test_oracle_bliss_and_hsa_by_hand_at_one_point(small: ScreenResult) -> None:
    pairs, singles = small.surfaces[0], small.singles.response
    a, b = pairs.drugs[0]
    alone = singles[a, 1, 2], singles[b, 1, 3]
    observed = pairs.response[0, 1, 2, 3]
    np.testing.assert_allclose(pairs.synergy["bliss"][0, 1, 2, 3], alone[0] * alone[1] - observed)
    np.testing.assert_allclose(pairs.synergy["hsa"][0, 1, 2, 3], min(alone) - observed)


def test_property_adding_a_drug_or_genotype_changes_no_other_row(small: ScreenResult) -> None:
    fewer = screen("lapatinib,fulvestrant")
    row = next(r for r in small.combinations if r.name == "lapatinib + fulvestrant" and r.line == "wild type")
    one, other = fewer.combinations[0].as_row(), row.as_row()
    assert one.keys() == other.keys()
    for key, value in one.items():
        # Means are summed in an order that depends on the number of rows.
        assert other[key] == (pytest.approx(value, rel=1e-12) if isinstance(value, float) else value), key


def test_unit_combinations_come_best_first() -> None:
    result = screen("lapatinib,fulvestrant,palbociclib", ranked_by="response")
    lowest = [row.lowest_response for row in result.combinations]
    assert lowest == sorted(lowest)


def test_unit_her2_blockade_escapes_through_er_and_fulvestrant_closes_it(small: ScreenResult) -> None:
    """Crosstalk, acceptance (ii): the sentence must find ER by itself."""
    text = sentence(small, "lapatinib + fulvestrant")
    assert text.startswith("under lapatinib, growth runs through ESR1, which rises")
    assert "fulvestrant takes it to" in text


def test_unit_under_fulvestrant_pik3ca_mutants_run_through_pi3k_and_alpelisib_closes_it() -> None:
    """The sentence finds the bypass by itself. That PI3K blockade raises ER is checked on the network (acceptance iii)."""
    text = sentence(
        screen("alpelisib,fulvestrant", context="ER+", hours=240.0, genotypes=("PIK3CA_mut",)),
        "alpelisib + fulvestrant",
        "PIK3CA_mut",
    )
    assert text.startswith("fulvestrant leaves PIK3CA at")
    assert "alpelisib closes this bypass" in text


def test_unit_cdk46_blockade_needs_rb1(small: ScreenResult) -> None:
    """Crosstalk, acceptance (ix): without RB1 palbociclib leaves growth as it is."""
    rows = {row["genotype"]: row for row in small.single_agents if row["drug"] == "palbociclib"}
    assert rows["RB1_loss"]["gr_max"] > 0.97 > rows["wild type"]["gr_max"]
    assert sentence(small, "lapatinib + palbociclib", "RB1_loss").startswith(
        "palbociclib adds little to lapatinib"
    )


def test_unit_a_cytotoxic_is_explained_by_killing() -> None:
    result = screen("palbociclib,docetaxel", doses=("30nM,100nM,300nM", "docetaxel=0.1nM,0.2nM,0.4nM"))
    assert "docetaxel kills dividing cells" in sentence(result, "palbociclib + docetaxel")


def test_unit_a_cell_line_file_carries_its_alterations(tmp_path: object) -> None:
    path = tmp_path / "line.yaml"  # type: ignore[operator]
    path.write_text(
        "name: LINE-1\ncontext: HER2+/ER-\nalterations: [pik3ca_mut]\nexpression: {ERBB2: 2}\nligands: {NRG1: 0.6}\n"
    )
    result = screen("lapatinib,alpelisib", context=str(path), genotypes=("wild type", "RB1_loss"))
    assert result.system.panel.lines == ("LINE-1", "LINE-1 RB1_loss")
    about = result.system.about()["cell_lines"]
    assert about[1]["alterations"] == ("PIK3CA_mut", "RB1_loss")  # type: ignore[index]


def test_unit_a_cell_line_file_names_the_line_of_a_mistake(tmp_path: object) -> None:
    path = tmp_path / "line.yaml"  # type: ignore[operator]
    path.write_text("name: LINE-1\ncontext: ER+\nexpression:\n  ERBB22: 2\n")
    with pytest.raises(InputError, match=r"line\.yaml:4: expression: .*ERBB22.*did you mean 'ERBB2'"):
        screen("lapatinib", context=str(path))


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"drugs": "lapatinip"}, "did you mean 'lapatinib'"),
        ({"drugs": "lapatinib,Lapatinib"}, "given twice"),
        ({"drugs": "pembrolizumab"}, "no effect on cells in culture"),
        ({"doses": ("10",)}, "the unit is missing"),
        ({"doses": ("-1nM",)}, "a dose is positive"),
        ({"doses": ("1nM,1nM",)}, "given twice"),
        ({"doses": ("1nM,2nM", "fulvestrant=1nM")}, "same number of doses"),
        ({"doses": ("1nM", "palbociclib=1nM")}, "not screened"),
        ({"doses": ("1mg",)}, "measures something else"),
        ({"context": "HER2+"}, "unknown tumor type"),
        ({"genotypes": ("PIK3CA",)}, "unknown alteration"),
        ({"genotypes": ("PIK3CA_mut", "pik3ca_mut")}, "given twice"),
        ({"order": 4}, "1, 2 or 3"),
        ({"hours": 0.0}, "length is out of range"),
        ({"ranked_by": "magic"}, "cannot rank"),
        ({"network": "brest"}, "did you mean 'breast'"),
        ({"ligands": {"ERBB2": 0.5}}, "not a ligand"),
    ],
)
def test_unit_mistakes_are_named(fields: dict[str, object], words: str) -> None:
    drugs = str(fields.pop("drugs", "lapatinib,fulvestrant"))
    with pytest.raises(InputError, match=words):
        screen(drugs, **fields)  # type: ignore[arg-type]


def test_unit_a_screen_that_would_fill_the_memory_is_refused() -> None:
    doses = ",".join(f"{k}nM" for k in range(1, 31))
    with pytest.raises(InputError, match="the screen is too large"):
        screen("all", doses=(doses,), order=3, genotypes=("all",))


def test_property_json_holds_no_infinity_and_is_the_same_twice() -> None:
    texts = [screen("lapatinib,letrozole", context="triple negative").to_json() for _ in range(2)]
    assert texts[0] == texts[1]
    assert json.loads(texts[0])["single_agents"][0]["genotype"] == "wild type"


@pytest.mark.parametrize(
    ("text", "context"),
    [
        ("HER2+/ER+", "her2_positive_er_positive"),
        ("ER-/HER2+", "her2_positive_er_negative"),
        ("HER2 positive, ER negative", "her2_positive_er_negative"),
        ("ER+", "er_positive"),
        ("ER+/HER2-", "er_positive"),
        ("TNBC", "triple_negative"),
        ("triple negative", "triple_negative"),
        ("er_positive", "er_positive"),
    ],
)
def test_unit_tumor_types_go_by_the_names_that_people_use(text: str, context: str) -> None:
    assert culture_system(ScreenRequest(["lapatinib"], text)).lines[0].context == context
