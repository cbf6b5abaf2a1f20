"""The catalog of named ways to resist treatment, each with its evidence."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from forestall.errors import InputError, KnowledgeError, did_you_mean
from forestall.knowledge.provenance import Entry
from forestall.knowledge.reading import DATA, locate, read_yaml, validate
from forestall.knowledge.scope import catalog

DIRECTORY = DATA / "mechanisms"
Gene = Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9-]*$")]
Layer = Literal[
    "target", "bypass", "downstream", "phenotype", "microenvironment", "immune", "pharmacology", "metastasis"
]


class Finding(Entry):
    """One published finding on a mechanism."""

    claim: str | None = None
    """What was found, with its numbers."""
    prevalence: str | None = None
    """How often, in whom."""
    citation: str
    """As one would print it."""
    source: str | None = None
    """Key of a reference."""
    verified: Literal["yes", "secondary", "no"]
    """Whether the numbers were read in the source."""

    @model_validator(mode="after")
    def _can_be_found(self) -> Self:
        if self.source is None and self.verified != "no":
            raise ValueError("a verified finding needs a source")
        return self


class Mechanism(Entry):
    """A named way to resist treatment."""

    name: str
    layer: Layer
    """Where in the system it acts."""
    biology: str
    """How it works, in one or two sentences."""
    effect: Literal["gain", "loss", "switch", "mask"]
    """What happens to the genes."""
    genes: tuple[Gene, ...] = Field(min_length=1)
    """HGNC symbols."""
    resists: tuple[str, ...] = Field(min_length=1)
    """Treatments that it makes less effective."""
    overcome_by: tuple[str, ...] = Field(min_length=1)
    """Treatments that stay or become effective."""
    evidence_level: str
    evidence: tuple[Finding, ...] = Field(min_length=1)


class MechanismFile(Entry):
    """The mechanisms of one layer, by id."""

    mechanisms: dict[Annotated[str, Field(pattern=r"^\w+$")], Mechanism]


@catalog("mechanisms")
def load_mechanisms() -> dict[str, Mechanism]:
    """Every mechanism of the catalog, by id.

    Raises:
        KnowledgeError: if an entry is wrong, or an id is given in two files.
    """
    mechanisms: dict[str, Mechanism] = {}
    for path in sorted(DIRECTORY.glob("*.yaml")):
        document = read_yaml(path)
        for key, mechanism in validate(MechanismFile, document).mechanisms.items():
            if key in mechanisms:
                line = locate(document, ("mechanisms", key))
                raise KnowledgeError("another file has this mechanism", file=path, line=line, field=key)
            mechanisms[key] = mechanism
    return mechanisms


def find_mechanism(name: str) -> Mechanism:
    """A mechanism by its id, whatever its case.

    Raises:
        InputError: if there is none, with the nearest ids.
    """
    known = load_mechanisms()
    for key, mechanism in known.items():
        if key.casefold() == name.strip().casefold():
            return mechanism
    raise InputError("no such mechanism", value=name, fix=did_you_mean(name, known))
