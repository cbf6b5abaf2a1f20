"""Sixteen lanes at once, held in vector registers.

A loop over sixteen lanes is too short for what a compiler puts around it: checks that arrays do not overlap, a rest of lanes, values
that go to memory and back between one loop and the next. A `Vector` is a value like a float: it is loaded once, stays in registers
through any arithmetic, and is stored once. Every lane undergoes the same elementwise operations, none is contracted, so results are
the same, bit for bit, as those of a loop over lanes. The compiler divides sixteen lanes into whatever registers the processor has.

Vectors exist in compiled functions only. The usual loop is `for first in range(0, lanes, WIDTH)`; where a row ends within the sixteen
lanes, `load` and `store` leave alone what lies behind it.
"""

from __future__ import annotations

import operator
from typing import Any

from llvmlite import ir
from numba.core import cgutils, types
from numba.core.datamodel import models
from numba.core.datamodel.registry import register_default
from numba.core.imputils import lower_builtin
from numba.core.typing.templates import AbstractTemplate, infer_global, signature
from numba.extending import intrinsic

_INT32 = ir.IntType(32)
WIDTH = 16
"""Lanes of a vector."""


class Vector(types.Type):
    """Sixteen numbers of one type."""

    def __init__(self, dtype: Any) -> None:
        self.dtype = dtype
        super().__init__(name=f"Vector({dtype})")


@register_default(Vector)
class _VectorModel(models.PrimitiveModel):  # type: ignore[misc]
    def __init__(self, dmm: Any, fe_type: Vector) -> None:
        super().__init__(dmm, fe_type, ir.VectorType(dmm.lookup(fe_type.dtype).get_value_type(), WIDTH))


def _broadcast(builder: Any, number: Any) -> Any:
    whole = ir.VectorType(number.type, WIDTH)
    nothing = ir.Constant(whole, ir.Undefined)
    single = builder.insert_element(nothing, number, ir.Constant(_INT32, 0))
    return builder.shuffle_vector(single, nothing, ir.Constant(ir.VectorType(_INT32, WIDTH), [0] * WIDTH))


def _result(one: Any, other: Any) -> Any:
    """The signature of an operation on two vectors, or on a vector and a number, which is taken for every lane."""
    if isinstance(one, Vector) and one == other:
        return signature(one, one, one)
    if isinstance(one, Vector) and isinstance(other, types.Number):
        return signature(one, one, one.dtype)
    if isinstance(other, Vector) and isinstance(one, types.Number):
        return signature(other, other.dtype, other)
    return None


def _operands(builder: Any, sig: Any, args: Any) -> list[Any]:
    return [
        value if isinstance(kind, Vector) else _broadcast(builder, value)
        for kind, value in zip(sig.args, args, strict=True)
    ]


