"""How single agents become combinations."""

from __future__ import annotations

import numpy as np
import pytest

from forestall.knowledge.pdx_fits import SHIPPED, PdxFit, load_pdx_fits
from forestall.studies.pdx_network import Tumor, expected_place, network_effects, place_in
from forestall.studies.pdx_predict import (
    METHODS,
    Method,
    Posterior,
    choose_models,
    combined_rates,
    posterior,
    predict_treatment,
)
from forestall.studies.pdx_response import respond

PAIR = ("BYL719", "LEE011")


@pytest.fixture(scope="module")
def fit() -> PdxFit:
    return load_pdx_fits()[SHIPPED.stem]


@pytest.fixture(scope="module")
def known(fit: PdxFit) -> Posterior:
    return posterior(fit)


@pytest.mark.parametrize(
    ("place", "expected"),
    [(0.0, 0.01), (1.0, -0.01), (0.5, 0.0)],
)
def test_oracle_two_effects_combine_between_the_best_and_their_sum(place: float, expected: float) -> None:
    # Untreated 0.05, alone 0.01 and 0.03: effects 0.04 and 0.02 per day.
    rates = np.array([[0.05, 0.01, 0.03]])
    assert combined_rates(rates, np.array([place])) == pytest.approx([expected])


def test_oracle_bliss_independence_multiplies_what_is_left_of_the_volume() -> None:
    untreated, one, other, day = 0.06, 0.02, 0.03, 21.0
    together = combined_rates(np.array([[untreated, one, other]]), np.array([1.0]))[0]
    left = np.exp((one - untreated) * day) * np.exp((other - untreated) * day)
    assert np.exp((together - untreated) * day) == pytest.approx(left)


def test_unit_a_compound_that_does_harm_takes_nothing_from_the_best() -> None:
    assert combined_rates(np.array([[0.05, 0.01, 0.07]]), np.array([1.0])) == pytest.approx([0.01])


def test_property_a_prediction_does_not_depend_on_the_order_or_company(known: Posterior) -> None:
    forward = predict_treatment(known, ["X-1004", "X-1008"], PAIR, method="forestall", seed=3)
    backward = predict_treatment(known, ["X-1008"], PAIR[::-1], method="forestall", seed=3)
    assert np.array_equal(forward[1].mice.volumes, backward[0].mice.volumes)


def test_property_the_rules_are_ordered_in_every_model(known: Posterior, fit: PdxFit) -> None:
    models = choose_models(fit, "measured")
    growth = {
        method: np.array(
            [item.rates.mean() for item in predict_treatment(known, models, PAIR, method=method, seed=1)]
        )
        for method in METHODS
    }
    assert (growth["bliss"] < growth["forestall"]).all()
    assert (growth["forestall"] < growth["hsa"]).all()
    assert (growth["bliss-raw"] <= growth["hsa-raw"]).all()


@pytest.mark.parametrize("method", ["hsa", "bliss"])
def test_oracle_rules_of_the_shrunk_means(known: Posterior, method: Method) -> None:
    # The mean of a rule over draws, against the rule applied to rates drawn independently of the code under test.
    mean, spread = known.of([("X-1383", code) for code in ("untreated", *PAIR)])
    draws = 0.05 * np.sinh(np.random.default_rng(0).multivariate_normal(mean, spread, 200_000))
    if method == "hsa":
        expected = min(draws[:, 1].mean(), draws[:, 2].mean())
    else:
        expected = np.mean(
            np.minimum(draws[:, 1], draws[:, 2])
            - np.maximum(0, draws[:, 0] - np.maximum(draws[:, 1], draws[:, 2]))
        )
    found = predict_treatment(known, ["X-1383"], PAIR, method=method, seed=1, draws=4000)[0]
    assert found.rates.mean() == pytest.approx(expected, abs=4.5 * found.rates.std() / np.sqrt(4000))


def test_unit_a_compound_never_given_alone_is_less_certain_than_one_that_was(known: Posterior) -> None:
    one = predict_treatment(known, ["X-1004"], ("BYL719",), method="forestall", seed=1)[0]
    for code in ("everolimus", "LFW527"):
        other = predict_treatment(known, ["X-1004"], (code,), method="forestall", seed=1)[0]
        assert other.rates.std() > 1.15 * one.rates.std()


def test_unit_a_model_that_was_only_profiled_can_be_asked_for(known: Posterior, fit: PdxFit) -> None:
    bare = next(name for name, model in fit.models.items() if not model.arms)
    assert bare in choose_models(fit, "all")
    assert bare not in choose_models(fit, "measured")
    assert bare not in choose_models(fit, "all", codes=PAIR, method="hsa-raw")
    response = respond(predict_treatment(known, [bare], PAIR, method="forestall", seed=1)[0])
    usual = respond(predict_treatment(known, ["X-1008"], PAIR, method="forestall", seed=1)[0])
    assert (
        response.last_change.high - response.last_change.low > usual.last_change.high - usual.last_change.low
    )


def test_unit_a_compound_outside_the_network_is_independent() -> None:
    codes = ("CGM097", "paclitaxel")
    effects = network_effects([Tumor("triple_negative")], [("CGM097",), ("paclitaxel",), codes])[0]
    assert effects[codes] == 0
    assert place_in(effects, codes) == 1
    assert expected_place(effects, codes) == pytest.approx(0.75)


def test_unit_two_compounds_with_one_target_are_less_than_independent() -> None:
    codes = ("BKM120", "BYL719")
    effects = network_effects([Tumor("er_positive")], [("BKM120",), ("BYL719",), codes])[0]
    assert place_in(effects, codes) < 0.5


def test_unit_blocking_above_and_at_pi3k_is_nearer_to_the_best_than_pi3k_with_cdk4() -> None:
    above, across = ("BYL719", "LJM716"), PAIR
    singles = [("BYL719",), ("LJM716",), ("LEE011",)]
    for context in ("er_positive", "triple_negative"):
        effects = network_effects([Tumor(context)], [*singles, above, across])[0]
        assert place_in(effects, above) < place_in(effects, across)
