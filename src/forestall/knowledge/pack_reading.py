"""Reading a disease pack: its files one by one, joined, and checked against each other."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from forestall.errors import InputError, KnowledgeError, did_you_mean
from forestall.knowledge.alterations import Alteration, Operator
from forestall.knowledge.complaints import Keys
from forestall.knowledge.contents import dotted, entries_in
from forestall.knowledge.cross_checks import CheckedFile, Known, faults, load_genes
from forestall.knowledge.drugs import KILLING, Action, Drug, load_drugs
from forestall.knowledge.evidence import Evidence
from forestall.knowledge.mechanisms import load_mechanisms
from forestall.knowledge.networks import Network
from forestall.knowledge.pack_file import SITES, Pack, PackFile
from forestall.knowledge.pack_parameters import parameters_of_types
from forestall.knowledge.parameters import load_parameters
from forestall.knowledge.provenance import Entry, Quantity
from forestall.knowledge.reading import Document, locate, read_yaml, validate
from forestall.knowledge.references import load_references
from forestall.knowledge.regimens import Regimen, load_regimens, parse_regimen
from forestall.knowledge.scope import Scope, in_scope
from forestall.units import factor

_LARGEST_FILES = 60


class RegimenSection(Entry):
    """The regimens of a pack's file."""

    regimens: tuple[Regimen, ...]


class EvidenceSection(Entry):
    """The published results in a pack's file."""

    evidence: tuple[Evidence, ...]


def read_pack(path: Path, origin: str | None = None) -> Scope:
    """A pack from its file or folder.

    Args:
        path: The file, or the folder whose YAML files are joined.
        origin: How the user named it; the path if absent.

    Raises:
        InputError: naming file, line, field and fix of what is wrong.
    """
    with in_scope(None):
        return _Reading(path).scope(origin or str(path))


