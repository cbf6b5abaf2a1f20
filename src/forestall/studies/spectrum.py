"""Which alterations cause resistance to a regimen, predicted from their probability and from what they do: all of them, one by one.

No genotype is left out for want of room: every alteration has a lane of its own, and its share follows from the theory of
branching processes for clones that arise before treatment and during it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forestall.biology.setup import mean_rates
from forestall.clinic.arms import Arm, compile_arm
from forestall.clinic.cohort import RANKING_CYCLE_DAYS, SETTLING_DAYS, rate_spreads, singles
from forestall.clinic.population import Population, draw_population
from forestall.clinic.tumor_biology import subtypes
from forestall.errors import InputError
from forestall.knowledge.alteration_rates import rates_per_division
from forestall.knowledge.alterations import load_alterations
from forestall.knowledge.packs import pack_in_force
from forestall.knowledge.parameters import value
from forestall.knowledge.population import Population as Eligibility
from forestall.knowledge.regimens import Regimen, parse_regimen
from forestall.units import quantity_in

Floats = NDArray[np.float64]
DEFAULT_PATIENTS = 200
RELAPSE_SHARE = 0.01
"""Share of the burden at entry at which a resistant clone counts as found."""


@dataclass(frozen=True)
class VariantShare:
    """One alteration among those that cause resistance."""

    alteration: str
    probability: float
    """Per division."""
    growth_per_day: float
    """Net growth of its clone under treatment, mean over the patients, 1/day."""
    share: float
    """Of the resistant clones that are found."""
    published: float | None
    """Share among the findings that are published, of the alterations that the knowledge has."""
    count: int | None
    """Published findings."""


@dataclass(frozen=True)
class Spectrum:
    """The predicted spectrum of a regimen."""

    regimen: str
    subtype: str
    within: str
    patients: int
    resistance: float
    """Share of patients in whom any resistant clone is found in time."""
    variants: tuple[VariantShare, ...]
    """Most frequent first."""
    source: str | None
    """Key of the reference of the published findings."""


def spectrum(
    regimen: str,
    *,
    within: str = "5 years",
    patients: int = DEFAULT_PATIENTS,
    seed: int = 1,
    subtype: str | None = None,
) -> Spectrum:
    """Predict which alterations are found at resistance.

    Args:
        regimen: In words, see `parse_regimen`.
        within: Time in which the clone must be found.
        patients: Patients drawn, who differ in exposure and growth.
        seed: Of the draw.
        subtype: Type of tumor; the first of the disease if absent.

    Raises:
        InputError: if the regimen, the time or the type cannot be read.
    """
    protocol, days = parse_regimen(regimen), quantity_in(within, "day")
    if not 30 <= days <= 36525:
        raise InputError("not a possible time", field="within", value=within, allowed="30 days to 100 years")
    kind = _kind(subtype)
    arm = compile_arm(
        "spectrum", protocol, parse_regimen("no treatment"), (0, SETTLING_DAYS), 4 * SETTLING_DAYS
    )
    drawn = _patients(kind, patients, seed)
    matter, found, growth = _found(arm, drawn, kind, days)
    return _summary(protocol, kind, within, matter, found, growth)


def _kind(subtype: str | None) -> int:
    known = subtypes()
    if subtype is None:
        return 0
    if subtype not in known:
        raise InputError("unknown type of tumor", value=subtype, allowed=", ".join(known))
    return known.index(subtype)


def _patients(kind: int, patients: int, seed: int) -> Population:
    pack = pack_in_force()
    name = subtypes()[kind]
    if pack is None:
        criteria = {"her2": "positive" if kind < 2 else "negative", "er_positive": kind in (0, 2)}
        return draw_population(Eligibility.model_validate(criteria), np.arange(patients), seed)
    return draw_population(Eligibility.model_validate({"types": {name: 1.0}}), np.arange(patients), seed)


def _found(arm: Arm, drawn: Population, kind: int, days: float) -> tuple[list[int], Floats, Floats]:
    """Alterations, expected resistant clones found (patients, alterations), and their net growth."""
    entries = list(load_alterations().values())
    matter, cohort = singles(drawn, arm, kind)
    own = drawn.alteration_factors(rate_spreads())[:, matter]
    probability = own * np.array(rates_per_division(entries[k] for k in matter))
    found, growth = np.zeros((len(drawn), len(matter))), np.zeros((len(drawn), len(matter)))
    cells = _cells_at_entry(drawn)
    for i in range(len(drawn)):
        birth, death = mean_rates(
            i, arm.model, arm.schedule, cohort, arm.shared, SETTLING_DAYS, RANKING_CYCLE_DAYS
        )
        start = float(drawn.birth_rate_per_day[i]), float(drawn.growth_rate_per_day[i])
        growth[i] = (birth - death)[1 : 1 + len(matter)]  # outside the brain, whose lanes come after
        for n in range(len(matter)):
            chance = chance_to_reach(birth[1 + n], death[1 + n], days, RELAPSE_SHARE * cells[i])
            found[i, n] = probability[i, n] * clones_found(
                chance, cells[i], start[1] / start[0], birth[0], death[0] - birth[0]
            )
    return matter, found, growth


def _cells_at_entry(drawn: Population) -> Floats:
    volume = np.nansum(math.pi / 6.0 * drawn.diameter_mm**3, axis=1)
    return np.asarray(volume * value("tumor.cells_per_mm3", "cells/mm**3"))


def chance_to_reach(birth: float, death: float, days: float, size: float) -> float:
    """Probability that one cell's lineage has `size` cells or more after some days.

    Args:
        birth: 1/day.
        death: 1/day.
        days: Time.
        size: Cells.

    Notes:
        A linear birth-death process: a lineage is extinct with probability alpha, else its size is geometric with
        parameter beta (Bailey 1964): P(N >= size) = (1 - alpha) beta^(size - 1).
    """
    net = birth - death
    if net <= 0 or birth <= 0:
        return 0.0
    grown = math.expm1(min(net * days, 600.0))
    bottom = birth * grown + net
    alive, beta = net * (grown + 1.0) / bottom, birth * grown / bottom
    return alive * math.exp((max(size, 1.0) - 1.0) * math.log(beta)) if beta > 0 else 0.0


def clones_found(
    chance: float, cells: float, survival: float, birth_in_treatment: float, decline: float
) -> float:
    """Expected resistant clones found, per unit of mutation probability.

    Args:
        chance: That one resistant cell's lineage is found in time.
        cells: At the start of treatment.
        survival: (birth - death) / birth before treatment, of sensitive and resistant cells.
        birth_in_treatment: Of sensitive cells, 1/day.
        decline: Death minus birth of sensitive cells in treatment, 1/day; if negative the tumor grows, and the clones that
            arise in treatment are not counted.

    Notes:
        A clone founded when the tumor had N cells has, if it lives (probability s), a geometric size with mean M / (N s) at the
        start of treatment; births that make N to M cells number (M - N) / s. The chance that one of n cells succeeds is
        1 - (1 - p)^n; its mean over the geometric sizes is p m / (p m + 1 - p), and the integral over N is closed.
    """
    if chance <= 0.0:
        return 0.0
    before = cells
    if chance < 1.0:
        scale = (1.0 - chance) * survival
        before = (
            chance * cells / scale * math.log((chance * cells + scale * cells) / (chance * cells + scale))
        )
    during = chance * cells * birth_in_treatment / decline if decline > 0 else 0.0
    return before + during


def _summary(
    protocol: Regimen, kind: int, within: str, matter: Sequence[int], found: Floats, growth: Floats
) -> Spectrum:
    names = list(load_alterations())
    rates = rates_per_division(load_alterations().values())
    any_clone = -np.expm1(-found.sum(axis=1))
    whole = found.sum(axis=1, keepdims=True)
    share = np.where(whole > 0, found / np.where(whole > 0, whole, 1.0) * any_clone[:, None], 0.0).sum(axis=0)
    share = share / share.sum() if share.sum() > 0 else share
    counts, source = _published(protocol)
    total = sum(counts.get(names[k], 0) for k in matter)
    rows = [
        VariantShare(
            names[k],
            rates[k],
            float(growth[:, n].mean()),
            float(share[n]),
            counts.get(names[k], 0) / total if total else None,
            counts.get(names[k], 0) if total else None,
        )
        for n, k in enumerate(matter)
    ]
    ordered = sorted(rows, key=lambda row: (-row.share, -(row.published or 0.0), row.alteration))
    return Spectrum(
        protocol.text(), subtypes()[kind], within, len(found), float(any_clone.mean()), tuple(ordered), source
    )


def _published(protocol: Regimen) -> tuple[dict[str, int], str | None]:
    pack = pack_in_force()
    for known in () if pack is None else pack.spectra:
        if parse_regimen(known.regimen).text() == protocol.text():
            return dict(known.counts), known.source
    return {}, None
