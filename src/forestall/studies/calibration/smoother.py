"""The iterative ensemble smoother (ES-MDA; Emerick & Reynolds, Comput Geosci 2013;55:3-15), by the library of that name."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def assimilate(
    prior: Array,
    forward: Callable[[Array], Array],
    observed: Array,
    covariance: Array,
    reached: NDArray[np.bool_],
    *,
    rounds: int,
    seed: int,
) -> Array:
    """Move an ensemble from the prior to what observations allow.

    Args:
        prior: (N, P) members.
        forward: (N, D) predictions of (N, P) members.
        observed: (D,) what was observed.
        covariance: (D, D) of its errors.
        reached: (P, D) which observation an unknown can reach: others do not move it, whatever the ensemble's correlation.
        rounds: Assimilations; the observations' variance is shared out among them.
        seed: Of the perturbed observations.

    Returns:
        (N, P) members.
    """
    from iterative_ensemble_smoother import LocalizedESMDA

    smoother = LocalizedESMDA(covariance=covariance, observations=observed, alpha=rounds, seed=seed)
    members = np.array(prior.T, dtype=np.float64)
    for _ in range(smoother.num_assimilations()):
        smoother.prepare_assimilation(Y=np.asarray(forward(members.T).T, dtype=np.float64), truncation=1.0)
        members = smoother.assimilate_batch(X=members, localization_callback=lambda gain: gain * reached)
    return np.asarray(members.T)
