"""Classes of drugs whose effects are calibrated together, and the trait by which patients differ in them."""

from __future__ import annotations

import functools
from typing import Literal

from pydantic import Field

from forestall.errors import KnowledgeError
from forestall.knowledge.provenance import Entry
from forestall.knowledge.reading import DATA, read_yaml, validate

FILE = DATA / "response_classes.yaml"
Spread = Literal["cytotoxic", "payload", "endocrine", "her2", "cdk46", "pi3k", "host"]


class ResponseClass(Entry):
    """Drugs whose effects share a factor."""

    drugs: tuple[str, ...]
    spread: Spread
    """Trait in which patients differ."""
    prior: tuple[str, ...] = ()
    """Groups of earlier treatment (`forestall.knowledge.population.DRUG_GROUPS`) that have exposed a tumor to the class."""

    after: tuple[str, ...] = ()
    """Classes of other traits that harden a tumor against this one as well."""

    antibody: str | None = None
    """Class whose factor and trait the actions of a conjugate have that are not its payload's."""

    same_epitope: dict[str, str] = Field(default_factory=dict)
    """Drugs of the class that bind the epitope of another one, whose factor they have beside their own."""

    toxicity_adds_up: bool = False
    """Whether patients stop the drugs before progression, because harm to heart, nerves or ears grows with every cycle."""

    def was_given(self, prior: tuple[str, ...]) -> bool:
        """Whether a protocol's earlier treatments include the class."""
        return not set(prior).isdisjoint({*self.drugs, *self.prior})


class ResponseClassFile(Entry):
    """The file of classes."""

    classes: dict[str, ResponseClass]


@functools.cache
def load_response_classes() -> dict[str, ResponseClass]:
    """Every class, by name.

    Raises:
        KnowledgeError: if a drug is in two classes, or a class names one that is not there.
    """
    classes = validate(ResponseClassFile, read_yaml(FILE)).classes
    seen: set[str] = set()
    for name, entry in classes.items():
        if twice := seen & set(entry.drugs):
            raise KnowledgeError("a drug is in two classes", file=FILE, field=name, value=min(twice))
        seen |= set(entry.drugs)
        for drug in {*entry.same_epitope, *entry.same_epitope.values()} - set(entry.drugs):
            raise KnowledgeError(
                "not a drug of the class", file=FILE, field=f"{name}.same_epitope", value=drug
            )
        named = [("antibody", entry.antibody)] if entry.antibody is not None else []
        for field, other in named + [("after", other) for other in entry.after]:
            if other not in classes:
                raise KnowledgeError("no such class", file=FILE, field=f"{name}.{field}", value=other)
    return classes


@functools.cache
def _class_names() -> dict[str, str]:
    return {drug: name for name, entry in load_response_classes().items() for drug in entry.drugs}


def response_class_of(drug: str) -> str | None:
    """Name of a drug's class; None for a drug that is in none."""
    return _class_names().get(drug)


def response_class_of_action(drug: str, kind: str) -> str | None:
    """Name of the class that one action of a drug has its factor from: of a conjugate the payload's, or the antibody's."""
    name = response_class_of(drug)
    antibody = None if name is None or kind == "payload" else load_response_classes()[name].antibody
    return antibody or name


def drugs_of_factor(drug: str, response_class: str | None) -> tuple[str, ...]:
    """Drugs whose own factors within a class multiply what an action of a drug does.

    Args:
        drug: The drug.
        response_class: The class of the action, by `response_class_of_action`.

    Returns:
        The drug itself and the one whose epitope it binds, where the class is its own: a conjugate's own factor is that of its
        payload.
    """
    if response_class is None or response_class_of(drug) != response_class:
        return ()
    other = load_response_classes()[response_class].same_epitope.get(drug)
    return (drug,) if other is None else (drug, other)


def toxicity_adds_up(drug: str) -> bool:
    """Whether patients stop a drug before progression, as its class says."""
    name = response_class_of(drug)
    return name is not None and load_response_classes()[name].toxicity_adds_up
