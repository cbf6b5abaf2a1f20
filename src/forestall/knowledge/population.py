"""Who may enter a trial, as the protocol says it."""

from __future__ import annotations

import re
from typing import Annotated, Any, Final, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema, model_validator

from forestall.errors import InputError, did_you_mean
from forestall.knowledge.alterations import load_alterations
from forestall.knowledge.complaints import MISSING, field_error, rethrown
from forestall.knowledge.drugs import drug_names, fold
from forestall.knowledge.packs import pack_in_force
from forestall.knowledge.provenance import Entry
from forestall.knowledge.quantities import Share, one_of, share
from forestall.knowledge.scope import current

_MARKERS = {
    **dict.fromkeys(("mutant", "mutated", "altered", "amplified", "lost", "present"), 1.0),
    **dict.fromkeys(("wild-type", "wild type", "wildtype", "normal", "absent"), 0.0),
}
_MENOPAUSE = {
    **dict.fromkeys(("post", "postmenopausal"), "post"),
    **dict.fromkeys(("pre", "premenopausal"), "pre"),
    "any": "any",
}
_AGE_SCHEMA = {
    "type": "object",
    "properties": {
        "median": {"type": "number"},
        "range": {"anyOf": [{"type": "array", "items": {"type": "number"}}, {"type": "string"}]},
    },
    "additionalProperties": False,
}
_BIOMARKER_SCHEMA = {"anyOf": [{"type": "string"}, {"type": "number", "minimum": 0, "maximum": 1}]}
DRUG_GROUPS = frozenset(
    {
        "anthracycline",
        "aromatase inhibitor",
        "CDK4/6 inhibitor",
        "chemotherapy",
        "endocrine therapy",
        "HER2-targeted therapy",
        "nonsteroidal aromatase inhibitor",
        "taxane",
    }
)
"""Groups of drugs that a protocol may name as prior treatment, beside the drugs of the catalog."""


def _biomarker(value: Any) -> float:
    if isinstance(value, str) and value.strip().casefold() in _MARKERS:
        return _MARKERS[value.strip().casefold()]
    try:
        return share(value)
    except InputError as error:
        allowed = "mutant, wild-type, or the share of patients with the alteration such as 40%"
        raise InputError(
            "unknown biomarker status", value=error.value, allowed=allowed, fix=error.fix
        ) from None


_OF_A_PACK = "for another disease than breast cancer add 'disease: NAME', or give --disease"


def _her2(value: Any) -> str | None:
    if value is None and current() is not None:
        return None
    if value is None:
        raise InputError(MISSING, fix=_OF_A_PACK)
    if current() is not None:
        raise InputError(
            "this is a biomarker of breast cancer", value=value, fix="use 'types' or 'biomarkers'"
        )
    return one_of({word: word for word in ("positive", "negative", "low", "any")})(value)


def _type(value: Any) -> str:
    pack = pack_in_force()
    if pack is None:
        message = "the types of breast cancer are given by her2 and er_positive"
        raise InputError(message, value=value, fix=_OF_A_PACK)
    if value not in pack.types:
        raise InputError("unknown type", value=value, fix=did_you_mean(str(value), pack.types))
    return str(value)


def _brain(value: Any) -> float | None:
    if isinstance(value, str) and value.strip().casefold() in ("allowed", "excluded"):
        return None if value.strip().casefold() == "allowed" else 0.0
    if value is None:
        return None
    try:
        return share(value)
    except InputError as error:
        allowed = "allowed, excluded, or a share such as 20%"
        raise InputError(error.message, value=error.value, allowed=allowed) from None


