import dataclasses
import math

import numpy as np
import pytest

from forestall.clinic import tumor_biology
from forestall.clinic.entry_lesions import BRAIN, BREAST, LIVER, LUNG, MAX_LESIONS, SITES
from forestall.clinic.population import SUBTYPES, Population, draw_population, population_from_patient
from forestall.errors import InputError
from forestall.knowledge.alterations import load_alterations
from forestall.knowledge.networks import load_networks
from forestall.knowledge.parameters import parameter, value
from forestall.knowledge.patients import PatientSpec
from forestall.knowledge.population import Population as Eligibility

N = 20_000
NODES = tuple(load_networks()["breast"].nodes)


def eligible(**criteria):
    return Eligibility.model_validate({"her2": "positive"} | criteria)


def draw(n=N, seed=1, **criteria) -> Population:
    return draw_population(eligible(**criteria), np.arange(n), seed)


def arrays(population):
    """Everything that is known of the patients, drawn lazily or not."""
    found = {
        field.name: item
        for field in dataclasses.fields(population)
        if isinstance(item := getattr(population, field.name), np.ndarray)
    }
    found["expression"] = population.expression_factor(NODES)
    found["clearance"], found["volume"] = population.kinetic_deviates("trastuzumab")
    return found | population.traits()


def share_of(flags, expected):
    """Whether a share of N patients lies within 4.5 binomial standard errors (p < 1e-5)."""
    assert flags.mean() == pytest.approx(
        expected, abs=4.5 * math.sqrt(expected * (1 - expected) / len(flags))
    )


@pytest.mark.parametrize(
    "criteria", [{}, {"menopause": "post", "age": "45-60", "biomarkers": {"PIK3CA": "40%"}}]
)
def test_property_another_patient_changes_nobody(criteria):
    """Invariant 2: drawn alone, in another order or among more, a patient is bit-identical."""
    rows = np.array([70, 3, 99])
    everyone = arrays(draw_population(eligible(**criteria), np.arange(100), 5))
    alone = arrays(draw_population(eligible(**criteria), rows, 5))
    for name, values in alone.items():
        assert np.array_equal(values, everyone[name][rows], equal_nan=values.dtype.kind == "f"), name


def test_property_selected_rows_are_the_patients_drawn_alone():
    picked = arrays(draw(50).select(np.array([7, 20])))
    alone = arrays(draw_population(eligible(), np.array([7, 20]), 1))
    for name, values in alone.items():
        assert np.array_equal(values, picked[name], equal_nan=values.dtype.kind == "f"), name


def test_property_another_seed_gives_other_patients():
    first, second = arrays(draw(200, seed=1)), arrays(draw(200, seed=2))
    for name in ("age_years", "weight_kg", "doubling_time_days", "diameter_mm", "expression", "clearance"):
        assert not np.isclose(first[name], second[name]).any(), name


def test_property_an_entry_taken_out_of_the_catalogue_changes_no_other(monkeypatch):
    before = draw(500)
    fewer = {name: entry for name, entry in load_alterations().items() if name != "CCND1_amp"}
    monkeypatch.setattr(tumor_biology, "load_alterations", lambda: fewer)
    after = tumor_biology.draw_alterations(eligible(), before.subtype, before.patient, 1)
    keep = [index for index, name in enumerate(before.alterations) if name != "CCND1_amp"]
    assert np.array_equal(after, before.truncal[:, keep])
    some = before.expression_factor(("AKT1", "ESR1"))
    assert np.array_equal(some[:, 1], before.expression_factor(NODES)[:, NODES.index("ESR1")])


def test_property_deviates_of_drugs_and_purposes_are_unrelated():
    """N = 20,000: a correlation beyond 0.032 has p < 1e-5."""
    population = draw()
    columns = [*population.kinetic_deviates("trastuzumab"), *population.kinetic_deviates("pertuzumab")]
    columns += [np.log(population.doubling_time_days), np.log(population.weight_kg), population.age_years]
    correlation = np.corrcoef(columns) - np.eye(len(columns))
    assert np.abs(correlation).max() < 0.032


@pytest.mark.parametrize(
    "criteria",
    [
        {"age": "18-50", "menopause": "pre"},
        {"age": {"median": 62, "range": [40, 89]}, "menopause": "post"},
        {"age": "54 (22-89)"},
    ],
)
def test_property_everyone_meets_age_and_menopause(criteria):
    population = draw(3000, **criteria)
    low, high = eligible(**criteria).age.range
    assert low <= population.age_years.min()
    assert population.age_years.max() <= high
    if "menopause" in criteria:
        assert (population.postmenopausal == (criteria["menopause"] == "post")).all()


def test_oracle_median_age_is_the_protocols():
    """Standard error of a median of 20,000 normal ages with SD 13: 0.115 years."""
    assert np.median(draw(age={"median": 54, "range": [22, 89]}).age_years) == pytest.approx(54, abs=0.5)


