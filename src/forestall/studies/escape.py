"""Why a tumor progressed, in words, with the mechanism of the catalog and its evidence."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from forestall.clinic.causes import DECISIVE
from forestall.knowledge.alterations import Alteration, load_alterations
from forestall.knowledge.drugs import drug_names, fold, load_drugs
from forestall.knowledge.mechanisms import Finding, Mechanism, load_mechanisms
from forestall.knowledge.references import load_references
from forestall.studies.citations import printed

_CLASS_WORDS = {
    "aromatase_inhibitor": ("aromatase inhibitor", "endocrine"),
    "serm": ("endocrine",),
    "serd": ("endocrine", "serd"),
    "cdk46_inhibitor": ("cdk4/6i",),
    "pi3k_inhibitor": ("pi3k inhibitor", "pi3k/akt inhibitor"),
    "akt_inhibitor": ("akt inhibitor",),
    "mtor_inhibitor": ("mtor kinase inhibitor",),
    "cytotoxic": ("chemotherapy",),
    "parp_inhibitor": ("parp inhibitor",),
}
"""How the mechanism catalog calls classes of drugs, in small letters."""
_ADAPTATIONS: dict[str, tuple[str, ...]] = {
    "ERBB3 rebound": ("HER3_rebound",),
    "IGF1R rebound": ("AKTi_IGF1_INSR", "IGF1R"),
    "IRS1 rebound": ("mTOR_RTK_feedback",),
    "ER switched on": ("ER_reactivation", "PI3Ki_ER"),
    "ERBB2 rebound": ("ER_to_HER2",),
    "EGFR rebound": ("ER_to_HER2",),
    "CCNE1 rebound": ("CCNE1_HER2", "CCNE1_ER"),
    "CDK2 rebound": ("CDK2_bypass",),
    "brain sanctuary": ("CNS_sanctuary",),
}
"""Mechanisms behind the causes that are no alteration; those not listed have no entry in the catalog."""
_SLOWER = "at least a quarter" if DECISIVE == 0.25 else f"at least {DECISIVE:.0%}"
_ALONE = "No alteration or adaptation explains it alone:"
_SENTENCES = {
    "brain sanctuary": "Less of the drugs reaches the brain: at the exposure of the rest of the body that "
    f"clone would have grown {_SLOWER} more slowly.",
    "ER switched on": "The clone had raised its estrogen receptor under treatment: without this it would "
    f"have grown {_SLOWER} more slowly.",
    "incomplete inhibition": f"{_ALONE} the treatment of that day held this clone back too little.",
    "regrowth after chemotherapy": f"{_ALONE} the chemotherapy had ended, and what was still given held "
    "this clone back too little.",
    "waning effect": "The treatment had lost a part of its effect on cells without a new alteration: at its first effect the "
    f"clone would have grown {_SLOWER} more slowly.",
    "tolerant cells": f"{_ALONE} most cells of the lesion had stopped dividing and were spared by the drugs.",
}
_UNTREATED = "No drug held it back."


@dataclass(frozen=True, slots=True)
class Escape:
    """Why a clone grew under treatment."""

    sentence: str
    mechanisms: tuple[str, ...]
    """Ids in the mechanism catalog, those that fit the treatment first; none if the catalog has no entry."""


def explain(cause: str, drugs: Iterable[str]) -> Escape:
    """A cause of progression in words.

    Args:
        cause: In the words of `forestall.clinic.causes`.
        drugs: The drugs that were given.
    """
    given = tuple(drugs)
    kind = cause.removesuffix(")").rpartition(" (")
    if kind[0] in load_alterations():
        alteration = load_alterations()[kind[0]]
        return Escape(_of_alteration(alteration, kind[2]), _fitting(alteration.mechanisms, given))
    if cause == "incomplete inhibition" and not given:
        return Escape(_UNTREATED, ())
    return Escape(_of_adaptation(cause), _fitting(_ADAPTATIONS.get(cause, ()), given))


def _of_alteration(alteration: Alteration, origin: str) -> str:
    slower = f"the clone would have grown {_SLOWER} more slowly."
    if origin == "truncal":
        return (
            f"Every tumor cell carried {alteration_text(alteration.id)} from the start: without it {slower}"
        )
    return f"Without {spaced(alteration.id)} {slower}"


def _of_adaptation(cause: str) -> str:
    if cause in _SENTENCES:
        return _SENTENCES[cause]
    node = cause.removesuffix(" rebound")
    return (
        f"The clone had raised {node} in answer to the treatment: without this it would have grown {_SLOWER} "
        "more slowly."
    )


def _fitting(mechanisms: tuple[str, ...], drugs: tuple[str, ...]) -> tuple[str, ...]:
    """The mechanisms, those that are known to act against one of the drugs first."""
    known = load_mechanisms()
    return tuple(sorted(mechanisms, key=lambda key: not any(_resists(known[key], drug) for drug in drugs)))


def _resists(mechanism: Mechanism, drug: str) -> bool:
    words = _CLASS_WORDS.get(load_drugs()[drug].drug_class, ())
    return any(
        drug_names().get(fold(treatment)) == drug or any(word in treatment.casefold() for word in words)
        for treatment in mechanism.resists
    )


def spaced(key: str) -> str:
    """An id of the catalog as one reads it."""
    return key.replace("_", " ")


def alteration_text(key: str) -> str:
    """An alteration as one reads it: "ERBB2 loss (loss of HER2 amplification)"."""
    name = load_alterations()[key].name
    small = name[0].lower() + name[1:] if name[1:2].islower() else name
    short = spaced(key)
    return short if short.casefold() == name.casefold() else f"{short} ({small})"


def mechanism_text(key: str, drugs: Iterable[str]) -> str:
    """A mechanism with how it works, what it is known to act against, and its best evidence.

    Args:
        key: Id in the mechanism catalog.
        drugs: The drugs that were given.
    """
    mechanism = load_mechanisms()[key]
    given = tuple(drugs)
    fits = not given or any(_resists(mechanism, drug) for drug in given)
    finding = best_finding(mechanism)
    note = "" if finding.verified == "yes" else " (numbers not checked in the source)"
    return " ".join(
        (
            f"Mechanism {key} of the catalog: {mechanism.name}.",
            _sentence(mechanism.biology),
            *(() if fits else (_known_against(mechanism),)),
            f"Evidence ({mechanism.evidence_level}): {_sentence(cited(finding) + note)}",
        )
    )


def _known_against(mechanism: Mechanism) -> str:
    return f"It is described as resistance to {', '.join(mechanism.resists)}, not to what was given here."


def best_finding(mechanism: Mechanism) -> Finding:
    """The finding that was best checked; the first of several."""
    rank = {"yes": 0, "secondary": 1, "no": 2}
    return min(mechanism.evidence, key=lambda finding: rank[finding.verified])


def cited(finding: Finding) -> str:
    """Where a finding was published."""
    reference = load_references().get(finding.source or "")
    return finding.citation if reference is None else printed(reference)


def _sentence(text: str) -> str:
    return text if text.endswith((".", "!", "?")) else text + "."
