"""A population under one arm, as the arrays that the course kernel reads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from forestall.biology.dosing import PROTOCOL
from forestall.biology.exposure.variability import (
    kinetics_of,
    patient_terms,
    site_terms,
    superposition_terms,
)
from forestall.biology.genotypes import GenotypeTable, acquired, genotype_table, leaving, tables_for
from forestall.biology.rates import TERMS
from forestall.biology.setup import CohortArrays, mean_growth
from forestall.biology.signaling.compile import Compiled, compiled
from forestall.clinic.arms import Arm
from forestall.clinic.dose_sizes import dose_size
from forestall.clinic.draws import log_sd
from forestall.clinic.entry_lesions import BRAIN
from forestall.clinic.occult import draw_occult
from forestall.clinic.population import Population, population_from_patient
from forestall.clinic.response import strength
from forestall.clinic.stopping import stop_days
from forestall.clinic.tumor_biology import subtypes, tumor_types
from forestall.knowledge.alteration_rates import rates_per_division
from forestall.knowledge.alterations import Alteration, load_alterations
from forestall.knowledge.networks import disease_network
from forestall.knowledge.packs import pack_in_force
from forestall.knowledge.parameter_sets import entries_in_use
from forestall.knowledge.patients import PatientSpec
from forestall.knowledge.regimens import Component

Array = NDArray[np.float64]

LARGEST_GENOTYPES = 16
"""Genotypes that a patient's clones can take; see `forestall.biology.genotypes`."""
LARGEST_LOSS = 5e-4
"""Share of the daughters that may leave a genotype; where a patient's factor asks for more, all her alterations are scaled down.

It takes 1% of the untreated growth of a tumor that divides 0.14 times and grows by 0.007 a day: 5e-4 * 0.14 / 0.007."""
ADVANTAGE_PER_DAY = 1e-3
"""Least advantage in net growth under the regimen, 1/day, for an alteration to matter."""
SETTLING_DAYS, RANKING_CYCLE_DAYS = 42, 21
"""Days before the advantage is taken, and over which it is averaged."""


def cohort_arrays(population: Population, arm: Arm, dropout: Array, data_cut: Array) -> CohortArrays:
    """The arrays of a batch.

    Args:
        population: The patients.
        arm: What they receive.
        dropout: (n,) day of loss to follow-up.
        data_cut: (n,) day of the data cut.
    """
    tables, row = _tables(population, arm)
    arrays = _arrays(population, arm, tables, row, compiled(), *_exposure(population, arm))
    return arrays._replace(dropout=np.minimum(dropout, data_cut))


def _arrays(
    population: Population,
    arm: Arm,
    tables: Sequence[GenotypeTable],
    row: NDArray[np.int64],
    network: Compiled,
    elimination: Array,
    scale: Array,
) -> CohortArrays:
    site, diameter, scar = _all_lesions(population)
    return CohortArrays(
        patient=population.patient,
        expression=_expression(population, network),
        gain=_gains(population, network),
        table=row,
        mask=np.stack([table.mask for table in tables]),
        edges=np.stack([table.edges for table in tables]),
        edge_start=np.stack([table.edge_start for table in tables]),
        **_chances(tables, row, population),
        elimination=elimination,
        scale=scale,
        amount=_amounts(population, arm.phases, loading=False),
        loading=_amounts(population, arm.phases, loading=True),
        birth=population.birth_rate_per_day,
        growth=population.growth_rate_per_day,
        capacity=population.capacity_cells,
        dying=population.signal_death,
        waning=population.waning_per_day,
        tolerating=population.tolerance,
        sparing=population.tolerant_death,
        sensitivity=population.cytotoxic_sensitivity,
        effectors=population.effector,
        strength=strength(population, arm),
        site_class=np.where(site < 0, -1, (site == BRAIN).astype(np.int64)),
        site=site,
        diameter=diameter,
        scar=scar,
        background=population.background_hazard_per_day,
        death_threshold=population.death_threshold,
        dropout=np.full(len(population), np.inf),
        stop=stop_days(population, arm.phases[PROTOCOL], arm.schedule),
    )


