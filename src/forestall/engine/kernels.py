"""The decorators of compiled functions.

They are typed, so that mypy checks the calls of kernels like any other call, and they keep machine code in
a folder that is named after the source of the kernel's module and of every module that it imports: numba
notices a change of the file that a function stands in, but not of the functions that it calls, and would go
on using the old ones.
"""

from __future__ import annotations

import functools
import hashlib
import importlib.util
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import ParamSpec, TypeVar, cast

from numba import config, njit

_Arguments = ParamSpec("_Arguments")
_Result = TypeVar("_Result")
_IMPORT = re.compile(rb"^\s*(?:from|import) (forestall(?:\.\w+)*)", re.MULTILINE)


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
        chosen = config.CACHE_DIR
        config.CACHE_DIR = chosen or str(cache_folder(Path(function.__code__.co_filename)))
        try:
            return cast(Callable[_Arguments, _Result], njit(cache=True, **options)(function))
        finally:
            config.CACHE_DIR = chosen

    return decorate


def cache_folder(source: Path) -> Path:
    """Where the machine code of a file's kernels is kept (unless NUMBA_CACHE_DIR says otherwise)."""
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return home / "forestall" / "kernels" / source_hash(source)


def source_hash(source: Path) -> str:
    """Short hash of a source file and of every module of this package that it imports, directly or not."""
    digest = hashlib.sha256(_text(source))
    for _, text in sorted(_imported(source).items()):
        digest.update(text)
    return digest.hexdigest()[:16]


def _imported(source: Path) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    waiting = _IMPORT.findall(_text(source))
    while waiting:
        module = waiting.pop().decode()
        if module not in found:
            found[module] = _module_text(module)
            waiting.extend(_IMPORT.findall(found[module]))
    return found


@functools.cache
def _module_text(module: str) -> bytes:
    specification = importlib.util.find_spec(module)
    origin = None if specification is None else specification.origin
    return b"" if origin is None else _text(Path(origin))


def _text(source: Path) -> bytes:
    return source.read_bytes() if source.is_file() else b""
