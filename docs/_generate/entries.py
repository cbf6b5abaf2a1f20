"""Sets one knowledge entry as Markdown: what it is, and every number with its unit and provenance."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from pydantic import BaseModel

from forestall.knowledge.provenance import Quantity

HEADER = "| Number | Value | Interval | Status | Source |\n| --- | --- | --- | --- | --- |"
_SOURCE_FIELDS = {"source", "sources"}
_LABELS = ("id", "op", "kind", "target", "edge", "measure", "drug", "node")
"""Fields that tell the items of a list apart."""


class Leaf(NamedTuple):
    """A value at the end of a dotted path."""

    path: str
    value: object


def section(name: str, entry: BaseModel) -> str:
    """An entry as a section of a page.

    Args:
        name: The entry's key in the catalog.
        entry: The entry.
    """
    leaves = list(_leaves(entry, ""))
    facts = [leaf for leaf in leaves if not isinstance(leaf.value, Quantity) and leaf.value != name]
    numbers = [(leaf.path, leaf.value) for leaf in leaves if isinstance(leaf.value, Quantity)]
    words = "\n".join(f"- {leaf.path}: {_fact(leaf)}" for leaf in facts)
    return "\n\n".join(part for part in (f"## {name}", words, table(numbers) if numbers else "") if part)


def table(numbers: Iterable[tuple[str, Quantity]]) -> str:
    """Named numbers as one table."""
    return "\n".join([HEADER, *(_row(name, quantity) for name, quantity in numbers)])


def _leaves(value: object, path: str) -> Iterator[Leaf]:
    if isinstance(value, BaseModel) and not isinstance(value, Quantity):
        for name, field in type(value).model_fields.items():
            written = field.alias or name
            yield from _leaves(getattr(value, name), f"{path}.{written}" if path else written)
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from _leaves(item, f"{path}.{key}")
    elif isinstance(value, list | tuple) and any(isinstance(item, BaseModel | Mapping) for item in value):
        for label, item in zip(_labels(value), value, strict=True):
            yield from _leaves(item, f"{path}[{label}]")
    elif value not in (None, "", (), []) and not _is_in_label(path, value):
        yield Leaf(path, value)


def _labels(items: Sequence[object]) -> list[str]:
    """What tells the items apart; numbers where their fields do not."""
    labels = [_label(item) for item in items]
    if len(set(labels)) == len(labels):
        return labels
    return [f"{number} {label}".strip() for number, label in enumerate(labels, start=1)]


def _label(item: object) -> str:
    words = (getattr(item, field, None) for field in _LABELS)
    return " ".join(word for word in words if isinstance(word, str))


def _is_in_label(path: str, value: object) -> bool:
    head, _, field = path.rpartition(".")
    return field in _LABELS and head.endswith("]") and str(value) in head


def _fact(leaf: Leaf) -> str:
    items = leaf.value if isinstance(leaf.value, list | tuple) else [leaf.value]
    if leaf.path.split(".")[-1] in _SOURCE_FIELDS:
        return ", ".join(link(str(item)) for item in items)
    return cell("; ".join(str(item) for item in items))


def _row(path: str, quantity: Quantity) -> str:
    value = f"{quantity.value:g} {'' if quantity.unit == '1' else quantity.unit}".strip()
    interval = "" if quantity.interval is None else f"{quantity.interval[0]:g} to {quantity.interval[1]:g}"
    return f"| {path} | {value} | {interval} | {quantity.status.value} | {_provenance(quantity)} |"


def _provenance(quantity: Quantity) -> str:
    source = "" if quantity.source is None else link(quantity.source)
    parts = (source, cell(quantity.where or ""), cell(quantity.note or ""))
    return "; ".join(part for part in parts if part)


def link(key: str) -> str:
    """A link to a reference."""
    return f"[{key}](references.md#{key.lower()})"


def cell(text: str) -> str:
    """Text that fits into a cell of a table."""
    return " ".join(text.split()).replace("|", "\\|").replace("<", "&lt;")
