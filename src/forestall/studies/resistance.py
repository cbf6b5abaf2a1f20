"""What an alteration or a condition does to treatment: which drugs lose, which restore, and through which nodes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from forestall.errors import InputError, did_you_mean
from forestall.knowledge.alterations import Alteration, Change, LimitAccess
from forestall.knowledge.drugs import find_drug, load_drugs
from forestall.knowledge.networks import load_networks
from forestall.studies.average_exposure import targeted_drugs
from forestall.studies.responses import (
    Response,
    Tumor,
    changes_by_id,
    responses,
    untreated_growth_per_day,
)

Verdict = Literal["loses", "loses signaling", "keeps", "no effect"]
WORKS = 0.25
"""A drug works if it takes at least this share of an untreated tumor's growth rate."""
KEPT = 0.75
"""A drug loses if it keeps less than this share of its effect."""
DEFAULT_CONTEXT = "her2_positive_er_negative"
USUAL_REFERENCE = "trastuzumab"
_HER2 = "ERBB2"
_HER2_POSITIVE = ("her2_positive_er_positive", "her2_positive_er_negative")


@dataclass(frozen=True)
class SingleDrug:
    """One drug in the tumor without and with the change."""

    drug: str
    plain: Response
    changed: Response

    @property
    def works(self) -> bool:
        """Whether it slows the growth of the tumor without the change noticeably."""
        return self.plain.effect_per_day >= self._noticeable

    @property
    def kept(self) -> float:
        """Share of its effect on growth that the change leaves; 1 if there is none to lose."""
        if not self.works:
            return 1.0
        return self.changed.effect_per_day / self.plain.effect_per_day

    @property
    def kept_signaling(self) -> float:
        """Share of its effect through signaling that the change leaves; 1 if there is none to lose."""
        if self.plain.signaling_effect_per_day < self._noticeable:
            return 1.0
        return self.changed.signaling_effect_per_day / self.plain.signaling_effect_per_day

    @property
    def verdict(self) -> Verdict:
        """What the change does to the drug."""
        if not self.works:
            return "no effect"
        if self.kept < KEPT:
            return "loses"
        return "loses signaling" if self.kept_signaling < KEPT else "keeps"

    @property
    def loses(self) -> bool:
        """Whether the change costs it a noticeable part of its effect, in all or through signaling."""
        return self.verdict in ("loses", "loses signaling")

    @property
    def _noticeable(self) -> float:
        return WORKS * untreated_growth_per_day(self.plain.tumor.context)


@dataclass(frozen=True)
class AddedDrug:
    """A drug added to the reference treatment in the tumor with the change."""

    drug: str
    changed: Response
    regained: float
    """Share of the growth rate between the reference without and with the change that it takes back."""
    adds_plain: float
    """What it adds in the tumor without the change, 1/day."""
    adds_changed: float
    """What it adds in the tumor with the change, 1/day."""

    @property
    def restores(self) -> bool:
        """Whether it takes back at least what the change took."""
        return self.regained >= 1


@dataclass(frozen=True)
class Explanation:
    """What one change does to treatment in one tumor type."""

    change: Change
    context: str
    reference: tuple[str, ...]
    """The treatment that is explained."""
    singles: tuple[SingleDrug, ...]
    untreated: Response
    """Without the change."""
    plain: Response
    """The reference treatment without the change."""
    changed: Response
    """The reference treatment with the change."""
    added: tuple[AddedDrug, ...]
    """Best first."""

    @property
    def losers(self) -> tuple[SingleDrug, ...]:
        """Drugs that lose, the hardest hit first; those that lose in signaling only come last."""
        losing = (drug for drug in self.singles if drug.loses)
        return tuple(sorted(losing, key=lambda drug: (drug.verdict, drug.kept)))

    @property
    def keepers(self) -> tuple[SingleDrug, ...]:
        """Drugs that work and keep their effect, the strongest first."""
        kept = (drug for drug in self.singles if drug.verdict == "keeps")
        return tuple(sorted(kept, key=lambda drug: -drug.changed.effect_per_day))

    @property
    def rescued(self) -> bool:
        """Whether the change lets the tumor grow noticeably faster under the reference treatment."""
        gap = self.changed.growth_per_day - self.plain.growth_per_day
        return gap > 0 and gap > (1 - KEPT) * self.plain.signaling_effect_per_day

    @property
    def best(self) -> AddedDrug | None:
        """The drug that restores most when it is added, if one does."""
        return next((drug for drug in self.added if drug.restores), None) if self.rescued else None

    def moved_nodes(self, most: int = 3) -> tuple[tuple[str, float, float], ...]:
        """The nodes that differ most under the reference: name, activity without, activity with the change."""
        outputs = load_networks()["breast"].outputs
        pairs = [
            (name, self.plain.activity[name], self.changed.activity[name])
            for name in self.plain.activity
            if name not in outputs
        ]
        pairs.sort(key=lambda pair: -abs(pair[2] - pair[1]))
        return tuple(pair for pair in pairs[:most] if abs(pair[2] - pair[1]) > 0.01)


def find_change(name: str) -> Change:
    """An alteration or condition by its id, whatever its case.

    Raises:
        InputError: if there is none, with the nearest ids.
    """
    known = changes_by_id()
    for key, change in known.items():
        if key.casefold() == name.strip().casefold():
            return change
    raise InputError(
        "no such alteration or condition",
        value=name,
        fix=f"{did_you_mean(name, known)} (see 'forestall network explain --class binding')",
    )


