"""Regimens from the `drugs` column: doses and cycles come from the catalog."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import IntEnum
from itertools import product
from typing import Final

from forestall.errors import InputError
from forestall.knowledge.components import Component
from forestall.knowledge.drugs import fold, load_drugs
from forestall.knowledge.regimens import Regimen, load_regimens, parse_regimen
from forestall.studies.validation.dose_text import Components, read_doses
from forestall.studies.validation.names import (
    OVARIAN_SUPPRESSION,
    is_known,
    load_names,
    meaning_of,
    representative_of,
    without_doses,
)

_NOT_METASTATIC: Final = re.compile(r"adjuvant|escalation")
_STEMS: Final[Mapping[str, str]] = {
    "ciclib": "cdk46_inhibitor",
    "lisib": "pi3k_inhibitor",
    "parib": "parp_inhibitor",
    "rolimus": "mtor_inhibitor",
    "sertib": "akt_inhibitor",
    "tinib": "kinase_inhibitor",
    "taxel": "cytotoxic",
    "platin": "cytotoxic",
    "rubicin": "cytotoxic",
    "bine": "cytotoxic",
    "trozole": "aromatase_inhibitor",
    "trexate": "cytotoxic",
    "tecan": "cytotoxic",
}
"""Classes by the stem of an INN, for drugs that the catalog lacks."""
_MABS: Final[Mapping[str, str]] = {"lizumab": "checkpoint_inhibitor", "cizumab": "angiogenesis_inhibitor"}
MOST_ALTERNATIVES: Final = 12
_OUTSIDE: Final = r"(?![^()]*\))"
"""Not inside parentheses."""
_NOT_EVERYONE: Final = re.compile(
    r"\([^()]*\b(?:if|some|optional|allowed|cohort)\b[^()]*\)|\b(?:then|followed by|\+/-|with or without)\b|\+/-",
    re.IGNORECASE,
)


class InexpressibleError(Exception):
    """Why a comparison cannot be simulated; never shown as an error."""


@dataclass(frozen=True, slots=True)
class Treatment:
    """What an arm received, by the `drugs` column."""

    alternatives: tuple[tuple[str, ...], ...]
    """Sets of drugs; more than one for physician's choice. Names are INN in lower case, those of the catalog if it has them."""
    assumed: str = ""
    """Which drugs stand for a choice that was given without its drugs, and why."""

    @property
    def chosen(self) -> bool:
        """Whether physicians chose."""
        return len(self.alternatives) > 1

    @property
    def drugs(self) -> frozenset[str]:
        """The drugs of an arm without a choice, else one word for the whole choice."""
        if not self.chosen:
            return frozenset(self.alternatives[0])
        shared = set.intersection(*(set(one) for one in self.alternatives))
        rest = sorted({drug for one in self.alternatives for drug in one} - shared)
        return frozenset([*shared, "one of " + ", ".join(rest)])


def read_treatment(drugs: str) -> Treatment:
    """The treatment that a `drugs` cell names.

    `;` joins drugs of a combination, `|` separates alternatives, `+` joins drugs inside an alternative. Tables of other curators
    may say "or", "and", "plus", "with", commas and slashes; what cannot be told apart is refused.

    Raises:
        InexpressibleError: if the cell is empty, is not about every patient, or can be read in more than one way.
    """
    if not drugs.strip():
        raise InexpressibleError("no drugs are given")
    drugs = without_doses(drugs)
    if match := _NOT_EVERYONE.search(drugs):
        raise InexpressibleError(f"not the same for every patient: {match[0]}")
    reading = _Reading(drugs)
    found = tuple(dict.fromkeys(tuple(sorted(one)) for one in reading.alternatives(drugs)))
    if len(found) > MOST_ALTERNATIVES:
        raise InexpressibleError(f"more than {MOST_ALTERNATIVES} alternatives")
    return Treatment(found, "; ".join(dict.fromkeys(reading.assumed)))


Alternatives = list[tuple[str, ...]]


