"""The disease whose knowledge is in force: the breast catalog, or a pack that stands in its place.

What loads entries of the catalog (`load_drugs`, `load_alterations`, ...) is decorated with `catalog`: within `in_scope` of a pack
it returns the pack's entries. What is computed from entries and kept is decorated with `per_scope`, so that no disease sees the
results of another. The scope belongs to the running task;
whoever starts threads hands them a copy of its context.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, ParamSpec, TypeVar, cast

BREAST = "breast"
"""The disease of the catalog itself."""
Result = TypeVar("Result")
Words = ParamSpec("Words")


@dataclass(frozen=True, eq=False)
class Scope:
    """The knowledge of one pack."""

    disease: str
    """Id, such as "cml"."""
    name: str
    """In words."""
    origin: str
    """What a user writes after `--disease` to get it: the id of a pack that ships, or a path."""
    facts: Any
    """The pack itself (`forestall.knowledge.packs.Pack`)."""
    entries: Mapping[str, Mapping[str, Any]]
    """Entries by kind ("drugs", "alterations", ...) and name."""


_SCOPE: ContextVar[Scope | None] = ContextVar("forestall_scope", default=None)


def current() -> Scope | None:
    """The pack in force; None for the breast catalog."""
    return _SCOPE.get()


def disease() -> str:
    """Id of the disease in force."""
    scope = current()
    return BREAST if scope is None else scope.disease


@contextmanager
def in_scope(scope: Scope | None) -> Iterator[None]:
    """Put a pack in force for what runs inside; None for the breast catalog."""
    token = _SCOPE.set(scope)
    try:
        yield
    finally:
        _SCOPE.reset(token)


def catalog(kind: str) -> Callable[[Callable[[], dict[str, Result]]], Callable[[], dict[str, Result]]]:
    """Let a loader of the breast catalog, read once, give way to the entries of a pack.

    Args:
        kind: Of the entries, as `Scope.entries` has it.
    """

    def decorate(load: Callable[[], dict[str, Result]]) -> Callable[[], dict[str, Result]]:
        once = functools.cache(load)

        @functools.wraps(load)
        def entries() -> dict[str, Result]:
            scope = _SCOPE.get()
            return once() if scope is None else cast("dict[str, Result]", scope.entries[kind])

        return entries

    return decorate


def per_scope(function: Callable[Words, Result]) -> Callable[Words, Result]:
    """Keep the results of a function of hashable arguments, apart for every disease."""
    kept = functools.lru_cache(maxsize=256)(lambda scope, *args, **named: function(*args, **named))

    @functools.wraps(function)
    def call(*args: Words.args, **named: Words.kwargs) -> Result:
        return kept(_SCOPE.get(), *args, **named)  # type: ignore[arg-type]

    return call
