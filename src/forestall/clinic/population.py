"""Virtual patients: drawn under a trial's eligibility criteria, or made from one patient's description.

Every number of a patient comes from a stream that is keyed by the seed, the patient and what the number is
for. Another patient, another arm, another drug or another entry of the catalogue therefore changes nobody.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forestall.clinic.demographics import body_surface_area, draw_demographics
from forestall.clinic.draws import Floats, named_normals, spread
from forestall.clinic.entry_lesions import MAX_LESIONS, SITES, draw_lesions, primary_site, sites
from forestall.clinic.prior_lines import classes_given, draw_earlier_lines, exposed_classes
from forestall.clinic.tumor_biology import (
    SUBTYPES,
    Bools,
    Receptors,
    TumorBiology,
    draw_alterations,
    draw_biology,
    draw_receptors,
    draw_traits,
    of_type,
    receptors,
    subtypes,
    tumor_types,
)
from forestall.engine.purposes import Purpose
from forestall.engine.random import uniforms
from forestall.errors import InputError
from forestall.knowledge.alterations import load_alterations
from forestall.knowledge.networks import disease_network, load_networks
from forestall.knowledge.packs import pack_in_force
from forestall.knowledge.parameters import value
from forestall.knowledge.patients import PatientSpec
from forestall.knowledge.population import Population as Eligibility

_CLEARANCE, _VOLUME = "clearance", "volume"
_REFERENCE_AGE_YEARS = 55.0


@dataclass(frozen=True, slots=True)
class Population:
    """A batch of n virtual patients; one patient is the batch of one."""

    seed: int | None
    """Seed of the study; None for the typical patient, whose latent deviations are all zero."""
    patient: NDArray[np.int64]
    """(n,) index of the patient, which keys her random streams."""
    age_years: Floats
    """(n,)."""
    postmenopausal: Bools
    """(n,)."""
    height_cm: Floats
    """(n,)."""
    weight_kg: Floats
    """(n,)."""
    her2_positive: Bools
    """(n,)."""
    her2_low: Bools
    """(n,) HER2-negative with some expression."""
    er_positive: Bools
    """(n,)."""
    subtype: NDArray[np.int8]
    """(n,) code in `forestall.clinic.tumor_biology.subtypes()`."""
    truncal: Bools
    """(n, A) alterations that every tumor cell carries, over `alterations`."""
    doubling_time_days: Floats
    """(n,) untreated doubling time of the lesions, day."""
    birth_rate_per_day: Floats
    """(n,) divisions per cycling cell, 1/day."""
    capacity_cells: Floats
    """(n,) cells of a lesion at which division would stop; untreated growth stops at `growth.capacity_per_lesion`."""
    waning_per_day: Floats
    """(n,) 1/day at which a treatment loses its effect on the cells that it leaves alive."""
    signal_death: Floats
    """(n,) death by loss of the survival drive, relative."""
    tolerance: Floats
    """(n,) rate at which cells turn tolerant, relative."""
    tolerant_death: Floats
    """(n,) share of the death of cycling cells that tolerant cells die of, relative."""
    cytotoxic_sensitivity: Floats
    """(n,) killing by all cytotoxics, relative; what one class has for itself is in `forestall.clinic.response.strength`."""
    fcgr3a: NDArray[np.int8]
    """(n,) FCGR3A-158 genotype: 0 V/V, 1 V/F, 2 F/F."""
    effector: Floats
    """(n,) antibody-dependent killing, relative, genotype included."""
    resistance: Floats
    """(n,) factor on the probability that a division produces an alteration."""
    earlier_lines: NDArray[np.int64]
    """(n,) lines of treatment for advanced disease received before."""
    exposed: Bools
    """(n, C) response classes given before, in the order of their names."""
    lesions: NDArray[np.int64]
    """(n,) number of lesions."""
    site: NDArray[np.int8]
    """(n, L) code in `forestall.clinic.entry_lesions.sites()`, -1 for no lesion."""
    diameter_mm: Floats
    """(n, L) true diameter at entry, mm; NaN for no lesion."""
    scar_mm: Floats
    """(n, L) diameter of what local treatment has left dead in its place, mm; 0 where there was none."""
    death_uniform: Floats
    """(n,) in (0, 1); the patient dies when the cumulative hazard reaches `death_threshold`."""
    dropout_uniform: Floats
    """(n,) in (0, 1)."""
    attempts: NDArray[np.int64]
    """(n,) draws that it took to meet the criteria."""
    alterations: tuple[str, ...]
    """Ids of the columns of `truncal`, sorted."""

    def __len__(self) -> int:
        return int(self.patient.size)

    @property
    def bsa_m2(self) -> Floats:
        """(n,) body surface area, m2."""
        return body_surface_area(self.height_cm, self.weight_kg)

    @property
    def growth_rate_per_day(self) -> Floats:
        """(n,) net growth of an untreated lesion far from its capacity, 1/day."""
        return np.asarray(np.log(2) / self.doubling_time_days)

    @property
    def acceptance(self) -> float:
        """Share of the draws that met the eligibility criteria."""
        return len(self) / float(self.attempts.sum()) if len(self) else 1.0

    @property
    def death_threshold(self) -> Floats:
        """(n,) cumulative hazard at death: exponential with mean 1."""
        return -np.log(self.death_uniform)

    @property
    def background_hazard_per_day(self) -> Floats:
        """(n,) hazard of death from other causes at the age at entry, 1/day (Gompertz)."""
        doublings = (self.age_years - _REFERENCE_AGE_YEARS) / value("mortality.background_doubling", "year")
        return value("mortality.background_rate", "1/day") * 2.0**doublings

    def dropout_day(self, hazard_per_day: float | None = None) -> Floats:
        """(n,) day of loss to follow-up.

        Args:
            hazard_per_day: The trial's hazard of dropout; the catalogue's if None. Zero means never
                (infinite).
        """
        hazard = value("dropout.rate", "1/day") if hazard_per_day is None else hazard_per_day
        return -np.log(self.dropout_uniform) / hazard if hazard > 0 else np.full(len(self), np.inf)

    def expression_factor(self, nodes: Sequence[str], network: str | None = None) -> Floats:
        """(n, k) factors on the baseline expression of nodes; those that share a protein share the factor."""
        entries = (disease_network() if network is None else load_networks()[network]).nodes
        unstained = self._without_staining([entries[name].gene for name in nodes])
        if self.seed is None:
            return unstained
        owners = [entries[name].pool or name for name in nodes]
        deviates = {
            name: self._deviate(Purpose.BIOLOGY, f"expression {name}") for name in sorted(set(owners))
        }
        return unstained * spread(np.stack([deviates[name] for name in owners], axis=1), "expression.log_sd")

    def _without_staining(self, genes: Sequence[str | None]) -> Floats:
        """(n, k) factors on expression: less ERBB2 in tumors that are HER2-negative without any staining."""
        factor = np.ones((len(self), len(genes)))
        if pack_in_force() is None:
            zero = ~self.her2_positive & ~self.her2_low
            columns = np.array([gene == "ERBB2" for gene in genes], np.bool_)
            factor[np.ix_(zero, columns)] = value("expression.her2_zero", "1")
        return factor

    def kinetic_deviates(self, drug: str) -> tuple[Floats, Floats]:
        """Standard normal deviates of the logarithms of a drug's clearance and volume, (n,) each."""
        clearance, volume = (
            self._deviate(Purpose.KINETICS, f"{drug} {which}") for which in (_CLEARANCE, _VOLUME)
        )
        return clearance, volume

    def endurance_deviate(self) -> Floats:
        """(n,) standard normal deviates of the logarithm of the time for which a patient bears chemotherapy."""
        return self._deviate(Purpose.TOXICITY, "chemotherapy")

    def alteration_factors(self, spreads: Mapping[str, float]) -> Floats:
        """(n, A) factors on the probability of each alteration, which differ between patients independently of each other.

        Args:
            spreads: Standard deviation of the logarithm by id, in the order of the columns.
        """
        deviates = [self._deviate(Purpose.BIOLOGY, f"resistance {name}") for name in spreads]
        return np.asarray(np.exp(np.stack(deviates, axis=1) * np.array(list(spreads.values()))))

    def traits(self) -> dict[str, Bools]:
        """(n,) for each trait of the network, whether the patient has it."""
        return draw_traits(self.subtype, self.patient, self.seed)

    def truncal_mask(self, order: Sequence[str]) -> NDArray[np.int64]:
        """(n,) truncal alterations as bits.

        Args:
            order: Ids of the alterations in the order of the bits, lowest first.
        """
        columns = [self.alterations.index(name) for name in order]
        bits = np.left_shift(np.int64(1), np.arange(len(columns), dtype=np.int64))
        return np.asarray(self.truncal[:, columns] @ bits, dtype=np.int64)

    def select(self, mask: Bools | NDArray[np.int64]) -> Population:
        """Some of the patients, by booleans (n,) or row numbers."""
        chosen: dict[str, Any] = {
            field.name: column[mask]
            for field in fields(self)
            if isinstance(column := getattr(self, field.name), np.ndarray)
        }
        return replace(self, **chosen)

    def _deviate(self, purpose: Purpose, name: str) -> Floats:
        if self.seed is None:
            return np.zeros(len(self))
        return named_normals(self.seed, self.patient, purpose, name)