def _chances(
    tables: Sequence[GenotypeTable], row: NDArray[np.int64], population: Population
) -> dict[str, Array]:
    """Probabilities per division of each patient's own alterations: her table's, times her factors."""
    factor = population.resistance[:, None]
    probability = np.stack([table.probability for table in tables])[row] * factor
    loss = np.stack([table.loss for table in tables])[row] * factor
    spreads = rate_spreads()
    if any(spreads.values()):
        own = population.alteration_factors(spreads)
        probability *= np.take_along_axis(own, np.stack([acquired(table) for table in tables])[row], axis=1)
        loss = np.stack([leaving(tables[k], chances) for k, chances in zip(row, probability, strict=True)])
    within = np.minimum(1.0, LARGEST_LOSS / np.maximum(loss.max(axis=1), 1e-300))[:, None]
    return {"probability": probability * within, "loss": loss * within}


def rate_spreads() -> dict[str, float]:
    """Spread of each alteration's probability per division between patients, on the log scale, by id.

    It is that of a lognormal with the rate's interval as 90%; rates without `distribution: lognormal` differ by the patient's
    common factor only.
    """
    rates = {name: entry.rate_per_division for name, entry in load_alterations().items()}
    return {name: log_sd(rate) if rate.distribution == "lognormal" else 0.0 for name, rate in rates.items()}


def _tables(population: Population, arm: Arm) -> tuple[list[GenotypeTable], NDArray[np.int64]]:
    entries = entries_in_use("alterations", load_alterations())
    truncal = population.truncal_mask(arm.alterations)
    kinds = np.stack([population.subtype.astype(np.int64), truncal & _undone(entries)], axis=1)
    groups, group = np.unique(kinds, axis=0, return_inverse=True)
    relevant = [relevant_alterations(arm, int(subtype), int(undone)) for subtype, undone in groups]
    rates = rates_per_division(entries.values())
    return tables_for(truncal, group.reshape(-1), relevant, rates, LARGEST_GENOTYPES)


def _undone(entries: Mapping[str, Alteration]) -> int:
    """Bits of the alterations that another one undoes."""
    undone = {name for entry in entries.values() for name in entry.undoes}
    return sum(1 << k for k, name in enumerate(entries) if name in undone)


def relevant_alterations(arm: Arm, subtype: int, truncal: int = 0) -> tuple[int, ...]:
    """The alterations that give a clone an advantage under the arm's regimen, the most important first.

    A typical patient of the subtype receives the regimen. An alteration matters if its clone grows faster than the truncal one,
    by at least `ADVANTAGE_PER_DAY` over one dosing period after `SETTLING_DAYS`. They are ranked by the time after which their
    clones would outgrow the truncal one (`by_time_to_outgrow`). That has no horizon: a rare mutation with a large advantage
    (`ESR1_mut` under an aromatase inhibitor) is behind many frequent changes after half a year, and ahead of most of them when
    tumors progress.

    Args:
        arm: The arm.
        subtype: Code in `forestall.clinic.tumor_biology.subtypes()`.
        truncal: Bits of the alterations that every cell of the typical patient's tumor carries.
    """
    if (subtype, truncal) not in arm.relevant:
        arm.relevant[subtype, truncal] = _relevant(arm, subtype, truncal)
    return arm.relevant[subtype, truncal]


def _relevant(arm: Arm, subtype: int, truncal: int) -> tuple[int, ...]:
    entries = list(entries_in_use("alterations", load_alterations()).values())
    rates = rates_per_division(entries)
    matter, cohort = singles(_typical(subtype), arm, subtype, truncal)
    net = mean_growth(arm.model, arm.schedule, cohort, arm.shared, SETTLING_DAYS, RANKING_CYCLE_DAYS)
    gain = {k: float(net[1 + n] - net[0]) for n, k in enumerate(matter)}
    return by_time_to_outgrow({k: rates[k] for k in matter}, gain)


def by_time_to_outgrow(rates: Mapping[int, float], gain: Mapping[int, float]) -> tuple[int, ...]:
    """Alterations by the time after which a clone that has them outgrows the truncal one: ln(1 / rate) / gain.

    Args:
        rates: Probability per division.
        gain: Advantage in net growth, 1/day; those below `ADVANTAGE_PER_DAY` are left out.
    """
    days = {k: -np.log(max(rates[k], 1e-30)) / gain[k] for k in rates if gain[k] >= ADVANTAGE_PER_DAY}
    return tuple(sorted(days, key=lambda k: (days[k], k)))


