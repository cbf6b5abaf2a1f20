"""Regimens: the catalog, and what `parse_regimen` makes of a user's words."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from pydantic import Field, ValidationError

from forestall.errors import InputError, KnowledgeError, did_you_mean
from forestall.knowledge.complaints import complaint
from forestall.knowledge.components import Component
from forestall.knowledge.doses import Dose
from forestall.knowledge.drugs import Drug, drug_names, find_drug, fold, load_drugs
from forestall.knowledge.provenance import Entry
from forestall.knowledge.reading import DATA, locate, read_yaml, validate
from forestall.knowledge.regimen_text import EXAMPLE, fields_of, last_schedule, name_key, split_parts
from forestall.knowledge.scope import catalog, per_scope

__all__ = ["Component", "Regimen", "RegimenFile", "load_regimens", "parse_regimen"]

DIRECTORY = DATA / "regimens"
NO_TREATMENT = frozenset({"no treatment", "none", "nothing", "placebo", "observation", "untreated"})
LONGEST_TEXT = 2000
MOST_COMPONENTS = 20
FIELDS = ("drug", "dose", "every", "days", "times_per_day", "load", "cycles", "infusion", "start", "route")
"""Of a component that a user writes as a mapping."""


class Regimen(Entry):
    """Drugs given together or one after the other, until progression unless a component says otherwise."""

    name: str = Field(min_length=1)
    aliases: tuple[str, ...] = ()
    components: tuple[Component, ...] = Field(default=(), max_length=MOST_COMPONENTS)
    sources: tuple[str, ...] = ()
    note: str | None = None

    @property
    def drugs(self) -> tuple[str, ...]:
        """Names of the drugs, each once, in the order of the components."""
        return tuple(dict.fromkeys(component.drug for component in self.components))

    def text(self) -> str:
        """The regimen in words that `parse_regimen` reads back."""
        return " + ".join(component.text() for component in self.components) or "no treatment"


class RegimenFile(Entry):
    """One file of regimens."""

    regimens: tuple[Regimen, ...] = Field(min_length=1)


@catalog("regimens")
def load_regimens() -> dict[str, Regimen]:
    """Every regimen of the catalog, by name.

    Raises:
        KnowledgeError: if an entry is wrong, or two go by one name.
    """
    regimens: dict[str, Regimen] = {}
    taken: set[str] = set()
    for path in sorted(DIRECTORY.glob("*.yaml")):
        document = read_yaml(path)
        for number, regimen in enumerate(validate(RegimenFile, document).regimens):
            names = {name_key(word) for word in (regimen.name, *regimen.aliases)}
            if clash := names & taken:
                line = locate(document, ("regimens", number))
                field = f"regimens[{number}]"
                raise KnowledgeError(
                    "another regimen goes by this name", file=path, line=line, field=field, value=min(clash)
                )
            taken |= names
            regimens[regimen.name] = regimen
    return regimens


@per_scope
def _by_key() -> dict[str, Regimen]:
    named = (
        (word, regimen) for regimen in load_regimens().values() for word in (regimen.name, *regimen.aliases)
    )
    return {name_key(word): regimen for word, regimen in named}


def parse_regimen(source: object) -> Regimen:
    """A regimen from what a user wrote.

    Args:
        source: The name or alias of a cataloged regimen; drugs and doses in words, joined by "+"
            ("trastuzumab 6 mg/kg q3w (load 8 mg/kg) + docetaxel 75 mg/m2 q3w x6"), where a drug without a
            dose takes its cataloged one for the schedule ("trastuzumab + docetaxel q3w"); a mapping with the
            keys of `FIELDS`; a list of texts and mappings; or a `Regimen`.

    Raises:
        InputError: naming what cannot be read, what is allowed, and the nearest known words.
    """
    if isinstance(source, Regimen):
        return source
    if isinstance(source, str):
        return _from_text(source)
    if isinstance(source, Mapping):
        return _joined([_from_mapping(source)])
    if isinstance(source, list | tuple) and source:
        return _joined([_item(number, item) for number, item in enumerate(source)])
    value = "nothing" if source is None else source
    raise InputError("expected a regimen", value=value, allowed=f"a cataloged name, or doses: {EXAMPLE}")


def _joined(parts: list[Regimen]) -> Regimen:
    components = tuple(component for part in parts for component in part.components)
    if len(components) > MOST_COMPONENTS:
        allowed = f"at most {MOST_COMPONENTS} components"
        raise InputError("this regimen is too long", value=f"{len(components)} components", allowed=allowed)
    name = " + ".join(part.name for part in parts if part.components) or "no treatment"
    sources = tuple(dict.fromkeys(source for part in parts for source in part.sources))
    return Regimen(name=name, components=components, sources=sources)


def _item(number: int, item: object) -> Regimen:
    try:
        if isinstance(item, str):
            return _from_text(item)
        if isinstance(item, Mapping):
            return _from_mapping(item)
        raise InputError("expected a drug with its dose", value=item, allowed=EXAMPLE)
    except InputError as error:
        field = f"[{number}]" + (f".{error.field}" if error.field else "")
        raise error.at(field) from None


def _from_text(text: str) -> Regimen:
    if len(text) > LONGEST_TEXT:
        allowed = f"up to {LONGEST_TEXT} characters"
        raise InputError(
            "this text is too long for a regimen", value=f"{len(text)} characters", allowed=allowed
        )
    if not text.strip():
        raise InputError("the regimen is empty", value=text, allowed=f"a cataloged name, or doses: {EXAMPLE}")
    if fold(text) in NO_TREATMENT:
        return Regimen(name="no treatment")
    if (known := _cataloged(text)) is not None:
        return known
    given = [part for part in split_parts(text) if fold(part) not in NO_TREATMENT]
    schedule = last_schedule(given[-1])[1] if given else None
    return _joined([_part(part, schedule) for part in given])


def _cataloged(text: str) -> Regimen | None:
    try:
        return _by_key().get(name_key(text))
    except InputError:  # an impossible schedule: reading it as a component says what is wrong
        return None


def _part(text: str, schedule: str | None) -> Regimen:
    """One of the parts that '+' joins; `schedule` is that of the last part, for drugs that give none."""
    own = last_schedule(text)[1]
    if own is None and schedule is not None and (known := _cataloged(f"{text} {schedule}")) is not None:
        return known
    known = _cataloged(text)
    if known is not None and (own is not None or schedule is None or _is_oral(known)):
        return known
    drug, words = _leading_drug(text)
    fields = fields_of(words, text)
    if "dose" not in fields:
        return _with_usual_dose(drug, fields, schedule, text)
    return _single(_component({"drug": drug.name, **fields}, text))


def _is_oral(regimen: Regimen) -> bool:
    """Whether a regimen has a schedule of its own that the schedule of an infused partner does not touch."""
    return all(component.route == "po" for component in regimen.components)


def _single(component: Component) -> Regimen:
    return Regimen(name=component.text(), components=(component,))


def _leading_drug(text: str) -> tuple[Drug, str]:
    """The drug that a text begins with, and the rest of the text."""
    folded = fold(text)
    for name in sorted(drug_names(), key=len, reverse=True):
        if folded == name or folded.startswith(name + " "):
            return find_drug(name), folded[len(name) :].strip()
    word = re.split(r"\s+(?=[\d(]|auc\b|q\d)", folded)[0]
    aliases = [alias for regimen in load_regimens().values() for alias in (regimen.name, *regimen.aliases)]
    guess = did_you_mean(word, [*load_drugs(), *aliases])
    fix = (
        guess
        if guess.startswith("did")
        else f"{did_you_mean(word, load_drugs())} (see 'forestall catalog drugs')"
    )
    raise InputError("unknown drug or regimen", value=word, fix=fix)


def _with_usual_dose(drug: Drug, fields: dict[str, Any], schedule: str | None, text: str) -> Regimen:
    """The cataloged dose of a drug, with cycles, infusion or start as the user gave them."""
    every = fields.get("every", schedule)
    usual = _cataloged(drug.name if every is None else f"{drug.name} {every}")
    if usual is None and "every" not in fields and (daily := _cataloged(drug.name)) is not None:
        usual = daily if _is_oral(daily) else None
    if usual is None or fields.keys() & {"days", "load", "route"}:
        raise _no_dose(drug, every, text)
    times = fields.get("times_per_day")
    if times is not None and any(component.doses_per_day != times for component in usual.components):
        raise _no_dose(drug, None, text)
    named = {key: value for key, value in fields.items() if key in ("cycles", "infusion", "start")}
    if not named:
        return usual
    return _joined([_single(_changed(component, named, text)) for component in usual.components])


def _changed(component: Component, named: dict[str, Any], text: str) -> Component:
    """A component with fields, under the names that users give them, replaced."""
    fields: dict[str, Any] = {name: getattr(component, name) for name in Component.model_fields}
    by_alias = {Component.model_fields[name].alias or name: value for name, value in fields.items()}
    return _component(by_alias | named, text)


def _no_dose(drug: Drug, every: str | None, text: str) -> InputError:
    known = load_regimens().items()
    schedules = sorted(name for name, regimen in known if regimen.drugs == (drug.name,) and "(" not in name)
    missing = "the dose is missing" if every is None else f"no dose of {drug.name} is cataloged for {every}"
    fix = f"cataloged: {', '.join(schedules)}" if schedules else None
    return InputError(missing, value=text, allowed=f"a dose and a schedule, {EXAMPLE}", fix=fix)


def _from_mapping(source: Mapping[Any, Any]) -> Regimen:
    unknown = [str(key) for key in source if key not in FIELDS]
    if unknown:
        guess = did_you_mean(unknown[0], FIELDS)
        fix = guess if guess.startswith("known") else f"{guess} known: {', '.join(FIELDS)}"
        raise InputError("unknown field", field=unknown[0], fix=fix)
    return _single(_component(dict(source), None))


def _component(fields: dict[str, Any], text: str | None) -> Component:
    """A checked component; errors show `text` where the user wrote words, and the field where a mapping."""
    if text is not None and not fields.keys() & {"every", "times_per_day"}:
        Dose.parse(fields["dose"])
        raise InputError("the schedule is missing", value=text, fix="add for example 'q3w' or 'qd'")
    try:
        return Component.model_validate(fields)
    except ValidationError as error:
        _, found = complaint(Component, fields, error)
    value = text if found.value is None else found.value
    field = found.field if text is None else None
    raise InputError(found.message, field=field, value=value, allowed=found.allowed, fix=found.fix)