def _age(value: Any) -> Any:
    if isinstance(value, dict):
        return value
    text = str(value).strip()
    number = r"(\d+(?:\.\d+)?)"
    if isinstance(value, str | int | float) and not isinstance(value, bool):
        if found := re.fullmatch(rf"{number}\s*(?:years)?", text):
            return {"median": float(found[1])}
        if found := re.fullmatch(rf"{number}\s*\+", text):
            return {"range": [float(found[1]), 100.0]}
        if found := re.fullmatch(rf"(?:{number}\s*\()?\s*{number}\s*-\s*{number}\s*\)?\s*(?:years)?", text):
            return {"median": found[1] and float(found[1]), "range": [float(found[2]), float(found[3])]}
    allowed = "{median: 54, range: [22, 89]}, or text such as '18+', '18-75' or '54 (22-89)'"
    raise InputError("cannot read the age", value="nothing" if value is None else value, allowed=allowed)


def _age_range(value: Any) -> Any:
    found = re.fullmatch(r"\s*(\d+)\s*-\s*(\d+)\s*", value) if isinstance(value, str) else None
    return [float(found[1]), float(found[2])] if found else value


def _line(value: Any) -> str:
    text = str(value).strip()
    found = re.fullmatch(r"([1-9])(\+|-([1-9]))?", text)
    if isinstance(value, bool) or found is None or (found[3] and found[3] < found[1]):
        raise InputError("not a line of treatment", value=value, allowed="1 to 9, or '2+', or '1-2'")
    return text


def _prior(value: Any) -> str:
    known = {**drug_names(), **{fold(group): group for group in DRUG_GROUPS}}
    if isinstance(value, str) and fold(value) in known:
        return known[fold(value)]
    fix = did_you_mean(value, known.values()) if isinstance(value, str) else None
    raise InputError("unknown drug or group of drugs", value=value, fix=fix)


def _gene(symbol: str) -> str:
    """A known gene or alteration, or several between slashes."""
    return "/".join(_one_gene(part) for part in symbol.split("/"))


def _one_gene(symbol: str) -> str:
    genes = {alteration.gene for alteration in load_alterations().values()}
    known = {name.casefold(): name for name in [*genes, *load_alterations()]}
    if symbol.casefold() not in known:
        fix = did_you_mean(symbol, known.values())
        raise InputError("no known alteration of this gene", field=symbol, fix=fix)
    return known[symbol.casefold()]


PriorTreatment = Annotated[str, BeforeValidator(rethrown(_prior))]
"""A drug of the catalog, or one of `DRUG_GROUPS`."""
FCGR3A_GENOTYPES: Final = ("V/V", "V/F", "F/F")
"""At amino acid 158."""


def _genotypes(value: Any) -> Any:
    """One genotype, or several."""
    named = [value] if isinstance(value, str) else value
    known = {name.replace("/", ""): name for name in FCGR3A_GENOTYPES} | {"FV": "V/F"}
    found = (
        [known.get(str(one).upper().replace("/", "")) for one in named]
        if isinstance(named, list | tuple)
        else []
    )
    if not found or None in found:
        raise InputError("no genotype of FCGR3A", value=value, allowed="V/V, V/F, F/F, or several of them")
    return tuple(name for name in FCGR3A_GENOTYPES if name in found)


class Age(Entry):
    """Age at entry, in years."""

    median: float | None = Field(default=None, ge=18, le=100)
    range: Annotated[tuple[float, float], BeforeValidator(_age_range)] = (18.0, 100.0)

    @model_validator(mode="after")
    def _is_ordered(self) -> Age:
        low, high = self.range
        if not 18 <= low < high <= 120:
            error = InputError("not a possible range of age", field="range", value=list(self.range))
            raise field_error(error)
        if self.median is not None and not low <= self.median <= high:
            raise field_error(
                InputError("the median lies outside the range", field="median", value=self.median)
            )
        return self


