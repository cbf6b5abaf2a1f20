"""What `forestall pdx predict` and `forestall pdx report` print."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from forestall.report.terminal import WIDTH
from forestall.report.wording import DASH
from forestall.studies.pdx_predict import Method
from forestall.studies.pdx_report import PdxReport
from forestall.studies.pdx_response import Estimate, Response

_MOST_NAMED = 5


def print_responses(
    treatment: str,
    shown: Mapping[Method, Sequence[Response]],
    guessed: Sequence[str],
    bare: Sequence[str] = (),
    *,
    console: Console | None = None,
) -> None:
    """Print one row per model.

    Args:
        treatment: Its name.
        shown: Method -> responses, one per model; the first method gives the details.
        guessed: Compounds without a single-agent arm.
        bare: Models without volumes.
        console: Where to print.
    """
    out = console or _console()
    out.print(
        Text.assemble((treatment, "bold"), " · volume change at the mouse's last day, % of the first volume")
    )
    out.print(_table(shown))
    for code in guessed:
        out.print(
            Text(
                f"{code} has no single-agent arm: its effect is a guess from its target, with wide intervals"
            )
        )
    _print_bare(out, bare)


def _print_bare(out: Console, bare: Sequence[str]) -> None:
    if bare:
        names = ", ".join(bare[:_MOST_NAMED]) + (", ..." if len(bare) > _MOST_NAMED else "")
        subject = "model has" if len(bare) == 1 else "models have"
        text = (
            f"{len(bare)} {subject} no volumes, so that growth is a guess from the molecular profile: {names}"
        )
        out.print(Text(text))


def print_report(report: PdxReport, *, console: Console | None = None) -> None:
    """Print how far to trust the predictions."""
    out = console or _console()
    for line in _lines(report):
        out.print(Text(line), soft_wrap=True)


def _lines(report: PdxReport) -> Iterator[str]:
    change, simple, plain = report.change, report.change_by_treatment_mean, report.change_by_plain_growth
    yield f"left-out arms ({len(report.left_out.model)}), volume change at the last day:"
    yield f"  Spearman {change.rank_correlation:.3f}, mean error {change.mean_absolute_error:.0f}%"
    yield f"  Spearman within each treatment, mean {change.within_treatment:.3f}"
    yield f"  the treatment's mean: Spearman {simple.rank_correlation:.3f}, mean error {simple.mean_absolute_error:.0f}%"
    yield (
        f"  the rate alone, to the true last day: Spearman {plain.rank_correlation:.3f}, mean error {plain.mean_absolute_error:.0f}%"
    )
    yield "  difference to each [95% interval, models drawn again]:"
    for gain in report.gains:
        ranks, error = gain.rank_correlation, gain.mean_absolute_error
        yield (
            f"  {gain.over}: Spearman {ranks.value:+.3f} [{ranks.low:+.3f} {ranks.high:+.3f}], "
            f"mean error {error.value:+.0f}% [{error.low:+.0f} {error.high:+.0f}]"
        )
    yield f"  inside the 90% prediction interval: {report.left_out.coverage:.1%}"
    yield "left-out growth rates, transformed, variances fitted anew:"
    for variant in report.variants:
        found = variant.score
        yield (
            f"  {variant.name:32s} log-likelihood {variant.log_likelihood:.1f}, rmse {found.root_mean_square_error:.4f}, "
            f"Spearman {found.rank_correlation:.3f}"
        )
    yield "one compound by another with its target, Spearman over models (as seen -> shrunk):"
    for twin in report.twins:
        yield f"  {twin.of} by {twin.by}: {twin.raw.rank_correlation:.2f} -> {twin.shrunk.rank_correlation:.2f}"
    yield "each compound without its arms, Spearman over models (rmse, transformed), by the mean of the others -> by the model:"
    for item in report.unseen:
        simplest, ours = item.mean, item.shrunk
        yield (
            f"  {item.compound}: {simplest.rank_correlation:.2f} ({simplest.root_mean_square_error:.3f}) -> "
            f"{ours.rank_correlation:.2f} ({ours.root_mean_square_error:.3f})"
        )
    yield "synthetic combinations (Spearman, mean error, bias in %):"
    for rule in report.synthetic:
        yield (
            f"  {rule.scenario:22s} {rule.method:10s} {rule.rank_correlation:.3f} {rule.mean_absolute_error:6.1f} {rule.bias:+6.1f}"
        )


def _console() -> Console:
    console = Console(highlight=False, markup=False, emoji=False)
    console.width = min(console.width, WIDTH) if console.is_terminal else WIDTH
    return console


def _table(shown: Mapping[Method, Sequence[Response]]) -> Table:
    first, *others = shown
    table = Table(box=None, padding=(0, 0, 0, 2), pad_edge=False, header_style="bold", show_edge=False)
    table.add_column("model", no_wrap=True)
    heads = [f"{first}\n[90% PI]", *others, "best average\n[90% PI]", "last\nday", "growth\nper day", "place"]
    for head in heads:
        table.add_column(head, justify="right", no_wrap=True)
    for row, response in enumerate(shown[first]):
        table.add_row(
            response.model,
            _with_interval(response.last_change),
            *(f"{shown[other][row].last_change.mean:+.0f}" for other in others),
            _with_interval(response.best_average),
            f"{response.last_day:.0f}",
            f"{response.growth:+.3f}",
            DASH if math.isnan(response.place) else f"{response.place:.2f}",
        )
    return table


def _with_interval(value: Estimate) -> str:
    return f"{value.mean:+.0f} [{value.low:+.0f} {value.high:+.0f}]"
