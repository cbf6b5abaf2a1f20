"""Synergy scores and GR metrics: analytic identities, and the package `synergy` as another program."""

from __future__ import annotations

import numpy as np
import pytest

from forestall.statistics.growth_inhibition import gr_metrics, growth_rate_inhibition
from forestall.statistics.hill_fit import fit_hill
from forestall.statistics.loewe import additive_responses, combination_indices, falling
from forestall.statistics.synergy import bliss, highest_single_agent, zero_interaction_potency

DOSES = np.geomspace(0.1, 10.0, 6)
FINE = np.geomspace(1e-4, 1e4, 241)


def hill(dose: np.ndarray, end: float, potency: float, slope: float, start: float = 1.0) -> np.ndarray:
    return start + (end - start) / (1.0 + (potency / dose) ** slope)


@pytest.mark.parametrize(("end", "potency", "slope"), [(0.0, 1.0, 1.0), (0.4, 0.3, 2.5), (0.8, 3.0, 0.7)])
def test_oracle_exact_curves_are_recovered(end: float, potency: float, slope: float) -> None:
    found = fit_hill(DOSES, hill(DOSES, end, potency, slope)[None], np.ones(1))
    np.testing.assert_allclose(
        [found.end[0], found.potency[0], found.slope[0]], [end, potency, slope], rtol=1e-4, atol=1e-5
    )


def test_unit_a_flat_series_keeps_its_level() -> None:
    found = fit_hill(DOSES, np.ones((1, DOSES.size)), np.ones(1))
    np.testing.assert_allclose(found.at(DOSES), 1.0, atol=1e-6)


def test_oracle_a_drug_with_itself_is_loewe_additive_and_seems_synergistic_to_bliss() -> None:
    """Steep curve, sham combination: Loewe must see nothing (error of the tabulated curve), Bliss is fooled."""
    first, second = (axis.ravel() for axis in np.meshgrid(DOSES, DOSES))
    observed = hill(first + second, 0.2, 2.0, 3.0)
    curves = falling(hill(FINE, 0.2, 2.0, 3.0)[None])
    given = np.stack([first, second], axis=1), np.zeros((first.size, 2), np.int64), np.log(FINE)[None], curves
    np.testing.assert_allclose(additive_responses(*given), observed, atol=2e-3)
    inside = (observed > 0.205) & (observed < 0.995)
    np.testing.assert_allclose(combination_indices(observed, *given)[inside], 1.0, atol=0.02)
    alone = np.stack([hill(first, 0.2, 2.0, 3.0), hill(second, 0.2, 2.0, 3.0)], axis=1)
    assert (bliss(alone) - observed).max() > 0.1


def test_oracle_loewe_follows_the_stronger_drug_where_the_weaker_cannot_reach() -> None:
    curves = falling(np.stack([hill(FINE, 0.6, 1.0, 1.0), hill(FINE, 0.0, 1.0, 1.0)]))
    given = np.array([[5.0, 10.0]]), np.array([[0, 1]]), np.log(np.stack([FINE, FINE])), curves
    np.testing.assert_allclose(additive_responses(*given), hill(np.array([10.0]), 0.0, 1.0, 1.0), atol=1e-3)


def test_oracle_three_drugs_with_one_curve_add_their_doses() -> None:
    curves = falling(hill(FINE, 0.0, 1.0, 1.5)[None])
    given = np.array([[0.2, 0.5, 0.9]]), np.zeros((1, 3), np.int64), np.log(FINE)[None], curves
    np.testing.assert_allclose(additive_responses(*given), hill(np.array([1.6]), 0.0, 1.0, 1.5), atol=1e-3)


def test_unit_the_highest_single_agent_is_the_better_drug() -> None:
    assert highest_single_agent(np.array([[0.7, 0.4], [0.2, 0.9]])).tolist() == [0.4, 0.2]


def test_oracle_independent_drugs_have_no_zip_synergy_and_a_potency_shift_has() -> None:
    """Yadav 2015, equations 4 to 9: the surface of two independent Hill curves is its own expectation."""
    one, two = hill(DOSES, 0.0, 1.0, 1.2), hill(DOSES, 0.0, 2.0, 0.8)
    doses, alone = np.stack([DOSES, DOSES])[None], np.stack([one, two])[None]
    independent = (one[:, None] * two)[None]
    np.testing.assert_allclose(zero_interaction_potency(doses, alone, independent).synergy, 0.0, atol=1e-5)
    shifted = np.stack([hill(DOSES, 0.0, 1.0 / (1.0 + dose), 1.2) for dose in DOSES], axis=1)[None] * two
    synergy = zero_interaction_potency(doses, alone, shifted).synergy
    assert synergy.min() > -0.01
    assert synergy.mean() > 0.05


def _zip_of_three(alone: np.ndarray, last_two: np.ndarray) -> np.ndarray:
    """ZIP synergy of three drugs; the first acts independently of the last two, whose surface is given."""
    doses = np.repeat(DOSES[None], 3, axis=0)[None]
    pairs = np.stack([last_two, np.multiply.outer(alone[0], alone[2]), np.multiply.outer(alone[0], alone[1])])
    surface = alone[0][:, None, None] * last_two
    return zero_interaction_potency(doses, alone[None], surface[None], pairs[None]).synergy[0]


