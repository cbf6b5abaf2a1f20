"""Checks across files: the sources, genes, drugs, nodes and mechanisms that entries name must exist."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

from pydantic import BaseModel

from forestall.errors import InputError, KnowledgeError, did_you_mean
from forestall.knowledge.alterations import Alteration, Change, LimitAccess
from forestall.knowledge.complaints import Keys
from forestall.knowledge.conditions import Condition
from forestall.knowledge.contents import cited_by, dotted, entries_in
from forestall.knowledge.drugs import Action, Drug, DrugClass
from forestall.knowledge.networks import Node
from forestall.knowledge.provenance import Entry
from forestall.knowledge.reading import DATA, Document, locate, read_yaml, validate

ANTIGENS = frozenset({"TACSTD2"})
"""Targets of antibody-drug conjugates that carry no signal and are therefore no nodes."""


class GeneFile(Entry):
    """The gene symbols that the catalog may use."""

    genes: frozenset[str]


@dataclass(frozen=True)
class CheckedFile:
    """A file that fits its schema."""

    document: Document
    content: BaseModel


@dataclass(frozen=True)
class Known:
    """The words that entries may use."""

    references: frozenset[str]
    genes: frozenset[str]
    nodes: frozenset[str]
    drugs: frozenset[str]
    mechanisms: frozenset[str]
    alterations: frozenset[str]


_Complaint = tuple[Keys, str, str, frozenset[str]]
"""Where, what is wrong, the word seen, and the words that are known."""


def load_genes(data: Path = DATA) -> frozenset[str]:
    """The gene symbols (HGNC) that the catalog may use."""
    return validate(GeneFile, read_yaml(data / "genes.yaml")).genes


def faults(file: CheckedFile, known: Known) -> Iterator[InputError]:
    """What a file names that is not known, each with file, line and field."""
    if isinstance(file.content, Drug):
        yield from _misnamed(file.document, file.content)
    for keys, entry in entries_in(file.content):
        for check in _CHECKS:
            for inner, message, word, words in check(entry, known):
                path = keys + inner
                line = locate(file.document, path)
                fix = did_you_mean(word, words)
                yield KnowledgeError(
                    message, file=file.document.path, line=line, field=dotted(path), value=word, fix=fix
                )


def _misnamed(document: Document, drug: Drug) -> Iterator[InputError]:
    stem = drug.name.replace(" ", "_").replace("-", "_")
    if document.path.stem != stem:
        fix = f"rename the file to {stem}.yaml"
        line = locate(document, ("name",))
        yield KnowledgeError(
            "file and drug differ", file=document.path, line=line, field="name", value=drug.name, fix=fix
        )


def _unknown(keys: Keys, what: str, word: str, words: frozenset[str]) -> Iterator[_Complaint]:
    if word not in words:
        yield keys, f"unknown {what}", word, words


def _check_sources(entry: BaseModel, known: Known) -> Iterator[_Complaint]:
    for keys, source in cited_by(entry):
        yield from _unknown(keys, "source, which 'references' should define", source, known.references)


def _check_genes(entry: BaseModel, known: Known) -> Iterator[_Complaint]:
    gene = getattr(entry, "gene", None)
    if isinstance(gene, str):
        yield from _unknown(("gene",), "gene", gene, known.genes)
    field = "targets" if isinstance(entry, Drug) else "genes"
    for position, symbol in enumerate(getattr(entry, field, None) or ()):
        yield from _unknown((field, position), "gene", symbol, known.genes)


def _check_nodes(entry: BaseModel, known: Known) -> Iterator[_Complaint]:
    if isinstance(entry, Action) and entry.kind not in ("cytotoxic", "immune", "starvation"):
        extra = ANTIGENS if entry.kind in ("payload", "adcc") else frozenset()
        for node in entry.target.split("->"):
            yield from _unknown(("target",), "network node", node.strip(), known.nodes | extra)
    if isinstance(entry, LimitAccess):
        for position, target in enumerate(entry.targets):
            yield from _unknown(("targets", position), "network node", target, known.nodes | ANTIGENS)
        return
    if isinstance(entry, Condition):
        for ligand in entry.ligands:
            yield from _unknown(("ligands", ligand), "network node", ligand, known.nodes)
    for field in ("node", "edge"):
        named = getattr(entry, field, None)
        for part in named.split("->") if isinstance(named, str) else ():
            yield from _unknown((field,), "network node", part.strip(), known.nodes)


def _check_drugs(entry: BaseModel, known: Known) -> Iterator[_Complaint]:
    if isinstance(entry, LimitAccess):
        for position, drug in enumerate(entry.drugs):
            yield from _unknown(("drugs", position), "drug", drug, known.drugs)
        for position, name in enumerate(entry.classes):
            yield from _unknown(("classes", position), "drug class", name, frozenset(get_args(DrugClass)))
    if isinstance(entry, Node):
        for position, name in enumerate(entry.hidden_from):
            yield from _unknown(("hidden_from", position), "drug class", name, frozenset(get_args(DrugClass)))
    if isinstance(entry, Alteration):
        words = known.drugs | frozenset(get_args(DrugClass))
        for position, name in enumerate(entry.selected_by):
            yield from _unknown(("selected_by", position), "drug or drug class", name, words)


def _check_mechanisms(entry: BaseModel, known: Known) -> Iterator[_Complaint]:
    if isinstance(entry, Change):
        for position, name in enumerate(entry.mechanisms):
            yield from _unknown(("mechanisms", position), "mechanism", name, known.mechanisms)


def _check_undone(entry: BaseModel, known: Known) -> Iterator[_Complaint]:
    if isinstance(entry, Alteration):
        for position, name in enumerate(entry.undoes):
            yield from _unknown(("undoes", position), "alteration", name, known.alterations)


_CHECKS: tuple[Callable[[BaseModel, Known], Iterator[_Complaint]], ...] = (
    _check_sources,
    _check_genes,
    _check_nodes,
    _check_drugs,
    _check_mechanisms,
    _check_undone,
)
