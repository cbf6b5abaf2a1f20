"""The simple rules that a simulator has to beat, on the same comparisons and from the same tables."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from forestall.statistics.combined_times import Weibull, additive, alone, hazard_ratio_of, independent_action
from forestall.studies.validation.derivation import Question, first_scan_months
from forestall.studies.validation.evidence import Evidence
from forestall.studies.validation.rows import ENDPOINTS
from forestall.studies.validation.singles import curve_of, single_arm_curve
from forestall.studies.validation.treatments import class_of

RANK_CORRELATION: Final = 0.3
"""Of a patient's times under two drugs (Hwangbo H et al. Nat Cancer 2023;4:1693-704)."""
_HORIZON: Final = 4.0
"""Follow-up for a hazard ratio, in medians of the longer curve."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a rule says of one comparison."""

    hr: float | None
    """None where it does not apply."""
    because: str
    """What it rests on, or why it does not apply."""


@dataclass(frozen=True, slots=True)
class _Change:
    """What the experimental arm has more, and what less, than the control."""

    added: frozenset[str]
    removed: frozenset[str]


Rule = Callable[["Book", Question], Answer]


class Book:
    """All comparisons of the tables, as the rules look things up in them."""

    def __init__(self, evidence: Evidence, questions: Sequence[Question]) -> None:
        self.evidence = evidence
        self.pool = [one for one in questions if one.in_scope and change_of(one) is not None]

    def mean_log_hr(
        self, question: Question, wanted: Callable[[_Change], bool]
    ) -> tuple[float | None, list[str]]:
        """Mean log hazard ratio of other trials with a wanted change, each trial counted once; and their names."""
        by_trial: dict[str, list[Question]] = {}
        family = ENDPOINTS[question.row.endpoint]
        for one in self.pool:
            change = change_of(one)
            other = one.row.trial != question.row.trial and ENDPOINTS[one.row.endpoint] == family
            if other and change is not None and wanted(change):
                by_trial.setdefault(one.row.trial, []).append(one)
        means = [_trial_mean(found) for found in by_trial.values()]
        return (sum(means) / len(means) if means else None), list(by_trial)


def change_of(question: Question) -> _Change | None:
    """What differs between the arms; None if the treatments are not known or do not differ in drugs."""
    if question.experimental is None or question.control is None:
        return None
    first, second = question.experimental.drugs, question.control.drugs
    return _Change(first - second, second - first) if first != second else None


def no_effect(_book: Book, _question: Question) -> Answer:
    """Hazard ratio 1."""
    return Answer(1.0, "always")


def class_average(book: Book, question: Question) -> Answer:
    """Mean log hazard ratio of the other trials in which drugs of the same classes were added (and exchanged for)."""
    change = change_of(question)
    if change is None:
        return Answer(None, "the arms do not differ in drugs")
    mine = _classes(change)
    mean, trials = book.mean_log_hr(question, lambda other: _classes(other) == mine)
    words = " + ".join(mine[0]) + (f" instead of {' + '.join(mine[1])}" if mine[1] else "")
    if mean is None:
        return Answer(None, f"no other trial of {words or 'nothing added'}")
    return Answer(math.exp(mean), f"{words}: {', '.join(trials)}")


def product_of_ratios(book: Book, question: Question) -> Answer:
    """Product of each added drug's mean hazard ratio in other trials, divided by those of drugs that the control has instead."""
    change = change_of(question)
    if change is None:
        return Answer(None, "the arms do not differ in drugs")
    total, used = 0.0, []
    for drug, sign in [
        *((drug, 1) for drug in sorted(change.added)),
        *((drug, -1) for drug in sorted(change.removed)),
    ]:
        alone_added = _Change(frozenset({drug}), frozenset())
        mean, trials = book.mean_log_hr(question, lambda other, wanted=alone_added: other == wanted)  # type: ignore[misc]
        if mean is None:
            return Answer(None, f"{drug} was not added alone in another trial")
        total += sign * mean
        used.append(f"{drug}: {', '.join(trials)}")
    return Answer(math.exp(total), "; ".join(used))


def highest_single_agent(book: Book, question: Question) -> Answer:
    """Every patient has the better drug's time at her rank: the two times are perfectly correlated."""
    return _from_curves(book, question, lambda a, b, _scan: hazard_ratio_of(
        independent_action(a, b, 1.0), alone(a), _horizon(a, b)))  # fmt: skip


def independent(book: Book, question: Question) -> Answer:
    """Every patient has the longer of two times that are correlated by rank."""
    return _from_curves(book, question, lambda a, b, _scan: hazard_ratio_of(
        independent_action(a, b, RANK_CORRELATION), alone(a), _horizon(a, b)))  # fmt: skip


def additivity(book: Book, question: Question) -> Answer:
    """Every patient has the sum of two times less the time to the first scan, and not less than the control's."""
    return _from_curves(book, question, lambda a, b, scan: hazard_ratio_of(
        additive(a, b, RANK_CORRELATION, scan), alone(a), _horizon(a, b)))  # fmt: skip


RULES: Final[dict[str, Rule]] = {
    "no effect": no_effect,
    "class average": class_average,
    "product of hazard ratios": product_of_ratios,
    "highest single agent": highest_single_agent,
    "independent action": independent,
    "additivity": additivity,
}
"""Name -> rule, in the order of the report."""


def _from_curves(book: Book, question: Question, ratio: Callable[[Weibull, Weibull, float], float]) -> Answer:
    change, row = change_of(question), question.row
    if change is None or change.removed or question.control is None or not question.control.drugs:
        return Answer(None, "the experimental arm is not the control with drugs added")
    if ENDPOINTS[row.endpoint] != "PFS":
        return Answer(None, "the rule is about progression-free survival")
    control = curve_of(book.evidence, row.trial, row.control, row.subgroup.name)
    if control is None:
        return Answer(None, f"no published median of {row.control}")
    added, source = single_arm_curve(book.evidence, change.added, row.trial)
    if added is None:
        return Answer(None, source)
    scan = first_scan_months(book.evidence.trials[row.trial])
    return Answer(ratio(control, added, scan), f"{row.control} with {source}")


def _horizon(first: Weibull, second: Weibull) -> float:
    return _HORIZON * max(first.median, second.median)


def _classes(change: _Change) -> tuple[tuple[str, ...], tuple[str, ...]]:
    return tuple(sorted(map(class_of, change.added))), tuple(sorted(map(class_of, change.removed)))


def _trial_mean(found: list[Question]) -> float:
    """Mean log hazard ratio of one trial: of its comparisons of all patients, or else of its subgroups."""
    whole = [one for one in found if one.row.subgroup.name == "all"] or found
    logs = [math.log(one.row.hr) for one in whole if one.row.hr is not None]
    return sum(logs) / len(logs)
