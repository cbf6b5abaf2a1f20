"""Drugs that several arms of a trial receive are given alike: as in the arm whose doses are known best."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import NamedTuple

from forestall.knowledge.drugs import load_drugs
from forestall.knowledge.regimens import Regimen
from forestall.studies.validation.treatments import DosedArm, Origin


class _Given(NamedTuple):
    """One regimen of an arm."""

    arm: str
    regimen: Regimen
    origin: Origin


def aligned(arms: Mapping[str, DosedArm]) -> dict[str, DosedArm]:
    """Arms whose common drugs differ only where the doses of both are known.

    Args:
        arms: By name, as each was found for itself.

    Returns:
        The arms in the same order. A regimen takes the doses of what it shares with the regimen of another arm that shares most
        with it, if more is known of that one; of two with usual doses, the number of cycles of the one that has a number. Nothing
        is taken from a regimen of the same drugs, which a trial compares for its doses; nor doses of chemotherapy from a regimen
        with more or less of it, which are lower in combination.
    """
    regimens = [one for name, arm in arms.items() for one in _regimens(name, arm)]
    return {
        name: _aligned(name, arm, [one for one in regimens if one.arm != name]) for name, arm in arms.items()
    }


def _regimens(name: str, arm: DosedArm) -> Iterator[_Given]:
    for regimen, origin in zip(arm.regimens, arm.origins, strict=True):
        yield _Given(name, regimen, origin)


def _aligned(name: str, arm: DosedArm, others: list[_Given]) -> DosedArm:
    found, rules = [], list(arm.rules)
    for own in _regimens(name, arm):
        better = [other for other in others if _is_better_known(other, own)]
        model = max(better, key=lambda other: len(_shared(other, own)), default=None)
        regimen = own.regimen if model is None else _given_as(own.regimen, model.regimen, _shared(model, own))
        if model is not None and regimen != own.regimen:
            rules.append(f"{', '.join(sorted(_shared(model, own)))} as in the arm '{model.arm}'")
        found.append(regimen)
    return replace(arm, regimens=tuple(found), rules=tuple(dict.fromkeys(rules)))


def _shared(first: _Given, second: _Given) -> set[str]:
    """Drugs that both give, and that one may take from the other."""
    drugs = [set(one.regimen.drugs) for one in (first, second)]
    if drugs[0] == drugs[1]:
        return set()
    shared, chemotherapy = drugs[0] & drugs[1], [_chemotherapy(one) for one in drugs]
    return shared if chemotherapy[0] == chemotherapy[1] else shared - chemotherapy[0]


def _chemotherapy(drugs: set[str]) -> set[str]:
    return {drug for drug in drugs if load_drugs()[drug].drug_class == "cytotoxic"}


def _is_better_known(other: _Given, own: _Given) -> bool:
    shared = _shared(other, own)
    if not shared or other.origin != own.origin:
        return bool(shared) and other.origin > own.origin
    return other.origin == Origin.USUAL and _unlimited(other, shared) < _unlimited(own, shared)


def _unlimited(one: _Given, drugs: set[str]) -> int:
    """Components that are given until progression."""
    return sum(part.drug in drugs and part.max_cycles is None for part in one.regimen.components)


def _given_as(regimen: Regimen, model: Regimen, drugs: set[str]) -> Regimen:
    """A regimen with the components of another for some drugs."""
    parts = [
        part
        for drug in regimen.drugs
        for part in (model if drug in drugs else regimen).components
        if part.drug == drug
    ]
    return regimen.model_copy(update={"components": tuple(parts)})
