"""Checks across files: the sources, genes, drugs, nodes and mechanisms that entries name must exist."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

from pydantic import BaseModel

from forestall.errors import InputError, KnowledgeError, did_you_mean
from forestall.knowledge.alterations import Alteration, AlterationFile, Change, LimitAccess
from forestall.knowledge.complaints import Keys
from forestall.knowledge.conditions import Condition, ConditionFile
from forestall.knowledge.contents import cited_by, dotted, entries_in
from forestall.knowledge.drugs import Action, Drug, DrugClass
from forestall.knowledge.evidence import Evidence
from forestall.knowledge.mechanisms import MechanismFile
from forestall.knowledge.networks import Network, Node
from forestall.knowledge.parameters import ParameterFile
from forestall.knowledge.pdx_fits import PdxFit
from forestall.knowledge.pdx_treatments import PdxTreatmentFile
from forestall.knowledge.provenance import Entry
from forestall.knowledge.reading import DATA, Document, locate, read_yaml, validate
from forestall.knowledge.references import ReferenceFile
from forestall.knowledge.regimens import RegimenFile
from forestall.knowledge.trials import TrialSpec

MODELS: dict[str, type[BaseModel]] = {
    "references": ReferenceFile,
    "networks": Network,
    "mechanisms": MechanismFile,
    "drugs": Drug,
    "alterations": AlterationFile,
    "conditions": ConditionFile,
    "regimens": RegimenFile,
    "parameters": ParameterFile,
    "evidence": Evidence,
    "trials": TrialSpec,
    "pdx": PdxTreatmentFile,
    "pdx_fits": PdxFit,
}
"""What the files of each folder hold."""
ANTIGENS = frozenset({"TACSTD2"})
"""Targets of antibody-drug conjugates that carry no signal and are therefore no nodes."""
NO_GENE = frozenset({"DNA"})


class GeneFile(Entry):
    """The gene symbols that the catalog may use."""

    genes: frozenset[str]


@dataclass(frozen=True)
class _File:
    document: Document
    content: BaseModel


@dataclass(frozen=True)
class _Known:
    """The words that entries may use."""

    references: frozenset[str]
    genes: frozenset[str]
    nodes: frozenset[str]
    drugs: frozenset[str]
    mechanisms: frozenset[str]


_Complaint = tuple[Keys, str, str, frozenset[str]]
"""Where, what is wrong, the word seen, and the words that are known."""


def load_genes(data: Path = DATA) -> frozenset[str]:
    """The gene symbols (HGNC) that the catalog may use."""
    return validate(GeneFile, read_yaml(data / "genes.yaml")).genes


def check_knowledge(data: Path = DATA) -> list[InputError]:
    """Every fault of the knowledge files.

    Args:
        data: The folder that holds one folder per kind of entry.

    Returns:
        Errors that name file, line and field; none if all is well.
    """
    files: list[_File] = []
    errors: list[InputError] = []
    for folder, model in MODELS.items():
        for path in sorted((data / folder).glob("*.yaml")):
            try:
                document = read_yaml(path)
                files.append(_File(document, validate(model, document)))
            except InputError as error:
                errors.append(error)
    known = _known(files, load_genes(data))
    return errors + [fault for file in files for fault in _faults(file, known)]


def _known(files: list[_File], genes: frozenset[str]) -> _Known:
    contents = [file.content for file in files]
    return _Known(
        references=frozenset(
            key for file in contents if isinstance(file, ReferenceFile) for key in file.root
        ),
        genes=genes | NO_GENE,
        nodes=frozenset(node for file in contents if isinstance(file, Network) for node in file.nodes),
        drugs=frozenset(file.name for file in contents if isinstance(file, Drug)),
        mechanisms=frozenset(
            key for file in contents if isinstance(file, MechanismFile) for key in file.mechanisms
        ),
    )


def _faults(file: _File, known: _Known) -> Iterator[InputError]:
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


def _check_sources(entry: BaseModel, known: _Known) -> Iterator[_Complaint]:
    for keys, source in cited_by(entry):
        yield from _unknown(keys, "source", source, known.references)


def _check_genes(entry: BaseModel, known: _Known) -> Iterator[_Complaint]:
    gene = getattr(entry, "gene", None)
    if isinstance(gene, str):
        yield from _unknown(("gene",), "gene", gene, known.genes)
    field = "targets" if isinstance(entry, Drug) else "genes"
    for position, symbol in enumerate(getattr(entry, field, None) or ()):
        yield from _unknown((field, position), "gene", symbol, known.genes)


def _check_nodes(entry: BaseModel, known: _Known) -> Iterator[_Complaint]:
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


def _check_drugs(entry: BaseModel, known: _Known) -> Iterator[_Complaint]:
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


def _check_mechanisms(entry: BaseModel, known: _Known) -> Iterator[_Complaint]:
    if isinstance(entry, Change):
        for position, name in enumerate(entry.mechanisms):
            yield from _unknown(("mechanisms", position), "mechanism", name, known.mechanisms)


_CHECKS: tuple[Callable[[BaseModel, _Known], Iterator[_Complaint]], ...] = (
    _check_sources,
    _check_genes,
    _check_nodes,
    _check_drugs,
    _check_mechanisms,
)
