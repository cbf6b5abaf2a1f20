"""Results that are kept as they come: threads or processes make what is missing, and each file is whole or not there."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import (
    FIRST_COMPLETED,
    Executor,
    Future,
    ProcessPoolExecutor,
    ThreadPoolExecutor,
    wait,
)
from concurrent.futures.process import BrokenProcessPool
from contextvars import copy_context
from pathlib import Path
from typing import Any, TypeVar
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from forestall.errors import StudyError
from forestall.studies.one_thread import algebra_on_one_thread

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
    pool = ThreadPoolExecutor(workers)
    return _finished(pool, lambda item: pool.submit(copy_context().run, work, item), items, workers)


def as_finished_apart(
    work: Callable[[Item], Result], items: Iterable[Item], workers: int
) -> Iterator[tuple[Item, Result]]:
    """As `as_finished`, but on processes: for work that holds the interpreter's lock much of its time.

    Processes start afresh and know nothing of the caller's context. A script that gets here needs the usual
    `if __name__ == "__main__":` around what it runs.

    Args:
        work: Called with each item; it and the items must be such as can be sent to another process.
        items: What it is called with.
        workers: Processes.

    Yields:
        An item and its result.

    Raises:
        StudyError: if a process ends before its work is done.
    """
    pool = ProcessPoolExecutor(workers, multiprocessing.get_context("spawn"), algebra_on_one_thread)
    try:
        yield from _finished(pool, lambda item: pool.submit(work, item), items, workers)
    except BrokenProcessPool:
        raise StudyError(
            "a process ended before its work was done: too little memory (fewer workers need less), or a script"
            ' that does not keep what it runs under `if __name__ == "__main__":`'
        ) from None


def _finished(
    pool: Executor, submit: Callable[[Item], Future[Result]], items: Iterable[Item], workers: int
) -> Iterator[tuple[Item, Result]]:
    queue = iter(items)
    waiting: dict[Future[Result], Item] = {}
    try:
        while True:
            for item in queue:
                waiting[submit(item)] = item
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
