"""Compounds of the xenograft trial: codes, names, targets, and what they touch in the signaling network."""

from __future__ import annotations

import functools
from typing import Annotated, Final, Literal

from pydantic import Field

from forestall.errors import InputError, did_you_mean
from forestall.knowledge.mechanisms import Gene
from forestall.knowledge.provenance import Entry
from forestall.knowledge.reading import DATA, read_yaml, validate

FILE = DATA / "pdx" / "treatments.yaml"
UNTREATED: Final = "untreated"


class Touch(Entry):
    """A node of the network that a compound inhibits."""

    node: str


class Biomarker(Entry):
    """What the compound's own target suggests to measure."""

    gene: Gene
    assay: Literal["expression", "mutation"]

    @property
    def key(self) -> str:
        """Its name in a table, for example "PIK3CA mutation"."""
        return f"{self.gene} {self.assay}"


class PdxTreatment(Entry):
    """One compound, or no treatment."""

    inn: str | None = None
    """International non-proprietary name, if it has one."""
    genes: tuple[Gene, ...]
    """Genes of its molecular targets."""
    site: Literal["receptor", "inside"] | None = None
    """Whether the target is a receptor at the membrane or lies inside the cell."""
    family: str | None = None
    """Compounds of one family have the same target and share effects."""
    family_share: Annotated[float, Field(gt=0, le=1)] = 1.0
    """How far it belongs to its family."""
    acts_on: tuple[Touch, ...] = ()
    """Nodes of the network; none if it acts outside."""
    biomarkers: tuple[Biomarker, ...] = ()
    only_in_combination: bool = False
    """Given only with others, so that it has no single-agent arm."""
    sources: tuple[str, ...]
    note: str | None = None


class PdxTreatmentFile(Entry):
    """Every compound by its code."""

    treatments: dict[str, PdxTreatment]


@functools.cache
def load_pdx_treatments() -> dict[str, PdxTreatment]:
    """Every compound by its code, `untreated` included."""
    return validate(PdxTreatmentFile, read_yaml(FILE)).treatments


def parse_treatment(text: str) -> tuple[str, ...]:
    """The codes of a treatment such as "BYL719 + LEE011", in the order given.

    Codes and non-proprietary names are both understood, whatever their case.

    Raises:
        InputError: if a code is unknown or comes twice, or `untreated` is combined.
    """
    codes = [_code(word) for word in text.split("+")]
    if len(set(codes)) < len(codes):
        raise InputError("a compound comes twice", field="treatment", value=text)
    if UNTREATED in codes and len(codes) > 1:
        raise InputError("'untreated' cannot be combined", field="treatment", value=text)
    return tuple(codes)


def _code(word: str) -> str:
    known = load_pdx_treatments()
    names = {code.casefold(): code for code in known}
    names |= {entry.inn.casefold(): code for code, entry in known.items() if entry.inn}
    found = names.get(word.strip().casefold())
    if found is None:
        options = [*known, *(entry.inn for entry in known.values() if entry.inn)]
        raise InputError(
            "unknown compound", field="treatment", value=word.strip(), fix=did_you_mean(word.strip(), options)
        )
    return found


def treatment_name(codes: tuple[str, ...]) -> str:
    """How the trial writes a treatment: codes joined by " + "."""
    return " + ".join(codes)