def draw_population(eligibility: Eligibility, patients: NDArray[np.int64], seed: int) -> Population:
    """Draw virtual patients who meet a trial's criteria.

    Args:
        eligibility: The criteria and the mix of patients (`TrialSpec.population`).
        patients: (n,) indices of the patients; a patient's draw depends on her index and not on the others.
        seed: Seed of the study.

    Raises:
        InputError: if the criteria cannot be met together.
    """
    numbers = np.asarray(patients, dtype=np.int64)
    if numbers.ndim != 1 or (numbers.size and numbers.min() < 0):
        raise InputError("patients are numbered from 0 in a one-dimensional array", value=numbers.shape)
    people = draw_demographics(eligibility, numbers, seed)
    status = draw_receptors(eligibility, numbers, seed)
    entry = draw_lesions(eligibility, np.array(tumor_types())[status.subtype], numbers, seed)
    earlier = draw_earlier_lines(eligibility, numbers, seed)
    metastatic = eligibility.setting == "metastatic"
    biology = draw_biology(status.subtype, metastatic, numbers, seed, earlier, eligibility.fcgr3a)
    return Population(
        seed=seed,
        patient=numbers,
        age_years=people.age_years,
        postmenopausal=people.postmenopausal,
        height_cm=people.height_cm,
        weight_kg=people.weight_kg,
        **_arrays(status),
        truncal=draw_alterations(eligibility, status.subtype, numbers, seed),
        **_arrays(biology),
        earlier_lines=earlier,
        exposed=exposed_classes(eligibility, numbers, seed),
        lesions=entry.number,
        site=entry.site,
        diameter_mm=entry.diameter_mm,
        scar_mm=entry.scar_mm,
        death_uniform=uniforms(seed, numbers, Purpose.DEATH),
        dropout_uniform=uniforms(seed, numbers, Purpose.DROPOUT),
        attempts=people.attempts,
        alterations=tuple(sorted(load_alterations())),
    )


