"""The course of one patient in a clinician's words, with no more precision than the model has."""

from __future__ import annotations

import math
import re
import textwrap
from collections.abc import Sequence

import numpy as np

from forestall.clinic.recist import has_risen
from forestall.clinic.stopping import is_stopped
from forestall.knowledge.components import Component
from forestall.knowledge.doses import number_text
from forestall.knowledge.packs import pack_in_force
from forestall.knowledge.regimens import Regimen
from forestall.studies.course import CloneCourse, Course, Floats, LesionCourse, Progression
from forestall.studies.escape import alteration_text, explain, mechanism_text
from forestall.studies.marker_story import marker_at_entry, marker_at_progression, marker_words
from forestall.units import factor

RESEARCH_USE = (
    "This is the simulated course of a virtual patient, for research only: it cannot say what will happen "
    "to a person, and must not guide anyone's treatment."
)
WIDTH = 96
_SITES = {"node": "lymph node"}
_BEST = {
    "CR": "a complete response",
    "PR": "a partial response",
    "SD": "stable disease",
    "PD": "progressive disease",
}
_MANY_TOLERANT = 0.2
"""Share of the cells from which on tolerance is worth a sentence."""
_COUNTS = {1: "one lesion", 2: "two lesions", 3: "three lesions", 4: "four lesions", 5: "five lesions"}
_TIMES = {1: "once", 2: "twice", 3: "three times", 4: "four times"}


def story_of(course: Course, found: Sequence[str] = ()) -> str:
    """The course in words, one paragraph per line of thought, wrapped; `found` as for `paragraphs`."""
    return "\n\n".join(
        textwrap.fill(paragraph, WIDTH, break_on_hyphens=False) for paragraph in paragraphs(course, found)
    )


def paragraphs(course: Course, found: Sequence[str] = ()) -> list[str]:
    """The course in words, a paragraph each.

    Args:
        course: The course.
        found: Paragraphs on what biopsies and blood found.
    """
    told = _told(course, found)
    return told if course.patient.type is None else [_impersonal(paragraph) for paragraph in told]


def _impersonal(text: str) -> str:
    """Words for patients of whatever sex."""
    words = {r"\bShe\b": "The patient", r"\bshe\b": "the patient", r"\bfor her\b": "for this patient"}
    for pattern, word in words.items():
        text = re.sub(pattern, word, text)
    return text


def _told(course: Course, found: Sequence[str]) -> list[str]:
    if course.failure:
        return [_who(course), f"The simulation failed: {course.failure}. There is no result.", RESEARCH_USE]
    told = [_who(course), _at_entry(course), _treatment(course), _response(course), marker_words(course)]
    told.append(_stopping(course))
    told.append(_tolerance(course))
    if course.progression is not None:
        told.append(_progression(course, course.progression))
        told.append(_escape(course, course.progression))
    return [*filter(None, told), *found, _ending(course), f"{_credibility(course)} {RESEARCH_USE}"]


def _who(course: Course) -> str:
    spec = course.patient
    if (pack := pack_in_force()) is not None and spec.type is not None:
        text = (
            f"{_name(course)} is {course.age_years:.0f} years old, weighs {course.weight_kg:.0f} kg and has "
            f"{pack.types[spec.type].name}."
        )
        return text + _history(course)
    her2 = "HER2-low" if spec.her2 == "low" else f"HER2-{spec.her2}"
    spread = "metastatic" if any(lesion.site != "breast" for lesion in spec.lesions) else "breast-confined"
    age = f"{course.age_years:.0f} years old, {'post' if course.postmenopausal else 'pre'}menopausal"
    text = (
        f"{_name(course)} is {age} and weighs {course.weight_kg:.0f} kg. She has {spread}, {her2}, "
        f"ER-{spec.er} breast cancer."
    )
    return text + _history(course)


