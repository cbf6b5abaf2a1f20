"""A subject from a patient file: rates of every genotype from the breast network, at the drugs' average exposure.

Growth, division and death are those of the typical tumor of the subtype. Drives are taken after the slow expression states have
adapted to the drugs. What the genotype does without treatment is no advantage: an alteration that speeds up growth by itself has
had the tumor's whole life to take it over, and is then truncal.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from forestall.biology.assay import run_assay
from forestall.biology.culture import CellLine, Culture, Fates, Treatments, culture_of
from forestall.biology.signaling.compile import Floats
from forestall.clinic.radiology import cells_in
from forestall.clinic.recist import TARGET_MM
from forestall.clinic.tumor_biology import SUBTYPES, TUMOR_TYPES, division_factor
from forestall.clinic.usual_exposure import average_free_concentration
from forestall.engine.branching.genotype import Genotype
from forestall.engine.branching.landscape import RATES
from forestall.errors import InputError
from forestall.knowledge.alteration_rates import rates_per_division
from forestall.knowledge.alterations import load_alterations
from forestall.knowledge.drugs import Drug
from forestall.knowledge.parameters import value
from forestall.knowledge.patients import PatientSpec
from forestall.studies.anticipate.subject import Array, Drugs, Subject
from forestall.studies.screen.request import screened_drugs

SETTLING_DAYS = 84.0
"""Days after which slow expression states have adapted to the drugs."""
ADVANTAGE_PER_DAY = 1e-3
"""Least advantage in net growth under one of the drugs, 1/day, for an alteration to be followed."""
MOST_FOLLOWED = 10
"""Alterations that the clones of one tumor can acquire; the cost of a copy grows with the square of their number."""


@dataclass(frozen=True)
class NetworkRates:
    """Rates from the network; genotypes are alterations on top of the truncal ones."""

    alterations: tuple[str, ...]
    probabilities: tuple[float, ...]
    costs: tuple[float, ...]
    """Relative loss of the division rate."""
    context: str
    truncal: tuple[str, ...]
    drugs: tuple[Drug, ...]
    """All drugs of the screen."""
    fates: Fates
    ordered: tuple[tuple[int, int], ...] = ()

    def rates(self, genotypes: Sequence[Genotype], drugs: Drugs) -> Array:
        """(genotypes, RATES) rates under drugs given together, 1/day."""
        given = [drug for drug in self.drugs if drug.name in drugs]
        carried = [tuple(self.alterations[a] for a in genotype.alterations()) for genotype in genotypes]
        drive, death = drive_and_death(
            self.context, [(*self.truncal, *names) for names in carried], given, self.fates
        )
        fitness = np.array([math.prod(1.0 - self.costs[a] for a in g.alterations()) for g in genotypes])
        out = np.empty((len(genotypes), RATES))
        out[:, 0] = self.fates.birth * drive * fitness
        out[:, 1] = death
        out[:, 2] = value("tolerance.entry_rate", "1/day") * np.maximum(0.0, 1.0 - drive)
        out[:, 3] = value("tolerance.exit_rate", "1/day") * np.minimum(1.0, drive)
        out[:, 4] = (1.0 - value("tolerance.drug_protection", "1")) * death
        return out


def drive_and_death(
    context: str, genotypes: Sequence[tuple[str, ...]], drugs: Sequence[Drug], fates: Fates
) -> tuple[Array, Array]:
    """Proliferation drive relative to that without drugs, and death rate, of genotypes under drugs given together.

    Args:
        context: Tumor type in the network.
        genotypes: Alterations of each.
        drugs: At the average free exposure of a typical patient.
        fates: Rates of the cells.

    Returns:
        (genotypes,) drive, and death rate in 1/day, killing by drugs and by effector cells included.
    """
    lines = [CellLine(" + ".join(names) or context, context, names) for names in genotypes]
    culture = culture_of(lines, drugs, fates)
    n = len(lines)
    exposure = [average_free_concentration(drug.name) for drug in drugs]
    treatments = Treatments(
        np.arange(n, dtype=np.int64),
        np.tile(np.arange(len(drugs), dtype=np.int64), (n, 1)),
        np.tile(np.array(exposure, np.float64), (n, 1)),
    )
    treated = culture.treated(treatments)
    end = run_assay(treated, fates, SETTLING_DAYS)
    drive = np.asarray(end.activity[culture.network.arrays.proliferation] / treated.reference[0], np.float64)
    death = fates.birth * drive - np.asarray(end.growth, np.float64)
    return drive, death + _effector_killing(
        culture, dict(zip((d.name for d in drugs), exposure, strict=True)), drugs
    )


def _effector_killing(culture: Culture, exposure: dict[str, float], drugs: Sequence[Drug]) -> Array:
    """(lines,) antibody-dependent killing with the effector cells of a typical patient, 1/day."""
    lanes, nodes = culture.lanes, culture.network.index.nodes
    killed, half = np.zeros(lanes.base_expression.shape[1]), value("adcc.antigen_half", "1")
    given = [(drug.name, action) for drug in drugs for action in drug.actions]
    for a, (name, action) in enumerate(given):
        if action.kind != "adcc":
            continue
        ratio = (exposure[name] / action.potency.to("nmol/L")) ** action.hill.value
        rate = action.maximum.to("1/day") * ratio / (1.0 + ratio)
        shown: Floats = lanes.base_expression[nodes[action.target]]
        killed += rate * np.asarray(lanes.access[a] * shown / (half + shown), np.float64)
    return killed


def subject_from_patient(spec: PatientSpec, drugs: Sequence[str]) -> Subject:
    """The subject that a patient file describes.

    Args:
        spec: The patient.
        drugs: Drugs to combine, by name; "all" for every drug with an effect and a usual dose.

    Raises:
        InputError: if a drug is unknown or has no usual dose.
    """
    chosen = tuple(screened_drugs(drugs))
    for drug in chosen:
        average_free_concentration(drug.name)
    tumor_type = dict(zip(SUBTYPES, TUMOR_TYPES, strict=True))[spec.context]
    growth = (
        math.log(2.0)
        / value(f"growth.doubling_time.{tumor_type}", "day")
        * value("growth.metastasis_speedup", "1")
    )
    pace = division_factor(tumor_type)
    birth = max(value("growth.birth_rate", "1/day") * pace, growth)
    fates = Fates(
        birth=birth,
        death=birth - growth,
        signal_death=value("death.signal_rate", "1/day") * pace,
        kill_factor=1.0,
        turnover=value("death.turnover_share", "1"),
        cycle_killing=value("death.cytotoxic_cycle_share", "1"),
        payload_half=value("payload.antigen_half", "1"),
    )
    density = value("tumor.cells_per_mm3", "cells/mm**3")
    return Subject(
        name=spec.patient,
        lesions=tuple(cells_in(lesion.diameter_mm, density) for lesion in spec.lesions),
        capacity=math.inf,
        # A lesion that has gone counts again when it is measurable.
        detectable=cells_in(TARGET_MM, density),
        drugs=tuple(drug.name for drug in chosen),
        source=_followed(spec.context, spec.alterations, chosen, fates),
        notes=(
            "Growth, exposure and effector cells are those of the typical patient; what was received before does not act, and "
            "lesions grow without a limit of space.",
        ),
    )


def _followed(context: str, truncal: tuple[str, ...], drugs: tuple[Drug, ...], fates: Fates) -> NetworkRates:
    """Rates with the alterations that give a clone an advantage under at least one of the drugs, `MOST_FOLLOWED` of them.

    Those come first whose clones would outgrow the others soonest, after ln(1 / probability) / advantage.
    """
    entries = {
        key: entry for key, entry in load_alterations().items() if entry.can_arise_in(context, truncal)
    }
    if not entries:
        raise InputError("no alteration of the catalog matters in this tumor type", value=context)
    genotypes = [truncal, *((*truncal, key) for key in entries)]
    costs = np.array([0.0, *(entry.fitness_cost.value for entry in entries.values())])
    gain = np.full(len(entries), -math.inf)
    for drug in drugs:
        drive, death = drive_and_death(context, genotypes, [drug], fates)
        net = fates.birth * drive * (1.0 - costs) - death
        gain = np.maximum(gain, net[1:] - net[0])
    kept = _soonest(dict(zip(entries, gain, strict=True)), rates_per_division(entries.values()))
    return NetworkRates(
        alterations=tuple(kept),
        probabilities=tuple(rates_per_division(entries[key] for key in kept)),
        costs=tuple(entries[key].fitness_cost.value for key in kept),
        context=context,
        truncal=truncal,
        drugs=drugs,
        fates=fates,
    )


def _soonest(gain: dict[str, float], rates: Sequence[float]) -> list[str]:
    """The alterations that are followed, in the order of the catalog."""
    days = {
        key: -math.log(max(rate, 1e-30)) / gain[key]
        for key, rate in zip(gain, rates, strict=True)
        if gain[key] >= ADVANTAGE_PER_DAY
    }
    first = set(sorted(days, key=lambda key: days[key])[:MOST_FOLLOWED])
    return [key for key in gain if key in first]
