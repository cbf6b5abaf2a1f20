"""Bits of machine words."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import types
from numba.extending import intrinsic

from forestall.engine.kernels import kernel_with

_ONE = np.uint64(1)
inlined = kernel_with(inline="always")
"""For the innermost functions: arrays passed to another compiled function are counted as used, which costs more than the
function does."""


@intrinsic
def count_ones(typing_context: Any, word: Any) -> Any:
    """Number of ones of a 64-bit word, by the processor's own instruction."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.ctpop(arguments[0])

    return types.uint64(types.uint64), generate


@intrinsic
def lowest_one(typing_context: Any, word: Any) -> Any:
    """Place of the lowest one of a 64-bit word that is not 0."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        from llvmlite import ir

        return builder.cttz(arguments[0], ir.Constant(ir.IntType(1), 1))

    return types.uint64(types.uint64), generate


@inlined
def place_of_one(word: np.uint64, rank: int) -> int:
    """Place of the one with a rank, counted from 0 at the low end."""
    for _ in range(rank):
        word &= word - _ONE
    return int(lowest_one(word))