def _history(course: Course) -> str:
    spec, text = course.patient, ""
    if spec.alterations:
        text += f" Every tumor cell carries {listed([alteration_text(key) for key in spec.alterations])}."
    text += _treated_before(spec.prior, spec.earlier_lines)
    if course.seed is None:
        return text + " What the description leaves open is that of the typical patient."
    return text + f" What the description leaves open was drawn with seed {course.seed}."


def _treated_before(drugs: Sequence[str], lines: int) -> str:
    text = f" Before, she had received {listed(list(drugs))}." if drugs else ""
    if lines:
        text += f" She had {lines} earlier line{'s' if lines > 1 else ''} of treatment for advanced disease."
    return text


def _name(course: Course) -> str:
    name = course.patient.patient
    return "The patient" if name == "patient" else name


def _at_entry(course: Course) -> str:
    seen = [lesion for lesion in course.lesions if _visible(lesion, 0)]
    sizes = [f"{_site_words(lesion)} {lesion.measured_mm[0]:.0f} mm" for lesion in seen]
    number = _COUNTS.get(len(seen), f"{len(seen)} lesions")
    text = f"The first scan showed {number}: {listed(sizes)}." if seen else "The first scan showed no lesion."
    text = marker_at_entry(course) or text
    cells = sum(float(clone.cells[0].sum()) for clone in course.clones)
    changed = sum(float(clone.cells[0].sum()) for clone in course.clones if clone.acquired)
    if changed < 1:
        return text
    share = changed / cells
    part = (
        f"{_rough(100 * share)}% of the tumor cells"
        if share > 0.05
        else f"one tumor cell in {_rough(1 / share)}"
    )
    return f"{text} Before the first dose, about {part} carried a further alteration that the model follows."


def _visible(lesion: LesionCourse, visit: int) -> bool:
    return bool(lesion.measured_mm[visit] > 0)


def _site_words(lesion: LesionCourse) -> str:
    return _SITES.get(lesion.site, lesion.site)


def _lesion_words(lesion: LesionCourse) -> str:
    """A lesion in a sentence: "the bone lesion", "liver lesion 2", "the new brain lesion"."""
    number = lesion.name.split()[-1]
    kind = "" if lesion.described else "new "
    if number.isdecimal():
        return f"{kind}{_site_words(lesion)} lesion {number}"
    return f"the {kind}{_site_words(lesion)} lesion"


def _treatment(course: Course) -> str:
    if not any(dose.phase == 0 for dose in course.doses):
        return "She received no treatment until progression."
    return f"Treatment until progression: {regimen_words(course.regimen, course, 0)}."


def _stopping(course: Course) -> str:
    """The end of chemotherapy before progression."""
    if course.stopped_day is None:
        return ""
    stopped = {component.drug for component in course.regimen.components if is_stopped(component)}
    kept = dict.fromkeys(dose.drug for dose in course.doses if dose.phase == 0 and dose.drug not in stopped)
    text = f"{listed(sorted(stopped)).capitalize()} ended {after(course.stopped_day)}, before progression"
    return f"{text}; {listed(list(kept))} went on." if kept else f"{text}."


def regimen_words(regimen: Regimen, course: Course, phase: int) -> str:
    """A regimen in words, with what it came to for this patient."""
    given = [component for component in regimen.components if component.amount or component.loading_amount]
    doses = [dose for dose in course.doses if dose.phase == phase]
    parts = []
    for component, dose in zip(given, doses, strict=True):
        sized = component.amount_basis != "mg" and dose.amount_mg.size
        own = f" (for her about {_rough(float(dose.amount_mg[-1]), 2)} mg)" if sized else ""
        parts.append(_component_words(component, own))
    return "; ".join(parts)


def _component_words(component: Component, own: str) -> str:
    words = f"{component.drug} {component.dose}{own} {_schedule_words(component)}"
    if component.load is not None:
        words += f", first dose {component.load}"
    if component.max_cycles is not None:
        words += f", at most {component.max_cycles} cycle" + "s" * (component.max_cycles > 1)
    if component.start_day:
        words += f", from day {component.start_day + 1} on"
    return words


