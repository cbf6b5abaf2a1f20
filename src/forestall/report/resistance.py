"""Figure and tables of what an alteration does to treatment."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

from matplotlib.figure import Figure
from rich import box
from rich.console import Console
from rich.table import Table

from forestall.knowledge.alterations import Change, LimitAccess, RemoveInput, ScaleWeight, ShiftAffinity
from forestall.knowledge.conditions import Condition
from forestall.knowledge.contexts import short_name
from forestall.knowledge.networks import disease_network
from forestall.report.drawing import save_figure
from forestall.report.network_figure import NetworkPlot, network_figure
from forestall.studies.average_exposure import average_effects
from forestall.studies.output import staged_folder
from forestall.studies.record import RECORD_FILE, file_sha256, knowledge_sha256, machine, versions
from forestall.studies.resistance import AddedDrug, Explanation, SingleDrug
from forestall.studies.resistance_words import (
    CLASS_WORDS,
    as_data,
    joined,
    listed,
    paragraph,
    percent,
    sources,
)
from forestall.studies.responses import Response

_LEGEND = (
    "Growth of a typical tumor in %/day at average exposure, once expression has adapted, without and with the "
    "change; kept: share of the drug's effect, in all and through signaling; p/s: proliferation and survival "
    "drive relative to the untreated tumor. For research use only."
)
_ADDED_ROWS = 8
"""Additions that the table shows, the best ones."""


def explanation_figure(explanation: Explanation) -> Figure:
    """The network untreated, under the reference without and with the change, and with what restores."""
    reference, change = joined(explanation.reference), explanation.change.id
    states = {
        "untreated, without the change": explanation.untreated.activity,
        f"{reference}, without the change": explanation.plain.activity,
        f"{reference}, with {change}": explanation.changed.activity,
    }
    drugs = explanation.reference
    if explanation.best is not None:
        states[f"+ {explanation.best.drug}, with {change}"] = explanation.best.changed.activity
        drugs = (*drugs, explanation.best.drug)
    return network_figure(
        NetworkPlot(
            f"{change} in {short_name(explanation.context)} tumors",
            disease_network(),
            states,
            targets=frozenset(_targets(drugs)),
            altered=frozenset(_altered(explanation.change)),
        )
    )


def _targets(drugs: tuple[str, ...]) -> Iterator[str]:
    nodes = disease_network().nodes
    for drug in drugs:
        for part in average_effects(drug):
            yield from (name.strip() for name in part.action.target.split("->") if name.strip() in nodes)


def _altered(change: Change) -> Iterator[str]:
    nodes = disease_network().nodes
    for operator in change.operators:
        if isinstance(operator, LimitAccess):
            yield from (name for name in operator.targets if name in nodes)
        elif isinstance(operator, RemoveInput | ScaleWeight):
            yield from (part.strip() for part in operator.edge.split("->"))
        elif not isinstance(operator, ShiftAffinity):
            yield operator.node
    if isinstance(change, Condition):
        yield from change.ligands


def write_explanation(explanation: Explanation, folder: Path) -> None:
    """Write network.svg, network.png, explanation.txt, explanation.json and the record: all of them or nothing.

    Args:
        explanation: The explanation.
        folder: Where to; an earlier result there is replaced.

    Raises:
        StudyError: if the folder cannot be written, or holds files of others.
    """
    with staged_folder(folder) as staging:
        save_figure(explanation_figure(explanation), staging, "network")
        (staging / "explanation.txt").write_text(paragraph(explanation) + "\n", encoding="utf-8")
        text = json.dumps(as_data(explanation), indent=2, ensure_ascii=False, allow_nan=False)
        (staging / "explanation.json").write_text(text + "\n", encoding="utf-8")
        record = {
            "study": "network explain",
            "change": explanation.change.id,
            "context": explanation.context,
            "drugs": list(explanation.reference),
            "versions": versions(),
            "machine": machine(),
            "knowledge_sha256": knowledge_sha256(),
            "files_sha256": {path.name: file_sha256(path) for path in sorted(staging.iterdir())},
        }
        (staging / RECORD_FILE).write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")


def print_class(name: str, found: Sequence[Explanation], console: Console) -> None:
    """Print the members of a class of resistance: what each costs and what restores."""
    console.print(f"Resistance to HER2 blockade by {CLASS_WORDS[name]}")
    console.print()
    for each in found:
        console.print(_member(each))
        console.print()
    console.print("'forestall network explain NAME' shows one on the network. For research use only.")


def _member(each: Explanation) -> str:
    """A member of a class in four lines."""
    restoring = [drug.drug for drug in each.added if drug.restores] if each.rescued else []
    return "\n".join(
        [
            f"{each.change.id}: {each.change.name} ({short_name(each.context)})",
            f"  loses     {listed([_left(drug) for drug in each.losers]) or 'none'}",
            f"  keeps     {listed([drug.drug for drug in each.keepers]) or 'none'}",
            f"  restores  {listed(restoring) or 'none'} (added to {joined(each.reference)})",
        ]
    )


def _left(drug: SingleDrug) -> str:
    if drug.verdict == "loses":
        return f"{drug.drug} ({percent(max(drug.kept, 0.0))} left)"
    return f"{drug.drug} (signaling)"


def print_explanation(explanation: Explanation, console: Console) -> None:
    """Print the paragraph, every drug that works, and the best additions."""
    console.print(paragraph(explanation))
    console.print()
    console.print(_singles_table(explanation))
    if explanation.rescued:
        console.print()
        console.print(_added_table(explanation))
    console.print()
    console.print(_LEGEND)
    for line in sources(explanation.change):
        console.print(f"- {line}")


def _table(*columns: str) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, padding=(0, 2, 0, 0))
    for position, column in enumerate(columns):
        table.add_column(
            column,
            justify="left" if position == 0 else "right",
            no_wrap=position > 0,
            min_width=24 if position == 0 else None,
        )
    return table


_HEADINGS = {"loses": "Loses", "loses signaling": "Loses signaling only", "keeps": "Keeps"}


def _singles_table(explanation: Explanation) -> Table:
    table = _table("drug alone", "growth", "with it", "kept", "signal", "p/s", "with it")
    shown = [*explanation.losers, *explanation.keepers]
    for verdict, heading in _HEADINGS.items():
        rows = [drug for drug in shown if drug.verdict == verdict]
        if rows:
            table.add_row(heading)
        for drug in rows:
            table.add_row(*_single_row(drug))
    return table


def _single_row(drug: SingleDrug) -> tuple[str, ...]:
    return (
        f"  {drug.drug}",
        _rate(drug.plain.growth_per_day),
        _rate(drug.changed.growth_per_day),
        percent(max(drug.kept, 0.0)),
        percent(max(drug.kept_signaling, 0.0)),
        _drives(drug.plain),
        _drives(drug.changed),
    )


def _rate(rate: float) -> str:
    return f"{100 * rate:+.1f}"


def _drives(response: Response) -> str:
    return f"{response.proliferation:.2f}/{response.survival:.2f}"


def _added_table(explanation: Explanation) -> Table:
    table = _table(
        f"added to {joined(explanation.reference)}", "adds", "with it", "growth", "p/s", "regained"
    )
    for drug in explanation.added[:_ADDED_ROWS]:
        table.add_row(*_added_row(drug))
    return table


def _added_row(drug: AddedDrug) -> tuple[str, ...]:
    return (
        f"  {drug.drug}",
        _rate(-drug.adds_plain),
        _rate(-drug.adds_changed),
        _rate(drug.changed.growth_per_day),
        _drives(drug.changed),
        "all" if drug.restores else percent(max(drug.regained, 0.0)),
    )