def _define(function: Any, instruction: str) -> None:
    class _Template(AbstractTemplate):  # type: ignore[misc]
        key = function

        def generic(self, args: Any, kws: Any) -> Any:
            return _result(*args)

    def lower(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return getattr(builder, instruction)(*_operands(builder, sig, args))

    infer_global(function)(_Template)
    for kinds in ((Vector, Vector), (Vector, types.Number), (types.Number, Vector)):
        lower_builtin(function, *kinds)(lower)


_define(operator.add, "fadd")
_define(operator.sub, "fsub")
_define(operator.mul, "fmul")
_define(operator.truediv, "fdiv")


def _choice(relation: str) -> Any:
    """An intrinsic that takes the first operand where the relation holds, the second elsewhere."""

    def choose(typing_context: Any, one: Any, other: Any) -> Any:
        def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
            first, second = _operands(builder, sig, args)
            return builder.select(builder.fcmp_ordered(relation, first, second), first, second)

        return _result(one, other), generate

    return intrinsic(choose)


larger = _choice(">")
"""The larger of two operands in every lane."""
smaller = _choice("<")
"""The smaller of two operands in every lane."""


@intrinsic
def where(typing_context: Any, vector: Any, limit: Any, one: Any, other: Any) -> Any:
    """One where the vector is larger than a number, the other elsewhere."""

    def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        vector, limit, one, other = _operands(builder, sig, args)
        return builder.select(builder.fcmp_ordered(">", vector, limit), one, other)

    given = [vector if isinstance(kind, Vector) else vector.dtype for kind in (one, other)]
    return vector(vector, vector.dtype, *given), generate


@intrinsic
def spread(typing_context: Any, number: Any) -> Any:
    """A vector that holds a number in every lane."""

    def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return _broadcast(builder, args[0])

    return Vector(number)(number), generate


def _by_processor(name: str) -> Any:
    """An intrinsic for a function of one operand that the processor has."""

    def apply(typing_context: Any, vector: Any) -> Any:
        def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
            kind = args[0].type
            full = f"llvm.{name}.v{WIDTH}{kind.element.intrinsic_name}"
            function = cgutils.get_or_insert_function(builder.module, ir.FunctionType(kind, [kind]), full)
            return builder.call(function, args)

        return vector(vector), generate

    return intrinsic(apply)


absolute = _by_processor("fabs")
root = _by_processor("sqrt")
nearest_whole = _by_processor("rint")


@intrinsic
def times_power_of_two(typing_context: Any, vector: Any, power: Any) -> Any:
    """Multiply normal float64 numbers by 2 to whole powers; as in `exponential`."""

    def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        words = ir.VectorType(ir.IntType(64), WIDTH)
        shifted = builder.fadd(args[1], ir.Constant(args[1].type, [1.5 * 2.0**52] * WIDTH))
        exponent = builder.shl(builder.bitcast(shifted, words), ir.Constant(words, [52] * WIDTH))
        return builder.bitcast(builder.add(builder.bitcast(args[0], words), exponent), args[0].type)

    return vector(vector, vector), generate


@intrinsic
def total(typing_context: Any, vector: Any) -> Any:
    """The sum of the lanes, in pairs, pairs of pairs and so on."""

    def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        vector, lanes = args[0], WIDTH
        while lanes > 1:
            lanes //= 2
            nothing, places = ir.Constant(vector.type, ir.Undefined), ir.VectorType(_INT32, lanes)
            low = builder.shuffle_vector(vector, nothing, ir.Constant(places, list(range(lanes))))
            high = builder.shuffle_vector(vector, nothing, ir.Constant(places, list(range(lanes, 2 * lanes))))
            vector = builder.fadd(low, high)
        return builder.extract_element(vector, ir.Constant(_INT32, 0))

    return vector.dtype(vector), generate


@intrinsic
def any_above(typing_context: Any, vector: Any, limit: Any) -> Any:
    """Whether any lane is larger than a number, at least 0."""

    def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        above = builder.fcmp_ordered(">", args[0], _broadcast(builder, args[1]))
        bits = builder.bitcast(above, ir.IntType(WIDTH))
        return builder.icmp_unsigned("!=", bits, ir.Constant(bits.type, 0))

    return types.boolean(vector, vector.dtype), generate


def _where(array: Any, place: Any) -> Any:
    """Types of an array and of a place in it."""
    return array, types.containers.UniTuple(types.intp, len(place))


def _address(context: Any, builder: Any, sig: Any, args: Any) -> tuple[Any, Any]:
    """Pointer to a vector in an array, and the lanes from there to the end of the row."""
    kind = sig.args[0]
    array = context.make_array(kind)(context, builder, args[0])
    place = cgutils.unpack_tuple(builder, args[1])
    single = cgutils.get_item_pointer(context, builder, kind, array, place, wraparound=False)
    whole = ir.VectorType(context.get_data_type(kind.dtype), WIDTH)
    left = builder.sub(builder.extract_value(array.shape, len(place) - 1), place[-1])
    return builder.bitcast(single, whole.as_pointer()), left


def _is_whole(builder: Any, left: Any) -> Any:
    return builder.icmp_signed(">=", left, ir.Constant(left.type, WIDTH))


def _within(builder: Any, left: Any) -> Any:
    """Which of sixteen lanes come before the end of the row, which is `left` lanes away."""
    places = ir.Constant(ir.VectorType(left.type, WIDTH), list(range(WIDTH)))
    return builder.icmp_signed("<", places, _broadcast(builder, left))


def _masked(builder: Any, name: str, kind: Any, arguments: Any, result: Any) -> Any:
    """Load or store only lanes within the row: by the processor, as a call would cost the registers of all vectors around it."""
    full = f"llvm.masked.{name}.v{WIDTH}{kind.element.intrinsic_name}.p0"
    function_type = ir.FunctionType(result, [argument.type for argument in arguments])
    return builder.call(cgutils.get_or_insert_function(builder.module, function_type, full), arguments)


@intrinsic
def load(typing_context: Any, array: Any, place: Any) -> Any:
    """The sixteen lanes of a C-contiguous array from a place on, such as `(row, first)`; 0 where the row has ended."""

    def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        kind = context.get_value_type(sig.return_type)
        size = context.get_abi_sizeof(kind.element)
        address, left = _address(context, builder, sig, args)
        result = cgutils.alloca_once(builder, kind)
        with builder.if_else(_is_whole(builder, left), likely=True) as (then, otherwise):
            with then:
                vector = builder.load(address)
                vector.align = size
                builder.store(vector, result)
            with otherwise:
                arguments = [address, _INT32(size), _within(builder, left), ir.Constant(kind, None)]
                builder.store(_masked(builder, "load", kind, arguments, kind), result)
        return builder.load(result)

    return Vector(array.dtype)(*_where(array, place)), generate


@intrinsic
def store(typing_context: Any, array: Any, place: Any, vector: Any) -> Any:
    """Write sixteen lanes into a C-contiguous array from a place on, as far as the row goes."""

    def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        size = context.get_abi_sizeof(args[2].type.element)
        address, left = _address(context, builder, sig, args)
        with builder.if_else(_is_whole(builder, left), likely=True) as (then, otherwise):
            with then:
                builder.store(args[2], address).align = size
            with otherwise:
                arguments = [args[2], address, _INT32(size), _within(builder, left)]
                _masked(builder, "store", args[2].type, arguments, ir.VoidType())
        return context.get_dummy_value()

    return types.none(*_where(array, place), vector), generate
