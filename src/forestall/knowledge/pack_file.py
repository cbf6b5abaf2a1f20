"""What the files of a disease pack hold: types of tumor, network, drugs, alterations, affinities, burden and regimens."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from forestall.errors import InputError
from forestall.knowledge.alterations import Alteration, Operator, ShiftAffinity
from forestall.knowledge.drugs import Drug
from forestall.knowledge.mechanisms import Mechanism
from forestall.knowledge.networks import Network, Number
from forestall.knowledge.provenance import Entry, Quantity, Reference, Status
from forestall.units import factor

Id = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_]*$")]
SITES = ("bone", "liver", "lung", "node", "brain")
"""Sites that every disease may use; the brain has an exposure of its own, nodes are measured by their short axis."""


class TumorType(Entry):
    """A type of the disease: who has it, how it grows, where it sits. The network has a context of the same name."""

    name: str = Field(min_length=1)
    share: Number
    """Share of the patients, where a trial does not say."""
    doubling_time: Quantity
    """Untreated; a lognormal with its 90% interval between patients."""
    diameter: Quantity | None = None
    """Of a lesion at entry: a lognormal with its 90% interval; that of the catalog if absent."""
    sites: dict[Id, Number] = Field(min_length=1)
    """Share of patients with a lesion at each site. Who has none at any of them has one at the first."""

    @model_validator(mode="after")
    def _is_possible(self) -> Self:
        for place, share in [("share", self.share), *((f"sites.{s}", n) for s, n in self.sites.items())]:
            if not 0 <= share.value <= 1:
                raise ValueError(f"{place} is a share between 0 and 1, not {share.value:g}")
        for place, quantity, unit in (
            ("doubling_time", self.doubling_time, "day"),
            ("diameter", self.diameter, "mm"),
        ):
            if quantity is not None and not _is_lognormal(quantity):
                raise ValueError(f"{place} needs 'distribution: lognormal' and an interval above zero")
            if quantity is not None:
                _check_unit(place, quantity, unit)
        return self


def _is_lognormal(quantity: Quantity) -> bool:
    interval = quantity.interval
    return quantity.distribution == "lognormal" and interval is not None and interval[0] > 0


def _check_unit(place: str, quantity: Quantity, unit: str) -> None:
    try:
        factor(quantity.unit, unit)
    except InputError as error:
        raise ValueError(f"{place} has the unit '{quantity.unit}', allowed is one such as {unit}") from error


class Milestone(Entry):
    """A depth of response that a trial counts."""

    name: str
    """In words."""
    at_most: float | None = Field(default=None, gt=0)
    """Value of the marker, in its unit."""
    fall: float | None = Field(default=None, gt=0, lt=1)
    """Share by which the marker has fallen from the patient's own baseline."""

    @model_validator(mode="after")
    def _has_one_measure(self) -> Self:
        if (self.at_most is None) == (self.fall is None):
            raise ValueError("a milestone needs either at_most or fall")
        return self

    def limit(self, baseline: float) -> float:
        """Value of the marker from which on down it is a response of this depth, for a patient's own baseline."""
        return self.at_most if self.at_most is not None else (1.0 - (self.fall or 0.0)) * baseline


class Marker(Entry):
    """How the burden is measured beside the diameters of lesions: a marker in proportion to the tumor's volume."""

    name: str = Field(min_length=1)
    unit: str = Field(min_length=1)
    """As it is printed."""
    reference_value: Number
    """Of the marker, at the reference burden."""
    reference_diameter: Quantity
    """Diameter of one lesion that holds the reference burden."""
    scale: Literal["log", "linear"] = "linear"
    replaces_scans: bool = False
    """Whether nobody measures diameters: a patient's story then tells the marker alone."""
    milestones: dict[Id, Milestone] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _has_a_diameter(self) -> Self:
        _check_unit("reference_diameter", self.reference_diameter, "mm")
        return self

    def of_volume(self, mm3: float) -> float:
        """The marker at a tumor volume (mm3)."""
        return self.reference_value.value * mm3 / (math.pi / 6.0 * self.reference_diameter.to("mm") ** 3)


class Spectrum(Entry):
    """Which alterations were found at resistance to a regimen."""

    regimen: str
    source: str
    """Key of a reference."""
    verified: Literal["yes", "secondary"]
    counts: dict[Id, int] = Field(min_length=1)
    """Findings by the id of the alteration."""
    use: Literal["calibrate", "validate", "display"] = "display"
    note: str | None = None


def _row(value: object) -> object:
    return {"fold": value} if isinstance(value, int | float) and not isinstance(value, bool) else value