def population_from_patient(
    spec: PatientSpec, *, seed: int | None = None, patients: NDArray[np.int64] | None = None
) -> Population:
    """One described patient, or many who share the description.

    Args:
        spec: The description. What it does not say is that of the typical patient.
        seed: None for the typical patient (latent deviations zero, the chance of death and dropout at its
            median); otherwise the latent biology is drawn.
        patients: (n,) indices of patients who all fit the description; one, with index 0, if not given.
    """
    numbers = np.zeros(1, dtype=np.int64) if patients is None else np.asarray(patients, dtype=np.int64)
    n = numbers.size
    status = _described_type(spec, n)
    site, diameter = _described_lesions(spec)
    metastatic = bool((site[site >= 0] != primary_site()).any())
    earlier = np.full(n, spec.earlier_lines, dtype=np.int64)
    age = value("patient.age_mean", "year") if spec.age is None else spec.age
    post = spec.menopause == "post" if spec.menopause else age >= value("patient.menopause_age", "year")
    height = value("patient.height_mean", "cm") if spec.height_cm is None else spec.height_cm
    weight = value("patient.weight_mean", "kg") if spec.weight_kg is None else spec.weight_kg
    ids = tuple(sorted(load_alterations()))
    chance = [
        np.full(n, 0.5) if seed is None else uniforms(seed, numbers, what)
        for what in (Purpose.DEATH, Purpose.DROPOUT)
    ]
    return Population(
        seed=seed,
        patient=numbers,
        age_years=np.full(n, float(age)),
        postmenopausal=np.full(n, post),
        height_cm=np.full(n, height),
        weight_kg=np.full(n, weight),
        **_arrays(status),
        truncal=np.tile(np.isin(ids, spec.alterations), (n, 1)),
        **_arrays(draw_biology(status.subtype, metastatic, numbers, seed, earlier)),
        earlier_lines=earlier,
        exposed=np.tile(classes_given(spec.prior), (n, 1)),
        lesions=np.full(n, len(spec.lesions), dtype=np.int64),
        site=np.tile(site, (n, 1)),
        diameter_mm=np.tile(diameter, (n, 1)),
        scar_mm=np.zeros((n, diameter.size)),
        death_uniform=chance[0],
        dropout_uniform=chance[1],
        attempts=np.ones(n, dtype=np.int64),
        alterations=ids,
    )


def _described_type(spec: PatientSpec, n: int) -> Receptors:
    if spec.type is not None:
        return of_type(np.full(n, subtypes().index(spec.type), np.int8))
    her2, er = (np.full(n, status == "positive") for status in (spec.her2, spec.er))
    return receptors(her2, np.full(n, spec.her2 == "low"), er)


def _described_lesions(spec: PatientSpec) -> tuple[NDArray[np.int8], Floats]:
    """Site codes and diameters of a described patient, with room for at least `MAX_LESIONS`."""
    size = max(MAX_LESIONS, len(spec.lesions))
    site, diameter = np.full(size, -1, dtype=np.int8), np.full(size, np.nan)
    for index, lesion in enumerate(spec.lesions):
        site[index], diameter[index] = sites().index(lesion.site), lesion.diameter_mm
    return site, diameter


def _arrays(part: Receptors | TumorBiology) -> dict[str, Any]:
    return {field.name: getattr(part, field.name) for field in fields(part)}


__all__ = ["SITES", "SUBTYPES", "Population", "draw_population", "population_from_patient"]
