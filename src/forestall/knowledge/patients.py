"""One patient, as a user describes her in a file or in Python."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema

from forestall.errors import InputError, did_you_mean
from forestall.knowledge.alterations import load_alterations
from forestall.knowledge.complaints import MISSING, rethrown
from forestall.knowledge.packs import check_disease, pack_in_force, scope_of
from forestall.knowledge.parameters import value
from forestall.knowledge.population import PriorTreatment
from forestall.knowledge.provenance import Entry
from forestall.knowledge.quantities import measured, one_of
from forestall.knowledge.reading import read_yaml, validate
from forestall.knowledge.scope import current, disease, in_scope
from forestall.units import quantity_in

BREAST_SITES = ("bone", "brain", "breast", "liver", "lung", "node")
_STATUS = {"positive": "positive", "negative": "negative"}


def _site(value: Any) -> str:
    pack = pack_in_force()
    return one_of({site: site for site in (BREAST_SITES if pack is None else pack.sites)})(value)


def _receptor(words: Mapping[str, str]) -> Callable[[Any], str | None]:
    """A parser of a status that every breast cancer has, and no other disease."""

    def parse(value: Any) -> str | None:
        if current() is None:
            if value is None:
                raise InputError(MISSING)
            return one_of(words)(value)
        if value is not None:
            raise InputError(
                "this is a biomarker of breast cancer", value=value, fix="give the 'type' of the disease"
            )
        return None

    return parse


def _type(value: Any) -> str | None:
    pack = pack_in_force()
    if pack is None:
        if value is not None:
            raise InputError("the type of a breast cancer is given by her2 and er", value=value)
        return None
    if value is None:
        return next(iter(pack.types))
    return one_of({name: name for name in pack.types})(value)


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

    site: Annotated[str, BeforeValidator(rethrown(_site)), WithJsonSchema({"enum": list(BREAST_SITES)})] = (
        Field(description="Where it is.")
    )
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
    disease: Annotated[str, BeforeValidator(rethrown(check_disease))] = Field(
        default_factory=disease,
        description="Disease: breast, a pack that ships with the program, or the path of a pack.",
    )
    type: Annotated[str | None, BeforeValidator(rethrown(_type))] = Field(
        default=None,
        validate_default=True,
        description="Type of a disease that is not breast cancer; its first one if not given.",
    )
    her2: Annotated[
        Literal["positive", "negative", "low"] | None,
        BeforeValidator(rethrown(_receptor({**_STATUS, "low": "low"}))),
    ] = Field(default=None, validate_default=True, description="HER2 status of a breast cancer.")
    er: Annotated[Literal["positive", "negative"] | None, BeforeValidator(rethrown(_receptor(_STATUS)))] = (
        Field(default=None, validate_default=True, description="Estrogen receptor status of a breast cancer.")
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
        description="Drugs or groups of drugs received before, for early or advanced disease.",
        examples=[["trastuzumab", "taxane"]],
    )
    earlier_lines: int = Field(
        default=0,
        strict=True,
        ge=0,
        le=10,
        description="Lines of treatment for advanced disease received before.",
        examples=[1],
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
        """Receptor context or type, as the alterations name it."""
        if self.type is not None:
            return self.type
        if self.her2 == "positive":
            return f"her2_positive_er_{self.er}"
        return "er_positive" if self.er == "positive" else "triple_negative"


def load_patient(path: str | Path) -> PatientSpec:
    """A patient from a file.

    Raises:
        InputError: if the file is wrong: naming file, line, field and fix.
    """
    document = read_yaml(path)
    with in_scope(scope_of(document.data, document)):
        return validate(PatientSpec, document)


def typical_patient(named: str) -> PatientSpec:
    """The typical patient of the pack in force: its first type, with one lesion of the usual size at the usual site.

    Args:
        named: The disease as the user named it.

    Raises:
        InputError: for breast cancer, whose receptors must be said.
    """
    pack = pack_in_force()
    if pack is None:
        raise InputError(
            "a breast cancer must be described", value=named, fix="give a patient file with her2 and er"
        )
    kind = next(iter(pack.types))
    size = value("tumor.lesion_diameter_median", "mm")
    lesion = {"site": next(iter(pack.types[kind].sites)), "diameter": f"{size:g} mm"}
    return PatientSpec.model_validate({"disease": named, "type": kind, "lesions": [lesion]})


def patient_json_schema() -> dict[str, Any]:
    """The JSON Schema of a patient file, for editors that check and complete YAML."""
    schema = PatientSpec.model_json_schema(mode="validation")
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema, "title": "Forestall patient"}
