"""Draws of latent traits, each from its own stream: keyed by name, so that a new entry changes no other."""

from __future__ import annotations

import math
import zlib
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from forestall.engine.purposes import Purpose
from forestall.engine.random import normals, uniforms
from forestall.errors import KnowledgeError
from forestall.knowledge.parameters import parameter, value
from forestall.knowledge.provenance import Quantity

Floats = NDArray[np.float64]
Patients = NDArray[np.int64]
_STANDARD_DEVIATIONS_IN_90_PERCENT = 2 * float(ndtri(0.95))


def stream_of(name: str) -> int:
    """Number of the stream of a named entry; the same on every machine, whatever else the catalogue holds."""
    return zlib.crc32(name.encode())


def named_uniforms(seed: int, patients: Patients, purpose: Purpose, name: str) -> Floats:
    """(n,) uniform numbers of a named entry."""
    return uniforms(seed, patients, purpose, stream_of(name))


def named_normals(seed: int, patients: Patients, purpose: Purpose, name: str) -> Floats:
    """(n,) standard normal numbers of a named entry."""
    return normals(seed, patients, purpose, stream_of(name))


def truncated_normal(
    uniform: Floats, mean: Floats | float, sd: float, low: Floats | float, high: float
) -> Floats:
    """Quantiles of a normal distribution cut off on both sides.

    Args:
        uniform: (n,) numbers in (0, 1).
        mean: Mean before the cut.
        sd: Standard deviation before the cut.
        low: Lower end.
        high: Upper end.
    """
    below, above = ndtr((low - mean) / sd), ndtr((high - mean) / sd)
    quantile = mean + sd * ndtri(below + uniform * (above - below))
    return np.asarray(np.clip(quantile, low, high), dtype=np.float64)


def by_type(tumor_type: NDArray[np.str_], lookup: Callable[[str], float]) -> Floats:
    """(n,) values that depend on the tumor's type, each looked up once."""
    kinds, member = np.unique(tumor_type, return_inverse=True)
    return np.array([lookup(str(kind)) for kind in kinds], dtype=np.float64)[member]


def log_sd_of(name: str) -> float:
    """Standard deviation of the logarithm of a lognormal parameter, from its 90% interval.

    Raises:
        KnowledgeError: if the parameter has no lognormal interval.
    """
    return log_sd(parameter(name), name)


def log_sd(quantity: Quantity, name: str = "") -> float:
    """Standard deviation of the logarithm of a lognormal quantity, from its 90% interval.

    Args:
        quantity: The quantity.
        name: What to call it in a complaint.

    Raises:
        KnowledgeError: if the quantity has no lognormal interval.
    """
    if quantity.distribution != "lognormal" or quantity.interval is None:
        raise KnowledgeError("this parameter needs a lognormal distribution and an interval", value=name)
    return math.log(quantity.interval[1] / quantity.interval[0]) / _STANDARD_DEVIATIONS_IN_90_PERCENT


def spread(deviate: Floats, log_sd: str) -> Floats:
    """(n,) factors around 1 with the logarithmic standard deviation that a parameter gives."""
    return np.exp(value(log_sd, "1") * deviate)
