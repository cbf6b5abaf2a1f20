"""An exponential function that compilers can put into vector lanes.

The numba wheels come without a vector math library: a loop that calls `math.exp` runs one lane at a time.
`exp_poly` is straight-line arithmetic (range reduction to |r| <= ln(2) / 2, a Taylor polynomial of degree
11, and the power of two added to the exponent bits), so that LLVM vectorizes the loop around it.
"""

from __future__ import annotations

import math
from typing import Any

from numba import types
from numba.extending import intrinsic

from forestall.engine.kernels import kernel_with
from forestall.engine.vectors import larger, nearest_whole, smaller, times_power_of_two

_INVERSE_LOG_TWO = 1.0 / math.log(2.0)
_LOG_TWO_HIGH = 6.93147180369123816490e-01
_LOG_TWO_LOW = 1.90821492927058770002e-10
_LARGEST = 708.0
_C11, _C10, _C9, _C8, _C7, _C6, _C5, _C4, _C3 = (1.0 / math.factorial(k) for k in range(11, 2, -1))


@intrinsic
def _nearest_whole(typing_context: Any, value: Any) -> Any:
    """Round a float64 to the nearest whole number by the processor's instruction."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.call(builder.module.declare_intrinsic("llvm.rint", [args[0].type]), args)

    return types.float64(types.float64), generate


@intrinsic
def _times_power_of_two(typing_context: Any, value: Any, power: Any) -> Any:
    """Multiply a normal float64 by 2 to a whole power, by adding the power to its exponent bits.

    Adding 1.5 * 2^52 puts the power into the low bits of a float64; the shift moves them to the exponent's
    place.
    """

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        word = context.get_value_type(types.int64)
        shifted = builder.fadd(args[1], context.get_constant(types.float64, 1.5 * 2.0**52))
        exponent = builder.shl(builder.bitcast(shifted, word), context.get_constant(types.int64, 52))
        return builder.bitcast(builder.add(builder.bitcast(args[0], word), exponent), args[0].type)

    return types.float64(types.float64, types.float64), generate


@kernel_with(forceinline=True)
def exp_poly(x: float) -> float:
    """exp(x) with a relative error below 2e-14; vectorizes in loops.

    Args:
        x: Exponent, held within -708 and 708; nan gives nan.
    """
    x = min(max(x, -_LARGEST), _LARGEST)
    power = _nearest_whole(x * _INVERSE_LOG_TWO)
    return float(_times_power_of_two(_polynomial(x, power), power))


@kernel_with(forceinline=True)
def exp_lanes(x: Any) -> Any:
    """`exp_poly` of a `Vector`, without nan."""
    x = smaller(larger(x, -_LARGEST), _LARGEST)
    power = nearest_whole(x * _INVERSE_LOG_TWO)
    return times_power_of_two(_polynomial(x, power), power)


@kernel_with(forceinline=True)
def _polynomial(x: Any, power: Any) -> Any:
    """exp(x) / 2^power."""
    r = x - power * _LOG_TWO_HIGH - power * _LOG_TWO_LOW
    value = _C11 * r + _C10
    value = value * r + _C9
    value = value * r + _C8
    value = value * r + _C7
    value = value * r + _C6
    value = value * r + _C5
    value = value * r + _C4
    value = value * r + _C3
    value = value * r + 0.5
    value = value * r + 1.0
    return value * r + 1.0
