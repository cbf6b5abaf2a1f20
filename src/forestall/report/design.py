"""How a trial was run and who was in it, as rows of a table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import polars as pl

from forestall.clinic.defaults import default_after_progression
from forestall.knowledge.packs import pack_in_force
from forestall.knowledge.population import Population
from forestall.knowledge.trials import TrialSpec
from forestall.report.wording import DASH
from forestall.studies.trial_result import TrialResult

_MOST_SHOWN = 10
_LEAST_SHARE = 0.01
_FCGR3A = ("VV", "VF", "FF")
Rows = list[tuple[str, str]]


def design_rows(result: TrialResult) -> Rows:
    """How the trial was run."""
    return list(_design(result.spec, result))


def _design(spec: TrialSpec, result: TrialResult) -> Iterator[tuple[str, str]]:
    yield "Eligibility", _eligibility(spec.population)
    arms = f" to {len(spec.arms)} arms" if len(spec.arms) > 1 else ""
    ratio = ":".join(str(part) for part in spec.allocation)
    yield "Patients", f"{result.patients}{arms}" + (f", randomized {ratio} in blocks" if arms else "")
    if len(result.replicates) > 1:
        yield "Replicates", f"{len(result.replicates)} of the whole trial; figures and tables show the first"
    yield "Visits", _visits(spec)
    yield "Endpoints", ", ".join(spec.endpoints)
    accrual = "" if spec.accrual is None else f", patients enter over {spec.accrual}"
    yield "Follow-up", f"{spec.follow_up}{accrual}"
    yield "Dropout", spec.dropout or "at the catalog's rate"
    after, usual = spec.after_progression_regimen, default_after_progression(spec.population.her2)
    yield (
        "After progression",
        after.text() if after is not None else f"{usual.text()} (by default)",
    )
    if len(spec.arms) > 1:
        yield "Hazard ratios", f"against {spec.control_arm}"


def _eligibility(population: Population) -> str:
    her2 = {"any": "any HER2 status", "low": "HER2-low"}.get(str(population.her2), f"HER2-{population.her2}")
    kinds = ", ".join(f"{share:.0%} {name}" for name, share in population.types.items()) or "types as common"
    pack = pack_in_force()
    parts = [her2 if pack is None else kinds, population.setting, f"line {population.line}"]
    if population.menopause != "any":
        parts.append(f"{population.menopause}menopausal")
    low, high = population.age.range
    parts.append(f"age {low:.0f} to {high:.0f}")
    parts += [f"{gene} altered in {share:.0%}" for gene, share in population.biomarkers.items()]
    if population.prior:
        parts.append(f"earlier treatment with {', '.join(population.prior)}")
    parts += [f"{name} before in {share:.0%}" for name, share in population.prior_shares.items()]
    parts.append(_brain(population.brain_metastases))
    return ", ".join(parts)


def _brain(share: float | None) -> str:
    if share is None:
        return "brain metastases allowed"
    return f"brain metastases in {share:.0%}" if share else "no brain metastases"


def _visits(spec: TrialSpec) -> str:
    phases = [
        f"every {phase.every}" + (f" until {phase.until}" if phase.until else "") for phase in spec.visits
    ]
    return ", then ".join(phases)


def population_rows(result: TrialResult) -> Rows:
    """Who was in the first replicate, as it was drawn."""
    return list(_population(result))


def _population(result: TrialResult) -> Iterator[tuple[str, str]]:
    yield "Age", _spread(result, "AGE", "years")
    yield "Weight", _spread(result, "WEIGHTBL", "kg")
    if pack_in_force() is None:
        yield from _of_breast_cancer(result)
    yield "Lesions at entry", _spread(result, "NLESION", "")
    yield "Sites at entry", _most(result.entry.sites, result)
    yield "Altered in all tumor cells", _most(result.entry.alterations, result) or "nothing in 1% of patients"
    if result.entry.draws > result.patients:
        share = result.patients / result.entry.draws
        yield "Met the criteria", f"{share:.0%} of {result.entry.draws} patients drawn"


def _of_breast_cancer(result: TrialResult) -> Iterator[tuple[str, str]]:
    yield "Menopause", _shares(result, "MENOPAUS", {"post": "postmenopausal", "pre": "premenopausal"})
    yield "HER2", _shares(result, "HER2", {"positive": "positive", "low": "low", "negative": "negative"})
    yield "ER", _shares(result, "ER", {"positive": "positive", "negative": "negative"})
    genotypes = {name: "/".join(name) for name in _FCGR3A}
    yield "FCGR3A-158", _shares(result, "FCGR3A", genotypes)


def _most(counts: Mapping[str, int], result: TrialResult) -> str:
    """The most frequent ones with their share of the patients."""
    often = sorted(counts.items(), key=lambda pair: -pair[1])[:_MOST_SHOWN]
    shares = [(name, count / result.patients) for name, count in often]
    return ", ".join(f"{name} {share:.0%}" for name, share in shares if share >= _LEAST_SHARE)


def _column(result: TrialResult, name: str) -> pl.Series:
    """One column of ADSL: a large trial's whole table, texts included, would take most of its memory."""
    return result.to_frame("ADSL", [name]).get_column(name)


def _spread(result: TrialResult, column: str, unit: str) -> str:
    values = _column(result, column)
    middle, low, high = (values.quantile(at, "linear") or 0.0 for at in (0.5, 0.05, 0.95))
    return f"median {middle:.0f} {unit}".rstrip() + f" (5th to 95th percentile {low:.0f}{DASH}{high:.0f})"


def _shares(result: TrialResult, column: str, words: dict[str, str]) -> str:
    values = _column(result, column)
    counts = dict(values.value_counts().iter_rows())
    known = [(word, counts[key]) for key, word in words.items() if counts.get(key)]
    return ", ".join(f"{word} {count / values.len():.0%} ({count})" for word, count in known)
