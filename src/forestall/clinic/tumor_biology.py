"""What differs between tumors: receptors, truncal alterations, growth and sensitivity."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forestall.clinic.draws import Floats, Patients, by_type, log_sd_of, named_normals, named_uniforms, spread
from forestall.clinic.sensitivity import trait_deviate
from forestall.engine.purposes import Purpose
from forestall.errors import InputError
from forestall.knowledge.alterations import Alteration, load_alterations
from forestall.knowledge.networks import disease_network
from forestall.knowledge.packs import pack_in_force
from forestall.knowledge.parameters import value
from forestall.knowledge.population import FCGR3A_GENOTYPES
from forestall.knowledge.population import Population as Eligibility

SUBTYPES = ("her2_positive_er_positive", "her2_positive_er_negative", "er_positive", "triple_negative")
"""Receptor context of each subtype code, as networks and alterations name it."""
TUMOR_TYPES = ("her2_positive", "her2_positive", "er_positive", "triple_negative")
"""Tumor type of each subtype code, as the parameters name it."""
GENOTYPES = tuple(name.replace("/", "").casefold() for name in FCGR3A_GENOTYPES)
"""FCGR3A-158 genotype of each code, as the parameters name it."""
Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Receptors:
    """Receptor status of n tumors."""

    her2_positive: Bools
    """(n,)."""
    her2_low: Bools
    """(n,) HER2-negative with some expression (IHC 1+, or 2+ without amplification)."""
    er_positive: Bools
    """(n,)."""
    subtype: NDArray[np.int8]
    """(n,) code in `subtypes()`."""


@dataclass(frozen=True, slots=True)
class TumorBiology:
    """Latent traits of n tumors and of their hosts."""

    doubling_time_days: Floats
    """(n,) untreated doubling time of the lesions at entry, day."""
    birth_rate_per_day: Floats
    """(n,) divisions per cycling cell, 1/day; never below the net growth rate."""
    capacity_cells: Floats
    """(n,) cells of a lesion at which division would stop; untreated growth stops at `growth.capacity_per_lesion`."""
    waning_per_day: Floats
    """(n,) 1/day at which a treatment loses its effect on the cells that it leaves alive."""
    signal_death: Floats
    """(n,) death by loss of the survival drive relative to `death.signal_rate`."""
    tolerance: Floats
    """(n,) rate at which cells turn tolerant relative to the typical patient."""
    tolerant_death: Floats
    """(n,) share of the death of cycling cells that tolerant cells die of, relative to the typical patient."""
    cytotoxic_sensitivity: Floats
    """(n,) killing by all cytotoxics relative to the typical patient."""
    fcgr3a: NDArray[np.int8]
    """(n,) FCGR3A-158 genotype, code in `GENOTYPES`."""
    effector: Floats
    """(n,) antibody-dependent killing relative to the typical patient with V/V."""
    resistance: Floats
    """(n,) factor on the probability that a division produces an alteration."""


def subtypes() -> tuple[str, ...]:
    """Context of each subtype code in the disease in force, as its network and alterations name it."""
    pack = pack_in_force()
    return SUBTYPES if pack is None else tuple(pack.types)


def tumor_types() -> tuple[str, ...]:
    """Tumor type of each subtype code in the disease in force, as the parameters name it."""
    pack = pack_in_force()
    return TUMOR_TYPES if pack is None else tuple(pack.types)


def receptors(her2_positive: Bools, her2_low: Bools, er_positive: Bools) -> Receptors:
    """Receptor status with the subtype that follows from it."""
    subtype = np.where(her2_positive, np.where(er_positive, 0, 1), np.where(er_positive, 2, 3)).astype(
        np.int8
    )
    return Receptors(her2_positive, her2_low & ~her2_positive, er_positive, subtype)


def of_type(code: NDArray[np.int8]) -> Receptors:
    """Tumors of a disease without receptor status, by the codes of their types (n,)."""
    none = np.zeros(code.size, np.bool_)
    return Receptors(none, none.copy(), none.copy(), code)


def draw_types(eligibility: Eligibility, patients: Patients, seed: int) -> Receptors:
    """Draw the type of each tumor from the protocol's mix, or from the shares that the pack gives.

    Args:
        eligibility: A trial's criteria.
        patients: (n,) indices of the patients.
        seed: Seed of the study.

    Raises:
        InputError: if no type has a share.
    """
    pack = pack_in_force()
    usual = {} if pack is None else {name: kind.share.value for name, kind in pack.types.items()}
    share = np.array([(eligibility.types or usual).get(name, 0.0) for name in subtypes()])
    if share.sum() <= 0:
        raise InputError(
            "no type of tumor has a share", field="population.types", value=dict(eligibility.types)
        )
    draw = named_uniforms(seed, patients, Purpose.BIOMARKERS, "type")
    return of_type(np.searchsorted(np.cumsum(share / share.sum())[:-1], draw, side="right").astype(np.int8))


def draw_receptors(eligibility: Eligibility, patients: Patients, seed: int) -> Receptors:
    """Draw HER2 and ER status from the protocol's mix, and from cited prevalences where it says nothing.

    Args:
        eligibility: A trial's criteria.
        patients: (n,) indices of the patients.
        seed: Seed of the study.
    """
    if pack_in_force() is not None:
        return draw_types(eligibility, patients, seed)
    share = {"positive": 1.0, "negative": 0.0, "low": 0.0}.get(str(eligibility.her2))
    share = value("prevalence.her2_positive", "1") if share is None else share
    positive = named_uniforms(seed, patients, Purpose.BIOMARKERS, "HER2") < share
    low_share = 1.0 if eligibility.her2 == "low" else value("prevalence.her2_low_given_her2_negative", "1")
    low = named_uniforms(seed, patients, Purpose.BIOMARKERS, "HER2 low") < low_share
    er_share: Floats | float = np.where(
        positive,
        value("prevalence.er_positive_given_her2_positive", "1"),
        value("prevalence.er_positive_given_her2_negative", "1"),
    )
    if eligibility.er_positive is not None:
        er_share = eligibility.er_positive
    return receptors(positive, low, named_uniforms(seed, patients, Purpose.BIOMARKERS, "ER") < er_share)


def draw_alterations(
    eligibility: Eligibility, subtype: NDArray[np.int8], patients: Patients, seed: int
) -> Bools:
    """Draw the alterations that every cell of the tumor carries.

    Args:
        eligibility: A trial's criteria; its biomarkers replace the prevalence of the alterations they name.
        subtype: (n,) code in `subtypes()`.
        patients: (n,) indices of the patients.
        seed: Seed of the study.

    Returns:
        (n, A) over the sorted ids of the catalogue. Alterations are drawn independently of each other.

    Notes:
        A gene in the biomarkers stands for its mutations (for its other alterations if it has none), several
        genes between slashes for those of all of them; a carrier has one, chosen by their prevalence. Beyond the
        first line the prevalence in pretreated tumors is taken.
    """
    catalogue = dict(sorted(load_alterations().items()))
    pretreated = not eligibility.first_line
    prevalence = np.array(
        [
            [entry.prevalence.value(name, pretreated=pretreated) for entry in catalogue.values()]
            for name in subtypes()
        ]
    )[subtype]
    draw = [named_uniforms(seed, patients, Purpose.ALTERATIONS, name) for name in catalogue]
    carried = np.stack(draw, axis=1) < prevalence
    for marker, share in eligibility.biomarkers.items():
        columns = _columns(marker, catalogue)
        carrier = named_uniforms(seed, patients, Purpose.ALTERATIONS, f"biomarker {marker}") < share
        which = named_uniforms(seed, patients, Purpose.ALTERATIONS, f"which {marker}")
        carried[:, columns] = carrier[:, None] & _one_of(prevalence[:, columns], which)
    return carried


def _columns(marker: str, catalogue: Mapping[str, Alteration]) -> list[int]:
    """Columns of an alteration, or of the alterations that the status of a gene, or of several between slashes, means."""
    if "/" in marker:
        return [column for part in marker.split("/") for column in _columns(part, catalogue)]
    ids = list(catalogue)
    if marker in catalogue:
        return [ids.index(marker)]
    of_gene = [name for name, entry in catalogue.items() if entry.gene == marker]
    mutations = [name for name in of_gene if catalogue[name].kind == "mutation"]
    return [ids.index(name) for name in mutations or of_gene]


def _one_of(prevalence: Floats, uniform: Floats) -> Bools:
    """(n, k) one true entry per row, drawn in proportion to the prevalence (evenly if all are zero)."""
    weight = np.where(prevalence.sum(axis=1, keepdims=True) > 0, prevalence, 1.0)
    reached = np.cumsum(weight, axis=1) / weight.sum(axis=1, keepdims=True)
    chosen = np.minimum((reached <= uniform[:, None]).sum(axis=1), weight.shape[1] - 1)
    return np.asarray(np.arange(weight.shape[1]) == chosen[:, None])


def draw_biology(
    subtype: NDArray[np.int8],
    metastatic: bool,
    patients: Patients,
    seed: int | None,
    earlier_lines: NDArray[np.int64] | int = 0,
    fcgr3a: Collection[str] = FCGR3A_GENOTYPES,
) -> TumorBiology:
    """Draw growth and sensitivity.

    Args:
        subtype: (n,) code in `subtypes()`.
        metastatic: Whether the lesions are metastases, which grow faster than primaries.
        patients: (n,) indices of the patients.
        seed: Seed of the study; None for the typical patient.
        earlier_lines: (n,) lines of treatment for advanced disease received before.
        fcgr3a: Genotypes that patients may have.
    """
    kind = np.array(tumor_types())[subtype]
    log_sd = by_type(kind, lambda name: value(f"growth.doubling_time_log_sd.{name}", "1"))
    speedup = value("growth.metastasis_speedup", "1") if metastatic else 1.0
    typical = by_type(kind, lambda name: value(f"growth.doubling_time.{name}", "day")) / speedup
    typical = typical / value("prior.growth_per_line", "1") ** earlier_lines
    doubling = typical * np.exp(log_sd * _deviate(seed, patients, "doubling time"))
    pace = by_type(kind, division_factor)
    usual = value("growth.birth_rate", "1/day") * np.exp(
        log_sd_of("growth.birth_rate") * _deviate(seed, patients, "birth rate")
    )
    birth = np.maximum(usual * pace, math.log(2) / doubling)
    genotype = _fcgr3a(seed, patients, fcgr3a)
    killing = np.array([value(f"fcgamma.killing.{name}", "1") for name in GENOTYPES])[genotype]
    return TumorBiology(
        doubling_time_days=doubling,
        birth_rate_per_day=birth,
        capacity_cells=_where_division_stops(birth, math.log(2) / doubling),
        waning_per_day=by_type(kind, waning_rate)
        * value("prior.waning_per_line", "1") ** earlier_lines
        * spread(_deviate(seed, patients, "waning"), "waning.log_sd"),
        signal_death=pace * spread(_deviate(seed, patients, "signal death"), "death.signal_log_sd"),
        tolerance=spread(_deviate(seed, patients, "tolerance"), "tolerance.entry_log_sd"),
        tolerant_death=spread(_deviate(seed, patients, "tolerant death"), "tolerance.death_log_sd"),
        cytotoxic_sensitivity=spread(
            trait_deviate("cytotoxic", patients, seed), "sensitivity.cytotoxic_log_sd"
        ),
        fcgr3a=genotype,
        effector=killing * spread(_deviate(seed, patients, "effectors"), "adcc.effector_log_sd"),
        resistance=value("resistance.rate_factor", "1")
        * spread(_deviate(seed, patients, "resistance"), "resistance.rate_log_sd"),
    )


def division_factor(tumor_type: str) -> float:
    """How often cells of a type of tumor divide, and how fast they die of a lost survival drive, relative to other tumors.

    Args:
        tumor_type: A type of `tumor_types()`. Those of a disease pack have the pack's own rates and no factor.
    """
    return 1.0 if pack_in_force() is not None else value(f"growth.division_factor.{tumor_type}", "1")


def waning_rate(tumor_type: str) -> float:
    """Rate at which a treatment loses its effect on the typical tumor of a type, 1/day (`forestall.biology.waning`).

    Args:
        tumor_type: A type of `tumor_types()`. In a disease pack effects do not wane.
    """
    return 0.0 if pack_in_force() is not None else value(f"waning.rate.{tumor_type}", "1/day")


def _where_division_stops(birth: Floats, growth: Floats) -> Floats:
    """Cells at which division would stop if growth stops at the largest lesion.

    Crowding takes divisions and no deaths, so that a lesion whose cells divide at b and grow at r stops at the share r / b of this
    number: the logistic law dN/dt = r N (1 - N / largest).

    Args:
        birth: (n,) divisions per cycling cell without crowding, 1/day.
        growth: (n,) net growth of the untreated lesion without crowding, 1/day.
    """
    return value("growth.capacity_per_lesion", "cells") * birth / growth


def draw_traits(subtype: NDArray[np.int8], patients: Patients, seed: int | None) -> dict[str, Bools]:
    """Draw the network's traits, (n,) each; the typical patient has those that most patients have.

    Args:
        subtype: (n,) code in `subtypes()`.
        patients: (n,) indices of the patients.
        seed: Seed of the study; None for the typical patient.
    """
    traits = {}
    for name, trait in disease_network().traits.items():
        shares = [
            trait.prevalence[context].value if context in trait.prevalence else 0.0 for context in subtypes()
        ]
        draw: Floats | float = 0.5
        if seed is not None:
            draw = named_uniforms(seed, patients, Purpose.BIOLOGY, f"trait {name}")
        traits[name] = draw < np.array(shares)[subtype]
    return traits


def _fcgr3a(seed: int | None, patients: Patients, allowed: Collection[str]) -> NDArray[np.int8]:
    usual = [value(f"fcgamma.frequency.{name}", "1") for name in GENOTYPES]
    frequency = np.array(usual) * [name in allowed for name in FCGR3A_GENOTYPES]
    if seed is None:
        return np.full(len(patients), frequency.argmax(), dtype=np.int8)
    draw = named_uniforms(seed, patients, Purpose.MICROENVIRONMENT, "FCGR3A")
    return np.searchsorted(np.cumsum(frequency / frequency.sum())[:-1], draw, side="right").astype(np.int8)


def _deviate(seed: int | None, patients: Patients, name: str) -> Floats:
    return np.zeros(len(patients)) if seed is None else named_normals(seed, patients, Purpose.BIOLOGY, name)
