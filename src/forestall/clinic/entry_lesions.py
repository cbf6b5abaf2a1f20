"""The lesions that a patient has at entry: the sites involved, the number and the size."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import pdtr

from forestall.clinic.draws import Floats, Patients, by_type, log_sd_of, named_uniforms, truncated_normal
from forestall.clinic.recist import TARGET_MM, TARGET_NODE_MM
from forestall.engine.purposes import Purpose
from forestall.engine.random import uniforms
from forestall.knowledge.packs import pack_in_force
from forestall.knowledge.parameters import value
from forestall.knowledge.population import Population as Eligibility

SITES = ("bone", "liver", "lung", "node", "brain", "breast")
"""Site of each code; -1 means no lesion."""
BONE, LIVER, LUNG, NODE, BRAIN, BREAST = range(6)
MAX_LESIONS = 8
_METASTATIC = (BONE, LIVER, LUNG, NODE, BRAIN)
"""Sites of metastases of breast cancer."""
_LARGEST_MM = 200.0


@dataclass(frozen=True, slots=True)
class EntryLesions:
    """Lesions of n patients, up to `MAX_LESIONS` each."""

    number: NDArray[np.int64]
    """(n,) number of lesions."""
    site: NDArray[np.int8]
    """(n, L) code of the site, -1 for no lesion."""
    diameter_mm: Floats
    """(n, L) true diameter, mm; NaN for no lesion."""
    scar_mm: Floats
    """(n, L) diameter of what local treatment has left dead in its place, mm; 0 where there was none."""


def sites() -> tuple[str, ...]:
    """Site of each code in the disease in force."""
    pack = pack_in_force()
    return SITES if pack is None else pack.sites


def primary_site() -> int:
    """Code of the primary tumor's site."""
    pack = pack_in_force()
    return BREAST if pack is None else pack.sites.index(pack.primary_site)


def metastatic_sites() -> tuple[int, ...]:
    """Codes of the sites of lesions in advanced disease."""
    pack = pack_in_force()
    if pack is None:
        return _METASTATIC
    listed = {site for kind in pack.types.values() for site in kind.sites}
    return tuple(code for code, site in enumerate(pack.sites) if site in listed)


def draw_lesions(
    eligibility: Eligibility, tumor_type: NDArray[np.str_], patients: Patients, seed: int
) -> EntryLesions:
    """Draw the lesions at entry.

    Args:
        eligibility: A trial's criteria.
        tumor_type: (n,) word of `tumor_types()`: the key of the parameters.
        patients: (n,) indices of the patients.
        seed: Seed of the study.

    Notes:
        Metastatic disease: each site is involved with its published frequency; who has no site outside the
        brain has lymph node disease. Lesions are one plus a Poisson number, at least one per involved site,
        the others spread evenly over the involved sites. Locally advanced disease: one primary. The first
        lesion outside bone is measurable by RECIST (10 mm, a node 15 mm); the others can be seen. Of brain metastases that were treated
        locally and are stable, a share still lives (`brain.living_after_local_treatment`), and the rest is a scar that scans show.
    """
    if eligibility.setting == "locally advanced":
        number = np.ones(len(patients), dtype=np.int64)
        site = np.full((len(patients), MAX_LESIONS), -1, dtype=np.int8)
        site[:, 0] = primary_site()
    else:
        involved = _involved(eligibility, tumor_type, patients, seed)
        number = np.maximum(_count(uniforms(seed, patients, Purpose.LESION_COUNT)), involved.sum(axis=1))
        site = _spread_over_sites(
            involved, number, uniforms(seed, patients, Purpose.LESION_SITES, size=MAX_LESIONS)
        )
    diameter = _diameters(site, tumor_type, patients, seed)
    scarred = (site == BRAIN) & _locally_treated(eligibility, patients, seed)[:, None]
    living = value("brain.living_after_local_treatment", "1")
    alive, dead = (
        np.where(scarred, diameter * share ** (1 / 3), rest)
        for share, rest in ((living, diameter), (1 - living, 0.0))
    )
    return EntryLesions(number, site, alive, dead)


def _locally_treated(eligibility: Eligibility, patients: Patients, seed: int) -> NDArray[np.bool_]:
    """(n,) whose metastases in the brain, if they have any, were treated there and are stable."""
    share = eligibility.brain_treated
    if share is None:
        share = value("brain.treated_at_entry", "1")
    return named_uniforms(seed, patients, Purpose.LESION_SITES, "brain treated") < share


