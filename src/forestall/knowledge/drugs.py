"""Drugs as data: kinetics, binding, brain penetration, actions on the network, and published exposures."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, model_validator

from forestall.errors import InputError, KnowledgeError, did_you_mean
from forestall.knowledge.complaints import rethrown
from forestall.knowledge.doses import DoseField, InfusionField
from forestall.knowledge.provenance import Entry, Quantity
from forestall.knowledge.reading import DATA, read_yaml, validate
from forestall.knowledge.scope import catalog, per_scope
from forestall.units import factor, quantity_in

DIRECTORY = DATA / "drugs"

DrugClass = Literal[
    "antibody",
    "adc",
    "kinase_inhibitor",
    "pi3k_inhibitor",
    "akt_inhibitor",
    "mtor_inhibitor",
    "cdk46_inhibitor",
    "serm",
    "serd",
    "aromatase_inhibitor",
    "cytotoxic",
    "parp_inhibitor",
    "checkpoint_inhibitor",
    "angiogenesis_inhibitor",
    "bone_agent",
    "antiandrogen",
    "androgen_synthesis_inhibitor",
    "apoptosis_inhibitor_antagonist",
    "other",
]
Route = Literal["iv", "po", "im", "sc"]
ActionKind = Literal[
    "inhibit", "degrade", "deplete", "block", "cytotoxic", "payload", "adcc", "immune", "starvation"
]
KILLING: frozenset[str] = frozenset({"cytotoxic", "payload", "adcc", "immune", "starvation"})
"""Kinds of action that kill at a rate; the others have an effect between 0 and 1."""
NEEDS_HOST: frozenset[str] = frozenset({"adcc", "immune", "starvation"})
"""Kinds of action through effector cells, lymphocytes or vessels, which cells in culture lack."""


def _measured(*units: str, low: float = 0.0, high: float = float("inf")) -> AfterValidator:
    """A check that a quantity converts to one of `units`, with a value from `low` to `high`."""

    def check(quantity: Quantity) -> Quantity:
        value = _first_fit(quantity, units)
        if not low <= value <= high:
            allowed = (
                f"{low:g} to {high:g} {units[0]}" if high < float("inf") else f"at least {low:g} {units[0]}"
            )
            raise InputError(
                "the value is out of range", value=f"{quantity.value:g} {quantity.unit}", allowed=allowed
            )
        return quantity

    return AfterValidator(rethrown(check))


def _first_fit(quantity: Quantity, units: tuple[str, ...]) -> float:
    for unit in units:
        try:
            return quantity.value * factor(quantity.unit, unit)
        except InputError:
            continue
    raise InputError("this unit measures something else", value=quantity.unit, allowed=" or ".join(units))


Clearance = Annotated[Quantity, _measured("L/day", "L/day/kg", "L/day/m2", low=1e-9)]
Volume = Annotated[Quantity, _measured("L", "L/kg", "L/m2", low=1e-9)]
Rate = Annotated[Quantity, _measured("1/day", low=1e-9)]
Duration = Annotated[Quantity, _measured("day")]
HalfLife = Annotated[Quantity, _measured("day", low=1e-9)]
Ratio = Annotated[Quantity, _measured("1", low=1e-9)]
Share = Annotated[Quantity, _measured("1", high=1.0)]
Spread = Annotated[Quantity, _measured("1", high=5.0)]
Exponent = Annotated[Quantity, _measured("1", low=-2.0, high=3.0)]


@dataclass(frozen=True)
class KineticValues:
    """A drug's kinetics as numbers in canonical units, for a patient of the reference size."""

    clearance: float
    """L/day, from the central compartment; apparent (CL/F) for most oral drugs."""
    central_volume: float
    """L."""
    exchange: tuple[tuple[float, float], ...]
    """Up to two pairs: intercompartmental clearance (L/day) and peripheral volume (L)."""
    absorption_rate: float | None
    """1/day; None if the drug is given into a vein."""
    lag_time: float
    """Days."""
    bioavailability: float
    """Fraction of the dose; 1 where clearance and volumes are apparent."""
    clearance_cv: float
    """Coefficient of variation between patients."""
    volume_cv: float
    """Coefficient of variation between patients."""
    weight_on_clearance: float
    """Exponent of weight / reference weight."""
    weight_on_volume: float
    """Exponent of weight / reference weight."""
    reference_weight: float
    """kg."""


