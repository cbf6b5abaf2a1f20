"""Results that are kept as they come: threads make what is missing, and each file is whole or not there."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextvars import copy_context
from pathlib import Path
from typing import Any, TypeVar
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

Item = TypeVar("Item")
Result = TypeVar("Result")
Arrays = dict[str, NDArray[Any]]


def as_finished(
    work: Callable[[Item], Result], items: Iterable[Item], workers: int
) -> Iterator[tuple[Item, Result]]:
    """Do the work for every item on several threads; results come as they are finished.

    The threads have the caller's context, the parameter set in use included. At most two items per worker wait, so that a caller
    who stops loses no more than what is running; the items that have begun are waited for.

    Args:
        work: Called with each item.
        items: What it is called with.
        workers: Threads.

    Yields:
        An item and its result.
    """
    queue = iter(items)
    waiting: dict[Future[Result], Item] = {}
    pool = ThreadPoolExecutor(workers)
    try:
        while True:
            for item in queue:
                waiting[pool.submit(copy_context().run, work, item)] = item
                if len(waiting) == 2 * workers:
                    break
            if not waiting:
                return
            for future in wait(waiting, return_when=FIRST_COMPLETED).done:
                yield waiting.pop(future), future.result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def save_arrays(path: Path, arrays: Mapping[str, NDArray[Any]]) -> None:
    """Write arrays to a file that is there whole or not at all.

    Args:
        path: The file; its folder is made if it is not there.
        arrays: By name.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    staging = path.with_name(f".{path.name}.partial-{os.getpid()}")
    try:
        with staging.open("wb") as stream:
            np.savez_compressed(stream, allow_pickle=False, **arrays)
        staging.replace(path)
    finally:
        staging.unlink(missing_ok=True)


def load_arrays(path: Path, names: Iterable[str]) -> Arrays | None:
    """Arrays that were written; None if there is no file, or it cannot be read or lacks one of them.

    Args:
        path: The file.
        names: Of the arrays.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            return {name: file[name] for name in names}
    except (OSError, EOFError, KeyError, ValueError, BadZipFile):
        return None