def _schedule_words(component: Component) -> str:
    daily = f"{_TIMES[component.doses_per_day]} a day"
    days, cycle = component.dose_days, component.cycle_days
    if len(days) == cycle:
        return daily
    every = f"every {cycle // 7} weeks" if cycle % 7 == 0 else f"every {cycle} days"
    every = "every week" if cycle == 7 else every
    if days == (1,):
        return every if component.doses_per_day == 1 else f"{daily} {every}"
    run = days == tuple(range(days[0], days[-1] + 1)) and len(days) > 2
    on = f"days {days[0]} to {days[-1]}" if run else f"days {listed([str(day) for day in days])}"
    return f"{'' if component.doses_per_day == 1 else daily + ' '}on {on}, {every}"


def _response(course: Course) -> str:
    if marker_at_entry(course) is not None:
        return ""
    sums = course.sum_mm[: course.end_of_measurement]
    if sums.size < 2:
        return "No scan followed."
    best = _BEST.get(course.best_response)
    first = course.first_response_day
    if best is None:
        text = "No later scan could be evaluated."
    elif course.best_response in ("CR", "PR") and first is not None:
        text = f"The best response was {best}; a response was first seen {after(first)}."
    else:
        text = f"The best response was {best}."
    return text + _nadir_words(course, sums)


def _nadir_words(course: Course, sums: Floats) -> str:
    if not sums[0] > 0:
        return " There was no target lesion to measure."
    lowest = int(np.argmin(sums))
    if lowest == 0:
        return " The target lesions never became smaller than at the start."
    when = after(float(course.visit_day[lowest]))
    if sums[lowest] <= 0:
        return f" No target lesion could be seen any more {when}."
    fall = 100 * (1 - sums[lowest] / sums[0])
    return f" The target lesions were smallest {when}, {fall:.0f}% below the start."


def _tolerance(course: Course) -> str:
    """How many cells had turned tolerant when the tumor was smallest, where that is many."""
    measured = slice(0, course.end_of_measurement)
    cells = sum((clone.cells[measured].sum(axis=1) for clone in course.clones), np.zeros(1))
    tolerant = sum((clone.tolerant_cells[measured].sum(axis=1) for clone in course.clones), np.zeros(1))
    lowest = int(np.argmin(cells))
    if lowest == 0 or not tolerant[lowest] > _MANY_TOLERANT * cells[lowest]:
        return ""
    return (
        f"When the tumor had fewest cells, {after(float(course.visit_day[lowest]))}, about "
        f"{_rough(100 * tolerant[lowest] / cells[lowest], 2)}% of them had stopped dividing and were spared by the drugs, a state "
        "without mutation that goes away when the drugs are stopped."
    )


def _progression(course: Course, progression: Progression) -> str:
    last = course.end_of_measurement - 1
    sums = course.sum_mm[: last + 1]
    lowest = float(np.min(sums[:-1])) if last else math.nan
    text = f"Progression was found {after(progression.day)}:"
    found = []
    fresh = [lesion for lesion in course.lesions if _visible(lesion, last) and _unseen_before(lesion, last)]
    if progression.new_lesion and fresh:
        found.append(f"a new lesion was seen ({listed([_site_words(lesion) for lesion in fresh])})")
    if last and sums[last] > lowest:
        grown = f"from {lowest:.0f} mm at their smallest to {sums[last]:.0f} mm in sum"
        found.append(f"the target lesions had grown {grown}")
    if not fresh and not (last and has_risen(float(sums[last]), lowest)):
        found.append("lesions that are followed but not measured, such as those in bone, had clearly grown")
    if (risen := marker_at_progression(course, last)) is not None:
        return f"{text} {risen}."
    lead = course.lesion(progression.lesion)
    text = f"{text} {listed(found)}. " if found else text.rstrip(":") + ". "
    return text + f"It was led by {_lesion_words(lead)}."


