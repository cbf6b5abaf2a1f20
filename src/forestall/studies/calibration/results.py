"""What a calibration says: every published number beside its prediction, seen and unseen, and what the evidence has taught."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import math
from collections.abc import Mapping, Sequence
from importlib import metadata
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from forestall.knowledge.ensembles import ALL, CALIBRATED, CENTER
from forestall.knowledge.writing import as_yaml
from forestall.studies.calibration.observations import Observation
from forestall.studies.calibration.prepared import Calibration
from forestall.studies.calibration.representative import representative
from forestall.studies.calibration.run import reach
from forestall.studies.calibration.spec import numbers
from forestall.studies.record import RECORD_FILE, knowledge_sha256, machine, versions

Array = NDArray[np.float64]
PREDICTIONS: Final = "predictions.csv"
IDENTIFIABILITY: Final = "identifiability.csv"
_DIGITS: Final = 5
_SMOOTHER: Final = "iterative_ensemble_smoother"


def prediction_rows(calibration: Calibration) -> list[dict[str, Any]]:
    """Every observation beside what the prior, the fold that has not seen its trial, and the whole ensemble say of it.

    Ratios, months and shares are given as such; intervals are 90%, of the published number: by parameters, its
    sampling, and what the model is known to miss.
    """
    predict = calibration.predictor()
    whole, prior = predict(calibration.posterior[None]), predict(calibration.prior())
    unseen = unseen_predictions(calibration)
    rng = np.random.default_rng(calibration.spec.seed + 3)
    rows = []
    for column, one in enumerate(calibration.observed):
        draws = unseen[:, column] + rng.normal(0, _spread_of(calibration, one), len(unseen))
        low, high = np.quantile(draws, (0.05, 0.95))
        rows.append(
            {
                "trial": one.trial,
                "subgroup": one.subgroup,
                "arms": " against ".join(one.arms),
                "kind": one.kind,
                "months": "" if one.months is None else one.months,
                "fold": calibration.fold_of[one.trial],
                "published": _shown(one, one.value),
                "prior": _shown(one, float(np.median(prior[:, column]))),
                "unseen": _shown(one, float(np.median(unseen[:, column]))),
                "unseen_low": _shown(one, float(low)),
                "unseen_high": _shown(one, float(high)),
                "fitted": _shown(one, float(np.median(whole[:, column]))),
                "error": round(one.error, _DIGITS),
                "model_error": round(one.model_error, _DIGITS),
            }
        )
    return rows


def unseen_predictions(calibration: Calibration) -> Array:
    """(N, D) of every observation by the members of the fold that has not seen its trial."""
    unseen = np.empty((calibration.spec.ensemble, len(calibration.observed)))
    for fold in calibration.folds:
        columns = [k for k, one in enumerate(calibration.observed) if calibration.fold_of[one.trial] == fold]
        if columns:
            predict = calibration.predictor([calibration.observed[k] for k in columns])
            unseen[:, columns] = predict(calibration.posterior[fold])
    return unseen


def discrepancy(calibration: Calibration) -> dict[str, float]:
    """What was published around predictions of trials not seen, beyond members and sampling, by kind: a standard deviation."""
    unseen = unseen_predictions(calibration)
    value = np.array([one.value for one in calibration.observed])
    expected = unseen.var(axis=0) + np.array([one.error**2 for one in calibration.observed])
    beyond = (value - unseen.mean(axis=0)) ** 2 - expected
    kinds = np.array([one.kind for one in calibration.observed])
    return {
        str(kind): float(np.sqrt(max(0.0, float(beyond[kinds == kind].mean()))))
        for kind in dict.fromkeys(kinds)
    }


def _spread_of(calibration: Calibration, one: Observation) -> float:
    """Standard deviation of a published number around what a member predicts."""
    return math.hypot(one.error, one.model_error, calibration.emulator_error.get(one.kind, 0.0))


def _shown(one: Observation, value: float) -> float:
    number = math.exp(value) if one.kind in ("median", "hazard_ratio") else 1 / (1 + math.exp(-value))
    return round(number, _DIGITS)


def summary(rows: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, float]]:
    """Errors by kind of observation: of the prior, of the unseen, and of the fit, on the log or logit scale.

    Args:
        rows: From `prediction_rows`.
    """
    found: dict[str, dict[str, float]] = {}
    for kind in dict.fromkeys(str(row["kind"]) for row in rows):
        chosen = [row for row in rows if row["kind"] == kind]
        found[kind] = {
            "n": float(len(chosen)),
            **{
                name: float(np.mean([abs(_distance(row, name)) for row in chosen]))
                for name in ("prior", "unseen", "fitted")
            },
            "covered": float(
                np.mean([row["unseen_low"] <= row["published"] <= row["unseen_high"] for row in chosen])
            ),
        }
    return found


def _distance(row: Mapping[str, Any], name: str) -> float:
    if row["kind"] in ("median", "hazard_ratio"):
        return math.log(row[name] / row["published"])
    first, second = (min(max(row[key], 5e-3), 1 - 5e-3) for key in (name, "published"))
    return math.log(first / (1 - first) * (1 - second) / second)


def identifiability_rows(calibration: Calibration) -> list[dict[str, Any]]:
    """Of each unknown: prior, posterior, how much narrower it is, what it is most correlated with, which trials inform it."""
    members = calibration.posterior[None]
    correlation = np.corrcoef(members.T) - np.eye(members.shape[1])
    touched = reach(calibration, calibration.emulators, calibration.observed)
    moved = _influence(calibration)
    rows = []
    for place, unknown in enumerate(calibration.unknowns):
        column = members[:, place]
        other = int(np.abs(correlation[place]).argmax())
        trials = sorted(moved[place], key=lambda trial: -moved[place][trial])[:3]
        rows.append(
            {
                "name": unknown.name,
                "scale": unknown.scale,
                "prior_median": unknown.median,
                "prior_sd": unknown.sd,
                "posterior_median": next(iter(unknown.values(float(np.median(column))).values())),
                "posterior_sd": float(column.std() * unknown.sd),
                "narrower": float(1 - column.std()),
                "shift": float(np.median(column)),
                "most_correlated": calibration.unknowns[other].name,
                "correlation": float(correlation[place, other]),
                "observations": int(touched[place].sum()),
                "informed_by": "; ".join(trials),
            }
        )
    return rows


def _influence(calibration: Calibration) -> list[dict[str, float]]:
    """How far leaving out each fold moves an unknown, given to the trials of the fold that can reach it, in prior deviations."""
    touched = reach(calibration, calibration.emulators, calibration.observed)
    whole = np.median(calibration.posterior[None], axis=0)
    found: list[dict[str, float]] = [{} for _ in calibration.unknowns]
    for fold in calibration.folds:
        move = np.abs(np.median(calibration.posterior[fold], axis=0) - whole)
        for column, one in enumerate(calibration.observed):
            if calibration.fold_of[one.trial] == fold:
                for place in np.flatnonzero(touched[:, column]):
                    found[place][one.trial] = float(move[place])
    return found


def write_rows(rows: Sequence[Mapping[str, Any]], path: Path) -> None:
    """Write a table."""
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def write_ensemble(
    stages: Sequence[Calibration], folder: Path, *, command: str, spec_sha256: str, curves_sha256: str | None
) -> None:
    """Write the ensemble as `forestall.knowledge.ensembles` reads it, and the record of the run.

    Args:
        stages: Done; a member joins a member of each.
        folder: Where to.
        command: What made it.
        spec_sha256: Of the specification.
        curves_sha256: Of the curves, if there were any.
    """
    first = stages[0]
    members = _members_csv(stages)
    about = {
        "name": CALIBRATED,
        "status": "calibrated",
        "label": first.spec.label,
        "command": command,
        "seed": first.spec.seed,
        "members": first.spec.kept,
        "evidence_sha256": dict(first.evidence.hashes),
        "curves_sha256": curves_sha256,
        "spec_sha256": spec_sha256,
        "members_sha256": hashlib.sha256(members.encode()).hexdigest(),
        "trials": sorted({one.trial for stage in stages for one in stage.observed}),
        "folds": dict(sorted(first.fold_of.items())),
        "emulator": _emulator_errors(stages),
        "discrepancy": {
            f"{stage.endpoint} {kind}": round(sd, _DIGITS)
            for stage in stages
            for kind, sd in discrepancy(stage).items()
        },
        "priors": {name: prior for stage in stages for name, prior in _priors(stage).items()},
    }
    files = {f"{first.spec.name}.csv": members, f"{first.spec.name}.yaml": as_yaml(about)}
    record = json.dumps(_record(first, about, files), indent=2, allow_nan=False)
    for name, text in {**files, RECORD_FILE: record + "\n"}.items():
        (folder / name).write_text(text, encoding="utf-8", newline="\n")


def _record(first: Calibration, about: Mapping[str, Any], files: Mapping[str, str]) -> dict[str, Any]:
    """What the run was: its inputs, and what its results rest on."""
    inputs = ("command", "seed", "evidence_sha256", "curves_sha256", "spec_sha256")
    return {
        "study": "calibration",
        "name": first.spec.name,
        **{name: about[name] for name in inputs},
        "specification": first.spec.model_dump(mode="json"),
        "knowledge_sha256": knowledge_sha256(without=("calibration/",)),
        "versions": {**versions(), _SMOOTHER: metadata.version(_SMOOTHER)},
        "machine": machine(),
        "files_sha256": {name: hashlib.sha256(text.encode()).hexdigest() for name, text in files.items()},
    }


def _emulator_errors(stages: Sequence[Calibration]) -> dict[str, float]:
    return {
        f"{stage.endpoint} {kind}": round(value, _DIGITS)
        for stage in stages
        for kind, value in stage.emulator_error.items()
    }


def _priors(calibration: Calibration) -> dict[str, dict[str, Any]]:
    found = {}
    for row, unknown in zip(identifiability_rows(calibration), calibration.unknowns, strict=True):
        found[unknown.name] = {
            "unit": unknown.unit,
            "median": unknown.median,
            "sd": round(unknown.sd, _DIGITS),
            "scale": unknown.scale,
            "posterior_median": float(f"{row['posterior_median']:.5g}"),
            "posterior_sd": round(row["posterior_sd"], _DIGITS),
        }
    return found


def _members_csv(stages: Sequence[Calibration]) -> str:
    spec = stages[0].spec
    names = [name for stage in stages for unknown in stage.unknowns for name, _ in unknown.numbers]
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(["fold", "member", *names])
    in_folds = spec.kept_in_folds or spec.kept
    for fold, kept in ((None, spec.kept), *((fold, in_folds) for fold in stages[0].folds)):
        label = ALL if fold is None else str(fold)
        chosen = [_chosen(stage, fold, kept) for stage in stages]
        for number in (CENTER, *range(kept)):
            values: dict[str, float] = {}
            for stage, members in zip(stages, chosen, strict=True):
                row = np.median(stage.posterior[fold], axis=0) if number == CENTER else members[number]
                values |= numbers(stage.unknowns, row)
            writer.writerow([label, number, *(f"{values[name]:.5g}" for name in names)])
    return stream.getvalue()


def _chosen(stage: Calibration, fold: int | None, kept: int) -> Array:
    """(kept, P) the members that are written."""
    members = stage.posterior[fold]
    return members[representative(stage.predictor()(members), members, kept)]


def _in_five_digits(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row whose numbers do not show the last bits, in which processors differ."""
    return {name: float(f"{one:.5g}") if isinstance(one, float) else one for name, one in row.items()}


def write_results(stages: Sequence[Calibration], folder: Path) -> None:
    """Write predictions, identifiability and a summary of every stage."""
    rows = [{"endpoint": stage.endpoint, **row} for stage in stages for row in prediction_rows(stage)]
    write_rows(rows, folder / PREDICTIONS)
    known = [
        {"endpoint": stage.endpoint, **_in_five_digits(row)}
        for stage in stages
        for row in identifiability_rows(stage)
    ]
    write_rows(known, folder / IDENTIFIABILITY)
    found = {stage.endpoint: summary(prediction_rows(stage)) for stage in stages}
    (folder / "summary.json").write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
