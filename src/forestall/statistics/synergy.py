"""What a combination is expected to do if its drugs do not interact: Bliss, highest single agent, and zero interaction potency.

Responses are fractions of the untreated response (viabilities). Synergy is expected minus observed: positive where the combination
leaves fewer cells than expected. Loewe additivity stands in `loewe`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forestall.statistics.hill_fit import fit_hill

Array = NDArray[np.float64]


def bliss(alone: Array) -> Array:
    """Independent action: the product of the drugs' responses.

    Args:
        alone: (..., k) responses of the k drugs alone, each at its dose in the combination.

    Returns:
        (...,) expected responses.

    References:
        Bliss CI. Ann Appl Biol 1939;26:585-615, doi:10.1111/j.1744-7348.1939.tb06990.x.
    """
    return np.asarray(np.prod(alone, axis=-1))


def highest_single_agent(alone: Array) -> Array:
    """The better drug alone; arguments as for `bliss`.

    References:
        Berenbaum MC. Pharmacol Rev 1989;41:93-141, PMID 2692037.
    """
    return np.asarray(np.min(alone, axis=-1))


@dataclass(frozen=True)
class ZeroInteractionPotency:
    """The ZIP surfaces of n pairs."""

    expected: Array
    """(n, a, b) response if neither drug changes the other's potency and slope."""
    fitted: Array
    """(n, a, b) the observed surface, smoothed by curves along both drugs."""

    @property
    def synergy(self) -> Array:
        """(n, a, b) the delta score as a fraction."""
        return self.expected - self.fitted


def zero_interaction_potency(
    first_doses: Array, second_doses: Array, first: Array, second: Array, both: Array
) -> ZeroInteractionPotency:
    """The ZIP model of pairs on a grid of doses.

    Hill curves are fitted to each drug alone; their product is expected. The observed surface is the mean of curves fitted along
    either drug at each dose of the other, which start from the other's fitted response alone.

    Args:
        first_doses: (n, a) positive doses of the first drug, ascending; at least three for the fit to mean something.
        second_doses: (n, b) of the second.
        first: (n, a) responses to the first drug alone.
        second: (n, b) to the second.
        both: (n, a, b) to both.

    References:
        Yadav B et al. Comput Struct Biotechnol J 2015;13:504-13, doi:10.1016/j.csbj.2015.09.001. As in the authors' later software,
        the response at infinite dose is fitted too, since drugs that only stop growth leave cells.
    """
    untreated = np.ones(len(both))
    alone_first = fit_hill(first_doses, first, untreated).at(first_doses)
    alone_second = fit_hill(second_doses, second, untreated).at(second_doses)
    along_first = _along(first_doses, both.transpose(0, 2, 1), alone_second).transpose(0, 2, 1)
    along_second = _along(second_doses, both, alone_first)
    expected = alone_first[:, :, None] * alone_second[:, None, :]
    return ZeroInteractionPotency(expected, (along_first + along_second) / 2)


def _along(doses: Array, responses: Array, start: Array) -> Array:
    """Curves along the last axis of (n, series, m) that start from (n, series); doses are (n, m)."""
    n, series, m = responses.shape
    repeated = np.repeat(doses, series, axis=0)
    fitted = fit_hill(repeated, responses.reshape(n * series, m), start.reshape(n * series)).at(repeated)
    return fitted.reshape(n, series, m)