def explain_class(resistance_class: str, context: str | None = None) -> tuple[Explanation, ...]:
    """Explain every member of a class.

    Args:
        resistance_class: binding, bypass, downstream or immune.
        context: A tumor type; members that play no part in it are left out. Each member's own if absent.
    """
    return tuple(
        explain(change, context)
        for change in members(resistance_class)
        if context is None or not isinstance(change, Alteration) or change.matters_in(context)
    )


def members(resistance_class: str) -> tuple[Change, ...]:
    """The alterations and conditions of a class."""
    return tuple(change for change in changes_by_id().values() if change.resistance_class == resistance_class)


def default_context(change: Change) -> str:
    """The tumor type in which a change is explained if none is asked for."""
    contexts = change.contexts if isinstance(change, Alteration) else ()
    about_her2 = change.resistance_class is not None or _limits_drugs_against_her2(change)
    if about_her2 and (not contexts or DEFAULT_CONTEXT in contexts):
        return DEFAULT_CONTEXT
    return contexts[0] if contexts else "er_positive"


def _limits_drugs_against_her2(change: Change) -> bool:
    named = {drug for one in change.operators if isinstance(one, LimitAccess) for drug in one.drugs}
    return any(_against_her2(drug) for drug in named)


def _against_her2(drug: str) -> bool:
    return any(action.target == _HER2 for action in load_drugs()[drug].actions)


def offered_drugs(change: Change, context: str) -> tuple[str, ...]:
    """Targeted drugs that one would think of: those against HER2 where HER2 is amplified or itself altered."""
    altered = isinstance(change, Alteration) and change.gene == _HER2
    if context in _HER2_POSITIVE or altered:
        return targeted_drugs()
    return tuple(drug for drug in targeted_drugs() if not _against_her2(drug))


def explain(change: Change | str, context: str | None = None, drugs: Sequence[str] = ()) -> Explanation:
    """Compute what a change does to treatment.

    Args:
        change: An alteration or condition, or its id.
        context: A tumor type of the breast network; one in which the change matters if absent.
        drugs: The reference treatment; if absent, trastuzumab where it loses, else the drug that loses most.

    Raises:
        InputError: if a name is unknown, a drug has no usual dose, or the change cannot be in the tumor type.
    """
    found = find_change(change) if isinstance(change, str) else change
    where = context or default_context(found)
    _check_context(found, where)
    plain, changed = Tumor(where), Tumor(where, (found.id,))
    offered = offered_drugs(found, where)
    singles = _singles(plain, changed, offered)
    reference = tuple(_usable(drug) for drug in drugs) or (_telling(singles),)
    untreated, without, within = responses([(plain, ()), (plain, reference), (changed, reference)])
    added = _added(without, within, reference, offered)
    return Explanation(found, where, reference, singles, untreated, without, within, added)


def _check_context(change: Change, context: str) -> None:
    if isinstance(change, Alteration) and not change.matters_in(context):
        raise InputError(
            f"{change.id} plays no part in this tumor type",
            field="context",
            value=context,
            allowed=", ".join(change.contexts),
        )


def _usable(name: str) -> str:
    drug = find_drug(name).name
    if drug not in targeted_drugs():
        raise InputError(
            "this drug has no targeted action, or no usual dose alone",
            field="drugs",
            value=drug,
            allowed=", ".join(targeted_drugs()),
        )
    return drug


def _singles(plain: Tumor, changed: Tumor, drugs: Sequence[str]) -> tuple[SingleDrug, ...]:
    found = responses([(tumor, (drug,)) for tumor in (plain, changed) for drug in drugs])
    return tuple(SingleDrug(drug, found[i], found[i + len(drugs)]) for i, drug in enumerate(drugs))


def _telling(singles: Iterable[SingleDrug]) -> str:
    """The drug to explain: trastuzumab if it loses, else the one that loses most, else the strongest."""
    losing = {drug.drug: drug for drug in singles if drug.loses}
    if USUAL_REFERENCE in losing:
        return USUAL_REFERENCE
    if losing:
        return max(losing, key=lambda name: _loss(losing[name]))
    return max(singles, key=lambda drug: drug.plain.effect_per_day).drug


def _loss(drug: SingleDrug) -> float:
    return drug.plain.effect_per_day - drug.changed.effect_per_day


def _added(
    plain: Response, changed: Response, reference: tuple[str, ...], offered: Sequence[str]
) -> tuple[AddedDrug, ...]:
    partners = [drug for drug in offered if _is_partner(drug, reference)]
    tumors = (plain.tumor, changed.tumor)
    found = responses([(tumor, (*reference, drug)) for tumor in tumors for drug in partners])
    lost = changed.growth_per_day - plain.growth_per_day
    added = []
    for i, drug in enumerate(partners):
        in_plain, in_changed = found[i], found[i + len(partners)]
        gain = changed.growth_per_day - in_changed.growth_per_day
        regained = gain / lost if lost > 0 else 0.0
        added.append(
            AddedDrug(drug, in_changed, regained, plain.growth_per_day - in_plain.growth_per_day, gain)
        )
    return tuple(sorted(added, key=lambda each: each.changed.growth_per_day))


def _is_partner(drug: str, reference: tuple[str, ...]) -> bool:
    """Whether one could give a drug beside the reference.

    It differs in class or in what it acts on; two antibodies, with a payload or without, do not compete for one epitope.
    """
    return not any(drug == other or _competes(drug, other) for other in reference)


def _competes(one: str, other: str) -> bool:
    (first, acts), (second, other_acts) = _profile(one), _profile(other)
    if {first, second} <= {"antibody", "adc"}:
        return bool(acts & other_acts)
    return first == second and acts == other_acts


def _profile(drug: str) -> tuple[str, frozenset[tuple[str, str]]]:
    entry = load_drugs()[drug]
    return entry.drug_class, frozenset((action.kind, action.target) for action in entry.actions)
