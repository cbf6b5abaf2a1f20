"""What patients received before a trial, from its words: drugs and groups that all of them had, and those that a share of them had."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

from forestall.knowledge.drugs import drug_names, fold
from forestall.knowledge.population import DRUG_GROUPS
from forestall.studies.validation.derived import Derived
from forestall.studies.validation.rows import TrialRow
from forestall.studies.validation.treatments import InexpressibleError

_GROUP_WORDS: Final[Mapping[str, str]] = {
    "ai": "aromatase inhibitor",
    "nsai": "nonsteroidal aromatase inhibitor",
    "et": "endocrine therapy",
    "chemo": "chemotherapy",
    "cdk4/6i": "CDK4/6 inhibitor",
    "cdk4/6 inhibitor": "CDK4/6 inhibitor",
    "antiestrogen": "tamoxifen",
    "anti-her2": "HER2-targeted therapy",
    **dict.fromkeys(
        (
            "her2-targeted therapies",
            "her2-targeted regimens",
            "her2-directed",
            "her2-directed therapy",
            "her2-directed therapies",
            "her2-directed regimens",
            "anti-her2 therapy",
            "anti-her2 therapies",
            "anti-her2 regimens",
        ),
        "HER2-targeted therapy",
    ),
    "aromatase inhibitors": "aromatase inhibitor",
    "ais": "aromatase inhibitor",
    "anthracyclines": "anthracycline",
    "taxanes": "taxane",
    "cdk4/6 inhibitors": "CDK4/6 inhibitor",
    "endocrine therapies": "endocrine therapy",
    "hormone therapy": "endocrine therapy",
    "chemotherapies": "chemotherapy",
    "chemotherapy regimens": "chemotherapy",
    **{fold(group): group for group in DRUG_GROUPS},
}
_NOT_EVERYONE: Final = re.compile(
    r"%|\bno(ne)?\b|<=|\+/-|and/or|allowed|\bor\b|mostly|mixed|-naive", re.IGNORECASE
)
_OPTION: Final = re.compile(r"\s*\(?(?:\+/-|with or without)\s*(?P<drug>[^;,()]+).*$", re.IGNORECASE)
"""What only some patients had beside what all had."""
_OF_SOME: Final = re.compile(r"\s*\(\s*[~≈]?\d[^()%]*%\s+[^()]+\)")
"""A share in brackets behind what all had: of those who had another drug as well."""
_ONE_OF: Final = re.compile(r"\s*\([^()%]*(?:\bor\b|(?<!\d)/(?!\d))[^()%]*\)$", re.IGNORECASE)
"""Drugs in brackets behind their group, of which each patient had one: "ET (AI or tamoxifen)"."""
_BEFORE_A_DRUG: Final = re.compile(
    r"^(?:(?:prior|previous|progress(?:ed|ion|ing)? (?:on|after|on/after|on or after)|on/after|after"
    r"|(?:>=|≥)?\d(?:-\d)?(?: prior)?(?: lines? of)?|\(neo\)adjuvant|adjuvant)\s+)+",
    re.IGNORECASE,
)
_AFTER_A_DRUG: Final = re.compile(
    r"\s+(?:for|in) (?:the )?(?:abc|mbc|(?:advanced|metastatic)(?: breast cancer| disease| setting)?)$|-based (?:therapy|regimens?)$",
    re.IGNORECASE,
)
_PARTS: Final = re.compile(r"[;,]| and (?!/)| incl\.? | \+ | plus ", re.IGNORECASE)
_SHARE: Final = r"(?P<low>\d+(?:\.\d+)?)(?:[-/](?P<high>\d+(?:\.\d+)?))?%"
_DRUG: Final = r"(?P<drug>[A-Za-z(][\w/ +()-]*?)"
_SHARED: Final = (
    re.compile(rf"{_SHARE} (?:(?:had|received|with) )?{_DRUG}(?=\s*(?:[)>]|$))"),
    re.compile(rf"{_DRUG} \(?{_SHARE}"),
)
_EARLIER: Final = re.compile(r"\b(?:prior|previous|previously|pre-?treated|adjuvant)\b", re.IGNORECASE)
"""What a clause about the population must say to be about earlier treatment."""
_EVERYONE: Final = 0.995
"""Share that is printed as 100%."""
_CDK46: Final = "CDK4/6 inhibitor"
_OPTION_FROM_YEAR: Final = 2021
_OPTION_SHARE: Final = 0.5
"""Of patients who had an optional CDK4/6 inhibitor, where no number is given: assumed, for trials published from then on. They enrolled
after the first approval, in 2015."""


def say_earlier_treatment(row: TrialRow, found: Derived) -> None:
    """Set `prior` and `prior_shares` from the columns prior_therapy and population."""
    _everyone(row, found)
    shares = dict(_shares(row))
    if option := _OPTION.search(row.prior_therapy):
        drug = _drug_or_group(option["drug"])
        if drug == _CDK46 and drug not in shares and _year(row) >= _OPTION_FROM_YEAR:
            shares[drug] = (
                _OPTION_SHARE,
                f"prior_therapy '{option[0].strip()}', half of the patients assumed",
            )
    had = found.fields.get("prior", [])
    everyone = {drug for drug, (share, _) in shares.items() if share >= _EVERYONE}
    if new := sorted(everyone - set(had)):
        found.say("prior", [*had, *new], "; ".join(shares[drug][1] for drug in new))
    rest = {drug: share for drug, (share, _) in shares.items() if drug not in (*had, *everyone)}
    if rest:
        found.say("prior_shares", rest, "; ".join(shares[drug][1] for drug in rest))


def _year(row: TrialRow) -> int:
    return int(row.year) if row.year.isdecimal() else 0


def _everyone(row: TrialRow, found: Derived) -> None:
    prior: list[str] = []
    for part in _PARTS.split(row.prior_therapy):
        word = _ONE_OF.sub("", _OPTION.sub("", _OF_SOME.sub("", part).strip()))
        drug = _drug_or_group(word)
        if drug is not None and drug not in prior:
            prior.append(drug)
        elif word and drug is None:
            found.note(
                "prior", "-", f"prior_therapy '{word}' is not about every patient, or names no drug group"
            )
    if prior:
        found.say("prior", prior, f"prior_therapy '{row.prior_therapy}'")


def _shares(row: TrialRow) -> Iterator[tuple[str, tuple[float, str]]]:
    """Drugs and groups, the share of the patients who had them, and where it stands; of two shares the last one counts."""
    for column, text in (("population", row.population), ("prior_therapy", row.prior_therapy)):
        for clause in re.split(r"[;,]", text):
            if column == "population" and not _EARLIER.search(clause):
                continue
            for match in filter(None, (pattern.search(clause) for pattern in _SHARED)):
                drug = _drug_or_group(match["drug"])
                low, high = float(match["low"]), float(match["high"] or match["low"])
                if drug is not None and max(low, high) <= 100.0:
                    yield drug, (round((low + high) / 200.0, 4), f"{column} '{match[0].strip()}'")
                    break


def had_before(found: Derived, text: str, match: re.Match[str]) -> None:
    """A subgroup of patients who all had a drug before.

    Raises:
        InexpressibleError: if there is no such drug or group.
    """
    drug = _asked(text, match)
    prior = [*found.fields.get("prior", []), drug]
    found.say("prior", list(dict.fromkeys(prior)), f"subgroup '{text}'")
    _no_share(found, drug, text)


def had_not_before(found: Derived, text: str, match: re.Match[str]) -> None:
    """A subgroup of patients none of whom had a drug before. Raises as `had_before`."""
    drug = _asked(text, match)
    prior = [name for name in found.fields.get("prior", []) if name != drug]
    found.say("prior", prior, f"subgroup '{text}'")
    _no_share(found, drug, text)


def _asked(text: str, match: re.Match[str]) -> str:
    drug = _drug_or_group(match["drug"] or match["naive"])
    if drug is None:
        raise InexpressibleError(f"subgroup not understood: {text}")
    return drug


def _no_share(found: Derived, drug: str, text: str) -> None:
    shares = found.fields.get("prior_shares", {})
    if drug in shares:
        rest = {name: share for name, share in shares.items() if name != drug}
        found.say("prior_shares", rest, f"subgroup '{text}'")


def _drug_or_group(text: str) -> str | None:
    """The drug or group that some words name; None if they name none, or are not about every patient."""
    if _NOT_EVERYONE.search(text):
        return None
    word = _AFTER_A_DRUG.sub("", _BEFORE_A_DRUG.sub("", text.strip()))
    return {**drug_names(), **_GROUP_WORDS}.get(fold(word))
