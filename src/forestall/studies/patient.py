"""One virtual patient, described in Python or in a file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self, TypedDict, Unpack

from pydantic import ValidationError

from forestall.knowledge.complaints import complaint
from forestall.knowledge.packs import find_disease, scope_of
from forestall.knowledge.patients import PatientSpec, load_patient, typical_patient
from forestall.knowledge.scope import Scope, in_scope


class Description(TypedDict, total=False):
    """What can be said of a patient; `lesions` must be, and of a breast cancer `her2` and `er`."""

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
    disease: str
    """breast, a pack that ships with the program, or the path of a pack."""
    type: str
    """Type of a disease that is not breast cancer."""
    her2: str
    """positive, negative or low."""
    er: str
    """positive or negative."""
    alterations: Sequence[str]
    """Ids of the alterations that all tumor cells carry."""
    lesions: Sequence[Mapping[str, str]]
    """Site (bone, brain, breast, liver, lung, node) and diameter ("22 mm") of each."""
    prior: Sequence[str]
    """Drugs or groups of drugs received before, for early or advanced disease."""
    earlier_lines: int
    """Lines of treatment for advanced disease received before; none if not given."""
    notes: Sequence[str]
    """Anything else."""


class Patient:
    """One virtual patient. What is not said is that of the typical patient of the catalog.

    Attributes:
        spec: The description, checked.
        scope: The knowledge of the disease; None for breast.
    """

    __slots__ = ("scope", "spec")

    spec: PatientSpec
    scope: Scope | None

    def __init__(self, **description: Unpack[Description]) -> None:
        """Describe a patient.

        Args:
            **description: The fields of `Description`, which are those of a patient file; for example
                `her2="positive", er="negative", lesions=[{"site": "liver", "diameter": "22 mm"}]`.

        Raises:
            InputError: naming the field that is wrong, what is allowed and the likely fix.
        """
        self.scope = scope_of(description)
        with in_scope(self.scope):
            self.spec = _checked(description)

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """A patient from a file.

        Raises:
            InputError: naming file, line, field and fix.
        """
        return cls.of(load_patient(path), path)

    @classmethod
    def of(cls, spec: PatientSpec, path: str | Path | None = None) -> Self:
        """A patient from a checked description.

        Args:
            spec: The description.
            path: The file that it stands in, if any.
        """
        patient = cls.__new__(cls)
        patient.spec, patient.scope = spec, find_disease(spec.disease, None if path is None else Path(path))
        return patient

    @classmethod
    def typical(cls, disease: str) -> Self:
        """The typical patient of a disease that has a pack: its first type, with one lesion at the usual site.

        Args:
            disease: Id of a pack that ships, or a path.

        Raises:
            InputError: if there is no such disease, or it is breast cancer, whose patients must be described.
        """
        with in_scope(find_disease(disease)):
            return cls.of(typical_patient(disease))

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
