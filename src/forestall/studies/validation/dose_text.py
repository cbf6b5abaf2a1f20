"""Doses in the words of papers, "trastuzumab 8 then 6 mg/kg; docetaxel 75 mg/m2 q3w", drug by drug.

What is not said of a drug is as usual: days and frequency of a drug that is swallowed, the extra doses that a drug starts with. A drug
without an interval of its own, into a vein or on some days, is given at that of the next drug into a vein, or else of the last one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from forestall.errors import InputError
from forestall.knowledge.components import TIMES_PER_DAY, Component
from forestall.knowledge.doses import cycle_days_of
from forestall.knowledge.drugs import drug_names, fold, load_drugs
from forestall.knowledge.regimen_text import PATTERNS
from forestall.knowledge.regimens import parse_regimen

Components = tuple[Component, ...]
_JOINT: Final = re.compile(r"(?:\s*(?:;|\||(?<!\d)\+|\+(?=\s))\s*|\s+or\s+(?=[a-z]))(?![^()]*\))")
_UNIT: Final = r"mg(?:/kg|/m2)?"
_NUMBER: Final = r"\d+(?:\.\d+)?"
_ON_OFF: Final = r"(?:w(?:ee)?ks?|d(?:ays?)?)?\.? ?on ?[/,] ?"
_LEFT_OUT: Final = re.compile(
    r"\((?!load)[^()]*\)|\b(?:until|to) (?:pd|progression)\b|\bup to 1 y(?:ear)?\b|[>≥]=? ?\d+ cycles|\btablets?\b|\boral(?:ly)?\b"
    r"|\bplacebo\b|\bintravenous(?:ly)?\b|\bd1(?= q)|,? ?\b\d-w(?:ee)?k cycles"
)
_SAID: Final[tuple[tuple[str, str], ...]] = (
    (rf"({_NUMBER}) ?(?:{_UNIT})?(?: load(?:ing)?)?,? then ({_NUMBER})(?:-{_NUMBER})? ?({_UNIT})", r"\2 \3 (load \1 \3)"),
    (rf"({_NUMBER})/({_NUMBER}) ?({_UNIT})", r"\2 \3 (load \1 \3)"),
    (rf"({_NUMBER})(?:-| or | to ){_NUMBER} ?({_UNIT})", r"\1 \2"),
    (r"(\bq\d?\w+) then .*$", r"\1"),
    (rf"({_UNIT}) ?/ ?({_NUMBER}) ?h\b", r"\1 over \2 h"),
    (rf"({_UNIT}) ({_NUMBER}) ?h\b", r"\1 over \2 h"),
    (rf"({_UNIT}) ?/ ?d(?:ay)?\b", r"\1 a day"),
    (r"\b3/1\b|\b(?:3|21) ?" + _ON_OFF + r"(?:1|7) ?(?:w(?:ee)?k|d(?:ays?)?)? ?off", "d1-21 q4w"),
    (r"\b2/1\b|\b(?:2|14) ?" + _ON_OFF + r"(?:1|7) ?(?:w(?:ee)?k|d(?:ays?)?)? ?off", "d1-14 q3w"),
    (r"\b4 ?" + _ON_OFF + r"3 ?(?:d(?:ays?)?)? ?off", "d1-4 q1w"),
    (r"\b(?:(?:qw|weekly) )?3/4(?: (?:wk|weeks?))?|\b3 of (?:every )?4 weeks", "d1,8,15 q4w"),
)  # fmt: skip
"""Abbreviations, and the same in the words of a regimen."""
_INTERVAL, _DAYS, _FREQUENCY = (PATTERNS[field] for field in ("every", "days", "times_per_day"))
_ALWAYS: Final = re.compile(r"\bcontinuous(?:ly)?\b")
_DOSE: Final = re.compile(rf"{_NUMBER} ?{_UNIT}|auc ?=? ?{_NUMBER}")
_LOADED: Final = re.compile(r"\bld\b|\bload(?:ing)?\b|\bd ?(?:0|1),? ?(?:14|15)\b|\bd15\b")
_EXTRA: Final = re.compile(r"(?:load(?:ing)?(?: dose)?|d15|g-csf)\b.*")
_STATED: Final = re.compile(rf"{_NUMBER}|auc")
_MOST_APART: Final = 2.5
"""Factor between the dose over time and the usual one beyond which a schedule was another drug's."""


def read_doses(drugs: Sequence[str], dose_text: str, *, chosen: bool = False) -> dict[str, Components]:
    """What each drug is given as; drugs of which the text says nothing that can be understood are left out.

    Args:
        drugs: Names of the catalog: everything that the arm received, or one of the alternatives of a choice.
        dose_text: Doses in words.
        chosen: Whether physicians chose; a dose without a name is not that of any alternative then.
    """
    parts = _parts(drugs, dose_text.casefold(), unnamed=len(drugs) == 1 and not chosen)
    found: dict[str, Components] = {}
    for place, (drug, words) in enumerate(parts):
        if drug in found or (chosen and not _DOSE.search(words)):
            continue
        own = [other_words for other, other_words in parts if other == drug]
        read = _read(drug, words, _beside(place, parts)) if len(own) == 1 else _in_turn(drug, own)
        if read:
            found[drug] = read
    return found


def _in_turn(drug: str, parts: Sequence[str]) -> Components | None:
    """A drug that is named several times, each time with all that there is to say."""
    try:
        return parse_regimen(" + ".join(f"{drug} {words}" for words in parts)).components
    except InputError:
        return None


