"""One virtual patient, described in Python or in a file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self, TypedDict, Unpack

from pydantic import ValidationError

from forestall.knowledge.complaints import complaint
from forestall.knowledge.patients import PatientSpec, load_patient


class Description(TypedDict, total=False):
    """What can be said of a patient; `her2`, `er` and `lesions` must be."""

    patient: str
    """Name or number."""
    age: float | str
    """Years, 18 to 110."""
    weight: str
    """With its unit, "64 kg"."""
    height: str
    """With its unit, "165 cm"."""
    menopause: str
    """pre or post; from the age if not given."""
    her2: str
    """positive, negative or low."""
    er: str
    """positive or negative."""
    alterations: Sequence[str]
    """Ids of the alterations that all tumor cells carry."""
    lesions: Sequence[Mapping[str, str]]
    """Site (bone, brain, breast, liver, lung, node) and diameter ("22 mm") of each."""
    prior: Sequence[str]
    """Drugs or groups of drugs received before."""
    notes: Sequence[str]
    """Anything else."""


class Patient:
    """One virtual patient. What is not said is that of the typical patient of the catalog.

    Attributes:
        spec: The description, checked.
    """

    __slots__ = ("spec",)

    spec: PatientSpec

    def __init__(self, **description: Unpack[Description]) -> None:
        """Describe a patient.

        Args:
            **description: The fields of `Description`, which are those of a patient file; for example
                `her2="positive", er="negative", lesions=[{"site": "liver", "diameter": "22 mm"}]`.

        Raises:
            InputError: naming the field that is wrong, what is allowed and the likely fix.
        """
        self.spec = _checked(description)

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """A patient from a file.

        Raises:
            InputError: naming file, line, field and fix.
        """
        return cls.of(load_patient(path))

    @classmethod
    def of(cls, spec: PatientSpec) -> Self:
        """A patient from a checked description."""
        patient = cls.__new__(cls)
        patient.spec = spec
        return patient

    @property
    def name(self) -> str:
        """How she is called."""
        return self.spec.patient

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Patient) and self.spec == other.spec

    def __hash__(self) -> int:
        return hash(self.spec)

    def __repr__(self) -> str:
        said = self.spec.model_dump(exclude_unset=True)
        return f"Patient({', '.join(f'{field}={value!r}' for field, value in said.items())})"


def _checked(description: Mapping[str, Any]) -> PatientSpec:
    data = {field: _plain(value) for field, value in description.items()}
    try:
        return PatientSpec.model_validate(data)
    except ValidationError as error:
        raise complaint(PatientSpec, data, error)[1] from None


def _plain(value: Any) -> Any:
    """Lists for other sequences, so that an error can point into them."""
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return [_plain(item) for item in value]
    return value
