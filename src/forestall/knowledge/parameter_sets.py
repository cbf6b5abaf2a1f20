"""Sets of numbers that take the place of the catalog's for one simulation: those of a calibration, or of an experiment.

A set is in use inside `with using(set):`. What is in use belongs to the context (PEP 567): simulations with other sets can run beside
it in other threads, and a thread that a study starts gets its caller's set (`forestall.studies.chunks`). Nothing that depends on a
number of a set may be kept in a cache that outlives the simulation.

Names are those of parameters ("growth.birth_rate"), or paths into an entry: "drugs.docetaxel.actions.0.max_rate",
"alterations.PTEN_loss.rate_per_division". A value is in the unit of the number that it replaces.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final, TypeVar

from forestall.errors import InputError
from forestall.knowledge.provenance import Entry, Quantity

ENTRY_KINDS: Final = ("drugs", "alterations")
EntryType = TypeVar("EntryType", bound=Entry)


@dataclass(frozen=True)
class ParameterSet:
    """Numbers that take the place of the catalog's."""

    name: str
    """Such as "literature", "calibrated", or "calibrated, member 17"."""
    values: Mapping[str, float] = field(default_factory=dict)
    """By name; numbers that are not named are the catalog's."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "values", MappingProxyType(dict(self.values)))

    def __reduce__(self) -> tuple[type[ParameterSet], tuple[str, dict[str, float]]]:
        """Sets are sent to other processes; a proxy cannot be."""
        return ParameterSet, (self.name, dict(self.values))

    @property
    def fingerprint(self) -> str:
        """A hash of the numbers, whatever the name."""
        text = json.dumps(dict(sorted(self.values.items())))
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def updated(self, values: Mapping[str, float], name: str | None = None) -> ParameterSet:
        """This set with some numbers changed or added.

        Args:
            values: The numbers, by name.
            name: Name of the new set; this one's if not given.
        """
        return ParameterSet(name or self.name, {**self.values, **values})


LITERATURE: Final = ParameterSet("literature")
"""The catalog as it is."""
_in_use: ContextVar[ParameterSet] = ContextVar("parameter_set", default=LITERATURE)


def in_use() -> ParameterSet:
    """The set that is in use here."""
    return _in_use.get()


@contextmanager
def using(parameters: ParameterSet) -> Iterator[None]:
    """Let a set take the place of the catalog's numbers.

    Args:
        parameters: The set.
    """
    token = _in_use.set(parameters)
    try:
        yield
    finally:
        _in_use.reset(token)


def replaced(name: str, quantity: Quantity) -> Quantity:
    """A number as it is in use.

    Args:
        name: Its name in a set.
        quantity: The catalog's number.
    """
    values = in_use().values
    return quantity.model_copy(update={"value": values[name]}) if name in values else quantity


def entries_in_use(kind: str, entries: Mapping[str, EntryType]) -> Mapping[str, EntryType]:
    """Entries of the catalog with the numbers that are in use.

    Args:
        kind: One of `ENTRY_KINDS`.
        entries: The catalog's, by name; they are not changed.

    Raises:
        InputError: if a path of the set leads to no number.
    """
    changes: dict[str, list[tuple[list[str], float]]] = {}
    for name, value in in_use().values.items():
        first, _, rest = name.partition(".")
        entry, _, path = rest.partition(".")
        if first == kind:
            changes.setdefault(entry, []).append((path.split("."), value))
    if not changes:
        return entries
    if unknown := sorted(set(changes) - set(entries)):
        raise InputError("no such entry", field=f"{kind}.{unknown[0]}", allowed=f"an entry of {kind}")
    return {name: _changed(entry, changes.get(name, [])) for name, entry in entries.items()}


def _changed(entry: EntryType, changes: list[tuple[list[str], float]]) -> EntryType:
    for path, value in changes:
        entry = _with_value(entry, path, value)
    return entry


def _with_value(entry: EntryType, path: list[str], value: float) -> EntryType:
    """The entry with one number replaced, however deep it stands."""
    head, rest = path[0], path[1:]
    found = getattr(entry, head, None)
    if isinstance(found, tuple) and rest and rest[0].isdigit() and int(rest[0]) < len(found):
        place = int(rest[0])
        changed = _with_value(found[place], rest[1:], value)
        return entry.model_copy(update={head: (*found[:place], changed, *found[place + 1 :])})
    if isinstance(found, Quantity) and not rest:
        return entry.model_copy(update={head: found.model_copy(update={"value": value})})
    if isinstance(found, Entry) and rest:
        return entry.model_copy(update={head: _with_value(found, rest, value)})
    raise InputError("no number stands there", field=".".join(path), value=type(entry).__name__)
