"""The reference pages on the knowledge: one page per kind of entry, and the references."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import groupby
from typing import NamedTuple
from urllib.parse import quote

from pydantic import BaseModel

import outcomes
from entries import cell, link, section, table
from forestall.knowledge.alterations import load_alterations
from forestall.knowledge.conditions import load_conditions
from forestall.knowledge.drugs import load_drugs
from forestall.knowledge.evidence import load_evidence
from forestall.knowledge.mechanisms import load_mechanisms
from forestall.knowledge.parameters import load_parameters
from forestall.knowledge.provenance import Reference
from forestall.knowledge.references import load_references
from forestall.knowledge.regimens import Regimen, load_regimens
from forestall.knowledge.trials import load_trials

FOLDER = "reference/knowledge"
NOTE = "Generated from the knowledge files. A number without a source is an assumption and says so."


class Kind(NamedTuple):
    """A kind of knowledge entry."""

    name: str
    title: str
    introduction: str
    load: Callable[[], Mapping[str, BaseModel]]


KINDS = (
    Kind("drugs", "Drugs", "Kinetics, and what each drug does to its targets.", load_drugs),
    Kind("mechanisms", "Mechanisms", "The named ways in which tumors resist.", load_mechanisms),
    Kind("alterations", "Alterations", "Heritable changes of a clone, and what each does.", load_alterations),
    Kind("conditions", "Conditions", "States of stroma, patient or immune system.", load_conditions),
    Kind("trials", "Trials", "Designs that `forestall trial` runs by name.", load_trials),
)


def pages() -> Iterator[tuple[str, str]]:
    """Every page: its path in the documentation, and its Markdown."""
    for kind in KINDS:
        yield f"{FOLDER}/{kind.name}.md", _page(kind)
    yield f"{FOLDER}/regimens.md", _regimens()
    yield f"{FOLDER}/parameters.md", _parameters()
    yield f"{FOLDER}/evidence.md", _evidence()
    yield f"{FOLDER}/references.md", _references()


def _page(kind: Kind) -> str:
    sections = (section(name, entry) for name, entry in sorted(kind.load().items()))
    return "\n\n".join([f"# {kind.title}", f"{kind.introduction} {NOTE}", *sections])


def _regimens() -> str:
    introduction = "Doses and schedules that a trial file can name, in words that it can also write out."
    rows = (_regimen(regimen) for _, regimen in sorted(load_regimens().items()))
    header = "| Name | Doses | Also known as | Sources |\n| --- | --- | --- | --- |"
    return f"# Regimens\n\n{introduction} {NOTE}\n\n" + "\n".join([header, *rows])


def _regimen(regimen: Regimen) -> str:
    sources = ", ".join(link(key) for key in regimen.sources)
    notes = f" ({cell(regimen.note)})" if regimen.note else ""
    return f"| {cell(regimen.name)} | {cell(regimen.text())}{notes} | {cell(', '.join(regimen.aliases))} | {sources} |"


def _parameters() -> str:
    introduction = "Numbers of the model that belong to no single drug, network or alteration."
    groups = groupby(sorted(load_parameters().items()), key=lambda item: item[0].split(".")[0])
    sections = (f"## {group}\n\n{table(items)}" for group, items in groups)
    return "\n\n".join(["# Parameters", f"{introduction} {NOTE}", *sections])


def _evidence() -> str:
    introduction = "Published outcomes that simulated ones are compared with, and where each was read."
    sections = (outcomes.section(name, entry) for name, entry in sorted(load_evidence().items()))
    return "\n\n".join(["# Evidence", introduction, *sections])


def _references() -> str:
    lines = (_reference(key, reference) for key, reference in sorted(load_references().items()))
    return "\n\n".join(["# References", "Every source that a number or an entry names.", *lines])


def _reference(key: str, reference: Reference) -> str:
    links = {
        "DOI": reference.doi and f"https://doi.org/{quote(reference.doi)}",
        "PubMed": reference.pmid and f"https://pubmed.ncbi.nlm.nih.gov/{reference.pmid}/",
        "link": reference.url,
    }
    shown = " · ".join(f"[{name}](<{address}>)" for name, address in links.items() if address)
    return f"## {key}\n\n{reference.citation} {shown}"
