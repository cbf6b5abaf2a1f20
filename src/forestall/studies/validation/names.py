"""Names of treatments as evidence tables write them: brand names, abbreviations, choices without drugs, doses beside the name."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from pydantic import Field

from forestall.knowledge.drugs import drug_names, fold
from forestall.knowledge.provenance import Entry
from forestall.knowledge.reading import DATA, read_yaml, validate

PATH: Final = DATA / "validation" / "names.yaml"
_DASHES: Final = str.maketrans({"‐": "-", "‑": "-", "–": "-", "’": "'", "®": " ", "™": " "})  # noqa: RUF001
_SCHEDULE: Final = (
    r"(?:\s*(?:q\d*\s?-?\d*[wd]k?s?|q[wd]|qwk?|od|bid|tid|daily|weekly|every \d+ \w+|d(?:ays? )?\d[\d,-]*"
    r"|x\s?\d+|of \d+|load|loading))"
)
_AMOUNT: Final = (
    r"\d[\d.]*\s*(?:(?:-|to|then|or)\s*\d[\d.]*\s*)?(?:mg|mcg|g)(?:/(?:kg|m2|m²|day|d|h))*|auc\s?\d[\d.]*"
)
_DOSES: Final = re.compile(
    rf"\s+(?:{_AMOUNT})(?![\w]){_SCHEDULE}*|(?<=\w)(?=\s){_SCHEDULE}+(?=\s*(?:[;|+,&]|$))", re.IGNORECASE
)
_BIOSIMILAR: Final = re.compile(r"-[a-z]{4}$")


class Choice(Entry):
    """Drugs among which physicians chose."""

    words: tuple[str, ...]
    drugs: tuple[str, ...]
    assumed: str | None = None
    """Where the drugs come from if the words do not say them."""


class Representative(Entry):
    """The cataloged drug that stands for one without kinetics or potency of its own."""

    drug: str
    because: str
    names: tuple[str, ...] = ()


class WithoutEffect(Entry):
    """A drug that the model has no effect for."""

    drug: str
    names: tuple[str, ...] = ()


class Names(Entry):
    """The whole file."""

    nothing: tuple[str, ...]
    qualifiers: tuple[str, ...]
    salts: tuple[str, ...]
    choices: tuple[Choice, ...]
    combinations: dict[str, tuple[str, ...]]
    ovarian_suppression: tuple[str, ...]
    representatives: dict[str, Representative]
    without_effect: tuple[WithoutEffect, ...] = Field(default=())


@functools.cache
def load_names() -> Names:
    """The names.

    Raises:
        InputError: if the file breaks the schema.
    """
    return validate(Names, read_yaml(PATH))


OVARIAN_SUPPRESSION: Final = "ovarian suppression"


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a name says."""

    alternatives: tuple[tuple[str, ...], ...]
    """Sets of drugs; one empty set for nothing, several for a choice."""
    assumed: str = ""
    """Why these drugs, if the name does not say them."""


def meaning_of(text: str) -> Meaning:
    """What one name of a treatment means; an unknown name is a drug of its own."""
    for word in _readings(text):
        if (found := _meanings().get(word)) is not None:
            return found
    return Meaning(((_plain(text),),))


def is_known(text: str) -> bool:
    """Whether a name means something, as it stands or without qualifiers."""
    word = _plain(text)
    return word in _meanings() or _without_qualifiers(word) in _meanings()


def representative_of(drug: str) -> Representative | None:
    """The drug that stands for one that the catalog lacks."""
    return _representatives().get(drug)


def without_doses(text: str) -> str:
    """A cell without doses and schedules, whose slashes and commas separate no drugs."""
    return _DOSES.sub("", text)


def _plain(text: str) -> str:
    return fold(text.translate(_DASHES)).strip(" .,")


def _readings(text: str) -> Iterator[str]:
    """The name, and the name with less and less of what stands around it."""
    word = _plain(text)
    yield word
    bare = _plain(re.sub(r"\([^()]*\)", " ", word))
    yield bare
    for inside in re.findall(r"\(([^()]*)\)", word):
        yield _plain(inside)
    bare = _without_qualifiers(
        re.sub(
            r"^(?:fam|ado)-",
            "",
            re.sub(r"^(?:matching )?placebo (?:for|to|of|matching) .*|^[\w-]+ placebo$", "placebo", bare),
        )
    )
    yield bare
    yield _BIOSIMILAR.sub("", bare)
    yield from (bare.replace("-", " "), bare.replace(" ", "-"), bare.replace("-", "").replace(" ", ""))


def _without_qualifiers(word: str) -> str:
    extra = {fold(one) for one in (*load_names().qualifiers, *load_names().salts)}
    parts = word.split(" ")
    while len(parts) > 1 and parts[0] in extra:
        parts = parts[1:]
    while len(parts) > 1 and parts[-1] in extra:
        parts = parts[:-1]
    return " ".join(parts)


@functools.cache
def _representatives() -> Mapping[str, Representative]:
    return {fold(name): entry for name, entry in load_names().representatives.items()}


@functools.cache
def _meanings() -> Mapping[str, Meaning]:
    """Every folded name."""
    names = load_names()
    found: dict[str, Meaning] = {}
    for word in names.nothing:
        found[fold(word)] = Meaning(((),))
    for choice in names.choices:
        meaning = Meaning(tuple((drug,) for drug in choice.drugs), choice.assumed or "")
        found |= dict.fromkeys(map(_plain, choice.words), meaning)
    for word, drugs in names.combinations.items():
        found[fold(word)] = Meaning((drugs,))
    for word in names.ovarian_suppression:
        found[fold(word)] = Meaning(((OVARIAN_SUPPRESSION,),))
    for drug, others in [(one.drug, one.names) for one in names.without_effect] + _named_representatives():
        found |= dict.fromkeys(map(fold, (drug, *others)), Meaning(((fold(drug),),)))
    return found | {word: Meaning(((drug,),)) for word, drug in drug_names().items()}


def _named_representatives() -> list[tuple[str, tuple[str, ...]]]:
    return [(name, entry.names) for name, entry in load_names().representatives.items()]
