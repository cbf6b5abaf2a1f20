"""What the reader of a trial's report must know about the model before believing it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from forestall.clinic.cohort import LARGEST_GENOTYPES
from forestall.knowledge.packs import pack_in_force
from forestall.knowledge.parameter_sets import LITERATURE
from forestall.report.marker import marker_in_place_of_scans
from forestall.studies.trial_result import TrialResult

_CHEMOTHERAPY = (
    "How strong chemotherapy is rests on one assumed largest kill rate for all cytotoxics and on potencies found in "
    "cell culture. Arms that share a chemotherapy share the error."
)
_CHEMOTHERAPY_LEARNED = (
    "How strong each class of chemotherapy is was learned from outcomes of trials, on top of one assumed largest kill rate and "
    "of potencies found in cell culture. Arms that share a chemotherapy share the error."
)
_ALWAYS = (
    "There is no microenvironment yet: no recruited or exhausted immune cells, no checkpoints, no stroma, no "
    "vessels. Antibody-dependent killing is a constant of the patient.",
    "Toxicity is not simulated: no adverse events, no dose reductions, no delays. Taxanes, anthracyclines and platinum are "
    "stopped at a time that differs between patients; every other dose is given on schedule.",
    f"A tumor has at most {LARGEST_GENOTYPES} genotypes: what all its cells carry, and single further "
    "alterations. Shares of causes depend on that choice.",
    "The named cause is what would have slowed the leading clone most on the day of progression. A course in "
    "which it never existed is another question ('forestall why' asks it of one patient).",
    "After progression all patients get one regimen that stands for many, so that overall survival is the "
    "least certain endpoint.",
    "Patients' characteristics are drawn independently where no correlation was published. Metastases do not "
    "seed metastases, and no cell sleeps for years.",
)


def limits_of(result: TrialResult) -> list[str]:
    """The limits that hold for a trial, most important first."""
    return list(_limits(result))


def _limits(result: TrialResult) -> Iterator[str]:
    yield _parameters(result.status_counts(), result.record.parameters)
    pack = pack_in_force()
    if pack is not None and marker_in_place_of_scans():
        yield (
            f"Progression is a rise of {marker_in_place_of_scans()} by 73% from its lowest value; other criteria of progression "
            f"in {pack.name} are not in the model."
        )
    if any(drug.drug_class == "cytotoxic" for arm in result.arms for drug in arm.drugs):
        yield _CHEMOTHERAPY if result.record.parameters == LITERATURE.name else _CHEMOTHERAPY_LEARNED
    yield from _ALWAYS


def _parameters(counts: Mapping[str, int], in_use: str) -> str:
    assumed = f"Of the {sum(counts.values())} numbers behind this result {counts['assumed']} are assumptions"
    fitted = (
        f", {counts['calibrated']} are calibrated to measurements in cell lines"
        if counts["calibrated"]
        else ""
    )
    if in_use != LITERATURE.name:
        return (
            f"{assumed} with wide intervals{fitted}; some of them are replaced by the set '{in_use}', calibrated to outcomes of "
            "published trials. Agreement with one of those trials is no evidence."
        )
    return (
        f"{assumed} with wide intervals{fitted}, and none is calibrated to the outcome of a trial. Agreement with a "
        "published result is weak evidence."
    )
