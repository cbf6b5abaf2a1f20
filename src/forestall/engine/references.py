"""Tuples of arrays that are passed by their address.

Numba passes a tuple field by field: the tuples that a course needs are a thousand numbers (data, shape and strides of each array), and
every call copied them all, whatever the function reads. A `Reference` is one number. Its fields are read where they are used; a field
that is a tuple is a reference again, and so is an item of a tuple of tuples.

The memory belongs to the function that called `by_reference`, and the arrays to whoever holds the tuple: take references of arguments
only, which the caller holds, and hand them down, never back. What the tuple refers to must not be exchanged meanwhile (tuples do
not allow that).
"""

from __future__ import annotations

import operator
from typing import Any, Protocol, TypeVar

from llvmlite import ir
from numba.core import cgutils, types
from numba.core.datamodel import models
from numba.core.datamodel.registry import register_default
from numba.core.imputils import impl_ret_borrowed, lower_builtin, lower_getattr_generic
from numba.core.typing.templates import (
    AbstractTemplate,
    AttributeTemplate,
    infer_getattr,
    infer_global,
    signature,
)
from numba.extending import intrinsic

_ADDRESS = ir.PointerType(ir.IntType(8))
_Tuple = TypeVar("_Tuple")


class Reference(types.Type):
    """The address of a tuple."""

    def __init__(self, whole: Any) -> None:
        self.whole = whole
        super().__init__(name=f"Reference({whole})")


@register_default(Reference)
class _ReferenceModel(models.PrimitiveModel):  # type: ignore[misc]
    def __init__(self, dmm: Any, fe_type: Reference) -> None:
        super().__init__(dmm, fe_type, _ADDRESS)


class _ByReference(Protocol):
    """To type checkers a reference is the tuple."""

    def __call__(self, whole: _Tuple) -> _Tuple: ...


@intrinsic
def _by_reference(typing_context: Any, whole: Any) -> Any:
    if isinstance(whole, Reference):
        return whole(whole), lambda context, builder, sig, args: args[0]

    def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        place = builder.bitcast(cgutils.alloca_once_value(builder, args[0]), _ADDRESS)
        # An empty instruction: the compiler cannot tell that this address is the memory that was written just now, as the
        # promise that a reference's memory never changes would contradict that.
        kind = ir.FunctionType(_ADDRESS, [_ADDRESS])
        return builder.asm(kind, "", "=r,0,~{memory}", [place], True)

    return Reference(whole)(whole), generate


by_reference: _ByReference = _by_reference
"""The address of a tuple, in compiled functions; of what is a reference already, itself."""


def _part(kind: Any) -> Any:
    """The type of a field of this type, read through a reference."""
    return Reference(kind) if isinstance(kind, types.containers.BaseTuple) else kind


def _read_part(context: Any, builder: Any, kind: Any, address: Any) -> Any:
    if isinstance(kind, Reference):
        return builder.bitcast(address, _ADDRESS)
    value = _read(builder, address, context.get_value_type(kind))
    return impl_ret_borrowed(context, builder, kind, value)


def _read(builder: Any, address: Any, kind: Any) -> Any:
    """Read a value number by number, so that what is not needed of it is not read, and say that memory never changes."""
    if isinstance(kind, ir.LiteralStructType | ir.ArrayType):
        value = ir.Constant(kind, ir.Undefined)
        parts = kind.elements if isinstance(kind, ir.LiteralStructType) else [kind.element] * kind.count
        for k, part in enumerate(parts):
            inner = cgutils.gep_inbounds(builder, address, 0, k)
            value = builder.insert_value(value, _read(builder, inner, part), k)
        return value
    number = builder.load(address)
    number.set_metadata("invariant.load", builder.module.add_metadata([]))
    return number


def _whole(context: Any, builder: Any, reference: Any, address: Any) -> Any:
    return builder.bitcast(address, context.get_value_type(reference.whole).as_pointer())


@infer_getattr
class _Fields(AttributeTemplate):  # type: ignore[misc]
    key = Reference

    def generic_resolve(self, reference: Any, name: str) -> Any:
        whole = reference.whole
        if isinstance(whole, types.containers.BaseNamedTuple) and name in whole.fields:
            return _part(whole[whole.fields.index(name)])
        return None


@lower_getattr_generic(Reference)
def _field(context: Any, builder: Any, reference: Any, address: Any, name: str) -> Any:
    whole = reference.whole
    k = whole.fields.index(name)
    place = cgutils.gep_inbounds(builder, _whole(context, builder, reference, address), 0, k)
    return _read_part(context, builder, _part(whole[k]), place)


@infer_global(operator.getitem)
class _Item(AbstractTemplate):  # type: ignore[misc]
    key = operator.getitem

    def generic(self, args: Any, kws: Any) -> Any:
        reference, place = args
        if not isinstance(reference, Reference) or not isinstance(place, types.Integer):
            return None
        if not isinstance(reference.whole, types.containers.UniTuple):
            return None
        return signature(_part(reference.whole.dtype), reference, types.intp)


@lower_builtin(operator.getitem, Reference, types.Integer)
def _item(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    start = _whole(context, builder, sig.args[0], args[0])
    place = builder.gep(start, [ir.Constant(ir.IntType(32), 0), args[1]], inbounds=True)
    return _read_part(context, builder, sig.return_type, place)
