"""Worlds whose truth is known: a stand-in for the simulator, and published tables drawn from it."""

from __future__ import annotations

import csv
import math
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from forestall.clinic.response import parameter_word
from forestall.knowledge.parameter_sets import ParameterSet
from forestall.knowledge.response_classes import response_class_of
from forestall.studies.calibration.prepared import Calibration, prepare
from forestall.studies.calibration.run import calibrate
from forestall.studies.calibration.shards import Design, Shard
from forestall.studies.calibration.spec import CalibrationSpec, load_spec, numbers, unknowns
from forestall.studies.validation.derivation import DAYS_PER_MONTH

ARMS = {
    "A1": ("letrozole", "palbociclib;letrozole"),
    "A2": ("letrozole", "fulvestrant"),
    "A3": ("fulvestrant", "palbociclib;fulvestrant"),
    "A4": ("letrozole", "everolimus;letrozole"),
    "A5": ("exemestane", "everolimus;exemestane"),
    "A6": ("docetaxel", "capecitabine;docetaxel"),
    "A7": ("capecitabine", "docetaxel"),
    "A8": ("fulvestrant", "everolimus;fulvestrant"),
}
PUBLISHED_PATIENTS = 400
SHIPPED_PARTS = load_spec("metastatic").parts
SPEC = CalibrationSpec.model_validate(
    {
        "name": "synthetic",
        "label": "synthetic",
        "seed": 5,
        "members": [60, 60],
        "patients": 100,
        "ensemble": 500,
        "assimilations": 6,
        "kept": 100,
        "folds": 4,
        "model_error": {
            "arm": {"median": 0.02, "rate": 0.05, "response": 0.05, "hazard_ratio": 0.02},
            "trial": {"median": 0, "rate": 0, "response": 0, "hazard_ratio": 0},
        },
        "parameters": {
            "growth.metastasis_speedup": {"sd": 0.3},
            "response.class.aromatase_inhibitor": {"sd": 0.4},
            "response.class.serd": {"sd": 0.4},
            "response.class.cdk46_inhibitor": {"sd": 0.4},
            "response.class.mtor_inhibitor": {"sd": 0.4},
            "response.class.taxane": {"sd": 0.4},
            "response.class.antimetabolite": {"sd": 0.4},
            "response.drug.exemestane": {"sd": 0.2},
        },
    }
)


VISIT_MONTHS = 56 / DAYS_PER_MONTH


def hazard_per_month(drugs: list[str], values: Mapping[str, float]) -> float:
    """Of progression: faster tumors progress earlier, each drug slows by its strength."""
    log_hazard = math.log(0.12) + math.log(values["growth.metastasis_speedup"] / 1.4)
    for drug in drugs:
        strength = values.get(f"response.class.{response_class_of(drug)}", 1.0)
        strength *= values.get(f"response.drug.{parameter_word(drug)}", 1.0)
        log_hazard -= 0.5 * strength**0.7
    return math.exp(log_hazard)


def stand_in(one: Design, parameters: ParameterSet, seed: int, patients: int) -> Shard:
    """Exponential times instead of virtual patients."""
    rng = np.random.default_rng([seed, len(one.name)])
    times = np.array(one.times) / DAYS_PER_MONTH
    survival, response = [], []
    for regimen in one.plan.spec.regimens.values():
        rate = hazard_per_month(sorted({c.drug for c in regimen.components}), parameters.values)
        progressed = rng.exponential(1 / rate, patients)
        survival.append((progressed[:, None] > times).mean(axis=0))
        response.append((progressed > 4.0).mean())
    count = np.full(len(survival), float(patients))
    return Shard(np.stack(survival), np.array(response), count, count)


def publish(folder: Path, truth: Mapping[str, float], seed: int) -> Path:
    """Evidence tables of trials drawn from a truth."""
    rng = np.random.default_rng(seed)
    folder.mkdir()
    trials, arms, comparisons = [], [], []
    for name, regimens in ARMS.items():
        trials.append(
            {"disease": "breast", "trial": name, "setting": "metastatic", "line": "1", "population": "", "her2": "neg",
             "hr_status": "HR+", "prior_therapy": "none", "assessor": "INV", "scan_interval_weeks": "8", "verified": "yes"}
        )  # fmt: skip
        times = {}
        for arm, drugs in zip(("control", "more"), regimens, strict=True):
            rate = hazard_per_month(drugs.split(";"), truth)
            times[arm] = rng.exponential(1 / rate, PUBLISHED_PATIENTS)
            arms += [
                _arm(name, arm, drugs, endpoint="PFS", median_months=f"{_found(np.median(times[arm])):.3f}"),
                _arm(
                    name,
                    arm,
                    drugs,
                    endpoint="ORR",
                    rate_pct=f"{100 * (rng.exponential(1 / rate, PUBLISHED_PATIENTS) > 4.0).mean():.2f}",
                ),
            ]
        ratio = times["control"].mean() / times["more"].mean()
        error = math.sqrt(2 / PUBLISHED_PATIENTS)
        comparisons.append(
            {"disease": "breast", "trial": name, "endpoint": "PFS", "subgroup": "all", "arm_exp": "more", "arm_ctl": "control",
             "hr": f"{ratio:.4f}", "hr_lo": f"{ratio * math.exp(-1.96 * error):.4f}", "hr_hi": f"{ratio * math.exp(1.96 * error):.4f}",
             "p_value": "", "n_exp": PUBLISHED_PATIENTS, "n_ctl": PUBLISHED_PATIENTS, "verified": "yes", "preferred": "",
             "notes": "", "assessor": ""}
        )  # fmt: skip
    for file, rows in (("trials", trials), ("arms", arms), ("comparisons", comparisons)):
        with (folder / f"{file}.csv").open("w", newline="") as stream:
            writer = csv.DictWriter(stream, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
    return folder


def _found(months: float) -> float:
    """When a trial finds on average what happens at a time: half a visit later."""
    return months + VISIT_MONTHS / 2


def _arm(trial: str, arm: str, drugs: str, **cells: str) -> dict[str, object]:
    empty = {
        "median_months": "",
        "ci_lo": "",
        "ci_hi": "",
        "rate_pct": "",
        "rate_time_months": "",
        "preferred": "",
    }
    fixed = {
        "disease": "breast",
        "trial": trial,
        "arm": arm,
        "subgroup": "all",
        "drugs": drugs,
        "dose_text": "",
    }
    return {
        **fixed,
        "n": PUBLISHED_PATIENTS,
        **empty,
        "verified": "yes",
        "notes": "",
        "assessor": "",
        **cells,
    }


def calibrated(tmp_path: Path, deviates: np.ndarray, seed: int, parts: int = 1) -> Calibration:
    truth = numbers(unknowns(SPEC), deviates)
    calibration = prepare(
        SPEC.model_copy(update={"parts": parts}), publish(tmp_path / f"evidence-{seed}", truth, seed)
    )
    calibrate(calibration, tmp_path / f"shards-{seed}", simulator=stand_in, workers=2)
    return calibration
