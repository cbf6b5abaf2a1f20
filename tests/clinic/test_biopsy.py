"""A core shows what its cells carry, errs as often as its assays do, and disturbs no other sample."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from forestall.clinic.assays import Assay, assay_for, panel
from forestall.clinic.biopsy import Biopsy
from forestall.clinic.sample_findings import Sample
from forestall.knowledge.alterations import load_alterations
from forestall.knowledge.parameters import value

from .tumors import SAMPLES, Z_LIMIT, tumor

USUAL = Biopsy.usual()


def cores(needle: Biopsy, cells: list[float], carried: list[set[str]], **more: bool) -> list[Sample]:
    """A core from each of many patients with the same lesion."""
    return [needle.take(tumor([cells], carried, patient=n, **more), 0) for n in range(SAMPLES)]


def fractions(samples: list[Sample], name: str) -> np.ndarray:
    found = [sample.variant(name) for sample in samples]
    return np.array([item.fraction for item in found if item is not None])


def z_of(sample: np.ndarray, mean: float) -> float:
    return float((sample.mean() - mean) / (sample.std(ddof=1) / math.sqrt(sample.size)))


def test_oracle_a_truncal_mutation_is_in_half_of_the_tumor_dna() -> None:
    """Mean allele fraction = purity / 2, plus errors among the other reads; n = 2,000, false alarm 1e-6."""
    seen = fractions(cores(USUAL, [1e9], [{"PIK3CA_mut"}]), "PIK3CA_mut")
    half = USUAL.purity / 2
    assert abs(z_of(seen, half + (1 - half) * USUAL.read_error)) < Z_LIMIT


def test_oracle_a_subclone_is_seen_at_its_share_on_average_and_varies_by_the_patches() -> None:
    """With k patches of one clone, the share of a clone of share s varies by s (1 - s) / k; false alarm 1e-6 each."""
    share, patches = 0.3, 10
    needle = replace(USUAL, purity_sd=0.0, read_error=1e-12, depth=1e7, patches=patches, cells=10**6)
    samples = cores(needle, [0.7e9, 0.3e9], [set(), {"ESR1_mut"}])
    held = 2 * fractions(samples, "ESR1_mut") / needle.purity
    assert abs(z_of(held, share)) < Z_LIMIT
    variance = share * (1 - share) / patches
    kurtosis = 3 + (1 - 6 * share * (1 - share)) / (patches * share * (1 - share))
    error = variance * math.sqrt((kurtosis - 1) / SAMPLES)
    assert abs(held.var(ddof=1) - variance) / error < Z_LIMIT


def test_oracle_reads_that_err_are_the_only_finding_where_nothing_is_there() -> None:
    """Reads with the variant ~ Binomial(reads, error); n about 1e6 reads, false alarm 1e-6."""
    needle = replace(USUAL, read_error=0.002)
    found = [sample.variant("ESR1_mut") for sample in cores(needle, [1e9], [set()])]
    wrong = sum(item.variant_reads or 0 for item in found if item is not None)
    depth = sum(item.depth or 0 for item in found if item is not None)
    mean = depth * needle.read_error
    assert abs(wrong - mean) / math.sqrt(mean * (1 - needle.read_error)) < Z_LIMIT


@pytest.mark.parametrize("marker", ["ER", "PR", "HER2"])
@pytest.mark.parametrize("positive", [True, False])
def test_oracle_stains_are_discordant_as_often_as_the_assay_alone_errs(marker: str, positive: bool) -> None:
    """Wrong results ~ Binomial(n, 1 - sensitivity) or Binomial(n, 1 - specificity); false alarm 1e-6."""
    samples = cores(USUAL, [1e9], [set()], er=positive, her2=positive)
    stains = [found for sample in samples if (found := sample.receptor(marker)) is not None]
    stains = [found for found in stains if found.truly_positive == positive]
    error = 1 - value(f"ihc.{marker.casefold()}.{'sensitivity' if positive else 'specificity'}", "1")
    wrong = sum(found.positive != positive for found in stains)
    spread = math.sqrt(len(stains) * error * (1 - error))
    assert abs(wrong - len(stains) * error) / spread < Z_LIMIT


def test_oracle_two_her2_readings_disagree_as_two_laboratories_do() -> None:
    """Griggs 2016: 6% of the final results of two laboratories; two readings that err alike disagree in 2 e (1 - e)."""
    error = 1 - value("ihc.her2.sensitivity", "1")
    assert 2 * error * (1 - error) == pytest.approx(0.06, abs=0.001)
    error = 1 - value("ihc.pr.sensitivity", "1")
    assert 2 * error * (1 - error) == pytest.approx(0.109, abs=0.001)


def test_oracle_copies_of_an_amplified_gene_are_diluted_by_normal_cells() -> None:
    """Log2 of (purity * copies + (1 - purity) * 2) / 2, unbiased; n = 2,000, false alarm 1e-6."""
    needle = replace(USUAL, purity_sd=0.0, cells=10**6)
    found = [sample.variant("MET_amp") for sample in cores(needle, [1e9], [{"MET_amp"}])]
    seen = np.array([item.copy_ratio_log2 for item in found if item is not None])
    copies = value("amplification.copies", "1")
    expected = math.log2((needle.purity * copies + (1 - needle.purity) * 2) / 2)
    # The number of tumor cells varies by 1e-3 of itself, which moves the mean of the logarithm by less than 1e-5.
    assert abs(z_of(seen, expected)) < Z_LIMIT


def test_property_a_clone_that_lost_the_receptor_does_not_stain() -> None:
    lost = replace(USUAL, patches=1000)
    sample = lost.take(tumor([[0.0, 1e9]], [set(), {"ERBB2_loss", "ER_loss"}], her2=True), 0)
    assert {found.marker: found.truly_positive for found in sample.receptors} == dict.fromkeys(
        ("ER", "PR", "HER2"), False
    )
    mixed = lost.take(tumor([[0.5e9, 0.5e9]], [set(), {"ER_loss"}]), 0)
    stain = mixed.receptor("ER")
    assert stain is not None
    assert stain.truly_positive
    assert stain.stained == pytest.approx(0.5, abs=0.1)


def test_property_a_sample_depends_on_no_other() -> None:
    both = tumor([[1e9, 1e8], [1e8, 1e9]], [set(), {"ESR1_mut"}])
    alone = tumor([[1e9, 1e8]], [set(), {"ESR1_mut"}])
    assert USUAL.take(both, 0) == USUAL.take(alone, 0)
    twins = tumor([[1e9, 1e8], [1e9, 1e8]], [set(), {"ESR1_mut"}])
    assert USUAL.take(twins, 0).variants != USUAL.take(twins, 1).variants
    assert USUAL.take(both, 0).variants != USUAL.take(replace(both, day=56.0), 0).variants
    assert USUAL.take(both, 0).variants != USUAL.take(replace(both, patient=1), 0).variants


def test_unit_a_small_lesion_is_not_biopsied() -> None:
    small = tumor([[1e6]], [set()], diameter_mm=USUAL.smallest_lesion_mm - 0.1)
    assert not USUAL.can_take(small, 0)
    assert USUAL.can_take(replace(small, diameter_mm=np.full(1, USUAL.smallest_lesion_mm)), 0)


def test_unit_every_alteration_has_an_assay_or_none() -> None:
    assert set(panel()) == set(load_alterations())
    assert assay_for(load_alterations()["ERBB2_loss"]) is Assay.STAINING
    assert assay_for(load_alterations()["RB1_loss"]) is Assay.READS
    assert assay_for(load_alterations()["MET_amp"]) is Assay.COPIES
    assert assay_for(load_alterations()["p95HER2"]) is Assay.NONE
