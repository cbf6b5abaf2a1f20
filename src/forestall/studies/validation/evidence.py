"""Evidence tables, read and checked: what may be used, and everything that may not."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, TypeVar

from forestall.studies.validation.consistency import (
    agrees_with_medians,
    is_wide_enough,
    possible_outcomes,
    with_sizes_of_arms,
)
from forestall.studies.validation.exceptions import OVERRIDES_FILE, Overrides, read_overrides
from forestall.studies.validation.pairs import pairs
from forestall.studies.validation.rows import (
    ENDPOINTS,
    ArmRow,
    ComparisonRow,
    TrialRow,
    arm_row,
    comparison_row,
    trial_row,
)
from forestall.studies.validation.tables import CELL, COMPARISONS, ROW, Defect, Source, read_raw

_PREFERENCE: Final = {"1": 0, "": 1, "0": 2}
Row = TypeVar("Row", ArmRow, ComparisonRow)
R = TypeVar("R")


@dataclass(frozen=True)
class Evidence:
    """What the tables of a folder say, as far as it can be used."""

    trials: dict[str, TrialRow]
    arms: tuple[ArmRow, ...]
    comparisons: tuple[ComparisonRow, ...]
    """One for each question: trial, subgroup, pair of arms, endpoint."""
    set_aside: tuple[tuple[ComparisonRow, str], ...]
    """Rows without a fault that another row answers better, and why."""
    defects: tuple[Defect, ...]
    unusable_trials: dict[str, str]
    """Trials whose row is not used, and why."""
    overrides: Overrides
    hashes: dict[str, str] = field(default_factory=dict)

    def arm_rows(self, trial: str, arm: str) -> list[ArmRow]:
        """Every usable row of an arm."""
        return [row for row in self.arms if (row.trial, row.arm) == (trial, arm)]

    def outcome(self, trial: str, arm: str, subgroup: str, endpoint: str) -> ArmRow | None:
        """The one row that gives an arm's median, or its response rate."""
        rows = [
            row
            for row in self.arm_rows(trial, arm)
            if row.subgroup.name == subgroup
            and ENDPOINTS.get(row.endpoint, row.endpoint) == endpoint
            and (row.rate is not None if endpoint == "ORR" else row.median is not None)
        ]
        return min(rows, key=lambda row: _rank(row, self._assessor(trial)), default=None)

    def _assessor(self, trial: str) -> str:
        return self.trials[trial].assessor if trial in self.trials else ""


def read_evidence(folder: Path) -> Evidence:
    """Read the evidence tables of a folder and the overrides beside them.

    Raises:
        InputError: if a table or a column is missing, or a file cannot be read; every fault inside the tables is a `Defect`.
    """
    overrides, named = read_overrides(folder)
    raw = read_raw(folder)
    trials, unusable = _trials(raw.rows["trials.csv"])
    for name in sorted(named - trials.keys() - unusable.keys()):
        raw.defects.append(Defect(OVERRIDES_FILE, 1, "trials", name, "trials.csv has no such trial", CELL))
    arms = _without_contradictions(_used(raw.rows["arms.csv"], arm_row), raw.defects)
    arms = possible_outcomes(arms, raw.defects)
    rows = _used(raw.rows["comparisons.csv"], lambda source: comparison_row(source, overrides.levels))
    rows = [with_sizes_of_arms(row, arms, raw.defects) for row in rows]
    rows = [row for row in rows if agrees_with_medians(row, arms, raw.defects)]
    rows = [row for row in rows if is_wide_enough(row, arms, raw.defects)]
    chosen, aside = _choose(rows, trials, raw.defects)
    if COMPARISONS not in raw.hashes:
        chosen = list(pairs(arms))
    return Evidence(
        trials=trials,
        arms=tuple(arms),
        comparisons=tuple(chosen),
        set_aside=tuple(aside),
        defects=tuple(sorted(raw.defects, key=lambda one: (one.file, one.line))),
        unusable_trials=unusable,
        overrides=overrides,
        hashes=raw.hashes,
    )


def _used(sources: Iterable[Source], read: Callable[[Source], R | None]) -> list[R]:
    rows = (read(source) for source in sources)
    return [row for row in rows if row is not None]


