"""What earlier treatment has done: lines received, and the classes of drugs that a tumor has seen."""

from __future__ import annotations

import re

import numpy as np
from numpy.typing import NDArray

from forestall.clinic.draws import Patients, named_uniforms
from forestall.engine.purposes import Purpose
from forestall.knowledge.parameters import value
from forestall.knowledge.population import Population as Eligibility
from forestall.knowledge.response_classes import load_response_classes

MOST_MORE_LINES = 4
"""Lines beyond the first that an open range ("3+") allows."""


def draw_earlier_lines(eligibility: Eligibility, patients: Patients, seed: int) -> NDArray[np.int64]:
    """(n,) lines for advanced disease that each patient has received before.

    Args:
        eligibility: A trial's criteria; every line of a range such as "1-3" is as frequent, one such as "2+" falls off.
        patients: (n,) indices of the patients.
        seed: Seed of the study.
    """
    found = re.fullmatch(r"([1-9])(\+|-([1-9]))?", eligibility.line)
    assert found is not None, "checked when the criteria were read"
    first, last = int(found[1]), int(found[3] or found[1])
    draw = named_uniforms(seed, patients, Purpose.BIOLOGY, "earlier lines")
    if found[2] == "+":
        more = value("prior.more_lines", "1")
        further = np.floor(np.log(draw) / np.log(more))
        return np.asarray(first - 1 + np.minimum(further, MOST_MORE_LINES), np.int64)
    return np.asarray(first - 1 + np.minimum(np.floor(draw * (last - first + 1)), last - first), np.int64)


def exposed_classes(eligibility: Eligibility, patients: Patients, seed: int) -> NDArray[np.bool_]:
    """(n, C) whether each patient has seen each response class, in the order of their names.

    Args:
        eligibility: A trial's criteria: what all patients received before, and what a share of them did.
        patients: (n,) indices of the patients.
        seed: Seed of the study.
    """
    found = np.tile(classes_given(eligibility.prior), (len(patients), 1))
    for name, share in eligibility.prior_shares.items():
        had = named_uniforms(seed, patients, Purpose.BIOLOGY, f"had {name}") < share
        found |= np.outer(had, classes_given((name,)))
    return found


def classes_given(prior: tuple[str, ...]) -> NDArray[np.bool_]:
    """(C,) whether earlier treatment included each response class, in the order of their names.

    Args:
        prior: Drugs or groups of drugs.
    """
    classes = sorted(load_response_classes().items())
    return np.array([entry.was_given(prior) for _, entry in classes], np.bool_)
