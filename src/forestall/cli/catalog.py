"""`forestall catalog`: the knowledge that results rest on, with units, uncertainty and sources."""

from __future__ import annotations

import importlib
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from forestall.cli.options import AsJson, DiseaseName
from forestall.errors import InputError, did_you_mean

if TYPE_CHECKING:
    from pydantic import BaseModel
    from rich.console import Console
    from rich.table import Table

    from forestall.knowledge.provenance import Quantity, Reference

_HOMES = {
    "drugs": "drugs",
    "regimens": "regimens",
    "mechanisms": "mechanisms",
    "trials": "trials",
    "alterations": "alterations",
    "conditions": "conditions",
    "parameters": "parameters",
    "networks": "networks",
    "evidence": "evidence",
}
"""The module of `forestall.knowledge` that loads each kind, by a function called load_KIND."""
_SUMMARIES: dict[str, tuple[str, ...]] = {
    "drugs": ("drug_class", "targets", "routes"),
    "regimens": ("components",),
    "mechanisms": ("name", "layer", "resists"),
    "trials": ("title", "arms"),
    "alterations": ("gene", "name", "kind"),
    "conditions": ("name", "resistance_class"),
    "parameters": ("value", "unit", "interval", "status"),
    "networks": ("name", "nodes"),
    "evidence": ("subgroup", "arms"),
}
"""Fields that the list of each kind shows."""

Kind = Annotated[str, typer.Argument(help=f"One of: {', '.join(_HOMES)}.", show_default=False)]
Name = Annotated[str | None, typer.Argument(help="An entry; without it, the list.", show_default=False)]


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command("catalog", short_help="Show the knowledge that results rest on, with its sources.")(catalog)


def catalog(kind: Kind, name: Name = None, disease: DiseaseName = None, as_json: AsJson = False) -> None:
    """Show the knowledge that results rest on: a list, or one entry with its numbers and sources."""
    from forestall.knowledge.packs import find_disease
    from forestall.knowledge.scope import in_scope

    with in_scope(None if disease is None else find_disease(disease)):
        _show(kind, name, as_json=as_json)


def _show(kind: str, name: str | None, *, as_json: bool) -> None:
    entries = _load(kind)
    if name is None:
        _show_list(kind, entries, as_json=as_json)
        return
    key = _find(kind, entries, name)
    if as_json:
        _print_json({"name": key, **_as_data(entries[key]), "references": _references_as_data(entries[key])})
    else:
        _show_entry(kind, key, entries[key])


def _load(kind: str) -> Mapping[str, BaseModel]:
    word = kind.strip().casefold()
    if word not in _HOMES:
        raise InputError(
            "there is no such catalog", value=kind, allowed=", ".join(_HOMES), fix=_guess(kind, _HOMES)
        )
    module = importlib.import_module(f"forestall.knowledge.{_HOMES[word]}")
    entries: Mapping[str, BaseModel] = getattr(module, f"load_{word}")()
    return entries


def _guess(word: str, options: Iterable[str]) -> str | None:
    guess = did_you_mean(word, options)
    return guess if guess.startswith("did") else None


def _plain(word: str) -> str:
    """A name as it is compared: letters and digits only."""
    return "".join(letter for letter in word.casefold() if letter.isalnum())


def _find(kind: str, entries: Mapping[str, BaseModel], name: str) -> str:
    """The key of an entry that goes by a name or alias, whatever its case, blanks and hyphens."""
    known = {_plain(alias): key for key, entry in entries.items() for alias in getattr(entry, "aliases", ())}
    known |= {_plain(key): key for key in entries}
    if _plain(name) in known:
        return known[_plain(name)]
    fix = _guess(name, entries) or f"see 'forestall catalog {kind}{_option()}'"
    raise InputError(f"no such entry among the {kind}", value=name, fix=fix)


def _as_data(entry: BaseModel) -> dict[str, Any]:
    data = entry.model_dump(mode="json", by_alias=True)
    return data if isinstance(data, dict) else {"value": data}


def _references_of(entry: BaseModel) -> dict[str, Reference]:
    from forestall.knowledge.contents import sources_of
    from forestall.knowledge.references import load_references

    references = load_references()
    return {key: references[key] for key in sources_of(entry) if key in references}


def _references_as_data(entry: BaseModel) -> dict[str, Any]:
    return {key: reference.model_dump(exclude_none=True) for key, reference in _references_of(entry).items()}


def _print_json(data: object) -> None:
    typer.echo(json.dumps(data, indent=2, ensure_ascii=False, allow_nan=False))


def _show_list(kind: str, entries: Mapping[str, BaseModel], *, as_json: bool) -> None:
    fields = _SUMMARIES[kind.strip().casefold()]
    if as_json:
        _print_json([{"id": key, **_picked(entry, fields)} for key, entry in entries.items()])
        return
    table = _table("name", *(field.replace("_", " ") for field in fields))
    for key, entry in entries.items():
        table.add_row(key, *(_short(getattr(entry, field)) for field in fields))
    console = _console()
    console.print(table)
    command = f"forestall catalog {kind} NAME{_option()}"
    console.print(f"{len(entries)} {kind}; '{command}' shows one with its sources")


