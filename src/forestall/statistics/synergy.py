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
    """The ZIP surfaces of n combinations of k drugs."""

    expected: Array
    """(n, m, ..., m) response if no drug changes another's potency and slope."""
    fitted: Array
    """(n, m, ..., m) the observed surface, smoothed by curves along every drug."""

    @property
    def synergy(self) -> Array:
        """(n, m, ..., m) the delta score as a fraction."""
        return self.expected - self.fitted


def zero_interaction_potency(
    doses: Array, alone: Array, both: Array, others: Array | None = None
) -> ZeroInteractionPotency:
    """The ZIP model of combinations on a grid of doses.

    Hill curves are fitted to each drug alone; their product is expected. The observed surface is the mean of curves fitted along each
    drug at each dose of the others. Such a curve starts from the response to the others without it: in pairs the other's fitted
    response alone, in triples the fitted surface of the other two.

    Args:
        doses: (n, k, m) positive doses of each of the k drugs, ascending; at least three for the fit to mean something.
        alone: (n, k, m) responses to each drug alone.
        both: (n, m, ..., m) responses to all.
        others: (n, k, m, ..., m) fitted responses to all drugs but one; of pairs those are fitted here.

    References:
        Yadav B et al. Comput Struct Biotechnol J 2015;13:504-13, doi:10.1016/j.csbj.2015.09.001. As in the authors' later software,
        the response at infinite dose is fitted too, since drugs that only stop growth leave cells. More than two drugs: Zheng S et
        al. Genomics Proteomics Bioinformatics 2022;20:587-96, PMC9801064.
    """
    n, drugs, m = doses.shape
    single = fit_hill(doses.reshape(n * drugs, m), alone.reshape(n * drugs, m), np.ones(n * drugs))
    fitted_alone = single.at(doses.reshape(n * drugs, m)).reshape(n, drugs, m)
    start = fitted_alone[:, ::-1] if others is None else others
    along = [_along(doses[:, drug], both, start[:, drug], drug) for drug in range(drugs)]
    return ZeroInteractionPotency(_product(fitted_alone), np.mean(along, axis=0))


def _product(alone: Array) -> Array:
    """(n, m, ..., m) products of one response of each drug."""
    n, drugs, m = alone.shape
    shapes = ([n, *(m if axis == drug else 1 for axis in range(drugs))] for drug in range(drugs))
    expected: Array = np.ones(())
    for drug, shape in enumerate(shapes):
        expected = expected * alone[:, drug].reshape(shape)
    return expected


def _along(doses: Array, responses: Array, start: Array, drug: int) -> Array:
    """Curves along one drug's axis of (n, m, ..., m) that start from (n, m, ..., m) without that axis; doses are (n, m)."""
    series = np.moveaxis(responses, drug + 1, -1)
    m = doses.shape[-1]
    repeated = np.repeat(doses, series[0, ..., 0].size, axis=0)
    fitted = fit_hill(repeated, series.reshape(-1, m), start.reshape(-1)).at(repeated)
    return np.moveaxis(fitted.reshape(series.shape), -1, drug + 1)
