"""An exponential function that compilers can put into vector lanes.

The numba wheels come without a vector math library: a loop that calls `math.exp` runs one lane at a time. `exp_poly`
is straight-line arithmetic (range reduction to |r| <= ln(2) / 2, a Taylor polynomial of degree 11, and the power of
two added to the exponent bits), so that LLVM vectorizes the loop around it.
"""

from __future__ import annotations

import math

from llvmlite import ir
from numba import njit, types
from numba.core.typing.templates import Signature
from numba.extending import intrinsic

_INVERSE_LOG_TWO = 1.0 / math.log(2.0)
_LOG_TWO_HIGH = 6.93147180369123816490e-01
_LOG_TWO_LOW = 1.90821492927058770002e-10
_LARGEST = 708.0
_C11, _C10, _C9, _C8, _C7, _C6, _C5, _C4, _C3 = (1.0 / math.factorial(k) for k in range(11, 2, -1))


@intrinsic  # type: ignore[untyped-decorator]
def _nearest_whole(typing_context: object, value: types.Float) -> tuple[Signature, object]:
    """Round a float64 to the nearest whole number by the processor's instruction."""

    def generate(context: object, builder: ir.IRBuilder, signature: Signature, args: list[ir.Value]) -> ir.Value:
        double = ir.DoubleType()
        function = builder.module.declare_intrinsic("llvm.rint", [double])
        return builder.call(function, args)

    return types.float64(types.float64), generate


@intrinsic  # type: ignore[untyped-decorator]
def _times_power_of_two(
    typing_context: object, value: types.Float, power: types.Float
) -> tuple[Signature, object]:
    """value * 2^power for a whole power, by adding it to the exponent bits of a normal number.

    1.5 * 2^52 puts the power into the low bits of a float64; the shift moves them to the place of the exponent.
    """

    def generate(context: object, builder: ir.IRBuilder, signature: Signature, args: list[ir.Value]) -> ir.Value:
        double, word = ir.DoubleType(), ir.IntType(64)
        shifted = builder.fadd(args[1], ir.Constant(double, 1.5 * 2.0**52))
        exponent = builder.shl(builder.bitcast(shifted, word), ir.Constant(word, 52))
        return builder.bitcast(builder.add(builder.bitcast(args[0], word), exponent), double)

    return types.float64(types.float64, types.float64), generate


@njit(cache=True, forceinline=True)
def exp_poly(x: float) -> float:
    """exp(x) with a relative error below 2e-14; vectorizes in loops.

    Args:
        x: Exponent, held within -708 and 708; nan gives nan.
    """
    x = min(max(x, -_LARGEST), _LARGEST)
    power = _nearest_whole(x * _INVERSE_LOG_TWO)
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
    value = value * r + 1.0
    return _times_power_of_two(value, power)