def test_oracle_three_independent_drugs_have_no_zip_synergy_and_a_potency_shift_has() -> None:
    """Each axis is told apart by a potency and slope of its own. With a third drug that the second sensitizes to, the score is the
    gap to independence, but for a third of the misfit (0.032) of curves along the second drug, which are not quite Hill curves."""
    alone = np.stack([hill(DOSES, 0.0, 1.0, 1.2), hill(DOSES, 0.1, 2.0, 0.8), hill(DOSES, 0.3, 0.5, 1.7)])
    independent = np.multiply.outer(alone[1], alone[2])
    np.testing.assert_allclose(_zip_of_three(alone, independent), 0.0, atol=1e-5)
    shifted = np.stack([hill(DOSES, 0.3, 0.5 / (1.0 + dose), 1.7) for dose in DOSES])
    sensitized = alone[1][:, None] * shifted
    gap = alone[0][:, None, None] * (independent - sensitized)
    assert gap.max() > 0.15
    np.testing.assert_allclose(_zip_of_three(alone, sensitized), gap, atol=0.012)


def test_oracle_the_package_synergy_scores_the_same_surface_alike() -> None:
    """MuSyC-like surface with both potency and efficacy interaction; ZIP within 0.01, the others exactly."""
    pytest.importorskip("synergy")
    from synergy.combination import HSA, ZIP, Bliss, Loewe
    from synergy.single import Hill

    doses = np.geomspace(0.1, 10.0, 5)
    one, two = hill(doses, 0.2, 1.0, 1.3), hill(doses, 0.35, 1.5, 0.9)
    both = (one[:, None] * two[None, :]) ** 1.3
    first, second = np.meshgrid(doses, doses, indexing="ij")
    d1 = np.concatenate([np.zeros(6), doses, first.ravel()])
    d2 = np.concatenate([[0.0], doses, np.zeros(5), second.ravel()])
    effect = np.concatenate([[1.0], two, one, both.ravel()])
    grid = slice(11, None)
    alone = np.stack(
        [np.broadcast_to(one[:, None], both.shape), np.broadcast_to(two[None, :], both.shape)], axis=-1
    )
    models = Hill(E0=1.0, Emax=0.2, h=1.3, C=1.0), Hill(E0=1.0, Emax=0.35, h=0.9, C=1.5)

    def theirs(model: object) -> np.ndarray:
        return np.asarray(model.fit(d1, d2, effect))[grid].reshape(both.shape)  # type: ignore[attr-defined]

    given = {"drug1_model": models[0], "drug2_model": models[1]}
    np.testing.assert_allclose(bliss(alone) - both, theirs(Bliss(**given)), atol=1e-9)
    np.testing.assert_allclose(highest_single_agent(alone) - both, theirs(HSA(**given)), atol=1e-9)
    curves = falling(np.stack([hill(FINE, 0.2, 1.0, 1.3), hill(FINE, 0.35, 1.5, 0.9)]))
    rows = np.tile([0, 1], (both.size, 1))
    index = combination_indices(
        both.ravel(),
        np.stack([first.ravel(), second.ravel()], axis=1),
        rows,
        np.log(np.stack([FINE, FINE])),
        curves,
    )
    reached = both.ravel() > 0.36
    np.testing.assert_allclose(index[reached], theirs(Loewe(mode="CI", **given)).ravel()[reached], rtol=5e-3)
    grid_doses = np.stack([doses, doses])[None]
    ours = zero_interaction_potency(grid_doses, np.stack([one, two])[None], both[None]).synergy[0]
    np.testing.assert_allclose(ours, theirs(ZIP(**given)), atol=0.01)


def test_oracle_gr_values_by_hafners_formula_from_cell_counts() -> None:
    """GR = 2^(log2(x/x0) / log2(xctrl/x0)) - 1 (Hafner 2016): no effect 1, cytostatic 0, dying negative."""
    start, control, treated = 1000.0, 8000.0, np.array([8000.0, 2828.427, 1000.0, 500.0])
    by_counts = 2.0 ** (np.log2(treated / start) / np.log2(control / start)) - 1.0
    ours = growth_rate_inhibition(np.log(treated / start), np.log(control / start))
    np.testing.assert_allclose(ours, by_counts, rtol=1e-12)
    np.testing.assert_allclose(ours[[0, 2]], [1.0, 0.0], atol=1e-12)
    assert ours[3] < 0


def test_oracle_gr_metrics_of_an_exact_curve() -> None:
    doses, bottom, potency = np.geomspace(0.01, 100.0, 9), -0.4, 2.0
    values = bottom + (1 - bottom) / (1 + (doses / potency) ** 1.5)
    found = gr_metrics(doses, values[None])
    dose_at_half = potency * ((1 - 0.5) / (0.5 - bottom)) ** (1 / 1.5)
    np.testing.assert_allclose(found.gr50, dose_at_half, rtol=1e-3)
    np.testing.assert_allclose(found.gr_infinity, bottom, atol=1e-3)
    np.testing.assert_allclose(found.gr_max, values[-1])
    assert np.isinf(gr_metrics(doses, np.full((1, 9), 0.9)).gr50[0])


def test_property_gr_does_not_depend_on_the_division_rate() -> None:
    """A drug that halves the growth rate has one GR value in fast and slow cells, and two viabilities."""
    untreated = np.array([0.3, 1.2])
    values = growth_rate_inhibition(untreated / 2, untreated)
    np.testing.assert_allclose(values, np.sqrt(2.0) - 1.0)