def singles(
    population: Population, arm: Arm, subtype: int, truncal: int = 0
) -> tuple[list[int], CohortArrays]:
    """Patients of one subtype with a lane for the truncal genotype and for each single alteration, however many there are.

    Args:
        population: The patients.
        arm: What they receive.
        subtype: Their code.
        truncal: Bits of the alterations that every cell carries.

    Returns:
        Indices of the alterations that can arise, in the order of the lanes after the first, and the arrays.
    """
    entries = list(entries_in_use("alterations", load_alterations()).values())
    trunk = {entry.id for k, entry in enumerate(entries) if truncal >> k & 1}
    matter = [k for k, entry in enumerate(entries) if entry.can_arise_in(subtypes()[subtype], trunk)]
    rates = rates_per_division(entries)
    table = genotype_table(truncal, matter, rates, len(matter) + 1)
    rows = np.zeros(len(population), np.int64)
    return matter, _arrays(population, arm, [table], rows, compiled(), *_exposure(population, arm))


def _typical(subtype: int) -> Population:
    """The typical patient of a subtype, with one lesion."""
    pack = pack_in_force()
    if pack is not None:
        kind = subtypes()[subtype]
        one = {"site": next(iter(pack.types[kind].sites)), "diameter": "20 mm"}
        return population_from_patient(PatientSpec.model_validate({"type": kind, "lesions": [one]}))
    her2, er = ("positive" if status else "negative" for status in (subtype < 2, subtype in (0, 2)))
    lesions = [{"site": "liver", "diameter": "20 mm"}]
    return population_from_patient(PatientSpec.model_validate({"her2": her2, "er": er, "lesions": lesions}))


def _all_lesions(population: Population) -> tuple[NDArray[np.int8], Array, Array]:
    """Sites, diameters and scars: lesions that are seen, occult ones, empty places. A described patient has no occult lesions."""
    site, diameter, scar = population.site, population.diameter_mm, population.scar_mm
    if population.seed is not None:
        more = draw_occult(np.array(tumor_types())[population.subtype], population.patient, population.seed)
        site, diameter = np.hstack([site, more[0]]), np.hstack([diameter, more[1]])
        scar = np.hstack([scar, np.zeros(more[1].shape)])
    order = np.argsort(site < 0, axis=1, kind="stable")
    return (
        np.take_along_axis(site, order, axis=1),
        np.take_along_axis(diameter, order, axis=1),
        np.take_along_axis(scar, order, axis=1),
    )


def _expression(population: Population, network: Compiled) -> Array:
    """(n, nodes) baseline expression: the subtype's, times the patient's own factors."""
    contexts = np.stack([network.expression_of(subtype) for subtype in subtypes()])
    return np.asarray(contexts[population.subtype] * population.expression_factor(network.nodes), np.float64)


def _gains(population: Population, network: Compiled) -> Array:
    """(n, drivers) gains of the slow drivers, by the patients' traits."""
    gain = np.tile(network.driver_gain, (len(population), 1)).astype(np.float64)
    traits = disease_network().traits
    for name, present in population.traits().items():
        trait = traits[name]
        driver = network.index.drivers[trait.slow, trait.driver]
        listed = np.isin(np.array(subtypes())[population.subtype], list(trait.prevalence))
        factor = np.where(present, trait.present.value, trait.absent.value)
        gain[:, driver] *= np.where(listed, factor, 1.0)
    return gain


def _exposure(population: Population, arm: Arm) -> tuple[Array, Array]:
    """(n, D, TERMS) elimination rates and concentrations per mg of every drug."""
    shape = (len(population), len(arm.drugs), TERMS)
    elimination, scale = np.ones(shape), np.zeros(shape)
    for d, drug in enumerate(arm.drugs):
        deviates = population.kinetic_deviates(drug.name)
        terms = patient_terms(kinetics_of(drug), population.weight_kg, *deviates)
        elimination[:, d], scale[:, d] = superposition_terms(site_terms(drug, terms))
    return elimination, scale


def _amounts(population: Population, phases: Sequence[Sequence[Component]], *, loading: bool) -> Array:
    """(n, P, C) mg per dose."""
    width = max(1, *(len(phase) for phase in phases))
    amounts = np.zeros((len(population), len(phases), width))
    for p, phase in enumerate(phases):
        for c, component in enumerate(phase):
            amount = component.amount
            if loading and component.loading_amount is not None:
                amount = component.loading_amount
            amounts[:, p, c] = amount * dose_size(
                component.amount_basis, population.weight_kg, population.bsa_m2
            )
    return amounts