def _trials(sources: list[Source]) -> tuple[dict[str, TrialRow], dict[str, str]]:
    """Trials by name; a trial whose rows contradict each other, or whose row is faulty, is not used."""
    found: dict[str, TrialRow] = {}
    unusable: dict[str, str] = {}
    first: dict[str, Source] = {}
    for source in sources:
        row, name = trial_row(source), source.text("trial")
        if name in first:
            same = first[name].cells == source.cells
            kind = "a duplicate of" if same else "contradicts"
            source.complain("trial", f"{kind} line {first[name].line}")
            if not same:
                found.pop(name, None)
                unusable[name] = f"trials.csv:{source.line} contradicts line {first[name].line}"
            continue
        first[name] = source
        if row is None:
            unusable[name] = f"its row is not used: {source.defects[-1].problem} (trials.csv:{source.line})"
        else:
            found[name] = row
    return found, unusable


def _without_contradictions(rows: list[ArmRow], defects: list[Defect]) -> list[ArmRow]:
    """The preferred row of each question; rows that differ without a preference are all left out."""
    groups: dict[tuple[object, ...], list[ArmRow]] = {}
    for row in rows:
        kind = "median" if row.median is not None else "rate"
        key = (row.trial, row.arm, row.subgroup, row.endpoint, row.rate_months, kind, row.assessor)
        groups.setdefault(key, []).append(row)
    kept = []
    for group in groups.values():
        best = min(_PREFERENCE.get(row.preferred, 1) for row in group)
        first = [row for row in group if _PREFERENCE.get(row.preferred, 1) == best]
        column = "rate_pct" if first[0].median is None else "median_months"
        kept.extend(_settled(first, [(row.median, row.rate) for row in first], defects, "arms.csv", column))
    return kept


def _settled(
    group: list[Row], values: list[tuple[float | None, ...]], defects: list[Defect], file: str, column: str
) -> list[Row]:
    """The first of identical rows; none of rows that contradict each other; faults are noted."""
    if len(group) == 1:
        return group
    same = len(set(values)) == 1
    for row, value in list(zip(group, values, strict=True))[1 if same else 0 :]:
        others = ", ".join(str(other.source_line) for other in group if other is not row)
        problem = f"a duplicate of line {group[0].source_line}" if same else f"contradicts line {others}"
        shown = "/".join("" if number is None else f"{number:g}" for number in value)
        defects.append(Defect(file, row.source_line, column, shown, problem, ROW))
    return group[:1] if same else []


def _choose(
    rows: list[ComparisonRow], trials: dict[str, TrialRow], defects: list[Defect]
) -> tuple[list[ComparisonRow], list[tuple[ComparisonRow, str]]]:
    """One row for each question, so that no trial counts twice."""
    groups: dict[tuple[str, ...], list[ComparisonRow]] = {}
    for row in rows:
        stands_for = ENDPOINTS.get(row.endpoint, row.endpoint)
        key = (row.trial, row.subgroup.name, row.experimental, row.control, stands_for)
        groups.setdefault(key, []).append(row)
    chosen: list[ComparisonRow] = []
    aside: list[tuple[ComparisonRow, str]] = []
    for group in groups.values():
        assessor = trials[group[0].trial].assessor if group[0].trial in trials else ""
        best = min(_rank(row, assessor) for row in group)
        first = [row for row in group if _rank(row, assessor) == best]
        values = [(row.hr, *(row.interval or ())) for row in first]
        settled = _settled(first, values, defects, "comparisons.csv", "hr")
        chosen.extend(settled)
        if settled:
            reason = f"line {settled[0].source_line} is preferred"
            aside.extend((row, reason) for row in group if row not in first)
        else:
            aside.extend(
                (row, "rows that rank before it contradict each other") for row in group if row not in first
            )
    return chosen, aside


def _rank(row: ArmRow | ComparisonRow, assessor: str) -> tuple[bool, int, bool, int, bool]:
    """What sorts before what: a hazard ratio, the curators' mark, the trial's assessor, the main analysis, PFS before TTP."""
    without_ratio = isinstance(row, ComparisonRow) and row.hr is None
    wrong_assessor = bool(assessor) and row.assessor not in ("", assessor)
    suffixes = ("", "primary", "final", "update", "follow-up", "exploratory", "interim")
    suffix = row.subgroup.suffix.casefold()
    analysis = (
        max((place for place, word in enumerate(suffixes) if word in suffix), default=0) if suffix else 0
    )
    return without_ratio, _PREFERENCE.get(row.preferred, 1), wrong_assessor, analysis, row.endpoint == "TTP"