def _unseen_before(lesion: LesionCourse, visit: int) -> bool:
    return not (lesion.measured_mm[:visit] > 0).any()


def _escape(course: Course, progression: Progression) -> str:
    drugs = dict.fromkeys(dose.drug for dose in course.doses if dose.phase == 0)
    escape = explain(progression.cause, drugs)
    text = f"{_leader(course, progression)} {escape.sentence}"
    if escape.mechanisms:
        return f"{text} {mechanism_text(escape.mechanisms[0], drugs)}"
    return text + " The mechanism catalog has no entry for this." * bool(drugs)


def _leader(course: Course, progression: Progression) -> str:
    """Which clone led, and since when it was there."""
    clone = next((clone for clone in course.clones if clone.acquired == progression.acquired), None)
    if not progression.acquired or clone is None:
        return "Cells that had acquired none of the alterations that the model follows led the growth."
    names = listed([alteration_text(key) for key in progression.acquired])
    return f"A clone that had acquired {names} led the growth; {_origin(course, clone, progression)}."


def _origin(course: Course, clone: CloneCourse, progression: Progression) -> str:
    column = [lesion.name for lesion in course.lesions].index(progression.lesion)
    own = clone.cells[:, column]
    if own[0] >= 1:
        text = f"about {_rough(float(own[0]))} of its cells were in that lesion before the first dose"
    else:
        text = "none of its cells were in that lesion before the first dose"
    share = own / np.maximum(sum(other.cells[:, column] for other in course.clones), 1.0)
    last = course.end_of_measurement - 1
    most = [number for number in range(1, last + 1) if (share[number : last + 1] > 0.5).all()]
    if most:
        text += f", and they made up most of it from the scan {after(float(course.visit_day[most[0]]))} on"
    return text


def _ending(course: Course) -> str:
    text = ""
    if course.progression is not None:
        follows = any(dose.phase == 1 for dose in course.doses)
        text = (
            f"After progression she received {regimen_words(course.after_progression, course, 1)}. "
            if follows
            else ("After progression she received no treatment. ")
        )
    when = after(course.last_day)
    if course.death_day is not None:
        return text + (
            f"She died {when}."
            if course.progression
            else f"She died {when}, without a scan that showed progression."
        )
    return text + (
        f"She was alive at the end of follow-up, {when}."
        if course.progression
        else f"She was alive and without progression at the end of follow-up, {when}."
    )


def _credibility(course: Course) -> str:
    total, assumed = sum(course.numbers.values()), course.numbers["assumed"]
    text = f"Of the {total} numbers behind this course {assumed} are assumptions"
    if not course.parameters.values:
        return f"{text}."
    return f"{text}; the set '{course.parameters.name}' takes the place of {len(course.parameters.values)} of them."


def after(days: float) -> str:
    """A time since the start of treatment, in words: "after 9 weeks", "after 14 months"."""
    weeks = days / 7
    if weeks < 17:
        number = round(weeks)
        return f"after {number} week" + "s" * (number != 1) if number else f"after {max(1, round(days))} days"
    return f"after {days / factor('month', 'day'):.0f} months"


def _rough(number: float, digits: int = 1) -> str:
    """A number with few digits: 23,417 is 20,000; from a million on in words."""
    if number <= 0:
        return "0"
    scale = 10.0 ** (math.floor(math.log10(number)) - digits + 1)
    rounded = round(number / scale) * scale
    for size, word in ((1e9, "billion"), (1e6, "million")):
        if rounded >= size:
            return f"{number_text(round(rounded / size, 3))} {word}"
    return f"{rounded:,.0f}"


def listed(words: Sequence[str]) -> str:
    """Words in a sentence: "a, b and c"."""
    return " and ".join([", ".join(words[:-1]), words[-1]]) if len(words) > 1 else "".join(words)
