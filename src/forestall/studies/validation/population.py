"""Who entered a trial, from the words of trials.csv and of a subgroup, by the rules of docs/how-to/validate-against-evidence.md."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from forestall.knowledge.alterations import load_alterations
from forestall.knowledge.parameters import value as parameter
from forestall.knowledge.population import FCGR3A_GENOTYPES
from forestall.studies.validation.derived import Derived
from forestall.studies.validation.earlier_treatment import had_before, had_not_before, say_earlier_treatment
from forestall.studies.validation.names import load_names
from forestall.studies.validation.rows import TrialRow
from forestall.studies.validation.treatments import InexpressibleError

_HER2: Final = (
    (r"^any|^mixed|^unselected|^$", "any"),
    (r"^(?:her2[- ]?)?(?:positive|pos\b|\+|amplified|overexpress)", "positive"),
    (r"neg|^her2-$|^-$", "negative"),
    (r"^(?:her2[- ]?)?(?:ultra)?low", "low"),
)
_GENES_MEANT: Final[Mapping[str, str]] = {
    "akt-pathway": "PIK3CA/AKT1/PTEN",
    "akt pathway": "PIK3CA/AKT1/PTEN",
    "pi3k": "PIK3CA/PTEN",
    "brca": "BRCA1/BRCA2",
    "brca1/2": "BRCA1/BRCA2",
    "gbrca": "BRCA1/BRCA2",
    "gbrca1/2": "BRCA1/BRCA2",
    "gbrca1": "BRCA1",
    "gbrca2": "BRCA2",
}
"""What trials call pathways, groups of genes and genes of the germline, and the genes of which one is altered in the trunk."""
_AGE: Final = r"\bage[ds]?:? ?(?P<sign>>=|<=|<|>) ?(?P<years>[3-8]\d)(?: years?)?"
_MIXED: Final = re.compile(
    r"%|\d/\d|\b(?:and|or) (?:non|wild|wt)|cohorts|unselected|regardless|irrespective|stratif|allowed|any status"
    r"|\b(?:no|not|without|unknown)\b|with and without",
    re.IGNORECASE,
)
"""What says that a marker is not about every patient."""
_BRAIN: Final = (
    (r"with or without[^;,]*brain|(?:brain|cns)(?: met(?:astase)?s)? allowed", "allowed"),
    (r"without brain|no brain", "excluded"),
)
_ANY_MENOPAUSE: Final = re.compile(r"\b(?:any|regardless of|irrespective of|all) menopaus(?:al|e)\b")
_ACTIVE_TOO: Final = re.compile(r"\bincl(?:uding|\.)? active\b", re.IGNORECASE)
_BRAIN_STATES: Final = r"(?:active|stable|untreated|treated[- ]progressing|treated|progressing)"
_STABLE_WITH_ACTIVE: Final = 0.5
"""Of patients with brain metastases, where active ones are allowed and no numbers are given: assumed."""


_RECEPTOR: Final = r"(?:HR|ER|hormone[- ]receptor|o?estrogen[- ]receptor)"
_HER2_NEGATIVE: Final = r"/HER2(?:-|[- ]?neg(?:ative)?)"
_UNKNOWN_SHARE: Final = re.compile(r"(\d+)(?:-(\d+))?% unknown", re.IGNORECASE)
_USUAL_UNKNOWN_SHARE: Final = 0.33
"""Of patients of a trial for tumors of known or unknown receptors, where the tables name no share; assumed."""
_ORDINALS: Final[Mapping[str, str]] = {"first": "1", "second": "2", "third": "3", "fourth": "4"}

Phrase = Callable[[Derived, str, re.Match[str]], None]
"""Sets the fields that a phrase of a subgroup is about."""


def is_metastatic(row: TrialRow) -> bool:
    """Whether a trial treated metastatic disease; "advanced" counts, "locally advanced" alone does not."""
    return (
        re.search(r"\bmetastatic\b|\bmbc\b|(?<!locally )\badvanced\b", row.setting) is not None
        and "adjuvant" not in row.setting
    )


def derive_population(row: TrialRow, subgroup: str) -> Derived:
    """The population of a trial's subgroup.

    Raises:
        InexpressibleError: if the setting, or a word of the subgroup, has no counterpart in a population.
    """
    if row.disease != "breast":
        raise InexpressibleError(f"not breast cancer: {row.disease}")
    if not is_metastatic(row):
        raise InexpressibleError(f"not metastatic: {row.setting}")
    found = Derived()
    found.say("setting", "metastatic", f"setting '{row.setting}'")
    _her2(row, found)
    _estrogen_receptor(row, found)
    _line(row, found)
    _menopause(row, found)
    say_earlier_treatment(row, found)
    _brain(row, found)
    _stable_brain(row, found)
    _entry_criteria(row, found)
    if share := re.search(r"(\d+)% visceral", row.population):
        found.say("visceral", f"{share[1]}%", f"population '{share[0]}'")
    _subgroup(subgroup, found)
    return found


def _her2(row: TrialRow, found: Derived) -> None:
    if "positive and negative" in row.her2:
        raise InexpressibleError("HER2 status differs between arms; give it in overrides.yaml")
    for pattern, value in _HER2:
        if re.search(pattern, row.her2):
            found.say("her2", value, f"her2 '{row.her2}'" if row.her2 else "her2 is blank: any")
            return
    raise InexpressibleError(f"HER2 status not understood: {row.her2}")


def _estrogen_receptor(row: TrialRow, found: Derived) -> None:
    text = row.hr_status
    if text.endswith("/unknown") or _UNKNOWN_SHARE.search(row.population):
        _partly_unknown(row, found)
    elif share := re.search(r"HR\+ \((\d+)%\)", text):
        found.say("er_positive", f"{share[1]}%", f"hr_status '{text}'")
    elif re.fullmatch(r"TNBC|triple[- ]negative", text, re.IGNORECASE):
        found.say("er_positive", 0.0, "hr_status 'TNBC'")
        found.say("her2", "negative", "hr_status 'TNBC'")
    elif re.fullmatch(
        rf"(?:{_RECEPTOR}[- ]?(?:\+|pos|positive)(?:{_HER2_NEGATIVE})?|positive|\+)",
        text,
        re.IGNORECASE,
    ):
        found.say("er_positive", 1.0, f"hr_status '{text}': HR-positive is taken as ER-positive")
    elif re.fullmatch(rf"{_RECEPTOR}[- ]?(?:-|neg|negative)|negative", text, re.IGNORECASE):
        found.say("er_positive", 0.0, f"hr_status '{text}'")
    else:
        found.note("er_positive", "cataloged prevalence", f"hr_status '{text or 'blank'}'")


def _partly_unknown(row: TrialRow, found: Derived) -> None:
    """Tumors whose receptors were not known are as often ER-positive as all tumors are."""
    said = _UNKNOWN_SHARE.search(row.population)
    unknown = (
        sum(float(part) for part in said.groups(default=said[1])) / 200.0 if said else _USUAL_UNKNOWN_SHARE
    )
    her2 = parameter("prevalence.her2_positive", "1")
    usual = her2 * parameter("prevalence.er_positive_given_her2_positive", "1")
    usual += (1.0 - her2) * parameter("prevalence.er_positive_given_her2_negative", "1")
    share = f"{100.0 * (1.0 - unknown * (1.0 - usual)):.0f}%"
    why = f"population '{said[0]}'" if said else f"{_USUAL_UNKNOWN_SHARE:.0%} unknown, assumed"
    found.say(
        "er_positive", share, f"hr_status '{row.hr_status}', {why}; of these {usual:.0%} are ER-positive"
    )


def _line(row: TrialRow, found: Derived) -> None:
    text = _plain_line(row.line)
    if at_least := re.fullmatch(r">=([1-9])|([1-9])\+", text):
        found.say("line", f"{next(part for part in at_least.groups() if part)}+", f"line '{row.line}'")
    elif re.fullmatch(r"[1-9](-[1-9])?", text):
        found.say("line", text, f"line '{row.line}'")
    elif not text:
        untreated = row.prior_therapy.casefold().startswith("none")
        found.say("line", "1" if untreated else "1+", f"line is blank; prior_therapy '{row.prior_therapy}'")
    else:
        raise InexpressibleError(f"line of treatment not understood: {row.line}")


def _plain_line(text: str) -> str:
    """A line in digits: "second or later line", "2L+" and "2 or more" are "2+"."""
    words = re.sub(r"\s*\(.*\)$", "", text.casefold().replace("\u2265", ">=").replace("\u2013", "-"))
    for word, digit in _ORDINALS.items():
        words = re.sub(rf"\b{word}\b|\b{digit}(?:st|nd|rd|th)\b", digit, words)
    words = re.sub(r"[- ]?\blines?\b|(?<=\d)l\b", "", words)
    words = re.sub(r"\s*(?:or later|and later|or more|or beyond|and beyond|or greater)\b", "+", words)
    return re.sub(r"\s*(?:to|or)\s*", "-", words).replace(" ", "")


def _menopause(row: TrialRow, found: Derived) -> None:
    words = row.population.casefold()
    words = re.sub(r"\d+% (?:[\w/]+ )?(?:pre|peri|post)[\w/]*menopausal", "", words)
    post, pre = "postmenopausal" in words, re.search(r"\b(pre|peri)(menopausal|/)", words)
    if pre and (suppressed := re.search(_suppression(), words)):
        found.ovaries_suppressed = True
        found.say("menopause", "post", f"population '{suppressed[0]}': the ovaries are suppressed")
    elif _ANY_MENOPAUSE.search(words):
        found.note("menopause", "any", "population says any menopausal status")
    elif post and not pre:
        found.say("menopause", "post", "population says 'postmenopausal'")
    elif pre and not post:
        found.say("menopause", "pre", "population says premenopausal")


@functools.cache
def _suppression() -> str:
    """Hormones and surgery that stop the ovaries."""
    return rf"\b(?:{'|'.join(map(re.escape, load_names().ovarian_suppression))})"


def _brain(row: TrialRow, found: Derived) -> None:
    for pattern, value in _BRAIN:
        if match := re.search(pattern, row.population, re.IGNORECASE):
            found.say("brain_metastases", value, f"population '{match[0]}'")
            break


def _stable_brain(row: TrialRow, found: Derived) -> None:
    """A trial that asks for stable metastases leaves the usual share; one that takes active ones, too, has fewer."""
    if found.fields.get("brain_metastases") == "allowed" and (match := _ACTIVE_TOO.search(row.population)):
        found.say("brain_treated", _STABLE_WITH_ACTIVE, f"population '{match[0]}', half of them assumed")


def _entry_criteria(row: TrialRow, found: Derived) -> None:
    """Genes and ages that the description of a trial names for everybody."""
    for clause in re.split(r"[;,]", row.population.casefold().replace("≥", ">=").replace("≤", "<=")):
        for pattern, apply in ((_marker_pattern(), _marker), (_AGE, _age)):
            match = re.search(pattern, clause)
            if match and not _MIXED.search(clause.replace(match[0], " ")):
                apply(found, match[0].strip(), match)


def _marker(found: Derived, text: str, match: re.Match[str]) -> None:
    """A gene, or genes of which one is altered, with what is said of it."""
    lost = re.search(r"wild|wt|non|unmut|negative", match["state"] or "") is not None
    gene = _GENES_MEANT.get(match["gene"], match["gene"].upper())
    said = found.fields.get("biomarkers", {})
    wider = {genes for genes in said if gene in genes.split("/") and said[genes] == "mutant"}
    biomarkers = {genes: said[genes] for genes in said if genes not in wider or lost}
    biomarkers[gene] = "wild-type" if lost else "mutant"
    found.say("biomarkers", biomarkers, f"'{text}'")


def _age(found: Derived, text: str, match: re.Match[str]) -> None:
    years = int(match["years"]) + (match["sign"] in (">", "<="))
    ages = [years, 100] if match["sign"] in (">", ">=") else [18, years]
    found.say("age", {"range": ages}, f"'{text}'")


def _brain_metastases(found: Derived, text: str, match: re.Match[str]) -> None:
    found.say("brain_metastases", 1.0, f"subgroup '{text}'")
    if state := match["state"] or match["after"]:
        stable = state.strip() in ("stable", "treated")
        found.say("brain_treated", 1.0 if stable else 0.0, f"subgroup '{text}'")


def _fcgr3a(found: Derived, text: str, match: re.Match[str]) -> None:
    """Both alleles of CD16A, or one that is carried once or twice."""
    asked = [one.upper() for one in (match["alleles"], match["others"]) if one]
    carried = [name for name in FCGR3A_GENOTYPES if asked[0] in name] if len(asked[0]) == 1 else []
    found.say("fcgr3a", carried or asked, f"subgroup '{text}'")


def _before_menopause(found: Derived, text: str, match: re.Match[str]) -> None:
    if found.ovaries_suppressed:
        _nothing(found, text, match)
    else:
        found.say("menopause", "pre", f"subgroup '{text}'")


def _sets(**fields: Any) -> Phrase:
    def apply(found: Derived, text: str, match: re.Match[str]) -> None:
        for name, value in fields.items():
            found.say(name, value, f"subgroup '{text}'")

    return apply


def _nothing(found: Derived, text: str, match: re.Match[str]) -> None:
    found.note("subgroup", text, "says nothing about the population that the trial does not")


def _genes() -> str:
    symbols = {entry.gene.casefold() for entry in load_alterations().values()}
    return "|".join(sorted(map(re.escape, symbols), key=len, reverse=True))


@functools.cache
def _marker_pattern() -> str:
    """A gene, several of which one is altered, or a pathway, and what is said of it."""
    states = (
        r"mut(?:ant|ated|ations?)?s?|mt|(?:non-?)?(?:alter(?:ed|ations?)|activated)|amplified|lost|wt|wild[- ]?type"
        r"|non-?mut(?:ant|ated)|unmutated"
    )
    genes = rf"(?:{_genes()})(?:/(?:{_genes()}))*|{'|'.join(_GENES_MEANT)}"
    return rf"\b(?P<gene>{genes})(?:[- ](?P<state>{states})|m)\b"


@functools.cache
def _phrases() -> tuple[tuple[str, Phrase], ...]:
    return (
        (_marker_pattern(), _marker),
        (
            r"\b(?:no|without) (?:brain|cns) met(?:astase)?s(?: at baseline)?",
            _sets(brain_metastases="excluded"),
        ),
        (
            rf"(?:history of )?(?P<state>{_BRAIN_STATES} )?(?:brain|cns) met(?:astase)?s\b(?: at baseline)?"
            rf"(?: ?\((?P<after>{_BRAIN_STATES})(?:(?:,| and|/) ?(?:asymptomatic|stable))?\))?",
            _brain_metastases,
        ),
        (r"\b(?:no|without) prior (?P<drug>[\w/ +-]+)$|\b(?P<naive>[\w/+-]+)-naive$", had_not_before),
        (r"\b(?:prior|after|post) (?P<drug>[\w/ +-]+)$", had_before),
        (_AGE, _age),
        (
            r"\b(?:cd16a|fcgr3a)[- :]*(?:158)?[- ]?(?P<alleles>[vf](?:/?[vf])?)\b(?P<carriers>[- ]?carriers?)?"
            r"(?:(?:/| or | and )(?P<others>[vf]/?[vf])\b)?",
            _fcgr3a,
        ),
        (r"\btnbc\b|triple[- ]negative", _sets(her2="negative", er_positive=0.0)),
        (r"her2[- ]low", _sets(her2="low")),
        (r"her2(?:-positive|\+)", _sets(her2="positive")),
        (r"her2(?:-negative|-neg\b|-(?![\w]))", _sets(her2="negative")),
        (r"\b(?:hr|er)(?:-negative|-neg\b|-(?![\w]))", _sets(er_positive=0.0)),
        (r"\b(?:hr|er)(?:-positive|\+)", _sets(er_positive=1.0)),
        (r"non-visceral", _sets(visceral=0.0)),
        (
            r"\bvisceral(?: disease| met(?:astase)?s)?|(?:lung/liver|liver/lung|lung or liver|liver|lung) met(?:astase)?s",
            _sets(visceral=1.0),
        ),
        (r"postmenopausal", _sets(menopause="post")),
        (
            r"\b(?:pre(?:menopausal)?[-/ ]+(?:or )?peri-?menopausal|pre-?menopausal|peri-?menopausal)\b",
            _before_menopause,
        ),
        (r"\b(?:first[- ]line|1l)\b", _sets(line="1")),
        (r"\b(?:second[- ]line|2l)\b(?:(?:/| or | and )early relapse)?", _sets(line="2")),
        (r"\b(?:third[- ]line|3l)\b", _sets(line="3")),
        (r"^\S+ cohort$", _nothing),
        (r"\((?:ctdna|archival tissue|tissue|plasma|central(?:ly)?|local(?:ly)?)\)", _nothing),
        (
            r"measurable(?: disease)?|centrally confirmed|per[- ]protocol|\ball\b(?: \(?itt\b)?|\bitt\b",
            _nothing,
        ),
    )


_GEOGRAPHIC: Final = re.compile(
    r"^(chinese|china|asian|asia|japanese|japan|korean|western|european|north american) "
)


def _subgroup(name: str, found: Derived) -> None:
    """Each known phrase sets its field; a word that is left over makes the subgroup one that cannot be expressed."""
    rest = name.replace("≥", ">=").replace("≤", "<=")
    if _GEOGRAPHIC.match(rest):
        raise InexpressibleError(f"subgroup not understood: {name}")
    for pattern, apply in _phrases():
        if match := re.search(pattern, rest):
            if name != "all":
                apply(found, match[0].strip(), match)
            rest = rest[: match.start()] + " " + rest[match.end() :]
    if rest.strip(" ,;/-&()"):
        raise InexpressibleError(f"subgroup not understood: {name}")