class Population(Entry):
    """Eligibility and mix. What is not said is drawn from the cited prevalences of the catalog."""

    her2: Annotated[
        Literal["positive", "negative", "low", "any"] | None, BeforeValidator(rethrown(_her2))
    ] = Field(
        default=None,
        validate_default=True,
        description="HER2 status; of breast cancer only, and needed there.",
        examples=["positive"],
    )
    types: dict[Annotated[str, BeforeValidator(rethrown(_type))], Share] = Field(
        default_factory=dict,
        description="Mix of the types of a disease that is not breast cancer: a share for each; as common as they are if not given.",
    )
    er_positive: Share | None = Field(
        default=None,
        description="Share of patients with ER-positive disease; true or false for all or none.",
    )
    setting: Annotated[
        Literal["metastatic", "locally advanced"],
        BeforeValidator(rethrown(one_of({word: word for word in ("metastatic", "locally advanced")}))),
    ] = Field(default="metastatic", description="Stage of disease at entry.")
    line: Annotated[
        str,
        BeforeValidator(rethrown(_line)),
        WithJsonSchema({"anyOf": [{"type": "integer", "minimum": 1, "maximum": 9}, {"type": "string"}]}),
    ] = Field(
        default="1",
        description="Line of treatment for advanced disease: 1, '2+' or '1-2'.",
        examples=[1, "2+"],
    )
    menopause: Annotated[
        Literal["pre", "post", "any"],
        BeforeValidator(rethrown(one_of(_MENOPAUSE))),
        WithJsonSchema({"enum": list(_MENOPAUSE)}),
    ] = Field(default="any", description="Menopausal status.")
    age: Annotated[
        Age,
        BeforeValidator(rethrown(_age)),
        WithJsonSchema({"anyOf": [_AGE_SCHEMA, {"type": ["string", "number"]}]}),
    ] = Field(
        default=Age(), description="Age at entry, in years.", examples=[{"median": 54, "range": [22, 89]}]
    )
    biomarkers: dict[
        Annotated[str, BeforeValidator(rethrown(_gene))],
        Annotated[float, BeforeValidator(rethrown(_biomarker)), WithJsonSchema(_BIOMARKER_SCHEMA)],
    ] = Field(
        default_factory=dict,
        description="Gene or alteration, or several between slashes, of which one counts: mutant, wild-type, or the share of carriers.",
        examples=[{"PIK3CA": "mutant", "ESR1": "40%"}],
    )
    fcgr3a: Annotated[
        tuple[str, ...],
        BeforeValidator(rethrown(_genotypes)),
        WithJsonSchema(
            {
                "anyOf": [
                    {"enum": list(FCGR3A_GENOTYPES)},
                    {"type": "array", "items": {"enum": list(FCGR3A_GENOTYPES)}},
                ]
            }
        ),
    ] = Field(
        default=FCGR3A_GENOTYPES,
        description="Genotypes of FCGR3A (CD16A) at amino acid 158 that patients may have, among them as common as they are.",
        examples=[["V/F", "F/F"]],
    )
    prior: tuple[PriorTreatment, ...] = Field(
        default=(),
        description="Drugs or groups of drugs that all patients received before.",
        examples=[["trastuzumab", "taxane"]],
    )
    prior_shares: dict[PriorTreatment, Share] = Field(
        default_factory=dict,
        description="Drugs or groups of drugs that a share of the patients received before.",
        examples=[{"CDK4/6 inhibitor": "69%"}],
    )
    brain_metastases: Annotated[
        float | None,
        BeforeValidator(rethrown(_brain)),
        WithJsonSchema(
            {"anyOf": [{"enum": ["allowed", "excluded"]}, {"type": ["number", "string", "boolean"]}]}
        ),
    ] = Field(
        default=0.0,
        description="Brain metastases at entry: excluded, allowed (as common as they are), or a share.",
    )
    brain_treated: Share | None = Field(
        default=None,
        description="Share, of patients with brain metastases at entry, whose metastases were irradiated or removed and are stable;"
        " if not given, that of brain.treated_at_entry.",
    )
    visceral: Share | None = Field(
        default=None, description="Share of patients with liver or lung metastases."
    )

    @property
    def some_prior(self) -> tuple[str, ...]:
        """What all or some of the patients received before."""
        return (*self.prior, *(name for name, share in self.prior_shares.items() if share > 0))

    @property
    def first_line(self) -> bool:
        """Whether every patient is untreated for advanced disease."""
        return self.line == "1"
