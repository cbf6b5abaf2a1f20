"""What the samples of a patient found, in words."""

from __future__ import annotations

from collections.abc import Sequence

from forestall.clinic.assays import Assay, panel
from forestall.clinic.sample_findings import Sample, VariantFinding
from forestall.studies.course import Course
from forestall.studies.escape import spaced
from forestall.studies.story import after, listed


def sample_paragraphs(course: Course, tissue: Sequence[Sample], blood: Sequence[Sample]) -> list[str]:
    """A paragraph on the tissue and one on the blood; none where there is no sample."""
    told = []
    if tissue:
        told.append(" ".join(_tissue(sample) for sample in tissue) + _discordance(tissue))
    if blood:
        told.append(_blood(course, blood))
    if course.progression is not None and (tissue or blood):
        told.append(_missed(course, tissue, blood))
    return told


def _tissue(sample: Sample) -> str:
    when = "before treatment" if sample.day == 0 else after(sample.day)
    stains = [f"{found.marker} {'positive' if found.positive else 'negative'}" for found in sample.receptors]
    stained = f"stained {listed(stains)}; " if stains else "was sequenced; "
    return (
        f"The biopsy of {sample.lesion} {when} ({sample.tumor_share:.0%} tumor cells) {stained}"
        f"the panel reported {_reported(sample)}."
    )


def _reported(sample: Sample) -> str:
    return listed([_variant(found) for found in sample.variants if found.called]) or "nothing"


def _variant(found: VariantFinding) -> str:
    if found.fraction is None:
        return f"{spaced(found.alteration)} (log2 copy ratio {found.copy_ratio_log2:.1f})"
    return f"{spaced(found.alteration)} ({_percent(found.fraction)} of reads)"


def _percent(share: float) -> str:
    return f"{100 * share:.0f}%" if share >= 0.1 else f"{100 * share:.2g}%"


def _discordance(tissue: Sequence[Sample]) -> str:
    wrong = [
        f"{found.marker} in {sample.lesion} {'before treatment' if sample.day == 0 else after(sample.day)}"
        for sample in tissue
        for found in sample.receptors
        if found.positive != found.truly_positive
    ]
    return f" The assay was wrong about {listed(wrong)}." if wrong else ""


def _blood(course: Course, blood: Sequence[Sample]) -> str:
    seen = {name: sample for sample in reversed(blood) for name in sample.called}
    text = f"Blood was drawn {len(blood)} times." if len(blood) > 1 else "Blood was drawn once."
    if not seen:
        return text + " No alteration was reported."
    parts = [
        f"{spaced(name)} {'before treatment' if sample.day == 0 else after(sample.day)}{_ahead(course, sample)}"
        for name, sample in sorted(seen.items(), key=lambda pair: (pair[1].day, pair[0]))
    ]
    return f"{text} First reported: {listed(parts)}."


def _ahead(course: Course, sample: Sample) -> str:
    if course.progression is None or not 0 < sample.day < course.progression.day:
        return ""
    return f" ({course.progression.day - sample.day:.0f} days before progression)"


def _missed(course: Course, tissue: Sequence[Sample], blood: Sequence[Sample]) -> str:
    """Whether the samples showed what the leading clone had acquired."""
    assert course.progression is not None
    if not course.progression.acquired:
        return "The clone that led the progression had acquired nothing that could have been found."
    texts = []
    for name in course.progression.acquired:
        if panel()[name] is Assay.NONE:
            texts.append(f"{spaced(name)} is seen by no assay here")
            continue
        if panel()[name] is Assay.STAINING:
            texts.append(f"{spaced(name)} shows only in the stains")
            continue
        where = [
            word
            for word, samples in (("tissue", tissue), ("blood", blood))
            if any(name in sample.called for sample in samples)
        ]
        texts.append(
            f"{spaced(name)} was found in {listed(where)}" if where else f"{spaced(name)} was missed"
        )
    return f"Of what the leading clone had acquired, {listed(texts)}."
