"""What the faces of trials and patients share."""

from __future__ import annotations

import sys
from dataclasses import fields
from typing import Any, TypeVar

from forestall.knowledge.ensembles import parameters_named
from forestall.knowledge.parameter_sets import ParameterSet
from forestall.studies.compilation import COMPILING

Shown = TypeVar("Shown")


def set_of(parameters: ParameterSet | str | None) -> ParameterSet | None:
    """The parameter set that a user named or gave."""
    return parameters_named(parameters) if isinstance(parameters, str) else parameters


def shown_as(kind: type[Shown], study: Any) -> Shown:
    """What a study returned, as the class that can also draw it."""
    return kind(**{part.name: getattr(study, part.name) for part in fields(study)})


def announced(stage: str, done: int, total: int) -> None:
    """Say on the standard error that the model is being compiled, and nothing else."""
    if stage == COMPILING:
        print(f"{stage} ...", file=sys.stderr, flush=True)
