"""The three claims on the speed of networks, each with its aim, from one run.

Steady states of the breast network in one batch; exact trajectories beside MaBoSS's C++ engine at equal sample size, with the
difference of their curves; and the sliced engine beside both. `signaling` and `boolean` show more of each.
"""

from __future__ import annotations

from dataclasses import dataclass

from benchmarks import boolean, signaling_speed

POINTS_NEEDED = 200_000.0
EXACT_NEEDED, SLICED_NEEDED = 10.0, 100.0
"""Times the speed of MaBoSS."""
TRAJECTORIES_NEEDED, NODES_OF_THE_AIM = 150_000.0, 80
"""Per second, exact, on the network with so many nodes."""


@dataclass(frozen=True)
class Settings:
    """How much is run."""

    points: int
    boolean: boolean.Settings


FULL = Settings(40_000, boolean.Settings())
QUICK = Settings(8_000, boolean.QUICK)


def run(settings: Settings) -> None:
    """Measure and print one line per claim."""
    print(f"{'claim':<66}{'found':>12}{'aim':>10}{'rms':>9}")
    points = signaling_speed.batch_rate(settings.points)
    _say("steady states of the breast network, one batch, points/s", points, POINTS_NEEDED)
    if not boolean.at_hand():
        return
    for one in boolean.comparisons():
        rows = {row.engine.split(",")[0]: row for row in reversed(boolean.rows_of(one, settings.boolean))}
        maboss, exact, sliced = (rows.get(name) for name in ("MaBoSS", "exact", "sliced"))
        assert exact is not None
        assert sliced is not None
        aim = TRAJECTORIES_NEEDED if len(one.model.nodes) >= NODES_OF_THE_AIM else None
        _say(f"{one.title}: exact, trajectories/s", exact.per_second, aim, exact.rms)
        if maboss is not None:
            _say("  MaBoSS, trajectories/s", maboss.per_second, None, maboss.rms)
            _say("  exact / MaBoSS, as many trajectories", exact.per_second / maboss.per_second, EXACT_NEEDED)
            _say("  sliced / MaBoSS", sliced.per_second / maboss.per_second, SLICED_NEEDED, sliced.rms)


def _say(claim: str, found: float, aim: float | None, rms: float | None = None) -> None:
    wanted = "" if aim is None else f"{aim:,.0f}"
    error = "" if rms is None else f"{rms:.4f}"
    print(f"{claim:<66}{found:>12,.1f}{wanted:>10}{error:>9}", flush=True)