class _Reading:
    """One cell, taken apart from the outside in."""

    def __init__(self, cell: str) -> None:
        self.cell = cell
        self.assumed: list[str] = []

    def alternatives(self, text: str) -> Alternatives:
        """Sets of drugs; one unless physicians chose."""
        if is_known(text):
            return self._named(text)
        if listed := self._listed(text):
            return listed
        for pattern, combine in self._ways(text):
            parts = [
                part.strip() for part in re.split(pattern, text, flags=re.IGNORECASE) if part.strip(" ,")
            ]
            if len(parts) > 1:
                return combine(parts)
        return self._named(text)

    def _ways(self, text: str) -> list[tuple[str, Callable[[list[str]], Alternatives]]]:
        offers = re.search(r"\bor\b", text, re.IGNORECASE) is not None
        return [
            (rf";{_OUTSIDE}", self._combined),
            (rf"\|{_OUTSIDE}", self._either),
            (rf"(?:\+|&|\bplus\b|\bwith\b){_OUTSIDE}", self._joined),
            (rf"(?:,\s*or\b|\bor\b|,){_OUTSIDE}", self._either)
            if offers
            else (rf"(?:,|\band\b){_OUTSIDE}", self._joined),
            (rf"\band\b{_OUTSIDE}", self._joined),
            (rf"/{_OUTSIDE}", self._slashed),
            (rf"-{_OUTSIDE}", self._hyphened),
        ]

    def _named(self, text: str) -> Alternatives:
        meaning = meaning_of(text)
        if meaning.assumed:
            self.assumed.append(f"'{text.strip()}': {meaning.assumed}")
        return list(meaning.alternatives)

    def _listed(self, text: str) -> Alternatives:
        """A choice whose drugs follow in parentheses or after a colon."""
        found = re.fullmatch(r"([^():]+?)\s*(?:\(([^()]+)\)|:\s*(.+))", text.strip())
        if found is None or len(meaning_of(found[1]).alternatives) < 2:
            return []
        words = _listed_names(found[2] or found[3])
        read = [self.alternatives(word) if _names_drugs(word) else [] for word in words]
        if any(read) and not all(read):
            raise InexpressibleError(f"not every drug of the choice is known: {text.strip()}")
        return [drugs for one in read for drugs in one]

    def _either(self, parts: list[str]) -> Alternatives:
        return [drugs for part in parts for drugs in self.alternatives(part)]

    def _joined(self, parts: list[str]) -> Alternatives:
        found = [self.alternatives(part) for part in parts]
        joined = [tuple(drug for part in parts for drug in part) for parts in product(*found)]
        if len(joined) > 1 and any(len(set(one)) < len(one) for one in joined):
            raise InexpressibleError(f"the choice can be read in more than one way: {self.cell}")
        return [tuple(dict.fromkeys(one)) for one in joined]

    def _combined(self, parts: list[str]) -> Alternatives:
        """Parts that semicolons join; alternatives written out in full stand between bars instead."""
        try:
            return self._joined(parts)
        except InexpressibleError:
            whole = [part.strip() for part in re.split(rf"\|{_OUTSIDE}", self.cell)]
            if len(whole) < 2 or ";".join(parts) != re.sub(r"\s*;\s*", ";", self.cell.strip()):
                raise
            return self._either(whole)

    def _hyphened(self, parts: list[str]) -> Alternatives:
        """A combination if each part is a drug, else one name."""
        return self._joined(parts) if all(map(is_known, parts)) else self._named("-".join(parts))

    def _slashed(self, parts: list[str]) -> Alternatives:
        """Alternatives if the drugs are exchangeable, else a combination."""
        parts = [part for part in parts if fold(part) not in load_names().salts]
        group = {drugs for part in parts for drugs in meaning_of(part).alternatives}
        exchangeable = any(group <= {(drug,) for drug in choice.drugs} for choice in load_names().choices)
        return self._either(parts) if exchangeable else self._joined(parts)


