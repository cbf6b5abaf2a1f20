"""What `forestall sensitivity` prints and the page that it writes."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Final

from forestall.report.wording import DASH
from forestall.statistics.estimate import Estimate
from forestall.studies.sensitivity.quantities import LOG_RATIO, QUANTITIES
from forestall.studies.sensitivity.sobol import Decomposition
from forestall.studies.sensitivity.study import Screening, Sensitivity, measured_by

FIGURE: Final = "sensitivity.svg"
"""From the page."""
_SHOWN: Final = 15


def markdown(found: Sensitivity) -> str:
    """The page."""
    return "\n".join(_page(found)) + "\n"


def _page(found: Sensitivity) -> Iterator[str]:
    contrast, size = found.contrast, found.size
    yield f"# What {found.plan.trial} depends on\n"
    yield (
        f"{contrast.experimental} against {contrast.control}, {contrast.endpoint}; {len(found.coordinates)} uncertain numbers; "
        f"{size.patients} virtual patients an arm, the same under every parameter set, seed {size.seed}; parameters: "
        f"{found.parameters}.\n"
    )
    yield f"![what moves the result]({FIGURE})\n"
    for screening in found.screenings:
        yield from _screening(screening, found)
    for decomposition in found.decompositions:
        yield from _decomposition(decomposition)
    yield from _narrowing(found)
    yield from _biomarkers(found)


def _screening(screening: Screening, found: Sensitivity) -> Iterator[str]:
    yield f"## What moves the {screening.quantity}\n"
    if not screening.effects:
        yield "Too few events: fewer than two trajectories gave the result at every point.\n"
        return
    yield (
        f"Elementary effects over 90% of what is uncertain, {screening.trajectories} of {found.size.trajectories} trajectories. An "
        "effect whose sigma is as large as its mean depends on the other numbers, or on the chance of finitely many patients.\n"
    )
    cells = [
        (
            one.name,
            f"{one.mean_absolute:.3f} ± {one.half_width:.3f}",
            f"{one.mean:+.3f}",
            f"{one.spread:.3f}",
            measured_by(one.name),
        )
        for one in screening.effects[:_SHOWN]
    ]
    yield from _rows(("Number", "Mean absolute effect (95%)", "Mean effect", "Sigma", "Measured by"), cells)


def _decomposition(one: Decomposition) -> Iterator[str]:
    yield f"## How the variance of the {one.quantity} is made up\n"
    yield (
        "Sobol's indices if every number varies independently over what is uncertain of it: of the number alone (first order), and "
        f"with all that acts through it (total), 90%. They are those of a surrogate that was learned from {one.runs} runs and predicts "
        f"{max(0.0, one.explained):.0%} of the variance of runs that it has not seen; the rest is chance of finitely many patients, or "
        "not smooth.\n"
    )
    cells = [(index.name, _share(index.first), _share(index.total)) for index in one.indices[:_SHOWN]]
    yield from _rows(("Number", "First order", "Total"), cells)


def _narrowing(found: Sensitivity) -> Iterator[str]:
    yield "## What would narrow the prediction\n"
    if not found.narrowings:
        yield "Not asked, or there is no ensemble: the numbers of the catalog have no common distribution.\n"
        return
    spreads = ", ".join(f"{name} {value:.3f}" for name, value in zip(QUANTITIES, found.spreads, strict=True))
    yield (
        f"Standard deviation between at most {found.size.members} parameter sets, chance included: {spreads}. The table shows "
        "how much of the variance would go away, on average, if the number were known (90% bootstrap). Numbers that the "
        "calibration ties together share what they explain.\n"
    )
    cells = [
        (one.name, *(_share(share) for share in one.shares), one.measured_by)
        for one in found.narrowings[:_SHOWN]
    ]
    yield from _rows(("Number", *QUANTITIES, "Measured by"), cells)


def _biomarkers(found: Sensitivity) -> Iterator[str]:
    yield "## What would tell patients apart\n"
    yield (
        f"Share of the variance between patients, of log time under {found.contrast.experimental} and of the log ratio of each "
        "patient's two times, that a measurement before treatment explains (90% bootstrap).\n"
    )
    cells = [
        (one.biomarker, one.measured_by, _share(one.time), _share(one.benefit))
        for one in found.biomarkers[:_SHOWN]
    ]
    yield from _rows(("Biomarker", "Measured by", "Time", "Benefit"), cells)


def summary(found: Sensitivity) -> list[str]:
    """A few lines for the terminal."""
    lines = []
    for screening in found.screenings:
        top = ", ".join(f"{one.name} {one.mean:+.2f}" for one in screening.effects[:4]) or "too few events"
        lines.append(f"{screening.quantity} moves with: {top}")
    if found.narrowings:
        first = found.narrowings[0]
        lines.append(
            f"most of the uncertainty of the {LOG_RATIO}: {first.name} {_share(first.shares[0])}, measured by {first.measured_by}"
        )
    if found.biomarkers:
        marker = found.biomarkers[0]
        lines.append(
            f"most of the differences between patients: {marker.biomarker} {_share(marker.time)}, by {marker.measured_by}"
        )
    return lines


def _share(one: Estimate) -> str:
    if math.isnan(one.value):
        return DASH
    return f"{100 * one.value:.0f}% ({100 * one.lower:.0f} to {100 * one.upper:.0f})"


def _rows(head: Sequence[str], cells: Sequence[Sequence[str]]) -> Iterator[str]:
    if not cells:
        yield "None.\n"
        return
    yield "| " + " | ".join(head) + " |"
    yield "|" + "---|" * len(head)
    for row in cells:
        yield "| " + " | ".join(row) + " |"
    yield ""
