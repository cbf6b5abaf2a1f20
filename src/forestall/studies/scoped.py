"""Methods of a study run in the knowledge of the study's disease."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Concatenate, ParamSpec, Protocol, TypeVar

from forestall.knowledge.scope import Scope, in_scope


class Scoped(Protocol):
    """A study that knows its disease."""

    @property
    def scope(self) -> Scope | None:
        """The pack; None for breast."""


Study = TypeVar("Study", bound=Scoped)
Words = ParamSpec("Words")
Result = TypeVar("Result")


def in_its_disease(
    method: Callable[Concatenate[Study, Words], Result],
) -> Callable[Concatenate[Study, Words], Result]:
    """Put the study's disease in force while one of its methods runs."""

    @functools.wraps(method)
    def call(study: Study, /, *args: Words.args, **named: Words.kwargs) -> Result:
        with in_scope(study.scope):
            return method(study, *args, **named)

    return call