def _listed_names(text: str) -> list[str]:
    """The alternatives of a list; slashes and "and" separate them only if nothing else does."""
    usual = r"\bor\b|[,;|]"
    separator = usual if re.search(usual, text) else r"\band\b|/"
    words = (re.sub(r"^and\b", "", word.strip()).strip() for word in re.split(separator, text))
    return [word for word in words if word]


def _names_drugs(text: str) -> bool:
    """Whether every name in a word of a list means something."""
    return is_known(text) or all(map(is_known, re.split(r"\s*[+/-]\s*|\s+plus\s+", text)))


def class_of(drug: str) -> str:
    """The class of a drug: the catalog's, that of its representative, else that of its INN's stem, else the drug itself.

    Antibodies, conjugates and kinase inhibitors are told apart by their first target.
    """
    stand_in = representative_of(drug)
    known = load_drugs().get(drug) or (load_drugs()[stand_in.drug] if stand_in else None)
    if known is not None:
        name = str(known.drug_class)
        return f"{name} of {known.targets[0]}" if name in ("antibody", "kinase_inhibitor", "adc") else name
    if " " not in drug:
        for ending, name in (*_MABS.items(), *_STEMS.items()):
            if drug.endswith(ending):
                return name
    return drug


def without_effect(treatment: Treatment) -> frozenset[str]:
    """Drugs that the model gives no effect: their own, or none in the catalog."""
    names = {drug for drugs in treatment.alternatives for drug in drugs}
    lacking = {fold(one.drug) for one in load_names().without_effect}
    return frozenset(
        name for name in names if name in lacking or (name in load_drugs() and not load_drugs()[name].actions)
    )


def suppresses_ovaries(treatment: Treatment) -> bool:
    """Whether every patient's ovaries are stopped beside the drugs."""
    return all(OVARIAN_SUPPRESSION in drugs for drugs in treatment.alternatives)


class Origin(IntEnum):
    """Where the doses of a regimen come from: the higher, the more is known of them."""

    USUAL = 0
    """The usual dose of each drug."""
    CATALOGED = 1
    """A cataloged regimen with the same drugs."""
    GIVEN = 2
    """The trial's own doses."""


@dataclass(frozen=True, slots=True)
class DosedArm:
    """What an arm is simulated as."""

    regimens: tuple[Regimen, ...]
    """One for each alternative that the catalog can give."""
    origins: tuple[Origin, ...]
    """Of the doses of each regimen."""
    rules: tuple[str, ...]
    """How each was found, and what was left out."""
    stand_ins: tuple[str, ...]
    """Drugs that another stands for, and why; what was taken for a choice whose drugs are not named."""


def dose(treatment: Treatment, trial: str, dose_text: str = "") -> DosedArm:
    """Regimens for a treatment.

    Args:
        treatment: What the arm received.
        trial: Name of the trial.
        dose_text: Doses in words; they count for the drugs of which they can be read.

    Raises:
        InexpressibleError: naming the drug that the catalog lacks, if no alternative can be given.
    """
    found: list[Regimen] = []
    origins: list[Origin] = []
    assumed = [treatment.assumed] if treatment.assumed else []
    rules, stand_ins = [*assumed], [*assumed]
    problem = ""
    for drugs in treatment.alternatives:
        given, notes = _represented(drugs)
        try:
            regimen, rule, origin = _regimen(
                given, trial, "" if notes else dose_text, chosen=treatment.chosen
            )
        except InexpressibleError as error:
            problem = str(error)
            rules.append(f"left out: {problem}")
        else:
            found.append(regimen)
            origins.append(origin)
            rules.append("; ".join([*notes, rule]))
            stand_ins.extend(notes)
    if not found:
        raise InexpressibleError(problem)
    return DosedArm(tuple(found), tuple(origins), tuple(rules), tuple(dict.fromkeys(stand_ins)))


def _represented(drugs: tuple[str, ...]) -> tuple[tuple[str, ...], list[str]]:
    """The drugs with representatives for those that the catalog lacks, and a note on each."""
    given: list[str] = []
    notes = []
    for drug in drugs:
        entry = None if drug in load_drugs() else representative_of(drug)
        if entry is not None:
            notes.append(f"{entry.drug} stands for {drug}: {entry.because}")
        if drug != OVARIAN_SUPPRESSION:
            given.append(entry.drug if entry else drug)
    return tuple(dict.fromkeys(given)), notes


