"""Half-lives, troughs, peaks and averages of the catalog's drugs as labels and papers print them.

What does not agree is listed, with its reason, in `forestall.biology.exposure.labels.EXCEPTIONS`.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from forestall.biology.exposure.labels import EXCEPTIONS, LARGEST_FACTOR, LEAST_FACTOR, comparisons
from forestall.biology.exposure.variability import kinetics_of, typical_terms
from forestall.errors import InputError
from forestall.knowledge.doses import Dose
from forestall.knowledge.drugs import load_drugs

COMPARISONS = [each for drug in load_drugs().values() for each in comparisons(drug)]
GENERATOR = Path(__file__).parents[2] / "docs" / "_generate" / "exposure_table.py"


@pytest.mark.parametrize(
    "comparison", COMPARISONS, ids=lambda each: " ".join((each.drug, each.measure, each.regimen)).strip()
)
def test_oracle_published_exposure_is_simulated(comparison):
    assert comparison.agrees or comparison.exception, f"{comparison.simulated} not in {comparison.accepted}"


@pytest.mark.parametrize("exception", EXCEPTIONS, ids=" ".join)
def test_unit_every_exception_is_still_needed(exception):
    disagreeing = {(each.drug, each.measure) for each in COMPARISONS if not each.agrees}
    assert exception in disagreeing


def test_unit_accepted_ranges_hold_the_published_value_and_are_not_wide():
    for each in COMPARISONS:
        low, high = each.accepted
        assert low <= each.published.value <= high
        if each.published.interval is None:
            assert LEAST_FACTOR <= each.published.value / low <= LARGEST_FACTOR * (1 + 1e-12)


def test_unit_a_wrong_clearance_would_be_noticed():
    """A third of the clearance puts the trough out of the accepted range."""
    drug = load_drugs()["trastuzumab"]
    clearance = drug.kinetics.clearance.model_copy(update={"value": drug.kinetics.clearance.value / 3})
    wrong = drug.model_copy(update={"kinetics": drug.kinetics.model_copy(update={"clearance": clearance})})
    trough = next(each for each in comparisons(wrong) if each.measure == "trough_ss")
    assert not trough.agrees


def test_unit_a_dose_without_a_body_size_is_refused():
    drug = load_drugs()["trastuzumab"]
    published = drug.published[0]
    regimen = published.regimen.model_copy(update={"dose": Dose.parse("AUC 6")})
    odd = drug.model_copy(update={"published": (published.model_copy(update={"regimen": regimen}),)})
    with pytest.raises(InputError, match="trastuzumab"):
        list(comparisons(odd))


@pytest.mark.parametrize("name", sorted(load_drugs()))
def test_property_every_drug_has_usable_kernel_terms(name):
    """The area under the curve of 1 mg is F / CL, whatever the number of compartments."""
    kinetics = kinetics_of(load_drugs()[name])
    terms = typical_terms(kinetics)
    area = (terms.coefficient / terms.rate).sum()
    assert area == pytest.approx(kinetics.bioavailability / kinetics.clearance, rel=1e-9)


def test_unit_documentation_page_shows_every_comparison_and_reason():
    spec = importlib.util.spec_from_file_location("exposure_table", GENERATOR)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    page = module.page()
    assert page.count("\n| ") == len(COMPARISONS) + 2
    for reason in EXCEPTIONS.values():
        assert reason in page