def test_oracle_acceptance_is_the_share_of_postmenopausal_patients():
    everyone, post = draw(), draw(menopause="post")
    assert everyone.acceptance == 1.0
    assert post.acceptance == pytest.approx(everyone.postmenopausal.mean(), abs=0.02)
    assert post.attempts.min() == 1


def test_unit_criteria_that_nobody_meets_are_an_input_error():
    with pytest.raises(InputError, match=r"menopausal status.*widen the range"):
        draw(5, age="85-95", menopause="pre")


def test_golden_body_surface_area():
    """Mosteller: 170 cm and 70 kg are 1.818 m2."""
    spec = PatientSpec(her2="positive", er="negative", height="170 cm", weight="70 kg", lesions=LESION)
    assert population_from_patient(spec).bsa_m2[0] == pytest.approx(1.818, abs=5e-4)


@pytest.mark.parametrize(
    ("her2", "er_positive", "expected"),
    [("positive", "100%", "her2_positive_er_positive"), ("positive", "0%", "her2_positive_er_negative"),
     ("negative", True, "er_positive"), ("low", False, "triple_negative")],
)  # fmt: skip
def test_unit_subtype_follows_from_the_receptors(her2, er_positive, expected):
    population = draw(50, her2=her2, er_positive=er_positive)
    assert {SUBTYPES[code] for code in population.subtype} == {expected}
    assert population.her2_low.all() == (her2 == "low")


def test_oracle_receptor_mix_is_the_catalogues_unless_the_protocol_says_otherwise():
    anyone = draw(her2="any")
    share_of(anyone.her2_positive, value("prevalence.her2_positive", "1"))
    share_of(draw().er_positive, value("prevalence.er_positive_given_her2_positive", "1"))
    share_of(draw(her2="negative").er_positive, value("prevalence.er_positive_given_her2_negative", "1"))
    share_of(draw(er_positive="30%").er_positive, 0.3)


@pytest.mark.parametrize(("line", "pretreated"), [("1", False), ("2+", True)])
def test_oracle_truncal_alterations_have_their_prevalence(line, pretreated):
    population = draw(her2="negative", er_positive=True, line=line)
    for name, carried in zip(population.alterations, population.truncal.T, strict=True):
        share_of(carried, load_alterations()[name].prevalence.value("er_positive", pretreated=pretreated))


def test_unit_biomarkers_replace_prevalences():
    mutant = draw(500, biomarkers={"PIK3CA": "mutant", "PTEN_loss": "wild-type"})
    column = {name: mutant.truncal[:, index] for index, name in enumerate(mutant.alterations)}
    assert column["PIK3CA_mut"].all()
    assert not column["PTEN_loss"].any()
    some = draw(biomarkers={"PIK3CA": "30%"})
    share_of(some.truncal[:, some.alterations.index("PIK3CA_mut")], 0.3)


def test_unit_a_gene_means_its_mutations_and_a_carrier_has_one_of_its_alterations():
    esr1 = draw(500, biomarkers={"ESR1": "mutant"})
    assert esr1.truncal[:, esr1.alterations.index("ESR1_mut")].all()
    assert not esr1.truncal[:, esr1.alterations.index("ER_loss")].any()


def test_unit_of_several_genes_a_carrier_has_one():
    catalog = load_alterations()
    for status, expected in (("altered", 1), ("wild-type", 0)):
        population = draw(500, biomarkers={"PIK3CA/AKT1/PTEN": status})
        columns = [catalog[name].gene in ("PIK3CA", "AKT1", "PTEN") for name in population.alterations]
        assert (population.truncal[:, columns].sum(axis=1) == expected).all()


def test_oracle_alternatives_are_chosen_by_prevalence():
    """Shares of 1/4 and 3/4, and even shares where nothing is known; 4.5 standard errors."""
    prevalence = np.tile([0.1, 0.3], (N, 1))
    uniform = (np.arange(N) + 0.5) / N
    chosen = tumor_biology._one_of(prevalence, uniform)
    assert (chosen.sum(axis=1) == 1).all()
    assert chosen[:, 1].mean() == pytest.approx(0.75, abs=1e-3)
    assert tumor_biology._one_of(np.zeros((N, 2)), uniform)[:, 0].mean() == pytest.approx(0.5, abs=1e-3)


