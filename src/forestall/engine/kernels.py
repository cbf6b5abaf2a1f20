"""The decorators of compiled functions.

They are typed, so that mypy checks the calls of kernels like any other call. Machine code is kept where
`forestall.kernel_cache` says.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import ParamSpec, TypeVar, cast

from numba import njit

_Arguments = ParamSpec("_Arguments")
_Result = TypeVar("_Result")


def kernel(function: Callable[_Arguments, _Result]) -> Callable[_Arguments, _Result]:
    """Compile a function with numba at its first call and keep the machine code on disk."""
    return kernel_with()(function)


def bare_kernel(function: Callable[_Arguments, _Result]) -> Callable[_Arguments, _Result]:
    """Compile a function that allocates no array and returns none; see `bare_kernel_with`."""
    return bare_kernel_with()(function)


def bare_kernel_with(
    **options: bool | str,
) -> Callable[[Callable[_Arguments, _Result]], Callable[_Arguments, _Result]]:
    """The decorator `bare_kernel` with options of `numba.njit`.

    Numba counts the references to arrays at every access to a field of a tuple of arrays. In functions that take a
    patient's hundred arrays this costs more than their work. A function that neither allocates an array nor returns one
    (to a function that counts) needs no counting: whoever calls it holds the arrays. Division by zero gives inf or nan.
    """
    return kernel_with(_nrt=False, error_model="numpy", **options)


def kernel_with(
    **options: bool | str,
) -> Callable[[Callable[_Arguments, _Result]], Callable[_Arguments, _Result]]:
    """The decorator `kernel` with options of `numba.njit`, such as `nogil`, `fastmath` or `error_model`."""
    # A function would otherwise inherit this from the first that calls it, and could not allocate.
    options = {"_nrt": True, **options}

    def decorate(function: Callable[_Arguments, _Result]) -> Callable[_Arguments, _Result]:
        return cast(Callable[_Arguments, _Result], njit(cache=True, **options)(function))

    return decorate