def _parts(drugs: Sequence[str], text: str, *, unnamed: bool) -> list[tuple[str, str]]:
    """The drug and the words of each part; what is said of a loading dose belongs to the part before it."""
    known = {name: drug for name, drug in drug_names().items() if drug in drugs}
    found: list[tuple[str, str]] = []
    for part in _JOINT.split(text):
        named = _named(part.strip(), known)
        if named is None and found and _EXTRA.fullmatch(part.strip()):
            found[-1] = (found[-1][0], f"{found[-1][1]} {part.strip()}")
        elif named is None and unnamed and not found and _STATED.match(part.strip()):
            found.append((drugs[0], part.strip()))
        elif named is not None:
            found.append(named)
    return [(drug, _plainly(drug, words)) for drug, words in found]


def _named(part: str, known: Mapping[str, str]) -> tuple[str, str] | None:
    """The drug at the beginning of a part, and the rest."""
    words = part.split(" ")
    for count in range(min(4, len(words)), 0, -1):
        drug = known.get(fold(" ".join(words[:count])))
        if drug is not None:
            return drug, " ".join(words[count:])
    return None


def _plainly(drug: str, words: str) -> str:
    """Abbreviations in the words of a regimen."""
    text = _LEFT_OUT.sub(" ", words.replace("²", "2"))
    for pattern, plain in _SAID:
        text = re.sub(pattern, plain, text)
    if _swallowed(drug):
        text = text.replace("d1,8,15 q4w", "d1-21 q4w")
    return re.sub(r"\s+", " ", text).strip(" ,")


def _swallowed(drug: str) -> bool:
    return load_drugs()[drug].routes[0] == "po"


def _beside(place: int, parts: Sequence[tuple[str, str]]) -> tuple[str, ...]:
    """The interval of the next drug into a vein that has one, or else of the last one before: without its days, and with them."""
    order = [*range(place + 1, len(parts)), *range(place - 1, -1, -1)]
    for other, words in (parts[k] for k in order):
        if load_drugs()[other].routes[0] == "iv" and (interval := _INTERVAL.search(words)):
            days = _DAYS.search(words)
            return (interval[0], f"{days[0]} {interval[0]}") if days else (interval[0],)
    return ()


def _read(drug: str, words: str, beside: tuple[str, ...]) -> Components | None:
    """The components of one drug; None if they cannot be understood."""
    try:
        usual = parse_regimen(drug).components
        ways = list(
            _started(drug, words, usual) if len(usual) > 1 else _written(drug, words, beside, usual[0])
        )
    except InputError:
        return None
    for text, borrowed in ways:
        try:
            found = parse_regimen(text).components
        except InputError:
            continue
        if {one.drug for one in found} == {drug} and _fits(found[0], usual[0], borrowed):
            return found
    return None


def _written(drug: str, words: str, beside: tuple[str, ...], usual: Component) -> Iterator[tuple[str, bool]]:
    """How the words may be meant, in those of a regimen, and whether the interval is another drug's."""
    always = _ALWAYS.search(words) is not None
    words = _per_administration(_ALWAYS.sub("", words), usual)
    every, days, frequency, dose = (
        pattern.search(words) for pattern in (_INTERVAL, _DAYS, _FREQUENCY, _DOSE)
    )
    if not every and (days or not _swallowed(drug)):
        yield from ((f"{drug} {words} {schedule}", True) for schedule in beside)
    if dose and not (every or days or always) and (_is_intermittent(usual) or not frequency):
        as_usual = _DOSE.sub(dose[0], usual.text(), count=1)
        if _swallowed(drug) or as_usual == usual.text():
            yield as_usual, False
    yield f"{drug} {words}", False


def _is_intermittent(usual: Component) -> bool:
    return len(usual.dose_days) < usual.cycle_days


def _per_administration(words: str, usual: Component) -> str:
    """A daily dose, shared out as usual."""
    found = re.search(rf"({_NUMBER}) ?({_UNIT}) a day", words)
    if not found:
        return words
    each = float(found[1]) / usual.doses_per_day
    return words.replace(found[0], f"{each:g} {found[2]} {TIMES_PER_DAY[usual.doses_per_day]}")


def _started(drug: str, words: str, usual: Components) -> Iterator[tuple[str, bool]]:
    """As `_written`, of a drug that usually starts with extra doses: the usual dose has them, another one if the words say so."""
    every, said = _INTERVAL.search(words), _DOSE.findall(words)
    if not said or (every and cycle_days_of(every[0]) != usual[0].cycle_days):
        return
    given, extra = (_DOSE.sub(said[-1], one.text(), count=1) for one in usual[:2])
    if given == usual[0].text():
        yield drug, False
    elif len(said) > 1 or _LOADED.search(words):
        first = said[0] if len(said) > 1 else _DOSE.findall(usual[0].text())[0]
        yield f"{given} (load {first}) + {extra}", False
    else:
        yield given, False


def _fits(found: Component, usual: Component, borrowed: bool) -> bool:
    """Whether a dose is of the usual kind, and of the usual size if its interval was borrowed."""
    if found.dose.basis != usual.dose.basis:
        return False
    ratio = _per_day(found) / _per_day(usual)
    return not borrowed or 1 / _MOST_APART < ratio < _MOST_APART


def _per_day(component: Component) -> float:
    return component.amount * component.doses_per_day * len(component.dose_days) / component.cycle_days