@pytest.mark.parametrize("kind", ["her2_positive", "er_positive"])
def test_oracle_doubling_times_have_the_published_median_and_spread(kind):
    criteria = {"her2": "positive"} if kind == "her2_positive" else {"her2": "negative", "er_positive": True}
    metastatic, primary = draw(**criteria), draw(setting="locally advanced", **criteria)
    median, log_sd = (
        value(f"growth.doubling_time.{kind}", "day"),
        value(f"growth.doubling_time_log_sd.{kind}", "1"),
    )
    logs = np.log(primary.doubling_time_days)
    assert np.exp(logs.mean()) == pytest.approx(median, rel=0.02)
    assert logs.std() == pytest.approx(log_sd, rel=0.03)
    speedup = primary.doubling_time_days / metastatic.doubling_time_days
    assert speedup == pytest.approx(value("growth.metastasis_speedup", "1"))
    assert (metastatic.birth_rate_per_day >= metastatic.growth_rate_per_day).all()


@pytest.mark.parametrize(
    ("kind", "criteria"),
    [
        ("her2_positive", {"her2": "positive"}),
        ("er_positive", {"her2": "negative", "er_positive": 1.0}),
        ("triple_negative", {"her2": "negative", "er_positive": 0.0}),
    ],
)
def test_oracle_birth_rate_fills_its_90_percent_interval_in_each_type(kind, criteria):
    low, high = parameter("growth.birth_rate").interval
    people, factor = draw(**criteria), value(f"growth.division_factor.{kind}", "1")
    rate = people.birth_rate_per_day / factor
    assert people.signal_death == pytest.approx(factor)
    middle = value("growth.birth_rate", "1/day")
    half = math.sqrt(high / low)
    assert np.quantile(rate, [0.05, 0.5, 0.95]) == pytest.approx(
        [middle / half, middle, middle * half], rel=0.03
    )


def test_oracle_fcgr3a_genotypes_and_their_killing():
    population = draw()
    for code, name in enumerate(("vv", "vf", "ff")):
        share_of(population.fcgr3a == code, value(f"fcgamma.frequency.{name}", "1"))
        killing = np.exp(np.log(population.effector[population.fcgr3a == code]).mean())
        assert killing == pytest.approx(value(f"fcgamma.killing.{name}", "1"), rel=0.05)


def test_oracle_genotypes_that_a_trial_asks_for_are_as_frequent_among_them_as_they_are():
    frequency = [value(f"fcgamma.frequency.{name}", "1") for name in ("vv", "vf", "ff")]
    carriers, all_of_them = draw(fcgr3a=["F/F", "v/f"]), draw()
    assert not (carriers.fcgr3a == 0).any()
    share_of(carriers.fcgr3a == 1, frequency[1] / (frequency[1] + frequency[2]))
    assert (draw(n=50, fcgr3a="VV").fcgr3a == 0).all()
    assert np.array_equal(draw(fcgr3a=["V/V", "V/F", "F/F"]).fcgr3a, all_of_them.fcgr3a)


@pytest.mark.parametrize("wrong", ["V/X", [], 3, ["V/V", 1]])
def test_garbage_genotypes(wrong):
    with pytest.raises(Exception, match="no genotype of FCGR3A"):
        eligible(fcgr3a=wrong)


def test_oracle_expression_and_sensitivity_have_their_log_sd():
    population = draw()
    factor = population.expression_factor(("ESR1", "AKT1"))
    assert np.log(factor).std(axis=0) == pytest.approx([value("expression.log_sd", "1")] * 2, rel=0.03)
    everything, trait = (value(f"sensitivity.shared_by_{whom}", "1") for whom in ("all", "trait"))
    log_sd = value("sensitivity.cytotoxic_log_sd", "1") * math.sqrt(everything + (1 - everything) * trait)
    assert np.log(population.cytotoxic_sensitivity).std() == pytest.approx(log_sd, rel=0.03)


def test_property_nodes_of_one_protein_share_their_expression():
    nodes = load_networks()["breast"].nodes
    shared = [(name, node.pool) for name, node in nodes.items() if node.pool]
    factor = draw(50).expression_factor(NODES)
    for name, owner in shared:
        assert np.array_equal(factor[:, NODES.index(name)], factor[:, NODES.index(owner)])


def test_property_lesions_are_well_formed():
    population = draw(brain_metastases="allowed", brain_treated=0.0)
    present = population.site >= 0
    assert (present.sum(axis=1) == population.lesions).all()
    assert (present == (np.arange(MAX_LESIONS) < population.lesions[:, None])).all()
    assert (np.isnan(population.diameter_mm) == ~present).all()
    assert np.nanmin(population.diameter_mm) >= value("tumor.detection_diameter", "mm")
    assert population.lesions.mean() == pytest.approx(value("tumor.lesions_mean", "1"), rel=0.03)
    assert (population.site != BREAST).all()


@pytest.mark.parametrize("kind", ["her2_positive", "er_positive", "triple_negative"])
def test_oracle_sites_are_involved_as_often_as_published(kind):
    status = {
        "her2": "positive" if kind == "her2_positive" else "negative",
        "er_positive": kind == "er_positive",
    }
    population = draw(**status)
    for code in (0, LIVER, LUNG):
        share_of((population.site == code).any(axis=1), value(f"site.{SITES[code]}.{kind}", "1"))
    assert not (population.site == BRAIN).any()