def _option() -> str:
    """What the user has to add for the disease in force."""
    from forestall.knowledge.scope import current

    scope = current()
    return "" if scope is None else f" --disease {scope.origin}"


def _picked(entry: BaseModel, fields: Iterable[str]) -> dict[str, Any]:
    data, infos = _as_data(entry), type(entry).model_fields
    return {field: data.get(infos[field].alias or field) for field in fields}


def _short(value: object) -> str:
    """A value in one cell."""
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, Mapping):
        return ", ".join(str(key) for key in value)
    if isinstance(value, tuple | list):
        joint = " + " if value and hasattr(value[0], "text") else ", "
        return joint.join(_short(item) for item in value)
    text = getattr(value, "text", None)
    return str(text()) if callable(text) else str(value)


def _console() -> Console:
    from rich.console import Console

    return Console(markup=False, highlight=False, emoji=False)


def _table(*columns: str, first: int = 24) -> Table:
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for position, column in enumerate(columns):
        table.add_column(column, overflow="fold", min_width=first if position == 0 else 8)
    return table


def _show_entry(kind: str, key: str, entry: BaseModel) -> None:
    from forestall.knowledge.contents import dotted, numbers_in
    from forestall.knowledge.provenance import Quantity

    console = _console()
    console.print(f"{key}  ({kind})", style="bold")
    if not isinstance(entry, Quantity):
        for line in _facts(entry):
            console.print(line)
    numbers = [(dotted(keys) or "value", quantity) for keys, quantity in numbers_in(entry)]
    references = _references_of(entry)
    order = {source: str(position) for position, source in enumerate(references, start=1)}
    if numbers:
        console.print()
        console.print(_numbers(numbers, order))
    _show_references(console, references)


def _facts(entry: BaseModel) -> Iterator[str]:
    """Everything that is no number with provenance, a line for each field, or for each item of a list."""
    from pydantic import BaseModel

    for name, info in type(entry).model_fields.items():
        value, label = getattr(entry, name), info.alias or name
        if isinstance(value, tuple) and any(isinstance(item, BaseModel) for item in value):
            lines = ((f"{label}[{number}]", _in_words(item)) for number, item in enumerate(value))
        elif isinstance(value, Mapping) and any(isinstance(item, BaseModel) for item in value.values()):
            lines = ((f"{label}.{key}", _in_words(item)) for key, item in value.items())
        else:
            lines = ((label, _in_words(value)) for _ in range(1))
        yield from (f"{field}: {text}" for field, text in lines if text)


def _in_words(value: object) -> str:
    """A value on one line, without its numbers with provenance (they have a table)."""
    from pydantic import BaseModel

    from forestall.knowledge.provenance import Quantity

    if value is None or isinstance(value, Quantity):
        return ""
    if isinstance(value, BaseModel) and not callable(getattr(value, "text", None)):
        pairs = (
            (info.alias or name, getattr(value, name)) for name, info in type(value).model_fields.items()
        )
        return "; ".join(f"{name}: {text}" for name, text in ((n, _in_words(v)) for n, v in pairs) if text)
    if isinstance(value, Mapping):
        return "; ".join(
            f"{key}: {text}" for key, text in ((k, _in_words(v)) for k, v in value.items()) if text
        )
    if isinstance(value, tuple):
        return ", ".join(text for text in map(_in_words, value) if text)
    return _short(value)


def _numbers(numbers: Iterable[tuple[str, Quantity]], order: Mapping[str, str]) -> Table:
    """One row for each number, under a heading for each part of the entry."""
    table = _table("number", "value", "status and source", first=30)
    heading = ""
    for field, quantity in sorted(numbers, key=lambda number: "." in number[0]):
        part, _, name = field.rpartition(".")
        if part != heading:
            table.add_row(part)
            heading = part
        table.add_row(f"  {name}" if part else name, _value(quantity), _origin(quantity, order))
    return table


def _value(quantity: Quantity) -> str:
    unit = "" if quantity.unit == "1" else f" {quantity.unit}"
    interval = "" if quantity.interval is None else " [{:g} to {:g}]".format(*quantity.interval)
    return f"{quantity.value:g}{unit}{interval}"


def _origin(quantity: Quantity, order: Mapping[str, str]) -> str:
    source = f" [{order.get(quantity.source, quantity.source)}]" if quantity.source else ""
    place = f", {quantity.where}" if quantity.where and quantity.source else ""
    note = f"; {quantity.note}" if quantity.note else ""
    return f"{quantity.status.value}{source}{place}{note}"


def _show_references(console: Console, references: Mapping[str, Reference]) -> None:
    if not references:
        return
    console.print()
    console.print("Sources", style="bold")
    for position, (key, reference) in enumerate(references.items(), start=1):
        where = reference.doi and f"doi:{reference.doi}"
        where = where or (reference.pmid and f"PMID {reference.pmid}") or reference.url
        console.print(f"[{position}] {reference.citation}. {where} ({key})")