def _regimen(
    drugs: tuple[str, ...], trial: str, dose_text: str, *, chosen: bool
) -> tuple[Regimen, str, Origin]:
    for drug in drugs:
        if drug not in load_drugs():
            raise InexpressibleError(f"unknown drug: {drug}")
    if not drugs:
        return parse_regimen("no treatment"), "no drug of effect", Origin.GIVEN
    for one in _cataloged(drugs):
        if any(f"({fold(trial)})" in fold(name) for name in (one.name, *one.aliases)):
            return one, f"cataloged for this trial: {one.name}", Origin.GIVEN
    read = read_doses(drugs, dose_text, chosen=chosen)
    # Cycles in a text that says no dose of an alternative may be those of another one.
    dose_text = dose_text if read or not chosen else ""
    if len(read) == len(drugs):
        components = tuple(component for given in read.values() for component in given)
        whole = Regimen(name=" + ".join(read), components=components)
        return *_limited(whole, f"dose_text '{dose_text}'", dose_text), Origin.GIVEN
    regimen, rule, origin = _without_words(drugs)
    if read:
        regimen, origin = _with(regimen, read), Origin.GIVEN
        rule = f"dose_text '{dose_text}' for {', '.join(sorted(read))}; {rule}"
    return *_limited(regimen, rule, dose_text), origin


def _without_words(drugs: tuple[str, ...]) -> tuple[Regimen, str, Origin]:
    if len(drugs) > 1 and (cataloged := _cataloged(drugs)):
        return cataloged[0], f"cataloged with the same drugs: {cataloged[0].name}", Origin.CATALOGED
    return *_from_single_agents(drugs), Origin.USUAL


def _with(regimen: Regimen, read: Mapping[str, Components]) -> Regimen:
    """With other doses of some drugs, in the same order."""
    given = {drug: [one for one in regimen.components if one.drug == drug] for drug in regimen.drugs}
    components = tuple(one for drug, usual in given.items() for one in read.get(drug, usual))
    return regimen.model_copy(update={"components": components})


def _limited(regimen: Regimen, rule: str, dose_text: str) -> tuple[Regimen, str]:
    """With as many cycles of chemotherapy beside HER2-targeted drugs as the dose text says."""
    found = re.search(r"\bx\s?(\d+)\b", dose_text)
    if not found or not any(_targets_her2(drug) for drug in regimen.drugs):
        return regimen, rule
    components = tuple(
        component.model_copy(update={"max_cycles": int(found[1])}) if _is_infused(component) else component
        for component in regimen.components
    )
    if components == regimen.components:
        return regimen, rule
    changed = regimen.model_copy(update={"components": components})
    return changed, f"{rule}; chemotherapy x{found[1]} in dose_text"


def _is_infused(component: Component) -> bool:
    """Whether a component is a cytotoxic given into a vein."""
    return component.route == "iv" and load_drugs()[component.drug].drug_class == "cytotoxic"


def _targets_her2(name: str) -> bool:
    drug = load_drugs()[name]
    return "ERBB2" in drug.targets and drug.drug_class in ("antibody", "kinase_inhibitor")


def _cataloged(drugs: tuple[str, ...]) -> list[Regimen]:
    known = (one for one in load_regimens().values() if set(one.drugs) == set(drugs))
    return [one for one in known if not _NOT_METASTATIC.search(one.name.casefold())]


def _from_single_agents(drugs: tuple[str, ...]) -> tuple[Regimen, str]:
    try:
        parts = [parse_regimen(drug) for drug in drugs]
    except InputError as error:
        raise InexpressibleError(f"no usual dose: {error}") from None
    components = tuple(component for part in parts for component in part.components)
    names = " + ".join(part.name for part in parts)
    return Regimen(name=names, components=components), f"usual dose of each drug: {names}"
