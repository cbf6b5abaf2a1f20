"""How a patient's sensitivities go together: they share something for all drugs, more for those of a trait, and differ by class.

What earlier lines have cost them is one number for all drugs as well.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from forestall.clinic.draws import Floats, Patients, named_normals
from forestall.engine.purposes import Purpose
from forestall.knowledge.parameters import value


def trait_deviate(trait: str, patients: Patients, seed: int | None) -> Floats:
    """(n,) what the sensitivities of a patient to all drugs of a trait have in common.

    Args:
        trait: A trait of `forestall.knowledge.response_classes`.
        patients: (n,) indices of the patients.
        seed: Seed of the study; None for the typical patient, whose deviates are zero.

    Notes:
        The logarithm of a patient's sensitivity to a class of drugs is the trait's standard deviation times
        `sqrt(a) z + sqrt((1 - a) t) z_trait + sqrt((1 - a) (1 - t)) z_class` with independent standard normal numbers z, where a is
        `sensitivity.shared_by_all` and t `sensitivity.shared_by_trait`. This is the sum of the first two terms. Classes of different
        traits are correlated by a, those of one trait by a + (1 - a) t.
    """
    if seed is None:
        return np.zeros(len(patients))
    everything, trait_share, _ = _shares()
    common = named_normals(seed, patients, Purpose.BIOLOGY, "sensitivity")
    own = named_normals(seed, patients, Purpose.BIOLOGY, f"sensitivity {trait}")
    return math.sqrt(everything) * common + math.sqrt(trait_share) * own


def class_deviate(response_class: str, patients: Patients, seed: int | None) -> Floats:
    """(n,) what a patient's sensitivity to a class of drugs has for itself: the third term of `trait_deviate`.

    Args:
        response_class: A class of `forestall.knowledge.response_classes`.
        patients: (n,) indices of the patients.
        seed: Seed of the study; None for the typical patient.
    """
    if seed is None:
        return np.zeros(len(patients))
    own = named_normals(seed, patients, Purpose.BIOLOGY, f"sensitivity to {response_class}")
    return math.sqrt(_shares()[2]) * own


def lines_deviate(earlier_lines: NDArray[np.int64], patients: Patients, seed: int | None) -> Floats:
    """(n,) what earlier lines have cost the sensitivity to all drugs, beyond what they cost on average.

    Args:
        earlier_lines: (n,) lines of treatment for advanced disease received before; the costs of lines are independent and alike.
        patients: (n,) indices of the patients.
        seed: Seed of the study; None for the typical patient.
    """
    if seed is None:
        return np.zeros(len(patients))
    return np.sqrt(earlier_lines) * named_normals(seed, patients, Purpose.BIOLOGY, "earlier lines cost")


def _shares() -> tuple[float, float, float]:
    """Shares of the variance: all drugs', the trait's, the class's; they add up to one."""
    everything = value("sensitivity.shared_by_all", "1")
    trait = (1.0 - everything) * value("sensitivity.shared_by_trait", "1")
    return everything, trait, 1.0 - everything - trait
