"""What an alteration does to treatment, in words and as plain data."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from forestall.knowledge.alterations import Alteration, Change
from forestall.knowledge.contexts import short_name
from forestall.knowledge.mechanisms import load_mechanisms
from forestall.knowledge.networks import load_networks
from forestall.knowledge.references import load_references
from forestall.studies.citations import printed
from forestall.studies.resistance import AddedDrug, Explanation, SingleDrug
from forestall.studies.responses import Response

CLASS_WORDS = {
    "binding": "impeded binding",
    "bypass": "an alternative pathway",
    "downstream": "activation downstream of the receptors",
    "immune": "a failed immune response",
}
_MOST = 4
"""Drugs that a sentence names before it counts the rest."""


def paragraph(explanation: Explanation) -> str:
    """What the change does, what it costs, through which nodes, and what restores: one paragraph."""
    sentences = [
        _what(explanation),
        _cost(explanation),
        _why(explanation),
        _losers(explanation),
        _keepers(explanation),
        _restoring(explanation),
        _catalog(explanation.change),
    ]
    return " ".join(sentence for sentence in sentences if sentence)


def percent(share: float) -> str:
    """A share as a whole percentage."""
    return f"{100 * share:.0f}%"


def per_day(rate: float) -> str:
    """A growth rate in percent per day, with its sign."""
    return f"{100 * rate:+.1f}%/day"


def _what(explanation: Explanation) -> str:
    change = explanation.change
    named = isinstance(change, Alteration) and not change.name.startswith(change.gene)
    gene = f"{change.gene}, " if isinstance(change, Alteration) and named else ""
    kind = change.resistance_class
    words = f": {CLASS_WORDS[kind]}" if kind is not None else ""
    return f"{change.id} ({gene}{_lower(change.name)}){words}, in {short_name(explanation.context)} tumors."


def _lower(name: str) -> str:
    """A name inside a sentence: small first letter unless it begins with a symbol."""
    return name if len(name) < 2 or name[1].isupper() or name[1].isdigit() else name[0].lower() + name[1:]


def _cost(explanation: Explanation) -> str:
    drugs = joined(explanation.reference)
    untreated, plain, changed = (
        per_day(response.growth_per_day)
        for response in (explanation.untreated, explanation.plain, explanation.changed)
    )
    if not explanation.rescued:
        return f"Under {drugs} growth goes from {untreated} to {plain} without it and to {changed} with it: hardly a difference."
    signal = explanation.plain.signaling_effect_per_day
    share = explanation.changed.signaling_effect_per_day / signal if signal > 0 else 1.0
    left = percent(max(share, 0.0))
    through = f"; of the effect through signaling {left} are left" if share < 1 and left != "100%" else ""
    return f"{_upper(drugs)} takes growth from {untreated} to {plain}, with the change only to {changed}{through}."


def _upper(text: str) -> str:
    return text[0].upper() + text[1:]


def _why(explanation: Explanation) -> str:
    moved = explanation.moved_nodes()
    if not moved:
        return "The signal is the same; what differs is the killing." if explanation.rescued else ""
    nodes = load_networks()["breast"].nodes
    parts = [f"{nodes[name].name} {changed:.2f} instead of {plain:.2f}" for name, plain, changed in moved]
    return f"Under treatment the largest differences are {joined(parts)}."


def _losers(explanation: Explanation) -> str:
    whole = [drug for drug in explanation.losers if drug.verdict == "loses"]
    partly = [drug.drug for drug in explanation.losers if drug.verdict == "loses signaling"]
    sentences = []
    if whole:
        sentences.append(f"It costs {listed(f'{d.drug} ({percent(max(d.kept, 0.0))} left)' for d in whole)}.")
    if partly:
        sentences.append(f"{_upper(listed(partly))} lose through signaling and still kill.")
    return " ".join(sentences)


def _keepers(explanation: Explanation) -> str:
    kept = [drug.drug for drug in explanation.keepers]
    return f"Hardly affected are {listed(kept)}." if kept and explanation.losers else ""


def _restoring(explanation: Explanation) -> str:
    if not explanation.rescued:
        return ""
    reference, restoring = joined(explanation.reference), [d for d in explanation.added if d.restores]
    if restoring:
        drugs = listed(f"{d.drug} ({per_day(d.changed.growth_per_day)})" for d in restoring)
        return f"Control is back when {reference} is joined by {drugs}."
    best = max(explanation.added, key=lambda drug: drug.regained, default=None)
    if best is None or best.regained <= 0:
        return "No targeted drug of the catalog restores control."
    return f"No addition restores control fully; {best.drug} regains most, {percent(best.regained)}."


def _catalog(change: Change) -> str:
    known = [load_mechanisms()[name] for name in change.mechanisms]
    resists = _unique(word for mechanism in known for word in mechanism.resists)
    over = _unique(word for mechanism in known for word in mechanism.overcome_by)
    return f"Literature: resists {', '.join(resists)}; overcome by {', '.join(over)}."


def _unique(words: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(words))


def joined(words: Sequence[str]) -> str:
    """Words with commas and a final "and"."""
    *head, last = words
    return f"{', '.join(head)} and {last}" if head else last


def listed(words: Iterable[str], most: int = _MOST) -> str:
    """The first few words, and how many more there are; empty if there are none."""
    every = list(words)
    if len(every) <= most + 1:
        return joined(every) if every else ""
    return f"{', '.join(every[:most])} and {len(every) - most} others"


def as_data(explanation: Explanation) -> dict[str, Any]:
    """The explanation as plain numbers and texts: what `--json` prints."""
    change = explanation.change
    states = {"untreated": explanation.untreated, "without": explanation.plain, "with": explanation.changed}
    best = explanation.best
    if best is not None:
        states["restored"] = best.changed
    return {
        "change": change.id,
        "name": change.name,
        "class": change.resistance_class,
        "context": explanation.context,
        "reference": list(explanation.reference),
        "explanation": paragraph(explanation),
        "loses": [drug.drug for drug in explanation.losers],
        "restores": [drug.drug for drug in explanation.added if drug.restores] if explanation.rescued else [],
        "drugs": [_single(drug) for drug in explanation.singles],
        "added": [_added(drug) for drug in explanation.added],
        "states": {name: _response(response) for name, response in states.items()},
        "sources": sources(change),
    }


def as_summary(explanation: Explanation) -> dict[str, Any]:
    """The explanation in short: what the list of a class shows."""
    data = as_data(explanation)
    kept = ("change", "name", "class", "context", "reference", "loses", "restores", "sources")
    return {key: data[key] for key in kept}


def _single(drug: SingleDrug) -> dict[str, Any]:
    return {
        "drug": drug.drug,
        "verdict": drug.verdict,
        "kept": drug.kept,
        "kept_signaling": drug.kept_signaling,
        "without": _drives(drug.plain),
        "with": _drives(drug.changed),
    }


def _added(drug: AddedDrug) -> dict[str, Any]:
    return {
        "drug": drug.drug,
        "restores": drug.restores,
        "regained": drug.regained,
        "adds_without_per_day": drug.adds_plain,
        "adds_with_per_day": drug.adds_changed,
        "with": _drives(drug.changed),
    }


def _response(response: Response) -> dict[str, Any]:
    return {"drugs": list(response.drugs), **_drives(response), "activity": dict(response.activity)}


def _drives(response: Response) -> dict[str, float]:
    return {
        "proliferation": response.proliferation,
        "survival": response.survival,
        "kill_per_day": response.kill_per_day,
        "growth_per_day": response.growth_per_day,
    }


def sources(change: Change) -> list[str]:
    """The references of a change, printed."""
    known = load_references()
    return [printed(known[key]) for key in change.sources]
