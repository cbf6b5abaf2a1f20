"""What a result rests on: every number with its source, and how many of them are only assumed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from forestall.clinic.arms import Arm
from forestall.knowledge.alterations import load_alterations
from forestall.knowledge.networks import disease_network, quantities
from forestall.knowledge.parameters import load_parameters
from forestall.knowledge.provenance import Entry, Quantity, Reference
from forestall.knowledge.references import load_references

SAMPLING = ("biopsy.", "sequencing.", "amplification.", "ihc.", "ctdna.", "plasma.", "blood.", "ctc.")
"""Parameters of biopsies and blood draws: no trial or course rests on them."""


def model_quantities(arms: Iterable[Arm]) -> Iterator[tuple[str, Quantity]]:
    """Every number behind a trial with its name: parameters, network, alterations and the drugs of its arms."""
    yield from ((name, entry) for name, entry in load_parameters().items() if not name.startswith(SAMPLING))
    network = disease_network()
    yield from _named(f"network {network.id}", network)
    for name, alteration in load_alterations().items():
        yield from _named(f"alteration {name}", alteration)
    drugs = {drug.name: drug for arm in arms for drug in arm.drugs}
    for name in sorted(drugs):
        yield from _named(f"drug {name}", drugs[name])


def _named(prefix: str, entry: Entry) -> Iterator[tuple[str, Quantity]]:
    for path, quantity in quantities(entry):
        yield f"{prefix}: {path}", quantity


def status_counts(arms: Iterable[Arm]) -> dict[str, int]:
    """How many numbers are measured, derived, calibrated and assumed."""
    counts = Counter(quantity.status.value for _, quantity in model_quantities(arms))
    return {status: counts.get(status, 0) for status in ("measured", "derived", "calibrated", "assumed")}


def citations(arms: Iterable[Arm]) -> list[str]:
    """The references of the numbers behind a trial, sorted, each once."""
    keys = {quantity.source for _, quantity in model_quantities(arms) if quantity.source}
    known = load_references()
    return sorted({printed(known[key]) for key in keys if key in known})


def printed(reference: Reference) -> str:
    """A reference with the address where it can be found."""
    if reference.doi:
        return f"{reference.citation}. doi:{reference.doi}"
    if reference.pmid:
        return f"{reference.citation}. PMID {reference.pmid}"
    return f"{reference.citation}. {reference.url}"
