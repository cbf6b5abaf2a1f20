"""What `forestall validate` prints and the page that it writes."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

from forestall.report.targets import targets
from forestall.report.terminal import WIDTH
from forestall.report.wording import DASH
from forestall.statistics.estimate import Estimate
from forestall.studies.validation.answers import FORESTALL, Compared, Validation
from forestall.studies.validation.derivation import Question
from forestall.studies.validation.results import command_of, counts, derivations, inexpressible
from forestall.studies.validation.scores import (
    ArmScore,
    Difference,
    Score,
    arm_scores,
    curve_scores,
    differences,
    scores,
)

FIGURE: Final = "calibration.svg"
"""The calibration plot, from the page."""
_SCORE_HEAD: Final = (
    "Method", "Comparisons (trials)", "Mean abs. log HR error (90%)", "Bias", "Rank corr.", "Direction", "Success",
    "In 90% interval",
)  # fmt: skip
_DIFFERENCE_HEAD: Final = ("Method", "less that of", "Comparisons (trials)", "Difference (90%)")
_CAVEAT: Final = (
    "Prediction intervals hold the spread between parameter sets, the error of a finite simulation, the sampling error of the "
    "published trial, and the discrepancy that the calibration found in trials that it had left out."
)


def print_validation(found: Validation, *, console: Console | None = None) -> None:
    """Print the scores by endpoint, the differences, and how much of the tables could be used."""
    out = console or _console()
    for group in ("PFS or TTP", "OS"):
        chosen = [one for one in scores(found) if (one.grouping, one.group) == ("endpoint", group)]
        if chosen:
            out.print(Text(f"Hazard ratios of {group}", "bold"))
            out.print(_table(_SCORE_HEAD, [_score_cells(one) for one in chosen]))
    main = [one for one in differences(found) if (one.grouping, one.group) == ("endpoint", "PFS or TTP")]
    out.print(Text("Differences of the mean error on the comparisons where both apply, PFS or TTP", "bold"))
    out.print(_table(_DIFFERENCE_HEAD, [_difference_cells(one) for one in main]))
    for line in _footer(found):
        out.print(Text(line), soft_wrap=True)


def print_explanation(found: Validation, *, console: Console | None = None) -> None:
    """Print how each trial is derived from the tables, why others are not, and what in the tables is not taken at its word."""
    out = console or _console()
    place = None
    for step in derivations(found):
        here = (step["trial"], step["subgroup"])
        if here != place:
            place = here
            out.print(Text(" · ".join(here), "bold"), soft_wrap=True)
        out.print(Text(f"  {step['field']}: {step['value']}  <- {step['rule']}"), soft_wrap=True)
    for one in inexpressible(found):
        out.print(Text(f"not simulated: {one.name}, {one.row.endpoint}: {one.reason}"), soft_wrap=True)
    for defect in found.evidence.defects:
        out.print(Text(str(defect)), soft_wrap=True)


def markdown(found: Validation) -> str:
    """The page of a validation."""
    return "\n".join(_page(found)) + "\n"


def _page(found: Validation) -> Iterator[str]:
    yield "# Validation against published trials"
    yield ""
    yield from _introduction(found)
    yield f"\n![predicted against published hazard ratios]({FIGURE})\n"
    if found.size.patients:
        yield from _target_section(found)
    yield from _score_sections(found)
    yield from _difference_section(found)
    if found.arms:
        yield from _arm_section(arm_scores(found.arms))
    if found.curves:
        yield from _curve_section(found)
    yield from _comparison_section(found)
    yield from _inexpressible_section(found)
    yield from _defect_section(found)


def document(found: Validation, figure: str) -> str:
    """The page as it stands in documentation.

    Args:
        found: The validation.
        figure: Path of the calibration plot, from the page.
    """
    head = (
        f"<!-- Written by: {command_of(found)} --write-docs PATH. Do not edit. -->\n"
        "This page is written by `forestall validate`; [how to run it](how-to/validate-against-evidence.md).\n"
    )
    title, _, rest = markdown(found).partition("\n")
    return f"{title}\n\n{head}{rest.replace(FIGURE, figure)}"


def _introduction(found: Validation) -> Iterator[str]:
    number = counts(found)
    if found.size.patients:
        yield (
            f"{number['comparisons_simulated']} comparisons simulated with {found.size.patients} virtual patients an arm, seed "
            f"{found.size.seed}; parameter sets: {found.parameters}, at most {found.size.members} for each trial. "
            f"Ratios of progression are of what is known after twice the longest simulated median. {_CAVEAT}"
        )
    else:
        yield "Simple rules alone; nothing was simulated."
    yield ""
    yield (
        f"Of {number['comparisons_answering_a_question']} questions in the tables {number['comparisons_in_scope']} are "
        f"hazard ratios of metastatic breast cancer, and {number['comparisons_expressible']} can be simulated. "
        f"{number['comparisons_set_aside']} rows are set aside for a preferred one, {number['defects']} defects are named below. "
        "Rules leave the predicted trial out of what they average; independent action and additivity take the control arm's "
        "own published curve."
    )
    for name, reason in found.failures.items():
        yield f"\nCould not be run: {name}: {reason}"


def _target_section(found: Validation) -> Iterator[str]:
    yield "## Targets\n"
    yield "Progression-free survival (or TTP) of trials that the calibration has not used, or that were left out of its folds.\n"
    words = {True: "met", False: "missed", None: DASH}
    cells = [(one.name, one.wanted, one.found, words[one.met]) for one in targets(found)]
    yield from _rows(("Target", "Wanted", "Found", ""), cells)


def _score_sections(found: Validation) -> Iterator[str]:
    every = scores(found)
    yield "\n## Hazard ratios\n"
    for grouping in dict.fromkeys(one.grouping for one in every):
        title = "By endpoint" if grouping == "endpoint" else f"PFS or TTP by {grouping}"
        yield f"### {title}\n"
        cells = [(one.group, *_score_cells(one)) for one in every if one.grouping == grouping]
        yield from _rows((grouping.capitalize(), *_SCORE_HEAD), cells)


def _difference_section(found: Validation) -> Iterator[str]:
    yield "## Differences\n"
    yield "Mean absolute error of the log hazard ratio of one method less that of another, where both apply; below zero is better.\n"
    cells = [(one.group, *_difference_cells(one)) for one in differences(found) if one.grouping == "endpoint"]
    yield from _rows(("Endpoint", *_DIFFERENCE_HEAD), cells)


def _arm_section(found: Sequence[ArmScore]) -> Iterator[str]:
    yield "## Medians and rates of arms\n"
    yield "Close: a median within 25%, a rate inside its published interval (or within 10 points where none is printed).\n"
    head = (
        "Endpoint",
        "Arms",
        "Measure",
        "Close",
        "Simulated over published",
        "Mean difference, points",
        "Not reached",
        "In 90% interval",
    )
    cells = [
        (
            one.endpoint, one.arms, one.measure, f"{one.close}/{one.count}",
            DASH if one.mean_log_ratio is None else f"{math.exp(one.mean_log_ratio):.2f}",
            _signed(one.mean_difference, 1), str(one.not_reached), _share(one.coverage),
        )
        for one in found
    ]  # fmt: skip
    yield from _rows(head, cells)


def _curve_section(found: Validation) -> Iterator[str]:
    yield "## Whole curves\n"
    yield "Months are the area between the predicted and the published curve over the time that both cover.\n"
    for score in curve_scores(found.curves):
        yield (
            f"{score.endpoint}: median {score.median_months:.2f} months over {score.matched} curves, "
            f"{score.within_a_month} within one month; {score.unmatched} arms without a curve.\n"
        )
    cells = [
        (
            one.trial,
            one.arm,
            one.endpoint,
            one.curve or DASH,
            _months(one.months),
            _months(one.span_months),
            one.because,
        )
        for one in found.curves
    ]
    yield from _rows(("Trial", "Arm", "Endpoint", "Curve", "Months", "Over", "Rule or reason"), cells)


def _months(value: float) -> str:
    return DASH if math.isnan(value) else f"{value:.1f}"


def _comparison_section(found: Validation) -> Iterator[str]:
    yield "## Comparison by comparison\n"
    names = [name for name in found.methods if name not in (FORESTALL, "no effect")]
    forestall = ("Forestall (90%)",) if found.size.patients else ()
    cells = [_comparison_cells(one, names, bool(forestall)) for one in found.compared]
    yield from _rows(("Comparison", "Endpoint", "Published", *forestall, *names), cells)


def _inexpressible_section(found: Validation) -> Iterator[str]:
    yield "## Not simulated\n"
    near = [one for one in inexpressible(found) if one.in_scope]
    far = [one for one in inexpressible(found) if not one.in_scope]
    yield from _rows(
        ("Comparison", "Endpoint", "Reason"), [(one.name, one.row.endpoint, one.reason) for one in near]
    )
    tally = _tally(far)
    if tally:
        yield f"Out of scope: {'; '.join(f'{count} {reason}' for reason, count in tally.items())}. See `not_expressible.csv`.\n"


def _tally(far: list[Question]) -> dict[str, int]:
    reasons = [one.reason for one in far]
    return {reason: reasons.count(reason) for reason in sorted(set(reasons))}


def _defect_section(found: Validation) -> Iterator[str]:
    yield "## Defects of the tables\n"
    named = [one for one in found.evidence.defects if one.problem != "not verified"]
    head = ("Where", "Column", "Seen", "Problem", "Consequence")
    cells = [(f"{one.file}:{one.line}", one.column, one.value, one.problem, one.consequence) for one in named]
    yield from _rows(head, cells)
    unverified = len(found.evidence.defects) - len(named)
    yield f"{unverified} rows are not verified and not used; `defects.csv` names each."


def _rows(head: Sequence[str], cells: Sequence[Sequence[str]]) -> Iterator[str]:
    if not cells:
        yield "None.\n"
        return
    yield "| " + " | ".join(head) + " |"
    yield "|" + "---|" * len(head)
    for row in cells:
        yield "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in row) + " |"
    yield ""


def _score_cells(one: Score) -> tuple[str, ...]:
    return (
        one.method,
        f"{one.comparisons} ({one.trials})",
        _estimate(one.error),
        _signed(one.bias, 2),
        DASH if one.rank_correlation is None else f"{one.rank_correlation:.2f}",
        _share(one.direction),
        _share(one.success),
        DASH if one.coverage is None else _share(one.coverage),
    )


def _difference_cells(one: Difference) -> tuple[str, ...]:
    return one.method, one.than, f"{one.comparisons} ({one.trials})", _estimate(one.difference, signed=True)


def _comparison_cells(one: Compared, names: Sequence[str], with_forestall: bool) -> tuple[str, ...]:
    row = one.question.row
    published = f"{row.hr:.2f}" + (
        f" ({row.interval[0]:.2f} to {row.interval[1]:.2f})" if row.interval else ""
    )
    ratios = [one.rules[name].hr for name in names]
    shown = [DASH if hr is None else f"{hr:.2f}" for hr in ratios]
    simulated = (_simulated(one),) if with_forestall else ()
    return one.question.name, row.endpoint, published, *simulated, *shown


def _simulated(one: Compared) -> str:
    hr = one.predicted(FORESTALL)
    if hr is None or one.simulated is None:
        return DASH
    interval = one.simulated.interval
    return f"{hr:.2f}" + (f" ({interval[0]:.2f} to {interval[1]:.2f})" if interval else "")


def _estimate(one: Estimate, *, signed: bool = False) -> str:
    sign = "+" if signed else ""
    if not math.isfinite(one.lower):
        return f"{one.value:{sign}.3f}"
    return f"{one.value:{sign}.3f} ({one.lower:{sign}.3f} to {one.upper:{sign}.3f})"


def _signed(value: float | None, digits: int) -> str:
    return DASH if value is None else f"{value:+.{digits}f}"


def _share(pair: tuple[int, int]) -> str:
    return f"{pair[0]}/{pair[1]}" if pair[1] else DASH


def _footer(found: Validation) -> Iterator[str]:
    number = counts(found)
    yield (
        f"{number['comparisons_in_scope']} hazard ratios in scope, {number['comparisons_expressible']} can be simulated, "
        f"{number['comparisons_simulated']} were; {number['defects']} defects in the tables (defects.csv)"
    )
    if found.size.patients:
        yield _CAVEAT
    for name, reason in found.failures.items():
        yield f"could not be run: {name}: {reason}"


def _table(head: Sequence[str], cells: Sequence[Sequence[str]]) -> Table:
    table = Table(box=None, pad_edge=False)
    for number, title in enumerate(head):
        table.add_column(title, justify="left" if number == 0 else "right")
    for row in cells:
        table.add_row(*row)
    return table


def _console() -> Console:
    console = Console()
    console.width = min(console.width, WIDTH) if console.is_terminal else WIDTH
    return console
