"""The report of a trial's result: simulated beside published, with the words that explain it."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence

import numpy as np

from forestall.knowledge.ensembles import CALIBRATED, load_ensemble
from forestall.knowledge.evidence import Comparison, Outcome, PublishedTrial, published_for
from forestall.knowledge.parameter_sets import LITERATURE
from forestall.knowledge.references import load_references
from forestall.report.causes import OTHER_CAUSES
from forestall.report.design import design_rows, population_rows
from forestall.report.limits import limits_of
from forestall.report.marker import marker_in_place_of_scans
from forestall.report.model import (
    ArmSummary,
    BestChanges,
    CauseTable,
    Floats,
    HazardRatioSummary,
    Published,
    ReportInput,
    ResponseSummary,
    SurvivalData,
    SwimmerRow,
    TimeSummary,
)
from forestall.report.swimmer import choose_swimmers
from forestall.report.trial_why import why_table
from forestall.report.wording import days_per_month, rate_text
from forestall.statistics.estimate import UNKNOWN, Estimate
from forestall.studies.analysis import ArmResult, HazardRatio
from forestall.studies.citations import printed
from forestall.studies.escape import explain, mechanism_text
from forestall.studies.landmarks import Landmark
from forestall.studies.trial_result import TrialResult

MOST_CAUSES = 12
"""Causes that are shown by name; the rest are counted together."""
_TITLES = {"PFS": "Progression-free survival", "OS": "Overall survival"}


def report_of(result: TrialResult) -> ReportInput:
    """Everything that the report of a trial shows.

    Args:
        result: The finished trial.
    """
    published = published_for(result.spec)
    counts = result.status_counts()
    marker = marker_in_place_of_scans()
    return ReportInput(
        title=result.spec.trial,
        description=" ".join(
            text for text in (_sentence(result.spec.title), result.spec.description) if text
        ),
        arms=[_arm(arm, published) for arm in result.arm_results],
        hazard_ratios=[_hazard_ratio(ratio, published) for ratio in _asked_for(result)],
        causes=cause_table(result),
        why=None if result.explained is None else why_table(result.explained),
        survival=_survival(result),
        best_changes=None if marker else _best_changes(result),
        swimmers=_swimmers(result),
        design=design_rows(result),
        follow_up_days=result.spec.follow_up_days,
        population=population_rows(result),
        parameters=counts,
        parameters_label=_label(counts, result.record.parameters),
        seed=result.seed,
        replicates=len(result.replicates),
        record=_record(result),
        rerun_command=result.record.command,
        published_trial=_published_trial(published),
        marker=marker,
        landmarks=[_landmark(found) for found in result.landmarks] if result.scope is not None else [],
        citations=_citations(result, published),
        notes=_notes(result, published),
        limits=limits_of(result),
    )


def _best_changes(result: TrialResult) -> BestChanges:
    first = result.replicates[0]
    return BestChanges(first.best_change, first.arm.astype(np.int64))


def _landmark(found: Landmark) -> tuple[str, str]:
    when = "" if found.months is None else f" by {found.months:g} months"
    if found.endpoint in _TITLES:
        when = f" at {found.months:g} months"
    low, high = (math.nan if end is None else end / 100 for end in found.ci or (None, None))
    published = rate_text(Estimate(found.published_pct / 100, low, high))
    return f"{found.endpoint}{when}, {found.arm}", f"{rate_text(found.simulated)}, published {published}"


def _sentence(text: str) -> str:
    return text if not text or text.endswith((".", "?", "!")) else text + "."


def _label(counts: dict[str, int], in_use: str) -> str:
    if in_use == CALIBRATED:
        return load_ensemble().about.label
    if in_use != LITERATURE.name:
        return f"the set '{in_use}'"
    if not counts["calibrated"]:
        return "literature values and assumptions, not calibrated"
    return f"{counts['calibrated']} of {sum(counts.values())} calibrated to cell lines, none to a trial"


def _arm(arm: ArmResult, published: PublishedTrial | None) -> ArmSummary:
    return ArmSummary(
        name=arm.name,
        regimen=arm.regimen,
        n=arm.n,
        failed=arm.failed,
        pfs=TimeSummary(arm.pfs_events, arm.pfs_median),
        os=TimeSummary(arm.os_events, arm.os_median),
        response=ResponseSummary(arm.responders, arm.evaluated, arm.response_rate),
        published=dict(_outcomes(arm.name, published)),
    )


def _outcomes(arm: str, published: PublishedTrial | None) -> Iterator[tuple[str, Published]]:
    for endpoint in ("PFS", "OS", "ORR"):
        row = None if published is None else published.outcome(arm, endpoint)
        if row is not None:
            yield endpoint, Published(_outcome_value(row), _other_name(row, endpoint), _source(row))


def _outcome_value(row: Outcome) -> Estimate:
    """Months become days, percents become fractions."""
    value, scale = (row.rate_pct, 0.01) if row.endpoint == "ORR" else (row.median_months, days_per_month())
    return UNKNOWN if value is None else _scaled(value, row.ci, scale)


def _scaled(value: float, interval: tuple[float | None, float | None] | None, scale: float) -> Estimate:
    """An end that was not printed is unknown; the upper end of a printed interval may not be reached."""
    lower, upper = (None, None) if interval is None else interval
    open_end = math.inf if lower is not None else math.nan
    return Estimate(
        scale * value,
        math.nan if lower is None else scale * lower,
        open_end if upper is None else scale * upper,
    )


def _other_name(row: Outcome | Comparison, endpoint: str) -> str:
    return "" if row.endpoint == endpoint else row.endpoint


def _source(row: Outcome | Comparison) -> str:
    remarks = [row.note, "from a secondary source" if row.verified == "secondary" else None]
    return "; ".join(remark for remark in remarks if remark)


def _asked_for(result: TrialResult) -> list[HazardRatio]:
    return [ratio for ratio in result.hazard_ratios if ratio.endpoint in _endpoints(result)]


def _endpoints(result: TrialResult) -> list[str]:
    """Time-to-event endpoints of the trial; PFS if it asks for none."""
    return [name for name in _TITLES if name in result.spec.endpoints] or ["PFS"]


def _hazard_ratio(ratio: HazardRatio, published: PublishedTrial | None) -> HazardRatioSummary:
    row = None if published is None else published.comparison(ratio.arm, ratio.endpoint)
    beside = None
    if row is not None and row.hr is not None:
        beside = Published(_scaled(row.hr, row.ci, 1.0), _other_name(row, ratio.endpoint), _source(row))
    value = ratio.ratio if _can_be_estimated(ratio) else UNKNOWN
    return HazardRatioSummary(ratio.endpoint, ratio.arm, ratio.control, value, ratio.prediction, beside)


def _can_be_estimated(ratio: HazardRatio) -> bool:
    """Without an event in one arm the likelihood has no maximum."""
    return 0 < ratio.ratio.value < math.inf


def cause_table(result: TrialResult) -> CauseTable:
    """Causes of progression in the first replicate, most frequent first, rare ones together."""
    counts = result.cause_counts
    order = np.argsort(-counts.sum(axis=0), kind="stable")
    order = order[counts.sum(axis=0)[order] > 0]
    shown, rest = order[:MOST_CAUSES], order[MOST_CAUSES:]
    names = [result.causes[index] for index in shown]
    table = counts[:, shown]
    explanations = _explanations(names, result)
    if rest.size:
        table = np.column_stack((table, counts[:, rest].sum(axis=1)))
        names.append(OTHER_CAUSES)
        explanations[OTHER_CAUSES] = f"{rest.size} rarer causes; ADSL has the cause of every patient."
    return CauseTable(names, table, explanations)


def _explanations(causes: Sequence[str], result: TrialResult) -> dict[str, str]:
    """A text on each cause; one that would come twice refers to the first."""
    first: dict[str, str] = {}
    texts = {cause: _explanation(cause, result) for cause in causes}
    for cause, text in texts.items():
        first.setdefault(text, cause)
    return {
        cause: text if first[text] == cause else f"The same mechanism as {first[text]}."
        for cause, text in texts.items()
    }


def _explanation(cause: str, result: TrialResult) -> str:
    drugs = dict.fromkeys(drug for regimen in result.spec.regimens.values() for drug in regimen.drugs)
    escape = explain(cause, drugs)
    if not escape.mechanisms:
        return escape.sentence
    return _linked(mechanism_text(escape.mechanisms[0], drugs))


def _survival(result: TrialResult) -> list[SurvivalData]:
    first = result.replicates[0]
    arm = first.arm.astype(np.int64)
    data = {"PFS": (first.pfs_days, first.pfs_event), "OS": (first.os_days, first.os_event)}
    return [SurvivalData(name, _TITLES[name], *data[name], arm) for name in _endpoints(result)]


def _swimmers(result: TrialResult) -> list[SwimmerRow]:
    data = result.swimmers
    chosen = choose_swimmers(data.followed, data.arm.astype(np.int64))
    return [
        SwimmerRow(
            patient=f"{result.spec.trial}-{data.patient[row]:06d}",
            arm=int(data.arm[row]),
            followed_days=float(data.followed[row]),
            treated_days=float(data.treated[row]),
            response_day=None if marker_in_place_of_scans() else _day(data.response, row),
            progression_day=_day(data.progression, row),
            death_day=_day(data.death, row),
        )
        for row in chosen.tolist()
    ]


def _day(days: Floats, row: int) -> float | None:
    return float(days[row]) if np.isfinite(days[row]) else None


def _record(result: TrialResult) -> dict[str, str]:
    record = result.record
    libraries = ", ".join(
        f"{name} {number}" for name, number in record.versions.items() if name != "forestall"
    )
    tables = {f"{name} sha256": digest for name, digest in record.tables_sha256.items()}
    return {
        "forestall": record.versions["forestall"],
        "seed": str(record.seed),
        "patients per replicate": str(record.patients),
        "replicates": str(record.replicates),
        "libraries": libraries,
        "machine": record.machine,
        "knowledge files sha256": record.knowledge_sha256,
        **tables,
    }


def _published_trial(published: PublishedTrial | None) -> str:
    if published is None:
        return ""
    citation = _linked(printed(load_references()[published.source]))
    return citation if published.subgroup == "all" else f"{citation} ({published.subgroup})"


def _citations(result: TrialResult, published: PublishedTrial | None) -> list[str]:
    sources = [_linked(text) for text in result.citations()]
    if published is None:
        return sources
    rows: Sequence[Outcome | Comparison] = [*published.outcomes.values(), *published.comparisons.values()]
    read_at = sorted({row.source_url for row in rows})
    trial = _linked(printed(load_references()[published.source]))
    values = [f"Published values of {published.trial}, read at {url}" for url in read_at]
    return [*dict.fromkeys([*sources, trial]), *values]


def _linked(citation: str) -> str:
    """A printed citation with a web address that a browser can follow."""
    text = re.sub(r"\bdoi:(10\.\S+?)(?=\.?(?:\s|$))", r"https://doi.org/\1", citation)
    return re.sub(r"\bPMID (\d+)", r"https://pubmed.ncbi.nlm.nih.gov/\1", text)


def _notes(result: TrialResult, published: PublishedTrial | None) -> list[str]:
    notes = [*result.spec.notes]
    if published is not None:
        notes += [_sentence(note[0].upper() + note[1:]) for note in published.notes]
    notes += [
        f"The hazard ratio of {ratio.endpoint} ({ratio.arm} / {ratio.control}) cannot be estimated: too few events."
        for ratio in _asked_for(result)
        if not _can_be_estimated(ratio)
    ]
    failed = result.to_frame("ADSL", ["FAILREAS"]).get_column("FAILREAS").drop_nulls().value_counts(sort=True)
    notes += [
        f"{count} patient{'s' * (count > 1)} could not be simulated: {reason}."
        for reason, count in failed.iter_rows()
    ]
    return notes
