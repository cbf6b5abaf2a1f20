"""Regimens from the `drugs` column: doses and cycles come from the catalog."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from forestall.errors import InputError
from forestall.knowledge.drugs import drug_names, fold, load_drugs
from forestall.knowledge.regimens import Regimen, load_regimens, parse_regimen

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
MOST_ALTERNATIVES: Final = 8
_UNNAMED: Final = frozenset({"chemotherapy", "chemo", "endocrine therapy", "physician choice"})


class InexpressibleError(Exception):
    """Why a comparison cannot be simulated; never shown as an error."""


@dataclass(frozen=True, slots=True)
class Treatment:
    """What an arm received, by the `drugs` column."""

    alternatives: tuple[tuple[str, ...], ...]
    """Sets of drugs; more than one for physician's choice. Names are INN in lower case, those of the catalog if it has them."""

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

    `;` joins drugs of a combination, `|` (or the word "or") separates alternatives, `+` joins drugs inside an alternative.

    Raises:
        InexpressibleError: if the cell is empty, or more than one part offers a choice.
    """
    parts = [
        part.strip() for part in drugs.split(";") if fold(part) not in ("", "placebo", "none", "observation")
    ]
    if not parts and not drugs.strip():
        raise InexpressibleError("no drugs are given")
    options = [[_joined(one) for one in re.split(r"\||\bor\b", part)] for part in parts]
    choices = [option for option in options if len(option) > 1]
    if len(choices) > 1:
        raise InexpressibleError(f"more than one part of the treatment offers a choice: {drugs}")
    fixed = [drug for option in options if len(option) == 1 for drug in option[0]]
    if not choices:
        return Treatment((tuple(sorted(fixed)),))
    if len(choices[0]) > MOST_ALTERNATIVES:
        raise InexpressibleError(f"more than {MOST_ALTERNATIVES} alternatives")
    return Treatment(tuple(dict.fromkeys(tuple(sorted([*fixed, *one])) for one in choices[0])))


def _joined(text: str) -> list[str]:
    return [drug_names().get(fold(name), fold(name)) for name in text.split("+") if name.strip()]


def class_of(drug: str) -> str:
    """The class of a drug: the catalog's, else that of its INN's stem, else the drug itself.

    Antibodies, conjugates and kinase inhibitors are told apart by their first target.
    """
    known = load_drugs().get(drug)
    if known is not None:
        name = str(known.drug_class)
        return f"{name} of {known.targets[0]}" if name in ("antibody", "kinase_inhibitor", "adc") else name
    if " " not in drug:
        for ending, name in (*_MABS.items(), *_STEMS.items()):
            if drug.endswith(ending):
                return name
    return drug


@dataclass(frozen=True, slots=True)
class DosedArm:
    """What an arm is simulated as."""

    regimens: tuple[Regimen, ...]
    """One for each alternative that the catalog can give."""
    rules: tuple[str, ...]
    """How each was found, and what was left out."""


def dose(treatment: Treatment, trial: str, dose_text: str = "") -> DosedArm:
    """Regimens for a treatment.

    Args:
        treatment: What the arm received.
        trial: Name of the trial.
        dose_text: Doses in words; they count if they can be read in full and name the same drugs.

    Raises:
        InexpressibleError: naming the drug that the catalog lacks, if no alternative can be given.
    """
    found: list[Regimen] = []
    rules: list[str] = []
    problem = ""
    for drugs in treatment.alternatives:
        try:
            regimen, rule = _regimen(drugs, trial, "" if treatment.chosen else dose_text)
        except InexpressibleError as error:
            problem = str(error)
            rules.append(f"left out: {problem}")
        else:
            found.append(regimen)
            rules.append(rule)
    if not found:
        raise InexpressibleError(problem)
    return DosedArm(tuple(found), tuple(rules))


def _regimen(drugs: tuple[str, ...], trial: str, dose_text: str) -> tuple[Regimen, str]:
    for drug in drugs:
        if drug not in load_drugs():
            kind = "no drug is named" if drug in _UNNAMED else "unknown drug"
            raise InexpressibleError(f"{kind}: {drug}")
    if not drugs:
        return parse_regimen("no treatment"), "no drug of effect"
    for one in _cataloged(drugs):
        if any(f"({fold(trial)})" in fold(name) for name in (one.name, *one.aliases)):
            return one, f"cataloged for this trial: {one.name}"
    if (written := _written(drugs, dose_text)) is not None:
        return written, f"dose_text '{dose_text}'"
    if len(drugs) > 1 and (cataloged := _cataloged(drugs)):
        return cataloged[0], f"cataloged with the same drugs: {cataloged[0].name}"
    return _from_single_agents(drugs)


def _cataloged(drugs: tuple[str, ...]) -> list[Regimen]:
    known = (one for one in load_regimens().values() if set(one.drugs) == set(drugs))
    return [one for one in known if not _NOT_METASTATIC.search(one.name.casefold())]


def _written(drugs: tuple[str, ...], dose_text: str) -> Regimen | None:
    """The doses in words; an arm of one drug may leave its name out."""
    text = re.sub(r"\s*;\s*", " + ", dose_text.strip())
    if not text:
        return None
    complete = len(drugs) > 1 or fold(text).startswith(drugs[0])
    try:
        regimen = parse_regimen(text if complete else f"{drugs[0]} {text}")
    except InputError:
        return None
    return regimen if set(regimen.drugs) == set(drugs) else None


def _from_single_agents(drugs: tuple[str, ...]) -> tuple[Regimen, str]:
    try:
        parts = [parse_regimen(drug) for drug in drugs]
    except InputError as error:
        raise InexpressibleError(f"no usual dose: {error}") from None
    components = tuple(component for part in parts for component in part.components)
    names = " + ".join(part.name for part in parts)
    return Regimen(name=names, components=components), f"usual dose of each drug: {names}"
