"""`forestall network explain`: what it prints, keeps and refuses."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from forestall.cli.errors import ExitCode
from forestall.cli.main import run


def _printed(words: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    assert run(["network", "explain", *words]) == ExitCode.OK
    return capsys.readouterr().out


def test_unit_an_alteration_is_explained_in_a_terminal(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    text = _printed(["p95HER2", "--context", "HER2+/ER-", "--quiet"], capsys)
    assert text == ""
    text = _printed(["p95HER2", "--context", "HER2+/ER-"], capsys)
    for words in (
        "impeded binding",
        "trastuzumab",
        "Loses signaling only",
        "added to trastuzumab",
        "PMID 17440164",
    ):
        assert words in text
    assert all(len(line) <= 80 for line in text.splitlines())


def test_unit_json_is_one_object_with_both_drives(capsys: pytest.CaptureFixture[str]) -> None:
    data = json.loads(
        _printed(["PIK3CA_mut", "--context", "HER2+/ER+", "--drugs", "lapatinib+letrozole", "--json"], capsys)
    )
    assert data["reference"] == ["lapatinib", "letrozole"]
    assert data["context"] == "her2_positive_er_positive"
    assert {"proliferation", "survival", "growth_per_day"} <= data["drugs"][0]["with"].keys()
    assert {"untreated", "without", "with"} <= data["states"].keys()
    assert "alpelisib" in data["restores"]


def test_unit_out_keeps_figure_text_numbers_and_record_and_is_replaced_whole(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "explained"
    for name in ("PTEN_loss", "MUC4_mask"):
        _printed([name, "--out", str(folder), "--quiet"], capsys)
        files = {path.name for path in folder.iterdir()}
        assert files == {"network.svg", "network.png", "explanation.txt", "explanation.json", "record.json"}
        assert json.loads((folder / "explanation.json").read_text())["change"] == name
        assert name in (folder / "network.svg").read_text()
        assert (folder / "network.png").read_bytes().startswith(b"\x89PNG")


def test_property_the_figure_has_the_same_bytes_every_time(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("one", "two"):
        _printed(["PTEN_loss", "--out", str(tmp_path / name), "--quiet"], capsys)
    first, second = ((tmp_path / name / "network.svg").read_bytes() for name in ("one", "two"))
    assert first == second


@pytest.mark.parametrize("name", ["binding", "bypass", "downstream", "immune"])
def test_unit_a_class_lists_its_members(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    listed = json.loads(_printed(["--class", name, "--json"], capsys))
    assert {entry["class"] for entry in listed} == {name}
    text = _printed(["--class", name], capsys)
    assert all(entry["change"] in text for entry in listed)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["p95HER"], "did you mean 'p95HER2'"),
        (["p95HER2", "--context", "HER3+"], "HER2+/ER+"),
        (["p95HER2", "--context", "TNBC"], "plays no part"),
        (["p95HER2", "--drugs", "trastuzumub"], "trastuzumab"),
        (["--class", "magic"], "binding"),
        ([], "name an alteration"),
    ],
)
def test_unit_what_it_cannot_do_is_one_line(
    words: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["network", "explain", *words]) == ExitCode.REFUSED
    printed = capsys.readouterr()
    assert printed.out == ""
    assert said in printed.err
    assert printed.err.strip().splitlines()[-1].startswith("forestall: error: ")