class Kinetics(Entry):
    """Linear kinetics: one to three compartments, and first-order absorption unless the drug is given iv."""

    model: str
    """What the source fitted, and how it was carried over, in words."""
    clearance: Clearance
    central_volume: Volume
    intercompartmental_clearance: Clearance | None = None
    peripheral_volume: Volume | None = None
    second_intercompartmental_clearance: Clearance | None = None
    second_peripheral_volume: Volume | None = None
    absorption_rate: Rate | None = None
    lag_time: Duration | None = None
    bioavailability: Share | None = None
    """Absent where clearance and volumes are apparent (divided by it)."""
    clearance_cv: Spread
    volume_cv: Spread
    weight_on_clearance: Exponent
    weight_on_volume: Exponent
    reference_weight: Annotated[Quantity, _measured("kg", low=20, high=200)]
    reference_body_surface: Annotated[Quantity, _measured("m2", low=0.5, high=4)] | None = None

    @model_validator(mode="after")
    def _compartments_are_complete(self) -> Self:
        for exchange, volume in self._pairs():
            if (exchange is None) != (volume is None):
                raise ValueError("a peripheral compartment needs both its volume and its clearance")
        if self.intercompartmental_clearance is None and self.second_intercompartmental_clearance is not None:
            raise ValueError("a second peripheral compartment needs a first")
        if self.lag_time is not None and self.absorption_rate is None:
            raise ValueError("a lag needs an absorption rate")
        return self

    def _pairs(self) -> tuple[tuple[Quantity | None, Quantity | None], ...]:
        return (
            (self.intercompartmental_clearance, self.peripheral_volume),
            (self.second_intercompartmental_clearance, self.second_peripheral_volume),
        )

    def values(self) -> KineticValues:
        """The numbers in canonical units."""
        pairs = ((q, v) for q, v in self._pairs() if q is not None and v is not None)
        return KineticValues(
            clearance=self._sized(self.clearance, "L/day"),
            central_volume=self._sized(self.central_volume, "L"),
            exchange=tuple((self._sized(q, "L/day"), self._sized(v, "L")) for q, v in pairs),
            absorption_rate=None if self.absorption_rate is None else self.absorption_rate.to("1/day"),
            lag_time=0.0 if self.lag_time is None else self.lag_time.to("day"),
            bioavailability=1.0 if self.bioavailability is None else self.bioavailability.to("1"),
            clearance_cv=self.clearance_cv.to("1"),
            volume_cv=self.volume_cv.to("1"),
            weight_on_clearance=self.weight_on_clearance.to("1"),
            weight_on_volume=self.weight_on_volume.to("1"),
            reference_weight=self.reference_weight.to("kg"),
        )

    def _sized(self, quantity: Quantity, unit: str) -> float:
        """A clearance or volume in `unit`, at the reference size if it is given per kg or per m2."""
        sizes = [("", 1.0), ("/kg", self.reference_weight.to("kg"))]
        if self.reference_body_surface is not None:
            sizes.append(("/m2", self.reference_body_surface.to("m2")))
        for suffix, size in sizes:
            try:
                return quantity.to(unit + suffix) * size
            except InputError:
                continue
        raise KnowledgeError("a value per m2 needs reference_body_surface", value=quantity.unit)


class Action(Entry):
    """What the free drug does: effect = maximum * C^hill / (C^hill + potency^hill), C in nmol/L."""

    kind: ActionKind
    target: str = Field(pattern=r"^\w+(?:\s*->\s*\w+)?$")
    """A network node; an edge "A->B" to `block`; the antigen for `payload` and `adcc`; or dividing cells."""
    potency: Annotated[Quantity, _measured("nmol/L", low=1e-9)]
    hill: Annotated[Quantity, _measured("1", low=0.1, high=10)]
    max_effect: Share | None = None
    max_rate: Annotated[Quantity, _measured("1/day")] | None = None
    """Kill rate at saturation and at the reference division rate, or with reference effectors (adcc)."""
    note: str | None = None

    @model_validator(mode="after")
    def _has_its_maximum(self) -> Self:
        wanted, other = ("max_rate", "max_effect") if self.kind in KILLING else ("max_effect", "max_rate")
        if getattr(self, wanted) is None or getattr(self, other) is not None:
            raise ValueError(f"'{self.kind}' needs {wanted}, and no {other}")
        if ("->" in self.target) != (self.kind == "block"):
            raise ValueError("'block' takes an edge 'A->B' as its target, every other kind a node")
        return self

    @property
    def maximum(self) -> Quantity:
        """Largest effect (a fraction) or, for killing, the largest rate (1/day)."""
        found = self.max_rate if self.kind in KILLING else self.max_effect
        assert found is not None, "checked when the action was made"
        return found


def _interval_days(value: object) -> float:
    return value if isinstance(value, float) else quantity_in(str(value), "day")


class PublishedRegimen(Entry):
    """The dosing that a published exposure belongs to."""

    dose: DoseField
    load: DoseField | None = None
    interval_days: Annotated[float, BeforeValidator(rethrown(_interval_days))] = Field(alias="every", gt=0)
    infusion_hours: InfusionField | None = Field(default=None, alias="infusion")