class AffinityRow(Entry):
    """One variant in a table of affinities."""

    fold: float = Field(gt=0)
    """Concentration of half effect relative to the wild type."""
    hill: float | None = Field(default=None, gt=0, le=10)
    """Hill coefficient of the variant; that of the drug's action if absent."""
    interval: tuple[float, float] | None = None
    """Plausible range of the fold."""
    source: str | None = None
    """Key of a reference; that of the table if absent."""
    where: str | None = None
    status: Status | None = None
    note: str | None = None


class AffinityTable(Entry):
    """How strongly one drug acts on each variant of its target."""

    drug: str
    targets: tuple[str, ...] = ()
    """Targets of the drug's actions that the variants change; all if empty."""
    source: str | None = None
    where: str | None = None
    status: Status = Status.MEASURED
    note: str | None = None
    variants: dict[Id, Annotated[AffinityRow, BeforeValidator(_row)]] = Field(min_length=1)
    """By the id of the alteration."""

    @model_validator(mode="after")
    def _rows_are_sourced(self) -> Self:
        for name, row in self.variants.items():
            self._quantity(name, row, row.fold, row.interval)
        return self

    def operators(self) -> Iterator[tuple[str, ShiftAffinity]]:
        """Each variant with what it does."""
        for name, row in self.variants.items():
            hill = None if row.hill is None else self._quantity(name, row, row.hill, (row.hill, row.hill))
            fold = self._quantity(name, row, row.fold, row.interval)
            yield (
                name,
                ShiftAffinity(op="affinity", drug=self.drug, targets=self.targets, value=fold, hill=hill),
            )

    def _quantity(
        self, name: str, row: AffinityRow, value: float, interval: tuple[float, float] | None
    ) -> Quantity:
        status, source = row.status or self.status, row.source or self.source
        if status is not Status.ASSUMED and source is None:
            raise ValueError(
                f"variants.{name}: a {status.value} value needs a source, here or in the table's 'source'"
            )
        if status is Status.ASSUMED and interval is None:
            raise ValueError(
                f"variants.{name}: an assumed value needs an interval, such as {{fold: 10, interval: [3, 30]}}"
            )
        where, note = row.where or self.where, row.note or self.note
        return Quantity(
            value=value, unit="1", interval=interval, source=source, where=where, status=status, note=note
        )


class PackAlteration(Alteration):
    """An alteration of a pack; what it does may stand in a table of affinities alone."""

    operators: tuple[Operator, ...] = ()
    mechanisms: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _rate_can_differ(self) -> Self:
        rate = self.rate_per_division
        if rate.distribution == "lognormal" and not _is_lognormal(rate):
            raise ValueError(
                "rate_per_division is lognormal between patients: it needs an interval above zero"
            )
        return self


class PackFile(Entry):
    """One file of a pack; a folder's files are joined, each section from one file or from several."""

    disease: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")] | None = None
    """Id."""
    name: str | None = None
    description: str = ""
    types: dict[Id, TumorType] = Field(default_factory=dict)
    sex: Literal["female", "male", "any"] = "any"
    """Who has the disease."""
    primary_site: Id | None = None
    """Site of the primary tumor; the first site of the first type if absent."""
    after_progression: str | None = None
    """Regimen after progression where nobody says; none if absent."""
    visits: str | None = None
    """When a simulated patient is assessed where nobody says."""
    burden: Marker | None = None
    references: dict[Id, Reference] = Field(default_factory=dict)
    network: Network | None = None
    drugs: tuple[Drug, ...] = ()
    uses: tuple[str, ...] = ()
    """Drugs of the breast catalog that are used as they are."""
    alterations: tuple[PackAlteration, ...] = ()
    affinity: tuple[AffinityTable, ...] = ()
    spectra: tuple[Spectrum, ...] = ()
    mechanisms: dict[Id, Mechanism] = Field(default_factory=dict)
    parameters: dict[str, Quantity] = Field(default_factory=dict)
    """Parameters of the catalog that are other in this disease, by dotted name."""
    regimens: Any = None
    """Read when the drugs are known."""
    evidence: Any = None
    """Read when the drugs are known."""


@dataclass(frozen=True)
class Pack:
    """A disease as its pack describes it."""

    disease: str
    name: str
    description: str
    sex: Literal["female", "male", "any"]
    types: Mapping[str, TumorType]
    network: Network
    primary_site: str
    sites: tuple[str, ...]
    """Sites by code: those of every disease first."""
    after_progression: str
    visits: str | None
    burden: Marker | None
    spectra: tuple[Spectrum, ...]
    folder: Path
    """Where its trials and evidence are."""
