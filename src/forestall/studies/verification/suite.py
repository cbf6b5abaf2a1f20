"""All checks, by topic."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from forestall.errors import InputError, did_you_mean
from forestall.studies.verification import bozic, invariance, laws, programs, resistance
from forestall.studies.verification.verdict import Effort, Verdict

TOPICS: Mapping[str, Callable[[Effort], Iterator[Verdict]]] = {
    "laws": laws.checks,
    "resistance": resistance.checks,
    "bozic": bozic.checks,
    "programs": programs.checks,
    "invariance": invariance.checks,
}


def run_checks(topics: tuple[str, ...], effort: Effort) -> Iterator[tuple[str, Verdict]]:
    """Verdicts with their topic, one after the other.

    Args:
        topics: Some of `TOPICS`; all if empty.
        effort: Sample sizes.

    Raises:
        InputError: if a topic is unknown.
    """
    for topic in topics:
        if topic not in TOPICS:
            raise InputError("unknown topic", field="topic", value=topic, fix=did_you_mean(topic, TOPICS))
    for topic in topics or TOPICS:
        for verdict in TOPICS[topic](effort):
            yield topic, verdict