class Published(Entry):
    """An exposure as the source prints it; the simulation is compared with it."""

    measure: Literal["half_life", "trough_ss", "cmax_ss", "cavg_ss", "auc_ss"]
    value: Quantity
    regimen: PublishedRegimen | None = None
    """Absent only for a half-life."""
    note: str | None = None

    @model_validator(mode="after")
    def _is_sound(self) -> Self:
        units = {"half_life": "day", "auc_ss": "mg*day/L"}
        rethrown(self.value.to)(units.get(self.measure, "mg/L"))
        if self.measure != "half_life" and self.regimen is None:
            raise ValueError("an exposure needs the regimen that it belongs to")
        return self


class Drug(Entry):
    """A drug, under its international nonproprietary name."""

    model_config = ConfigDict(populate_by_name=True)

    name: str = Field(pattern=r"^[a-z][a-z0-9 -]+$")
    aliases: tuple[str, ...] = ()
    drug_class: DrugClass = Field(alias="class")
    targets: tuple[str, ...] = Field(min_length=1)
    """HGNC symbols of the molecules that it binds ('DNA' for agents that bind DNA)."""
    routes: tuple[Route, ...] = Field(min_length=1)
    """The usual one first."""
    molar_mass: Annotated[Quantity, _measured("g/mol", low=50, high=1e6)]
    fraction_unbound: Share
    infusion_time: Annotated[Quantity, _measured("hour", high=24)] | None = None
    """How long one dose is infused where a regimen does not say."""
    kinetics: Kinetics
    brain_penetration: Share
    """Free concentration in brain metastases over that in plasma."""
    retention: HalfLife | None = None
    """Half-life of what cells or tumors hold, once the drug around them is gone: the delay with which the drug acts."""
    accumulation: Ratio | None = None
    """Total drug in cells or tumors over that around them (medium or plasma), where they hold it for long.

    Never a factor on the concentration that a potency from cell culture is compared with: those cells
    accumulated the drug, too, and the potency is that of their medium.
    """
    actions: tuple[Action, ...] = ()
    published: tuple[Published, ...] = ()
    note: str | None = None

    @model_validator(mode="after")
    def _route_fits_kinetics(self) -> Self:
        if (self.routes[0] == "iv") != (self.kinetics.absorption_rate is None):
            raise ValueError("an absorption rate belongs to every route but iv")
        if (self.routes[0] == "iv") != (self.infusion_time is not None):
            raise ValueError("an infusion time belongs to the iv route, and to no other")
        return self

    @property
    def free_nanomolar_per_mg_per_liter(self) -> float:
        """Free drug in nmol/L for each mg/L in plasma."""
        return self.fraction_unbound.to("1") / self.molar_mass.to("g/mol") * 1e6

    @property
    def infusion_hours(self) -> float:
        """Hours that a dose is infused over where a regimen does not say."""
        return 0.0 if self.infusion_time is None else self.infusion_time.to("hour")


def kinetic_values(drug: Drug) -> KineticValues:
    """A drug's kinetics in canonical units (day, L)."""
    return drug.kinetics.values()


def read_drug(path: Path) -> Drug:
    """A drug from a YAML file.

    Raises:
        InputError: if the file breaks the schema; it names file, line and field.
    """
    return validate(Drug, read_yaml(path))


@catalog("drugs")
def load_drugs() -> dict[str, Drug]:
    """Every drug of the catalog, by name.

    Raises:
        KnowledgeError: if two files give the same name or alias.
    """
    drugs: dict[str, Drug] = {}
    taken: set[str] = set()
    for path in sorted(DIRECTORY.glob("*.yaml")):
        drug = read_drug(path)
        names = {fold(word) for word in (drug.name, *drug.aliases)}
        if clash := names & taken:
            raise KnowledgeError("this drug is defined twice", file=path, value=min(clash))
        taken |= names
        drugs[drug.name] = drug
    return drugs


def fold(word: str) -> str:
    """A name as it is compared: no capitals, single spaces."""
    return " ".join(word.casefold().split())


@per_scope
def _names() -> dict[str, str]:
    return {fold(word): drug.name for drug in load_drugs().values() for word in (drug.name, *drug.aliases)}


def drug_names() -> dict[str, str]:
    """Every folded name and alias, with the drug's name."""
    return dict(_names())


def find_drug(word: str) -> Drug:
    """A drug by name or alias.

    Raises:
        InputError: if there is none, with the nearest names.
    """
    name = _names().get(fold(word))
    if name is None:
        raise InputError("unknown drug", value=word, fix=did_you_mean(word, load_drugs()))
    return load_drugs()[name]
