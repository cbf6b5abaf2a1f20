"""What the visits of a batch of patients found: the one structure between the course and the endpoints."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Self

import numpy as np
from numpy.typing import NDArray

from forestall.clinic.recist import NO_VISIT
from forestall.errors import InputError

_PER_VISIT = ("visit_day", "sum_diameter_mm", "new_lesion", "response")
_PER_LESION = ("lesion_diameter_mm",)
_WORDS = ("causes", "alterations")
_TYPES = {
    "patient": np.int64,
    "arm": np.int16,
    "visits": np.int16,
    "new_lesion": np.bool_,
    "response": np.int8,
    "cause": np.int16,
    "lead_lesion": np.int8,
    "lead_site": np.int8,
    "lead_genotype": np.int64,
    "failure": np.int16,
}
_BLANKS: dict[str, float] = {"response": NO_VISIT, "cause": -1, "lead_lesion": -1, "lead_site": -1}


@dataclass(frozen=True, slots=True)
class Findings:
    """Findings of n patients with at most V visits and L lesions. Days count from randomization."""

    patient: NDArray[np.int64]
    """(n,) index of the patient in the study."""
    arm: NDArray[np.int16]
    """(n,) index of the arm."""
    visits: NDArray[np.int16]
    """(n,) number of visits made, baseline included."""
    visit_day: NDArray[np.float64]
    """(n, V) day of each visit; 0 is the baseline, NaN where no visit was made."""
    lesion_diameter_mm: NDArray[np.float64]
    """(n, V, L) measured diameters; NaN where there is no lesion or it was not measured."""
    sum_diameter_mm: NDArray[np.float64]
    """(n, V) sum of the target lesions; NaN where not measured."""
    new_lesion: NDArray[np.bool_]
    """(n, V) whether a new lesion was seen."""
    response: NDArray[np.int8]
    """(n, V) RECIST response: 0 NE, 1 CR, 2 PR, 3 SD, 4 PD, -1 no visit."""
    progression_day: NDArray[np.float64]
    """(n,) day of the visit that found progression; NaN if none did."""
    progression_free_until_day: NDArray[np.float64]
    """(n,) day of the last adequate assessment without progression; 0 if there was only the baseline."""
    death_day: NDArray[np.float64]
    """(n,) day of death; NaN if alive at the last contact."""
    dropout_day: NDArray[np.float64]
    """(n,) day of loss to follow-up; NaN if none."""
    last_contact_day: NDArray[np.float64]
    """(n,) last day on which the patient's state was known."""
    treatment_stop_day: NDArray[np.float64]
    """(n,) day on which the arm's treatment ended; NaN if it had not."""
    cause: NDArray[np.int16]
    """(n,) why the patient progressed, index into `causes`; -1 if not progressed."""
    lead_lesion: NDArray[np.int8]
    """(n,) the lesion that led the progression; -1 if none."""
    lead_site: NDArray[np.int8]
    """(n,) its site; -1 if none."""
    lead_genotype: NDArray[np.int64]
    """(n,) genotype of its leading clone, one bit per entry of `alterations`."""
    failure: NDArray[np.int16]
    """(n,) 0 if the simulation succeeded, otherwise a code; the endpoints of such a patient are NaN."""
    causes: list[str]
    """Words for `cause`."""
    alterations: list[str]
    """Identifiers for the bits of `lead_genotype`."""

    def __post_init__(self) -> None:
        patients = self.patient.shape[0]
        visits, lesions = self.visit_day.shape[1:2], self.lesion_diameter_mm.shape[2:3]
        for field in fields(self):
            if field.name in _WORDS:
                continue
            extent = (
                visits if field.name in _PER_VISIT else visits + lesions if field.name in _PER_LESION else ()
            )
            value = getattr(self, field.name)
            wanted = np.dtype(_TYPES.get(field.name, np.float64))
            if value.shape != (patients, *extent) or value.dtype != wanted:
                raise InputError(
                    "an array of findings has the wrong shape or type",
                    field=field.name,
                    value=(value.shape, str(value.dtype)),
                    allowed=f"{(patients, *extent)} of {wanted}",
                )

    def __len__(self) -> int:
        return int(self.patient.size)

    @classmethod
    def blank(
        cls,
        patient: NDArray[np.int64],
        visits: int,
        lesions: int,
        causes: Sequence[str],
        alterations: Sequence[str],
    ) -> Self:
        """Findings of patients about whom nothing is known yet: NaN, no visits, cause -1.

        Args:
            patient: (n,) indices of the patients.
            visits: Visits per patient, V.
            lesions: Lesions per patient, L.
            causes: Words for `cause`.
            alterations: Identifiers for the bits of `lead_genotype`.
        """
        arrays: dict[str, NDArray[np.generic]] = {"patient": np.array(patient, dtype=np.int64)}
        for field in fields(cls):
            if field.name in _WORDS or field.name == "patient":
                continue
            extent = (
                (visits,)
                if field.name in _PER_VISIT
                else (visits, lesions)
                if field.name in _PER_LESION
                else ()
            )
            kind = _TYPES.get(field.name, np.float64)
            blank = _BLANKS.get(field.name, np.nan if kind is np.float64 else 0)
            arrays[field.name] = np.full((len(patient), *extent), blank, dtype=kind)
        return cls(**arrays, causes=list(causes), alterations=list(alterations))  # type: ignore[arg-type]

    def select(self, mask: NDArray[np.bool_] | NDArray[np.int64]) -> Self:
        """The findings of some patients.

        Args:
            mask: (n,) booleans, or indices of rows.
        """
        return type(self)(
            **{
                field.name: value if field.name in _WORDS else value[mask]
                for field in fields(self)
                for value in (getattr(self, field.name),)
            }
        )

    @classmethod
    def concatenate(cls, parts: Sequence[Self]) -> Self:
        """One batch from several, in the given order; fewer visits or lesions are padded as not made.

        Args:
            parts: Batches with the same causes and alterations.

        Raises:
            InputError: if there are no parts, or their causes or alterations differ.
        """
        if not parts:
            raise InputError("no findings to concatenate")
        first = parts[0]
        if any(part.causes != first.causes or part.alterations != first.alterations for part in parts):
            raise InputError("findings with different causes or alterations cannot be concatenated")
        extents = [max(part.lesion_diameter_mm.shape[axis] for part in parts) for axis in (1, 2)]
        joined = {
            field.name: np.concatenate(
                [_padded(getattr(part, field.name), extents, field.name) for part in parts]
            )
            for field in fields(cls)
            if field.name not in _WORDS
        }
        return cls(**joined, causes=list(first.causes), alterations=list(first.alterations))


def _padded(value: NDArray[np.generic], extents: Sequence[int], name: str) -> NDArray[np.generic]:
    """The array with its visit and lesion axes filled up with the blank of its field."""
    missing = [(0, extent - size) for extent, size in zip(extents, value.shape[1:], strict=False)]
    if not any(after for _, after in missing):
        return value
    blank = _BLANKS.get(name, np.nan if value.dtype == np.float64 else 0)
    return np.pad(value, [(0, 0), *missing], constant_values=blank)
