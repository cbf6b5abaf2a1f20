"""The targets of a validation, and whether they were met: on comparisons that the calibration has not seen."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from typing import Final

from forestall.studies.validation.answers import FORESTALL, Validation
from forestall.studies.validation.ensemble import USED
from forestall.studies.validation.scores import ArmScore, arm_scores, curve_scores, differences, scores

MAIN: Final = "PFS or TTP"
_COVERAGE: Final = (0.85, 0.95)
_RIGHT: Final = 0.85
_CLOSE: Final = 0.80
_CURVE_MONTHS: Final = 1.0


@dataclass(frozen=True, slots=True)
class Target:
    """One target."""

    name: str
    wanted: str
    found: str
    met: bool | None
    """None if nothing was there to tell."""


def targets(found: Validation) -> list[Target]:
    """Every target on progression-free survival, without trials that the calibration has used."""
    unseen = replace(
        found,
        compared=tuple(one for one in found.compared if one.groups["calibration"] != USED),
    )
    return [*_errors(unseen), *_shares(unseen), *_medians(unseen), *_curves(unseen)]


def plain_targets(found: Validation) -> list[dict[str, str | bool | None]]:
    """The targets as plain data, for pages that quote them."""
    return [asdict(one) for one in targets(found)]


def _errors(found: Validation) -> Iterator[Target]:
    for one in differences(found):
        if (one.grouping, one.group, one.method) == ("endpoint", MAIN, FORESTALL):
            value = one.difference
            yield Target(
                f"mean absolute log HR error less that of {one.than} ({one.comparisons} comparisons)",
                "90% interval below 0",
                f"{value.value:+.3f} ({value.lower:+.3f} to {value.upper:+.3f})",
                value.upper < 0,
            )


def _shares(found: Validation) -> Iterator[Target]:
    for one in scores(found):
        if (one.grouping, one.group, one.method) != ("endpoint", MAIN, FORESTALL):
            continue
        low, high = _COVERAGE
        if one.coverage:
            yield _share(
                "published ratio inside the 90% prediction interval",
                f"{low:.0%} to {high:.0%}",
                one.coverage,
                low,
                high,
            )
        yield _share("direction right", f"at least {_RIGHT:.0%}", one.direction, _RIGHT)
        yield _share("success or failure right", f"at least {_RIGHT:.0%}", one.success, _RIGHT)


def _medians(found: Validation) -> Iterator[Target]:
    chosen: list[ArmScore] = [
        one
        for one in arm_scores(found.arms)
        if (one.endpoint, one.arms, one.measure) == (MAIN, "control", "median")
    ]
    for one in chosen:
        yield _share(
            "medians of control arms within 25%", f"at least {_CLOSE:.0%}", (one.close, one.count), _CLOSE
        )


def _curves(found: Validation) -> Iterator[Target]:
    for one in curve_scores(found.curves):
        if one.endpoint == "PFS" and one.matched:
            text = f"{one.median_months:.2f} months over {one.matched} curves"
            yield Target(
                "median distance of whole curves",
                f"at most {_CURVE_MONTHS:g} month",
                text,
                one.median_months <= _CURVE_MONTHS,
            )


def _share(name: str, wanted: str, pair: tuple[int, int], low: float, high: float = 1.0) -> Target:
    if not pair[1]:
        return Target(name, wanted, "nothing to tell", None)
    share = pair[0] / pair[1]
    return Target(name, wanted, f"{share:.0%} ({pair[0]}/{pair[1]})", low <= share <= high)
