"""What is found at progression, published beside simulated; the published shares are those of the knowledge files."""

from __future__ import annotations

import csv
import os
from pathlib import Path

import pytest
from pydantic import ValidationError

from forestall.knowledge.found_shares import FoundShare, load_found_shares
from forestall.knowledge.mechanisms import load_mechanisms
from forestall.knowledge.parameter_sets import LITERATURE, ParameterSet, in_use
from forestall.studies import mechanism_shares as study
from forestall.studies.mechanism_shares import mechanism_shares, share_rows

SHARED = Path(os.environ.get("FORESTALL_SHARED", "/nowhere")) / "knowledge" / "mechanism_evidence.csv"
AFTER_ANASTROZOLE = [share for share in load_found_shares() if share.treatment == "anastrozole"]


@pytest.mark.parametrize("share", load_found_shares(), ids=lambda share: share.id)
def test_unit_a_share_is_what_the_knowledge_says(share: FoundShare) -> None:
    evidence = load_mechanisms()[share.mechanism].evidence
    said = [
        item for item in evidence if item.source == share.source and share.quote in (item.prevalence or "")
    ]
    assert [item.verified for item in said] == ["yes"]
    number = f"{share.percent:g}"
    counts = f"{share.found}/{share.of}"
    assert number in share.quote or f"{share.percent:.2f}" in share.quote or counts in share.quote


@pytest.mark.skipif(not SHARED.is_file(), reason="the shared tables are not here")
@pytest.mark.parametrize("share", load_found_shares(), ids=lambda share: share.id)
def test_unit_a_share_is_what_the_shared_table_says(share: FoundShare) -> None:
    with SHARED.open(encoding="utf-8", newline="") as stream:
        rows = [row for row in csv.DictReader(stream) if row["mechanism_id"] == share.mechanism]
    said = [row for row in rows if share.quote in row["prevalence_pct"]]
    assert [row["verified"] for row in said] == ["yes"]


def test_unit_a_share_that_nobody_published_is_refused() -> None:
    made_up = {**load_found_shares()[0].model_dump(), "quote": "acquired 99% (99/100)"}
    with pytest.raises(ValidationError, match="no evidence of ESR1_mut from fribbens2018"):
        FoundShare.model_validate(made_up)


def test_property_shares_of_one_arm_share_its_patients(monkeypatch: pytest.MonkeyPatch) -> None:
    followed = []
    once = study._followed
    monkeypatch.setattr(study, "_followed", lambda *words: followed.append(words) or once(*words))
    found = mechanism_shares([LITERATURE], patients=30, shares=AFTER_ANASTROZOLE)
    assert len(followed) == 1
    assert len({item.simulated[0].progressed for item in found}) == 1
    assert found[0].simulated[0].progressed > 0
    for row in share_rows(found):
        assert row["found_low"] <= row["found"] <= row["found_high"]


def test_property_parameter_sets_of_one_name_are_kept_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        study, "_followed", lambda *_: [None] * int(in_use().values.get("growth.birth_rate", 0))
    )
    monkeypatch.setattr(study, "_simulated", lambda name, share, seen, sampler: len(seen))
    sets = [ParameterSet("mine", {"growth.birth_rate": number}) for number in (3.0, 5.0)]
    for item in mechanism_shares(sets, shares=AFTER_ANASTROZOLE):
        assert item.simulated == (3, 5)


def test_property_what_is_new_is_present() -> None:
    counted = {share.counted: share for share in AFTER_ANASTROZOLE if share.alterations == ("ESR1_mut",)}
    new, present = mechanism_shares([LITERATURE], patients=60, shares=[counted["new"], counted["present"]])
    assert present.simulated[0].found.value >= new.simulated[0].found.value
