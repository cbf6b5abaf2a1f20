"""The words of a protocol, "capecitabine 1000 mg/m2 bid d1-14 q3w", read into a regimen."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import ValidationError

from forestall.errors import InputError, did_you_mean
from forestall.knowledge.complaints import complaint
from forestall.knowledge.doses import cycle_days_of, cycle_text
from forestall.knowledge.drugs import Drug, drug_names, find_drug, fold, load_drugs
from forestall.knowledge.regimens import NO_TREATMENT, TIMES_PER_DAY, Component, Regimen, load_regimens

EXAMPLE = "for example 'trastuzumab 6 mg/kg q3w (load 8 mg/kg)' or 'letrozole 2.5 mg qd'"
LONGEST_TEXT = 2000
MOST_COMPONENTS = 20
FIELDS = ("drug", "dose", "every", "days", "times_per_day", "load", "cycles", "infusion", "start", "route")
_DOSE = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?\s*[a-zµμ]\w*(?:\s*(?:/|\bper\b)\s*[a-z]\w*[\^²]?\d?)?"
_EVERY = r"q\s?\d{0,3}\s?(?:weeks?|wk|days?|w|d)|every\s+(?:\d+\s+)?(?:days?|weeks?|months?)|(?:once )?weekly|monthly|qm"
_WORDS: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (field, re.compile(pattern, re.IGNORECASE))
    for field, pattern in (
        ("load", rf"\(?\s*\bload(?:ing)?(?:\s+dose)?:?\s+(?P<load>auc\s*[-\d.]+|{_DOSE})\s*\)?"),
        ("infusion", r"\bover\s+(?P<infusion>[\d.]+\s*(?:hours?|h|minutes?|min))(?!\w)"),
        ("start", r"\bfrom\s+(?:day\s+|d)(?P<start>\d+)\b"),
        ("cycles", r"(?:\bx\s*|\bfor\s+)(?P<cycles>\d+)(?:\s+cycles?)?\b|\b(?P<more>\d+)\s+cycles\b"),
        ("days", r"\b(?:d(?:ays?\s+)?)(?P<days>\d+(?:\s*[-–,]\s*\d+)*)(?![\w/])"),
        ("dose", rf"(?P<dose>\bauc\s*[-\d.]+(?:e[-+]?\d+)?|(?<![\w.]){_DOSE})(?!\w)"),
        ("every", rf"\b(?P<every>{_EVERY})\b"),
        ("times_per_day", r"\b(?P<times>qd|od|bid|tid|qid|(?:once |twice |three times )?(?:daily|a day))\b"),
        ("route", r"\b(?P<route>iv|po|im|sc)\b"),
    )
)
_TIMES = {
    **{word: times for times, word in TIMES_PER_DAY.items()},
    "od": 1,
    "daily": 1,
    "once daily": 1,
    "once a day": 1,
    "a day": 1,
    "twice daily": 2,
    "twice a day": 2,
    "three times daily": 3,
    "three times a day": 3,
}
_LAST_SCHEDULE = re.compile(rf"^(?P<rest>.*\S)\s+(?P<every>{_EVERY})$", re.IGNORECASE)


def read_regimen(source: object) -> Regimen:
    """A regimen from text, a mapping, or a list of both (see `parse_regimen`).

    Raises:
        InputError: naming what cannot be read, what is allowed, and the nearest known words.
    """
    if isinstance(source, str):
        return _from_text(source)
    if isinstance(source, Mapping):
        return _joined([_from_mapping(source)])
    if isinstance(source, list | tuple) and source:
        return _joined([_item(number, item) for number, item in enumerate(source)])
    raise InputError("expected a regimen", value=source, allowed=f"a catalogued name, or doses: {EXAMPLE}")


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
        raise InputError(
            error.message, field=field, value=error.value, allowed=error.allowed, fix=error.fix
        ) from None


def _from_text(text: str) -> Regimen:
    if len(text) > LONGEST_TEXT:
        allowed = f"up to {LONGEST_TEXT} characters"
        raise InputError("this text is too long for a regimen", value=f"{len(text)} characters", allowed=allowed)
    if fold(text) in NO_TREATMENT:
        return Regimen(name="no treatment")
    if (known := _catalogued(text)) is not None:
        return known
    parts = [part.strip() for part in _split(text)]
    if not all(parts):
        raise InputError("a drug is missing beside '+'", value=text, allowed=EXAMPLE)
    given = [part for part in parts if fold(part) not in NO_TREATMENT]
    last = _LAST_SCHEDULE.match(given[-1]) if given else None
    schedule = last.group("every") if last else None
    return _joined([_part(part, schedule) for part in given])


def _split(text: str) -> list[str]:
    """The text cut at each '+' that joins drugs, not at a sign of a number."""
    return re.split(r"\s*\+(?!\d)\s*|\s+\+\s*", text)


def _key(text: str) -> str:
    """What makes two names of a regimen the same: the drugs in any order, and the schedule at the end."""
    folded = fold(text)
    found = _LAST_SCHEDULE.match(folded)
    rest, every = (found.group("rest"), str(cycle_days_of(found.group("every")))) if found else (folded, "")
    return "+".join(sorted(fold(part) for part in rest.split("+"))) + "|" + every


@functools.cache
def _by_key() -> dict[str, Regimen]:
    return {
        _key(word): regimen for regimen in load_regimens().values() for word in (regimen.name, *regimen.aliases)
    }


def _catalogued(text: str) -> Regimen | None:
    try:
        return _by_key().get(_key(text))
    except InputError:  # an impossible schedule, which the component's parser explains better
        return None


def _part(text: str, schedule: str | None) -> Regimen:
    """One of the parts that '+' joins; `schedule` is that of the last part, for drugs that give none."""
    own = _LAST_SCHEDULE.match(text)
    if own is None and schedule is not None and (known := _catalogued(f"{text} {schedule}")) is not None:
        return known
    if (known := _catalogued(text)) is not None and (schedule is None or own or _is_daily(known)):
        return known
    drug, rest = _leading_drug(text)
    fields = _fields(rest, text)
    if "dose" not in fields:
        return _with_usual_dose(drug, fields, schedule, text)
    return _single(_component({"drug": drug.name, **fields}, text))


def _is_daily(regimen: Regimen) -> bool:
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
    names = [*load_drugs(), *(name for regimen in load_regimens().values() for name in (regimen.name, *regimen.aliases))]
    raise InputError("unknown drug or regimen", value=word, fix=did_you_mean(word, names))


def _fields(rest: str, text: str) -> dict[str, Any]:
    """Dose, schedule and so on from the words after the drug."""
    fields: dict[str, Any] = {}
    for field, pattern in _WORDS:
        found = pattern.search(rest)
        if found is None:
            continue
        if pattern.search(rest, found.end()):
            raise InputError(f"the {field.replace('_', ' ')} is given twice", value=text, fix="join drugs with '+'")
        fields[field] = _value(field, found)
        rest = f"{rest[: found.start()]} ; {rest[found.end() :]}"
    if left := re.sub(r"[\s;]+", " ", rest).strip():
        raise InputError("cannot read this part of the regimen", value=left, allowed=EXAMPLE)
    return fields


def _value(field: str, found: re.Match[str]) -> object:
    word = next(group for group in found.groups() if group is not None)
    if field == "cycles":
        return int(word)
    if field == "start":
        return int(word) - 1
    if field == "times_per_day":
        return _TIMES[fold(word)]
    return word


def _with_usual_dose(drug: Drug, fields: dict[str, Any], schedule: str | None, text: str) -> Regimen:
    """The catalogued dose of a drug, with cycles, infusion or start as the user gave them."""
    every = fields.pop("every", schedule)
    usual = _catalogued(drug.name if every is None else f"{drug.name} {every}")
    if usual is None and every is not None:
        daily = _catalogued(drug.name)
        usual = daily if daily is not None and _is_daily(daily) else None
    if fields.keys() & {"days", "load", "times_per_day", "route"} or usual is None:
        raise _no_dose(drug, every, text)
    changed = {"cycles": "max_cycles", "infusion": "infusion", "start": "start"}
    if not fields:
        return usual
    if "start" in fields or "cycles" in fields or "infusion" in fields:
        named = {changed[field]: value for field, value in fields.items()}
        components = [_component(_as_fields(part) | named, text) for part in usual.components]
        return _joined([_single(component) for component in components])
    return usual


def _as_fields(component: Component) -> dict[str, Any]:
    fields = component.model_dump()
    fields.update(dose=component.dose, load=component.load, dose_days=component.dose_days)
    return {name: value for name, value in fields.items() if name not in ("start_day", "infusion_hours")} | {
        "infusion": component.infusion_hours,
        "start": component.start_day,
    }


def _no_dose(drug: Drug, every: str | None, text: str) -> InputError:
    schedules = sorted(
        name for name, regimen in load_regimens().items() if regimen.drugs == (drug.name,) and "(" not in name
    )
    missing = "the dose is missing" if every is None else f"no dose of {drug.name} is catalogued for {every}"
    fix = f"catalogued: {', '.join(schedules)}" if schedules else None
    return InputError(missing, value=text, allowed=f"a dose and a schedule, {EXAMPLE}", fix=fix)


def _from_mapping(source: Mapping[Any, Any]) -> Regimen:
    unknown = [key for key in source if key not in FIELDS]
    if unknown:
        fix = f"{did_you_mean(str(unknown[0]), FIELDS)} known: {', '.join(FIELDS)}"
        raise InputError("unknown field", field=str(unknown[0]), fix=fix)
    if "drug" not in source:
        raise InputError("this field is missing", field="drug", allowed=EXAMPLE)
    return _single(_component(dict(source), None))


def _component(fields: dict[str, Any], text: str | None) -> Component:
    """A checked component; errors show `text` where the user wrote words, and the field where a mapping."""
    if text is not None and "every" not in fields and "cycle_days" not in fields and "times_per_day" not in fields:
        raise InputError("the schedule is missing", value=text, fix="add for example 'q3w' or 'qd'")
    try:
        return Component.model_validate(fields)
    except ValidationError as error:
        _, found = complaint(Component, fields, error)
    value = found.value if text is None or found.value is not None else text
    field = found.field if text is None else None
    raise InputError(found.message, field=field, value=value, allowed=found.allowed, fix=found.fix)


def canonical_schedule(text: str) -> str:
    """A schedule in clinicians' shorthand: "every 3 weeks" is "q3w"."""
    return cycle_text(cycle_days_of(text))


def iter_components(regimen: Regimen) -> Iterator[Component]:
    """The components of a regimen that are given (a zero dose is not)."""
    return (part for part in regimen.components if part.amount > 0 or part.loading_amount)
