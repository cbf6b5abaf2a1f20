"""The arms of a published comparison as they are simulated: regimens, and which of them each published arm is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from forestall.knowledge.drugs import load_drugs
from forestall.knowledge.regimens import parse_regimen
from forestall.studies.validation.alignment import aligned
from forestall.studies.validation.derived import Step
from forestall.studies.validation.evidence import Evidence
from forestall.studies.validation.exceptions import TrialOverride
from forestall.studies.validation.rows import ComparisonRow
from forestall.studies.validation.treatments import (
    DosedArm,
    InexpressibleError,
    Origin,
    Treatment,
    class_of,
    dose,
    read_treatment,
)

_MOST_ARMS: Final = 20


@dataclass(frozen=True, slots=True)
class SimulatedArms:
    """Every arm that a comparison of one subgroup names."""

    regimens: dict[str, str]
    """By simulated arm."""
    members: dict[str, tuple[int, ...]]
    """Simulated arms, by position, that together are each published arm."""
    steps: list[Step]
    stand_ins: tuple[str, ...]
    """Drugs that others stand for, and choices whose drugs are assumed."""


def simulated_arms(evidence: Evidence, row: ComparisonRow, override: TrialOverride) -> SimulatedArms:
    """Every arm that a comparison of this subgroup names, as it is simulated.

    Raises:
        InexpressibleError: if an arm of the comparison itself cannot be given, or there are too many.
    """
    known = {one.arm for one in evidence.arms if one.trial == row.trial}
    if unknown := sorted(set(override.arms) - known):
        raise InexpressibleError(f"overrides.yaml names an arm that arms.csv does not have: {unknown[0]}")
    names: dict[str, None] = {}
    for other in evidence.comparisons:
        if (other.trial, other.subgroup.name) == (row.trial, row.subgroup.name):
            names |= dict.fromkeys((other.control, other.experimental))
    dosed: dict[str, DosedArm] = {}
    steps: list[Step] = []
    for name in names:
        try:
            dosed[name] = _dosed(evidence, row, name, override)
        except InexpressibleError as error:
            steps.append(Step(f"arms.{name}", f"arm '{name}': {error}", "left out"))
    missing = [name for name in (row.control, row.experimental) if name not in dosed]
    if missing:
        raise InexpressibleError(next(step.value for step in steps if step.field == f"arms.{missing[0]}"))
    return _numbered(aligned(dosed), steps)


def _numbered(arms: Mapping[str, DosedArm], steps: list[Step]) -> SimulatedArms:
    simulated: dict[str, str] = {}
    members: dict[str, tuple[int, ...]] = {}
    for name, arm in arms.items():
        texts = [regimen.text() for regimen in arm.regimens]
        members[name] = tuple(range(len(simulated), len(simulated) + len(texts)))
        simulated |= {f"arm {len(simulated) + place + 1}": text for place, text in enumerate(texts)}
        steps.append(Step(f"arms.{name}", " | ".join(texts), "; ".join(arm.rules)))
    if len(simulated) > _MOST_ARMS:
        raise InexpressibleError(f"more than {_MOST_ARMS} arms")
    stand_ins = dict.fromkeys(note for arm in arms.values() for note in arm.stand_ins)
    return SimulatedArms(simulated, members, steps, tuple(stand_ins))


def _dosed(evidence: Evidence, row: ComparisonRow, arm: str, override: TrialOverride) -> DosedArm:
    if arm in override.arms:
        return DosedArm((parse_regimen(override.arms[arm]),), (Origin.GIVEN,), ("overrides.yaml",), ())
    texts = {one.dose_text for one in evidence.arm_rows(row.trial, arm) if one.dose_text}
    return dose(treatment_of(evidence, row, arm), row.trial, texts.pop() if len(texts) == 1 else "")


def treatment_of(evidence: Evidence, row: ComparisonRow, arm: str) -> Treatment:
    """What an arm of a comparison received.

    Raises:
        InexpressibleError: if the tables do not say it, or say several things.
    """
    rows = evidence.arm_rows(row.trial, arm)
    if not rows:
        return _named_like(arm)
    cells = sorted({one.drugs for one in rows if one.drugs})
    if len(cells) > 1:
        raise InexpressibleError(f"arms.csv gives several treatments of the arm '{arm}': {' / '.join(cells)}")
    return read_treatment(cells[0] if cells else "")


def _named_like(arm: str) -> Treatment:
    """The treatment that an arm's own name says, where arms.csv has no row of it."""
    treatment = read_treatment(arm)
    if any(
        class_of(drug) == drug and drug not in load_drugs()
        for drugs in treatment.alternatives
        for drug in drugs
    ):
        raise InexpressibleError(f"arms.csv has no usable row of the arm '{arm}'")
    return treatment