def _involved(
    eligibility: Eligibility, tumor_type: NDArray[np.str_], patients: Patients, seed: int
) -> NDArray[np.bool_]:
    """(n, sites) which sites are involved."""
    codes, names = metastatic_sites(), sites()
    share, draw = np.zeros((len(patients), len(names))), np.ones((len(names), len(patients)))
    for code in codes:
        share[:, code] = by_type(tumor_type, _frequency_of(names[code]))
        draw[code] = named_uniforms(seed, patients, Purpose.LESION_SITES, names[code])
    involved = share > draw.T
    if eligibility.visceral is not None:
        involved[:, [LIVER, LUNG]] = _visceral(eligibility.visceral, share, draw[LIVER], draw[LUNG])
    brain = eligibility.brain_metastases
    involved[:, BRAIN] = draw[BRAIN] < (value("prevalence.brain_at_entry", "1") if brain is None else brain)
    spared = np.flatnonzero(~involved[:, [code for code in codes if code not in (BRAIN, NODE)]].any(axis=1))
    involved[spared, _usual_site(tumor_type)[spared]] |= True
    return involved


def _usual_site(tumor_type: NDArray[np.str_]) -> NDArray[np.int64]:
    """(n,) code of the site of those who have a lesion neither in a node nor in an organ outside the brain."""
    pack = pack_in_force()
    if pack is None:
        return np.full(tumor_type.size, NODE)
    usual = {name: pack.sites.index(next(iter(kind.sites))) for name, kind in pack.types.items()}
    return np.array([usual[str(kind)] for kind in tumor_type], np.int64)


def _frequency_of(site: str) -> Callable[[str], float]:
    return lambda kind: value(f"site.{site}.{kind}", "1")


def _visceral(wanted: float, share: Floats, first: Floats, second: Floats) -> NDArray[np.bool_]:
    """(n, 2) liver and lung, with a given share of patients who have either."""
    liver, lung = share[:, LIVER], share[:, LUNG]
    either = liver + lung - liver * lung
    visceral = first < wanted
    place = second * either
    return np.stack(
        (visceral & (place < liver), visceral & ((place >= liver) | (place < liver * lung))), axis=1
    )


def _count(uniform: Floats) -> NDArray[np.int64]:
    """One plus a Poisson number, capped."""
    more = max(value("tumor.lesions_mean", "1") - 1.0, 0.0)
    return 1 + np.searchsorted(pdtr(np.arange(MAX_LESIONS - 1), more), uniform)


def _spread_over_sites(
    involved: NDArray[np.bool_], number: NDArray[np.int64], uniform: Floats
) -> NDArray[np.int8]:
    """(n, L) sites: every involved one once, then any of them."""
    ranked = np.argsort(~involved, axis=1, kind="stable")
    size = involved.sum(axis=1)[:, None]
    lesion = np.arange(MAX_LESIONS)
    again = np.minimum((uniform * size).astype(np.int64), size - 1)
    pick = np.where(lesion < size, np.minimum(lesion, size - 1), again)
    return np.where(lesion < number[:, None], np.take_along_axis(ranked, pick, axis=1), -1).astype(np.int8)


def _diameters(site: NDArray[np.int8], tumor_type: NDArray[np.str_], patients: Patients, seed: int) -> Floats:
    """(n, L) lognormal diameters that can be seen, mm."""
    primary = (site == BREAST) & (pack_in_force() is None)
    breast_median = by_type(tumor_type, lambda kind: value(f"tumor.primary_diameter.{kind}", "mm"))
    breast_log_sd = by_type(tumor_type, lambda kind: log_sd_of(f"tumor.primary_diameter.{kind}"))
    median = np.where(primary, breast_median[:, None], value("tumor.lesion_diameter_median", "mm"))
    log_sd = np.where(primary, breast_log_sd[:, None], value("tumor.lesion_diameter_log_sd", "1"))
    smallest = np.full(site.shape, value("tumor.detection_diameter", "mm"))
    soft = (site >= 0) & (site != BONE)
    first = soft & (np.cumsum(soft, axis=1) == 1)
    smallest[first] = np.where(site[first] == NODE, TARGET_NODE_MM, TARGET_MM)
    uniform = uniforms(seed, patients, Purpose.LESION_SIZES, size=MAX_LESIONS)
    deviate = truncated_normal(uniform, 0.0, 1.0, np.log(smallest / median) / log_sd, np.inf)
    return np.where(site >= 0, np.minimum(median * np.exp(log_sd * deviate), _LARGEST_MM), np.nan)
