"""Regimens tried on copies of a tumor: how many are cured, how many are controlled, and what grows in the others.

All regimens meet the same tumors: growth to detection draws the same random numbers from the same genotypes.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from forestall.engine.branching.genotype import Genotype
from forestall.engine.branching.lattice import Lattice
from forestall.engine.branching.plan import Tumors
from forestall.engine.branching.record import AT_END
from forestall.engine.branching.simulate import Outcome, stream_patients
from forestall.studies.anticipate.regimens import Regimen, regimens_of
from forestall.studies.anticipate.subject import Array, Drugs, PhasedLandscape, Subject
from forestall.studies.progress import Progress


@dataclass(frozen=True)
class Question:
    """How a screen is run."""

    order: int = 2
    tumors: int = 1000
    """Copies of the tumor per regimen."""
    at_days: float = 730.0
    """When control is read."""
    horizon_days: float = 3650.0
    """When cure is read."""
    seed: int = 1
    workers: int = 1


@dataclass(frozen=True)
class Answer:
    """What one regimen does to one subject."""

    subject: str
    regimen: Regimen
    tumors: int
    failed: int
    """Copies that could not be followed; they count in no share."""
    cured: float
    """Share without any cell at the horizon."""
    controlled: float
    """Share in which the last line had not failed at the time asked for; the cured included."""
    remaining: tuple[tuple[str, float], ...]
    """Genotype that leads where the tumor is not cured -> share of all copies; the most frequent first."""
    singles: tuple[str, ...] = field(default=())
    """Alterations that alone let a cell grow under all drugs of the regimen at once."""

    @property
    def error(self) -> float:
        """Standard error of the share cured."""
        n = max(1, self.tumors - self.failed)
        return math.sqrt(max(self.cured * (1.0 - self.cured), 0.25 / n) / n)


def anticipate(subject: Subject, question: Question, progress: Progress | None = None) -> list[Answer]:
    """Try every regimen on copies of a tumor.

    Args:
        subject: The tumor.
        question: Sizes and times.
        progress: Called with the stage, what is done and how much there is.

    Returns:
        One answer per regimen, those that cure most first.
    """
    regimens = regimens_of(subject.drugs, question.order)
    known: dict[tuple[Genotype, Drugs], Array] = {}
    answers = []
    for done, regimen in enumerate(regimens):
        if progress is not None:
            progress(subject.name, done, len(regimens))
        answers.append(_answer(subject, regimen, question, known))
    return sorted(answers, key=lambda answer: (-answer.cured, -answer.controlled, len(answer.regimen.drugs)))


def _answer(
    subject: Subject, regimen: Regimen, question: Question, known: dict[tuple[Genotype, Drugs], Array]
) -> Answer:
    landscape = PhasedLandscape(subject.source, regimen.lines, known)
    outcomes = list(
        stream_patients(
            Lattice(landscape, depth=1),
            lambda start, end: _copies(subject, end - start),
            regimen.plan(question.horizon_days, subject.detectable),
            question.tumors,
            seed=question.seed,
            workers=question.workers,
        )
    )
    failed = np.concatenate([outcome.failed for outcome in outcomes])
    whole = max(1, int((~failed).sum()))
    cured = sum(int(outcome.cured.sum()) for outcome in outcomes)
    controlled = sum(int(outcome.controlled(question.at_days).sum()) for outcome in outcomes)
    leaders = Counter(name for outcome in outcomes for name in _leaders(subject, outcome))
    return Answer(
        subject=subject.name,
        regimen=regimen,
        tumors=question.tumors,
        failed=int(failed.sum()),
        cured=cured / whole,
        controlled=controlled / whole,
        remaining=tuple((name, count / whole) for name, count in leaders.most_common()),
        singles=_resistant_alone(subject, regimen, known),
    )


def _copies(subject: Subject, number: int) -> Tumors:
    lesions = len(subject.lesions)
    return Tumors(np.tile(subject.lesions, (number, 1)), capacity=(subject.capacity,) * lesions)


def _leaders(subject: Subject, outcome: Outcome) -> list[str]:
    """The genotype with the most cells of each copy that is neither cured nor lost."""
    cells, rows = outcome.record.leader_cells[:, AT_END], outcome.record.leader[:, AT_END]
    alive = ~outcome.cured & ~outcome.failed
    leading = rows[np.arange(len(rows)), cells.argmax(axis=1)][alive]
    return [subject.genotype_name(outcome.genotypes[row]) for row in leading]


def _resistant_alone(
    subject: Subject, regimen: Regimen, known: dict[tuple[Genotype, Drugs], Array]
) -> tuple[str, ...]:
    """Alterations with which cells grow under every drug of the regimen at once."""
    together: Drugs = tuple(drug for drug in subject.drugs if drug in regimen.drugs)
    names = subject.source.alterations
    if not names:
        return ()
    single = [Genotype().with_alteration(a, subject.source.ordered) for a in range(len(names))]
    rates = PhasedLandscape(subject.source, (together,), known).rates(single)[:, 1]
    return tuple(name for name, own in zip(names, rates, strict=True) if own[0] > own[1])


def pooled(answers: Sequence[Sequence[Answer]], name: str) -> list[Answer]:
    """The answers of a cohort: means over its subjects, by regimen."""
    by_regimen: dict[Regimen, list[Answer]] = {}
    for subject_answers in answers:
        for answer in subject_answers:
            by_regimen.setdefault(answer.regimen, []).append(answer)
    found = [_mean(name, regimen, group) for regimen, group in by_regimen.items()]
    return sorted(found, key=lambda answer: (-answer.cured, -answer.controlled, len(answer.regimen.drugs)))


def _mean(name: str, regimen: Regimen, group: Sequence[Answer]) -> Answer:
    shares: Counter[str] = Counter()
    for answer in group:
        for genotype, share in answer.remaining:
            shares[genotype] += share / len(group)  # type: ignore[assignment]
    return Answer(
        subject=name,
        regimen=regimen,
        tumors=sum(answer.tumors for answer in group),
        failed=sum(answer.failed for answer in group),
        cured=float(np.mean([answer.cured for answer in group])),
        controlled=float(np.mean([answer.controlled for answer in group])),
        remaining=tuple(shares.most_common()),
        singles=tuple(sorted({single for answer in group for single in answer.singles})),
    )
