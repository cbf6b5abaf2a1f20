"""How many patients of a trial have brain metastases, and how many of these are stable, where the tables give the numbers of both."""

from __future__ import annotations

import re
from typing import Final

from forestall.studies.validation.derived import Derived
from forestall.studies.validation.evidence import Evidence

_METASTASES: Final = r"(?:brain|cns) met(?:astase)?s"
_BRAIN: Final = re.compile(_METASTASES)
_STABLE: Final = re.compile(rf"(?:stable|treated) {_METASTASES}")
_EVERYONE: Final = re.compile("all")


def say_brain_share(evidence: Evidence, trial: str, found: Derived) -> None:
    """Replace "as common as they are" by the share of the patients that arms.csv counts with brain metastases.

    Args:
        evidence: The tables.
        trial: Its name.
        found: The population of everyone in the trial as it is put together.
    """
    if found.fields.get("brain_metastases") == "allowed":
        _say(found, "brain_metastases", _counted(evidence, trial, _BRAIN, _EVERYONE))


def say_stable_share(evidence: Evidence, trial: str, found: Derived) -> None:
    """How many of those with brain metastases arms.csv counts as stable, where neither the subgroup nor its absence settles it.

    Args:
        evidence: The tables.
        trial: Its name.
        found: The population of the trial, or of a subgroup, as it is put together.
    """
    if found.fields.get("brain_metastases", "excluded") != "excluded" and "brain_treated" not in found.fields:
        _say(found, "brain_treated", _counted(evidence, trial, _STABLE, _BRAIN))


def _say(found: Derived, field: str, counted: tuple[int, int]) -> None:
    part, whole = counted
    if 0 < part <= whole:
        found.say(field, round(part / whole, 3), f"{part} of {whole} patients in arms.csv")


def _counted(
    evidence: Evidence, trial: str, part: re.Pattern[str], whole: re.Pattern[str]
) -> tuple[int, int]:
    """Patients of a subgroup and of the one that holds it, summed over the arms that give both for one endpoint."""
    some, all_of_them = (_numbers(evidence, trial, pattern) for pattern in (part, whole))
    both = some.keys() & all_of_them.keys()
    return sum(some[key] for key in both), sum(all_of_them[key] for key in both)


def _numbers(evidence: Evidence, trial: str, subgroup: re.Pattern[str]) -> dict[tuple[str, str], int]:
    return {
        (row.arm, row.endpoint): row.n
        for row in evidence.arms
        if row.trial == trial and row.n and subgroup.fullmatch(row.subgroup.name)
    }