@pytest.mark.parametrize("wanted", [0.0, 0.3, 0.55, 1.0])
def test_oracle_visceral_and_brain_shares_are_the_protocols(wanted):
    population = draw(visceral=wanted, brain_metastases="48%")
    visceral = np.isin(population.site, (LIVER, LUNG)).any(axis=1)
    share_of(visceral, wanted)
    share_of((population.site == BRAIN).any(axis=1), 0.48)
    if wanted > 0:
        liver, lung = (value(f"site.{name}.her2_positive", "1") for name in ("liver", "lung"))
        for code, frequency in ((LIVER, liver), (LUNG, lung)):
            involved = (population.site[visceral] == code).any(axis=1)
            share_of(involved, frequency / (liver + lung - liver * lung))


def test_unit_locally_advanced_disease_is_one_primary():
    population = draw(2000, setting="locally advanced")
    assert (population.lesions == 1).all()
    assert (population.site[:, 0] == BREAST).all()


def test_oracle_death_threshold_and_dropout_are_exponential():
    """Mean and quantiles of N = 20,000 exponential numbers; 4.5 standard errors of the mean are 3.2%."""
    population = draw()
    assert population.death_threshold.mean() == pytest.approx(1, rel=0.032)
    days = population.dropout_day(0.001)
    assert days.mean() == pytest.approx(1000, rel=0.032)
    assert population.dropout_day() == pytest.approx(days * 0.001 / value("dropout.rate", "1/day"))
    assert np.isinf(population.dropout_day(0.0)).all()


def test_golden_background_hazard_doubles_over_the_given_years():
    doubling = value("mortality.background_doubling", "year")
    spec = {"her2": "positive", "er": "negative", "lesions": LESION}
    young, old = (population_from_patient(PatientSpec(age=age, **spec)) for age in (55.0, 55.0 + doubling))
    base = value("mortality.background_rate", "1/day")
    assert young.background_hazard_per_day[0] == pytest.approx(base)
    assert old.background_hazard_per_day[0] == pytest.approx(2 * base)


LESION = [{"site": "liver", "diameter": "3 cm"}]


def test_unit_a_described_patient_is_the_typical_one_where_nothing_is_said():
    spec = PatientSpec(
        her2="positive",
        er="positive",
        alterations=["PIK3CA_mut"],
        lesions=[*LESION, {"site": "brain", "diameter": "12 mm"}],
    )
    patient = population_from_patient(spec)
    assert len(patient) == 1
    assert patient.age_years[0] == value("patient.age_mean", "year")
    assert patient.site[0, :3].tolist() == [LIVER, BRAIN, -1]
    assert patient.diameter_mm[0, :2].tolist() == [30, 12]
    assert patient.truncal_mask(patient.alterations)[0] == 1 << patient.alterations.index("PIK3CA_mut")
    assert (patient.expression_factor(NODES) == 1).all()
    assert patient.kinetic_deviates("trastuzumab") == (0, 0)
    assert patient.cytotoxic_sensitivity[0] == 1
    median = value("growth.doubling_time.her2_positive", "day") / value("growth.metastasis_speedup", "1")
    assert patient.doubling_time_days[0] == pytest.approx(median)


def test_unit_many_who_share_a_description_differ_only_in_what_is_latent():
    spec = PatientSpec(her2="positive", er="negative", age=49.0, menopause="post", lesions=LESION)
    twins = population_from_patient(spec, seed=4, patients=np.arange(30))
    assert (twins.age_years == 49).all()
    assert twins.postmenopausal.all()
    assert (twins.diameter_mm[:, 0] == 30).all()
    assert np.unique(twins.doubling_time_days).size == 30
    assert np.unique(twins.expression_factor(("AKT1",))).size == 30


def test_unit_a_described_patient_keeps_more_lesions_than_are_ever_drawn():
    spec = PatientSpec(her2="negative", er="negative", lesions=LESION * 12)
    patient = population_from_patient(spec)
    assert patient.lesions[0] == 12
    assert (patient.site[0] == LIVER).all()


def test_unit_truncal_bits_follow_the_order_that_is_asked_for():
    population = draw(200)
    order = tuple(reversed(population.alterations))
    mask = population.truncal_mask(order)
    for bit, name in enumerate(order):
        assert np.array_equal(mask >> bit & 1, population.truncal[:, population.alterations.index(name)])


def test_unit_patients_must_be_numbered():
    with pytest.raises(InputError, match="numbered from 0"):
        draw_population(eligible(), np.array([-1]), 1)
    assert len(draw(0)) == 0
