"""Linear algebra without threads of its own."""

from __future__ import annotations

from contextlib import AbstractContextManager


def algebra_on_one_thread() -> AbstractContextManager[object]:
    """One thread from now on, or within the context: the matrices are small, and sums depend on the number of such threads."""
    from threadpoolctl import threadpool_limits

    limits: AbstractContextManager[object] = threadpool_limits(1, user_api="blas")
    return limits
