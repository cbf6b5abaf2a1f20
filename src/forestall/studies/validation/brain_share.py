"""How many patients of a trial have brain metastases, where the tables give the numbers of patients of both."""

from __future__ import annotations

import re
from typing import Final

from forestall.studies.validation.derived import Derived
from forestall.studies.validation.evidence import Evidence

_BRAIN: Final = re.compile(r"(?:brain|cns) met(?:astase)?s")


def say_brain_share(evidence: Evidence, trial: str, found: Derived) -> None:
    """Replace "as common as they are" by the share of the patients that arms.csv counts with brain metastases.

    Args:
        evidence: The tables.
        trial: Its name.
        found: The population of everyone in the trial as it is put together.
    """
    if found.fields.get("brain_metastases") != "allowed":
        return
    counts = {
        (row.arm, row.endpoint): row.n
        for row in evidence.arms
        if row.trial == trial and row.n and _BRAIN.fullmatch(row.subgroup.name)
    }
    everyone = {
        (row.arm, row.endpoint): row.n
        for row in evidence.arms
        if row.trial == trial and row.n and row.subgroup.name == "all" and (row.arm, row.endpoint) in counts
    }
    if not everyone:
        return
    with_brain, all_patients = sum(counts[key] for key in everyone), sum(everyone.values())
    if 0 < with_brain <= all_patients:
        share = round(with_brain / all_patients, 3)
        found.say("brain_metastases", share, f"{with_brain} of {all_patients} patients in arms.csv")
