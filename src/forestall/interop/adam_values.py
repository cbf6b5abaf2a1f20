"""Columns of the analysis tables from arrays: NaN becomes empty, codes become words."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from forestall.interop.adam_columns import NUMBER, TEXT, WHOLE

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

_DECIMALS = 3


def constant(text: str, rows: int) -> pl.Series:
    """The same text in every row."""
    return pl.repeat(text, rows, dtype=TEXT, eager=True)


def words(vocabulary: Sequence[str], code: Integers) -> pl.Series:
    """The word of each code; empty for a negative code."""
    known = pl.Series([*vocabulary, None], dtype=TEXT)
    return known.gather(np.where(code < 0, len(vocabulary), code))


def numbers(values: Floats) -> pl.Series:
    """Numbers as they are; empty for NaN."""
    return pl.Series(np.ascontiguousarray(values), dtype=NUMBER, nan_to_null=True)


def rounded(values: Floats) -> pl.Series:
    """Numbers to three decimals; empty for NaN."""
    return numbers(np.round(values, _DECIMALS) + 0.0)


def whole(values: Floats) -> pl.Series:
    """Whole numbers; empty for NaN."""
    return numbers(values).cast(WHOLE)


def study_day(day: Floats) -> Floats:
    """Days since randomization as study days: 1 is the first, there is no 0; NaN and infinity give NaN."""
    finite = np.where(np.isfinite(day), day, np.nan)
    return np.floor(finite) + (finite >= 0)


def days(day: Floats) -> pl.Series:
    """Study days; empty for NaN and infinite days."""
    return whole(study_day(day))


def category(values: NDArray[np.generic]) -> pl.Series:
    """A biomarker: booleans become Y and N, numbers and texts stay."""
    if values.dtype == np.bool_:
        return words(["N", "Y"], values.astype(np.int64))
    if np.issubdtype(values.dtype, np.integer):
        return pl.Series(values).cast(WHOLE)
    if np.issubdtype(values.dtype, np.floating):
        return numbers(values.astype(np.float64))
    return pl.Series(values.astype(str).tolist(), dtype=TEXT)


def genotypes(mask: Integers, alterations: Sequence[str], wild_type: str) -> pl.Series:
    """Genotypes in words, the alterations joined by a plus; empty for a negative mask.

    Args:
        mask: (n,) one bit per alteration.
        alterations: Identifiers of the bits.
        wild_type: The word for no alteration.
    """
    found, code = np.unique(mask, return_inverse=True)
    named = [
        "+".join(name for bit, name in enumerate(alterations) if int(genotype) >> bit & 1) or wild_type
        for genotype in found
    ]
    return words(named, np.where(mask < 0, -1, code))


def percent_change(value: Floats, base: Floats) -> Floats:
    """Change from a base in percent; NaN where the base is zero or unknown."""
    known = np.where(base > 0, base, np.nan)
    return 100 * (value - known) / known