class _Reading:
    """A pack while it is read."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.parts = [(document, validate(PackFile, document)) for document in _documents(path)]

    def scope(self, origin: str) -> Scope:
        """The pack's knowledge, checked."""
        pack = self.pack()
        entries = self._entries(pack)

        def stage() -> Scope:
            """A new scope for each stage: nothing that was kept while entries were missing outlives it."""
            return Scope(pack.disease, pack.name, origin, pack, entries)

        self._check(entries)
        self._check_spectra(entries["alterations"])
        borrowed = {
            name: regimen for name, regimen in load_regimens().items() if set(regimen.drugs) <= self._used()
        }
        with in_scope(stage()):
            entries["regimens"] = borrowed | {r.name: r for r in self._section("regimens", RegimenSection)}
        with in_scope(stage()):
            self._check_regimen(pack.after_progression)
            entries["evidence"] = {e.trial: e for e in self._evidence()}
        return stage()

    def _entries(self, pack: Pack) -> dict[str, Mapping[str, Any]]:
        """Entries by kind; regimens and evidence need the others in force before they can be read."""
        drugs = self._drugs()
        return {
            "references": load_references() | self._joined("references"),
            "networks": {pack.network.id: pack.network},
            "mechanisms": load_mechanisms() | self._joined("mechanisms"),
            "drugs": drugs,
            "alterations": self._alterations(pack.network, drugs),
            "conditions": {},
            "parameters": self._parameters(pack),
            "regimens": {},
            "evidence": {},
            "trials": {},
        }

    def pack(self) -> Pack:
        """The facts of the disease."""
        types = self._joined("types")
        network = self._one("network")
        first = next(iter(types.values()), None)
        if first is None:
            raise self._missing("types", "at least one type of tumor")
        for name in types:
            if name not in network.contexts:
                message = "the network has no context of this name"
                raise self._fault("types", ("types", name), message, name, network.contexts)
        places = list(dict.fromkeys(site for kind in types.values() for site in kind.sites))
        primary = self._one("primary_site", needed=False) or next(iter(first.sites))
        own = [site for site in dict.fromkeys([*places, primary]) if site not in SITES]
        return Pack(
            disease=self._one("disease"),
            name=self._one("name"),
            description=self._one("description", needed=False) or "",
            sex=next((part.sex for _, part in self.parts if part.sex != "any"), "any"),
            types=types,
            network=network,
            primary_site=primary,
            sites=(*SITES, *own),
            after_progression=self._one("after_progression", needed=False) or "no treatment",
            visits=self._one("visits", needed=False),
            burden=self._one("burden", needed=False),
            spectra=tuple(spectrum for _, part in self.parts for spectrum in part.spectra),
            folder=self.path if self.path.is_dir() else self.path.parent,
        )

    def _one(self, field: str, *, needed: bool = True) -> Any:
        """The value of a field that one file gives."""
        given = [(document, getattr(part, field)) for document, part in self.parts if getattr(part, field)]
        if len(given) > 1:
            document = given[1][0]
            raise InputError(
                f"another file of the pack has this, too: {given[0][0].path.name}",
                file=document.path,
                line=locate(document, (field,)),
                field=field,
            )
        if not given and needed:
            raise self._missing(field, "this section")
        return given[0][1] if given else None

    def _missing(self, field: str, what: str) -> InputError:
        known = ", ".join(PackFile.model_fields)
        return InputError(f"the pack lacks {what}", file=self.path, field=field, fix=f"sections: {known}")

    def _joined(self, field: str) -> dict[str, Any]:
        """Entries by name from all files; a name that comes twice is an error."""
        joined: dict[str, Any] = {}
        for document, part in self.parts:
            for name, entry in getattr(part, field).items():
                if name in joined:
                    raise _twice(document, (field, name), name)
                joined[name] = entry
        return joined

    def _used(self) -> set[str]:
        return {name for _, part in self.parts for name in part.uses}

    def _drugs(self) -> dict[str, Drug]:
        shared, drugs = load_drugs(), dict[str, Drug]()
        for document, part in self.parts:
            for number, name in enumerate(part.uses):
                if name not in shared:
                    raise self._at(
                        document, ("uses", number), "the breast catalog has no such drug", name, shared
                    )
                drugs[name] = shared[name]
        for document, part in self.parts:
            for number, drug in enumerate(part.drugs):
                if drug.name in drugs:
                    raise _twice(document, ("drugs", number, "name"), drug.name)
                drugs[drug.name] = drug
        return drugs

    def _alterations(self, network: Network, drugs: Mapping[str, Drug]) -> dict[str, Alteration]:
        found: dict[str, Alteration] = {}
        homes: dict[str, tuple[Document, int]] = {}
        for document, part in self.parts:
            for number, entry in enumerate(part.alterations):
                if entry.id in found:
                    raise _twice(document, ("alterations", number, "id"), entry.id)
                found[entry.id] = entry.model_copy(update={"network": network.id})
                homes[entry.id] = document, number
        for name, operators in self._shifts(found, drugs).items():
            found[name] = found[name].model_copy(update={"operators": (*found[name].operators, *operators)})
        for name, alteration in found.items():
            if not alteration.operators:
                document, number = homes[name]
                message = (
                    "this alteration does nothing: it needs operators, or a row in a table of affinities"
                )
                raise self._at(document, ("alterations", number, "id"), message, name)
        return found

    def _shifts(
        self, known: Mapping[str, Alteration], drugs: Mapping[str, Drug]
    ) -> dict[str, list[Operator]]:
        shifts: dict[str, list[Operator]] = {}
        for document, part in self.parts:
            for number, table in enumerate(part.affinity):
                place = ("affinity", number)
                if table.drug not in drugs:
                    raise self._at(document, (*place, "drug"), "the pack has no such drug", table.drug, drugs)
                targets = {action.target for action in drugs[table.drug].actions}
                for position, target in enumerate(table.targets):
                    if target not in targets:
                        message = f"{table.drug} has no action on this target"
                        raise self._at(document, (*place, "targets", position), message, target, targets)
                for name, operator in table.operators():
                    if name not in known:
                        message = "the pack has no such alteration"
                        raise self._at(document, (*place, "variants", name), message, name, known)
                    shifts.setdefault(name, []).append(operator)
        return shifts

    def _parameters(self, pack: Pack) -> dict[str, Quantity]:
        shared = load_parameters()
        for document, part in self.parts:
            for name, quantity in part.parameters.items():
                if name not in shared:
                    raise self._at(document, ("parameters", name), "there is no such parameter", name, shared)
                self._convertible(document, name, quantity, shared[name])
        return shared | parameters_of_types(pack, shared) | self._joined("parameters")

    def _convertible(self, document: Document, name: str, quantity: Quantity, usual: Quantity) -> None:
        try:
            factor(quantity.unit, usual.unit)
        except InputError as error:
            line = locate(document, ("parameters", name, "unit"))
            raise InputError(
                error.message,
                file=document.path,
                line=line,
                field=f"parameters.{name}.unit",
                value=quantity.unit,
                allowed=f"a unit such as {usual.unit}",
            ) from None

    def _section(self, field: str, model: type[Any]) -> Iterator[Any]:
        for document, part in self.parts:
            if getattr(part, field) is not None:
                alone = Document(document.path, document.text, {field: document.data[field]})
                yield from getattr(validate(model, alone), field)

    def _evidence(self) -> Iterator[Evidence]:
        yield from self._section("evidence", EvidenceSection)
        for path in sorted((self.path / "evidence").glob("*.yaml")) if self.path.is_dir() else ():
            yield validate(Evidence, read_yaml(path))

    def _check_spectra(self, alterations: Mapping[str, Any]) -> None:
        for document, part in self.parts:
            for number, spectrum in enumerate(part.spectra):
                for name in spectrum.counts:
                    if name not in alterations:
                        keys, message = ("spectra", number, "counts", name), "the pack has no such alteration"
                        raise self._at(document, keys, message, name, alterations)

    def _check_regimen(self, text: str) -> None:
        try:
            parse_regimen(text)
        except InputError as error:
            document = next(document for document, part in self.parts if part.after_progression)
            line = locate(document, ("after_progression",))
            raise error.at("after_progression", file=document.path, line=line) from None

    def _check(self, entries: Mapping[str, Mapping[str, Any]]) -> None:
        """Every name that an entry uses must exist."""
        genes = {gene for drug in entries["drugs"].values() for gene in drug.targets}
        genes |= {entry.gene for entry in entries["alterations"].values()}
        genes |= {
            node.gene
            for network in entries["networks"].values()
            for node in network.nodes.values()
            if node.gene
        }
        genes |= {gene for mechanism in entries["mechanisms"].values() for gene in mechanism.genes}
        nodes = {name for network in entries["networks"].values() for name in network.nodes}
        known = Known(
            references=frozenset(entries["references"]),
            genes=frozenset(genes) | load_genes() | {"DNA"},
            nodes=frozenset(nodes),
            drugs=frozenset(entries["drugs"]),
            mechanisms=frozenset(entries["mechanisms"]),
            alterations=frozenset(entries["alterations"]),
        )
        for document, part in self.parts:
            for fault in faults(CheckedFile(document, part), known):
                raise fault
        self._check_edges(next(iter(entries["networks"].values())))
        self._check_used(entries["drugs"], known.nodes)

    def _check_edges(self, network: Network) -> None:
        """Edges that operators and actions name must be in the network."""
        edges = {
            f"{factor.node}->{name}"
            for name, node in network.nodes.items()
            for term in node.inputs + node.inhibitors
            for factor in term.all
        }
        for document, part in self.parts:
            for keys, entry in entries_in(part):
                field = "target" if isinstance(entry, Action) and entry.kind == "block" else "edge"
                named = getattr(entry, field, None)
                if isinstance(named, str) and named.replace(" ", "") not in edges:
                    message = "the network has no such edge"
                    raise self._at(document, (*keys, field), message, named, edges)

    def _check_used(self, drugs: Mapping[str, Drug], nodes: Iterable[str]) -> None:
        """Drugs of the breast catalog may act on what the pack's network has, and on dividing cells."""
        for document, part in self.parts:
            for number, name in enumerate(part.uses):
                for action in drugs[name].actions:
                    if action.kind not in KILLING and action.target not in nodes:
                        message = f"it acts on {action.target}, which the network lacks"
                        raise self._at(document, ("uses", number), message, name)

    def _fault(
        self, field: str, keys: Keys, message: str, word: str, words: Iterable[str] = ()
    ) -> InputError:
        document = next(document for document, part in self.parts if getattr(part, field))
        return self._at(document, keys, message, word, words)

    def _at(
        self, document: Document, keys: Keys, message: str, word: str, words: Iterable[str] = ()
    ) -> InputError:
        line, known = locate(document, keys), list(words)
        fix = did_you_mean(word, known) if known else None
        kind = KnowledgeError if document.is_packaged else InputError
        return kind(message, file=document.path, line=line, field=dotted(keys), value=word, fix=fix)


def _twice(document: Document, keys: Keys, name: str) -> InputError:
    line = locate(document, keys)
    return InputError("this is defined twice", file=document.path, line=line, field=dotted(keys), value=name)


def _documents(path: Path) -> list[Document]:
    if not path.is_dir():
        return [read_yaml(path)]
    paths = sorted(path.glob("*.yaml"))
    if not paths:
        raise InputError("the folder holds no .yaml file", file=path, fix="give the folder of a disease pack")
    if len(paths) > _LARGEST_FILES:
        allowed = f"at most {_LARGEST_FILES}"
        raise InputError("too many files for a disease pack", file=path, value=len(paths), allowed=allowed)
    return [read_yaml(file) for file in paths]
