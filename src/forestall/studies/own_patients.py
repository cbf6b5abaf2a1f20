"""Patients of its own for every trial of a study of many: what chance does to the few of one trial, it does not do to all."""

from __future__ import annotations

import zlib


def seed_of_trial(seed: int, trial: str) -> int:
    """The seed of one trial's patients.

    Args:
        seed: Of the study.
        trial: What tells the trial from the others.
    """
    return seed + zlib.crc32(trial.encode())
