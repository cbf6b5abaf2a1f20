"""Results that are kept as they come: threads or processes make what is missing, and each file is whole or not there."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
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
from forestall.knowledge.scope import current
from forestall.studies.one_thread import algebra_on_one_thread

Item = TypeVar("Item")
Result = TypeVar("Result")
Arrays = dict[str, NDArray[Any]]


def as_finished(
    work: Callable[[Item], Result], items: Iterable[Item], workers: int, *, apart: bool = False
) -> Iterator[tuple[Item, Result]]:
    """Do the work for every item on several threads or processes; results come as they are finished.

    Threads have the caller's context, the parameter set in use included. Processes, for work that holds the interpreter's lock much of
    its time, start afresh within seconds and know nothing of it: inside a disease pack, or with one worker, threads do the work all
    the same. A script that gets to processes needs the usual `if __name__ == "__main__":` around what it runs.

    At most two items per worker wait, so that a caller who stops loses no more than what is running; the items that have begun
    are waited for.

    Args:
        work: Called with each item.
        items: What it is called with.
        workers: Threads or processes.
        apart: Whether processes may do it: work and items can be sent there, and depend on no context but the catalog's.

    Yields:
        An item and its result.

    Raises:
        StudyError: if a process ends before its work is done.
    """
    if apart and workers > 1 and current() is None:
        yield from _on_processes(work, items, workers)
    else:
        pool = ThreadPoolExecutor(workers)
        yield from _finished(pool, lambda item: pool.submit(copy_context().run, work, item), items, workers)


def batches(items: Sequence[Item], size: int) -> list[Sequence[Item]]:
    """The items in their order, so many together at most."""
    return [items[first : first + size] for first in range(0, len(items), size)]


def _on_processes(
    work: Callable[[Item], Result], items: Iterable[Item], workers: int
) -> Iterator[tuple[Item, Result]]:
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
