"""Every field that a trial leaves open, with the value that it takes."""

from __future__ import annotations

from collections.abc import Iterator

from forestall.clinic.defaults import default_after_progression
from forestall.knowledge.packs import pack_in_force
from forestall.knowledge.parameters import value
from forestall.knowledge.trials import TrialSpec

_SAID_OF_NOTHING = {
    "description": "nothing",
    "title": "nothing",
    "accrual": "all patients enter at once and have the whole follow-up",
    "published": "no comparison",
    "sources": "none",
    "notes": "none",
    "population.er_positive": "drawn from the cited prevalence",
    "population.biomarkers": "drawn from the cited prevalences",
    "population.visceral": "as the sites of metastases are drawn",
    "population.prior": "none",
    "population.prior_shares": "none",
    "population.brain_metastases": "excluded",
}
"""What an empty default means."""
_OF_BREAST_CANCER = ("her2", "er_positive", "menopause")


def explain_defaults(spec: TrialSpec) -> str:
    """The fields that are not set, a line each, with the value that is taken and what the field means."""
    return "\n".join([f"Defaults of {spec.trial} (fields that the file does not set):", *_lines(spec)])


def _lines(spec: TrialSpec) -> Iterator[str]:
    hidden = () if pack_in_force() is None else _OF_BREAST_CANCER
    for name, info in type(spec).model_fields.items():
        if name not in spec.model_fields_set:
            yield f"  {name}: {_taken(spec, name)}  ({info.description})"
    for name, info in type(spec.population).model_fields.items():
        if name not in spec.population.model_fields_set and name not in hidden:
            yield f"  population.{name}: {_of_population(spec, name)}  ({info.description})"


def _taken(spec: TrialSpec, name: str) -> str:
    if name == "after_progression":
        return default_after_progression(spec.population.her2).text()
    if name == "control":
        return spec.control_arm
    if name == "randomization":
        return ":".join(str(part) for part in spec.allocation)
    if name == "dropout":
        return f"{value('dropout.rate', '1/year'):.1%} per year"
    taken = getattr(spec, name)
    return _words(name, ", ".join(taken) if isinstance(taken, tuple) else taken)


def _of_population(spec: TrialSpec, name: str) -> str:
    if name == "age":
        low, high = spec.population.age.range
        return f"{low:.0f} to {high:.0f} years, around {value('patient.age_mean', 'year'):.0f}"
    return _words(f"population.{name}", getattr(spec.population, name))


def _words(name: str, taken: object) -> str:
    return str(taken) if taken else _SAID_OF_NOTHING.get(name, str(taken))
