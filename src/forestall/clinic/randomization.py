"""Permuted-block randomization in which any patient's arm can be told without the other patients."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from forestall.engine.purposes import Purpose
from forestall.engine.random import uniforms
from forestall.errors import InputError

_ROUNDS_PER_BLOCK = 2


def allocate(
    patients: NDArray[np.int64], ratio: Sequence[int], seed: int, *, rounds_per_block: int = _ROUNDS_PER_BLOCK
) -> NDArray[np.int16]:
    """Arms of patients by permuted blocks.

    Args:
        patients: (n,) indices of the patients, from 0 in the order of enrollment.
        ratio: Parts of the allocation, one per arm; (2, 1) gives two patients to the first arm for one to the
            second.
        seed: Seed of the study.
        rounds_per_block: A block holds this many times the ratio.

    Returns:
        (n,) index of the arm. It depends on the seed, the ratio, the block size and the patient's index, and
        on nothing else: not on how many patients there are.

    Raises:
        InputError: if there is no arm, a part is below one, or an index is negative.
    """
    parts = np.asarray(ratio, dtype=np.int64)
    if parts.ndim != 1 or not parts.size or parts.min() < 1 or rounds_per_block < 1:
        raise InputError(
            "not a randomization ratio", value=list(ratio), allowed="whole numbers such as 1:1 or 2:1"
        )
    numbers = np.asarray(patients, dtype=np.int64)
    if numbers.size and numbers.min() < 0:
        raise InputError("a patient's index is negative", value=int(numbers.min()), allowed="0 or more")
    slots = np.repeat(np.arange(parts.size, dtype=np.int16), parts * rounds_per_block)
    blocks, member = np.unique(numbers // slots.size, return_inverse=True)
    keys = uniforms(seed, blocks, Purpose.RANDOMIZATION, size=slots.size)
    return np.asarray(slots[np.argsort(keys, axis=1)[member, numbers % slots.size]])
