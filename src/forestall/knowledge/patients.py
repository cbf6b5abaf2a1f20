"""One patient, as a user describes her in a file or in Python."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema

from forestall.errors import InputError, did_you_mean
from forestall.knowledge.alterations import load_alterations
from forestall.knowledge.complaints import rethrown
from forestall.knowledge.population import PriorTreatment
from forestall.knowledge.provenance import Entry
from forestall.knowledge.quantities import measured, one_of
from forestall.knowledge.reading import read_yaml, validate
from forestall.units import quantity_in

Site = Literal["bone", "brain", "breast", "liver", "lung", "node"]
_SITES = {site: site for site in ("bone", "brain", "breast", "liver", "lung", "node")}
_STATUS = {"positive": "positive", "negative": "negative"}


def _alteration(value: Any) -> str:
    known = {key.casefold(): key for key in load_alterations()}
    if isinstance(value, str) and value.strip().casefold() in known:
        return known[value.strip().casefold()]
    fix = did_you_mean(value, known.values()) if isinstance(value, str) else None
    raise InputError("unknown alteration", value="nothing" if value is None else value, fix=fix)


def _years(value: Any) -> Any:
    return quantity_in(value, "year") if isinstance(value, str) else value


def _size(unit: str, low: float, high: float) -> tuple[BeforeValidator, WithJsonSchema]:
    schema = {
        "type": "string",
        "pattern": r"^[0-9.]+ *[A-Za-z]+$",
        "examples": [f"{(low * high) ** 0.5:.0f} {unit}"],
    }
    return BeforeValidator(rethrown(measured(unit, low, high))), WithJsonSchema(schema)


class LesionSpec(Entry):
    """A lesion of the patient."""

    site: Annotated[Site, BeforeValidator(rethrown(one_of(_SITES)))] = Field(description="Where it is.")
    diameter: Annotated[str, *_size("mm", 1, 300)] = Field(
        description="Longest diameter.", examples=["22 mm"]
    )

    @property
    def diameter_mm(self) -> float:
        """Longest diameter, mm."""
        return quantity_in(self.diameter, "mm")


class PatientSpec(Entry):
    """One patient. What is not said is that of the typical patient of the catalog."""

    patient: str = Field(default="patient", min_length=1, max_length=60, description="Name or number.")
    age: Annotated[float, BeforeValidator(rethrown(_years)), Field(strict=True)] | None = Field(
        default=None, ge=18, le=110, description="Age in years.", examples=[54]
    )
    weight: Annotated[str, *_size("kg", 25, 300)] | None = Field(default=None, description="Weight.")
    height: Annotated[str, *_size("cm", 100, 230)] | None = Field(default=None, description="Height.")
    menopause: (
        Annotated[Literal["pre", "post"], BeforeValidator(rethrown(one_of({"pre": "pre", "post": "post"})))]
        | None
    ) = Field(default=None, description="Menopausal status; from the age if not given.")
    her2: Annotated[
        Literal["positive", "negative", "low"], BeforeValidator(rethrown(one_of({**_STATUS, "low": "low"})))
    ] = Field(description="HER2 status of the tumor.")
    er: Annotated[Literal["positive", "negative"], BeforeValidator(rethrown(one_of(_STATUS)))] = Field(
        description="Estrogen receptor status of the tumor."
    )
    alterations: tuple[Annotated[str, BeforeValidator(rethrown(_alteration))], ...] = Field(
        default=(),
        description="Ids of the alterations that all tumor cells carry.",
        examples=[["PIK3CA_mut"]],
    )
    lesions: tuple[LesionSpec, ...] = Field(
        min_length=1, max_length=30, description="Lesions, largest first."
    )
    prior: tuple[PriorTreatment, ...] = Field(
        default=(),
        description="Drugs or groups of drugs received before.",
        examples=[["trastuzumab", "taxane"]],
    )
    notes: tuple[str, ...] = Field(default=(), description="Anything else.")

    @property
    def weight_kg(self) -> float | None:
        """Weight, kg."""
        return None if self.weight is None else quantity_in(self.weight, "kg")

    @property
    def height_cm(self) -> float | None:
        """Height, cm."""
        return None if self.height is None else quantity_in(self.height, "cm")

    @property
    def context(self) -> str:
        """Receptor context, as the alterations name it."""
        if self.her2 == "positive":
            return f"her2_positive_er_{self.er}"
        return "er_positive" if self.er == "positive" else "triple_negative"


def load_patient(path: str | Path) -> PatientSpec:
    """A patient from a file.

    Raises:
        InputError: if the file is wrong: naming file, line, field and fix.
    """
    return validate(PatientSpec, read_yaml(path))


def patient_json_schema() -> dict[str, Any]:
    """The JSON Schema of a patient file, for editors that check and complete YAML."""
    schema = PatientSpec.model_json_schema(mode="validation")
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema, "title": "Forestall patient"}
