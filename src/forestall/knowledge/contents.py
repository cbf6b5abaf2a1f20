"""What an entry of the catalog holds: every entry and every number inside it, and the keys to them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel, RootModel

from forestall.knowledge.complaints import Keys
from forestall.knowledge.provenance import Quantity


def entries_in(value: Any, keys: Keys = ()) -> Iterator[tuple[Keys, BaseModel]]:
    """Every model inside a value, the outer ones first, with its keys as the YAML file has them.

    Args:
        value: A model, or a mapping or list that may hold models.
        keys: Keys that lead to `value`.
    """
    if isinstance(value, RootModel):
        yield from entries_in(value.root, keys)
    elif isinstance(value, BaseModel):
        yield keys, value
        for name, field in type(value).model_fields.items():
            yield from entries_in(getattr(value, name), (*keys, field.alias or name))
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from entries_in(item, (*keys, key))
    elif isinstance(value, list | tuple):
        for position, item in enumerate(value):
            yield from entries_in(item, (*keys, position))


def numbers_in(value: Any) -> Iterator[tuple[Keys, Quantity]]:
    """Every number with provenance inside a value, with its keys."""
    return ((keys, entry) for keys, entry in entries_in(value) if isinstance(entry, Quantity))


def quantities(value: Any) -> Iterator[tuple[str, Quantity]]:
    """Every number inside a value with its path, for example "nodes.AKT1.inputs.0.weight"."""
    return ((".".join(map(str, keys)), quantity) for keys, quantity in numbers_in(value))


def sources_of(value: Any) -> tuple[str, ...]:
    """Keys of all references that a value cites, each once, in the order in which they come."""
    found = (source for _, entry in entries_in(value) for _, source in cited_by(entry))
    return tuple(dict.fromkeys(found))


def cited_by(entry: BaseModel) -> Iterator[tuple[Keys, str]]:
    """References that an entry itself cites (not the entries inside it), with the keys where it does."""
    one = getattr(entry, "source", None)
    if isinstance(one, str):
        yield ("source",), one
    for position, source in enumerate(getattr(entry, "sources", None) or ()):
        yield ("sources", position), source


def dotted(keys: Keys) -> str:
    """Keys as a field name: ("actions", 0, "potency") is "actions[0].potency"."""
    return "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in keys).removeprefix(".")
