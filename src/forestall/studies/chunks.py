"""Patients in chunks, followed by threads, handed on in order."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from typing import TypeVar

Result = TypeVar("Result")

_CHUNKS_PER_WORKER = 4


def chunk_size(patients: int, workers: int, largest: int) -> int:
    """Patients per chunk: as many as are allowed, but so few that every worker gets some chunks. Results do not depend on it."""
    return max(1, min(largest, -(-patients // (_CHUNKS_PER_WORKER * workers))))


def in_order(
    work: Callable[[int, int], Result], patients: int, size: int, workers: int
) -> Iterator[tuple[int, Result]]:
    """Do the work for chunks of patients on several threads; results come in the order of the patients.

    The threads have the caller's context, the parameter set in use included. At most two chunks per worker are in
    memory at a time. When the caller stops early or is interrupted,
    chunks that have not begun are dropped, and nobody waits for those that have.

    Args:
        work: Called with the first patient of a chunk and the one after its last.
        patients: Number of patients.
        size: Patients per chunk.
        workers: Threads.

    Yields:
        The patients done so far, and the chunk's result.
    """
    starts = iter(range(0, patients, size))
    waiting: deque[tuple[int, Future[Result]]] = deque()
    pool = ThreadPoolExecutor(workers)
    try:
        while True:
            while len(waiting) < 2 * workers and (start := next(starts, None)) is not None:
                end = min(start + size, patients)
                waiting.append((end, pool.submit(copy_context().run, work, start, end)))
            if not waiting:
                return
            end, future = waiting.popleft()
            yield end, future.result()
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
