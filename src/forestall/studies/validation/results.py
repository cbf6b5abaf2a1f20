"""What a validation writes: a record and tables that a reader can check line by line."""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from forestall.studies.record import RECORD_FILE, knowledge_sha256, machine, versions
from forestall.studies.validation.answers import Compared, Validation
from forestall.studies.validation.derivation import Question
from forestall.studies.validation.scores import arm_scores, curve_scores, differences, log_error, scores

SCHEMA: Final = 1


def as_data(found: Validation) -> dict[str, Any]:
    """Inputs, counts and scores as plain data; what is not defined is None."""
    data = {
        "schema_version": SCHEMA,
        "study": "validate",
        "seed": found.size.seed,
        "patients_per_arm": found.size.patients,
        "parameter_sets": found.size.members,
        "parameters": found.parameters,
        "versions": versions(),
        "machine": machine(),
        "knowledge_sha256": knowledge_sha256(),
        "evidence_sha256": found.evidence.hashes,
        "command": command_of(found),
        "counts": counts(found),
        "failures": dict(found.failures),
        "scores": [asdict(one) for one in scores(found)],
        "differences": [asdict(one) for one in differences(found)],
        "arms": [asdict(one) for one in arm_scores(found.arms)],
        "curves": [asdict(one) for one in curve_scores(found.curves)],
    }
    plain: dict[str, Any] = _plain(data)
    return plain


def quoted(found: Validation) -> dict[str, Any]:
    """What other pages of documentation quote: of the scores and differences those by endpoint, which are few."""
    data = as_data(found)
    few = {
        name: [one for one in data[name] if one["grouping"] == "endpoint"]
        for name in ("scores", "differences")
    }
    return data | few


def command_of(found: Validation) -> str:
    """What gives the same numbers from the same tables."""
    size = found.size
    how = (
        f"--patients {size.patients} --members {size.members} --seed {size.seed}"
        if size.patients
        else "--rules-only"
    )
    return f"forestall validate --evidence DIR {how}"


def counts(found: Validation) -> dict[str, int]:
    """How many rows were read, used and set aside."""
    return {
        "trials": len(found.evidence.trials),
        "comparisons_answering_a_question": len(found.evidence.comparisons),
        "comparisons_set_aside": len(found.evidence.set_aside),
        "comparisons_in_scope": len(found.compared),
        "comparisons_expressible": sum(one.plan is not None and one.in_scope for one in found.questions),
        "comparisons_simulated": sum(one.simulated is not None for one in found.compared),
        "defects": len(found.evidence.defects),
    }


def write_tables(found: Validation, folder: Path) -> None:
    """Write record.json and the tables into a folder."""
    text = json.dumps(as_data(found), indent=2, allow_nan=False)
    (folder / RECORD_FILE).write_text(text + "\n", encoding="utf-8", newline="\n")
    _write(folder / "comparisons.csv", (_comparison(one, found.methods) for one in found.compared))
    _write(folder / "rules.csv", _rules(found))
    _write(folder / "arms.csv", (asdict(one) for one in found.arms))
    _write(folder / "curves.csv", (asdict(one) for one in found.curves))
    _write(
        folder / "not_expressible.csv", (_named(one) | {"reason": one.reason} for one in inexpressible(found))
    )
    _write(folder / "set_aside.csv", _set_aside(found))
    _write(folder / "defects.csv", (asdict(one) for one in found.evidence.defects))
    _write(folder / "derivations.csv", derivations(found))
    _write(folder / "scores.csv", (asdict(one) for one in scores(found)))
    _write(folder / "differences.csv", (asdict(one) for one in differences(found)))


def inexpressible(found: Validation) -> list[Question]:
    """Comparisons that cannot be simulated."""
    return [one for one in found.questions if one.plan is None]


def derivations(found: Validation) -> Iterator[dict[str, str]]:
    """Every derived field of every trial that can be simulated, with its rule."""
    seen = set()
    for one in found.questions:
        if one.plan and id(one.plan) not in seen:
            seen.add(id(one.plan))
            for step in one.plan.steps:
                place = {"trial": one.plan.trial, "subgroup": one.plan.subgroup}
                yield place | {"field": step.field, "value": step.value, "rule": step.rule}


def _named(one: Question) -> dict[str, Any]:
    row = one.row
    return {
        "line": row.source_line,
        "trial": row.trial,
        "subgroup": row.subgroup.name,
        "endpoint": row.endpoint,
        "experimental": row.experimental,
        "control": row.control,
    }


def _comparison(one: Compared, methods: Sequence[str]) -> dict[str, Any]:
    row, simulated = one.question.row, one.simulated
    low, high = row.interval or (None, None)
    interval = (simulated.interval if simulated else None) or (None, None)
    fields = _named(one.question) | {
        "published_hr": row.hr, "published_low": low, "published_high": high, "published_success": one.succeeded,
        "parameter_sd": simulated and simulated.spread, "simulation_error": simulated and simulated.error,
        "discrepancy": simulated and simulated.discrepancy, "parameter_sets": simulated and simulated.members,
        "prediction_low": interval[0], "prediction_high": interval[1],
    }  # fmt: skip
    for method in methods:
        fields[f"{method} hr"] = one.predicted(method)
        fields[f"{method} log error"] = log_error(one, method)
        fields[f"{method} success"] = one.expects_success(method)
    return fields | dict(one.groups) | {"not_simulated_because": one.question.reason}


def _rules(found: Validation) -> Iterator[dict[str, Any]]:
    for one in found.compared:
        for name, answer in one.rules.items():
            rests_on = {
                "rule": name,
                "hr": answer.hr,
                "applies": answer.hr is not None,
                "because": answer.because,
            }
            yield _named(one.question) | rests_on


def _set_aside(found: Validation) -> Iterator[dict[str, Any]]:
    for row, reason in found.evidence.set_aside:
        name = f"{row.subgroup.name} {row.subgroup.suffix}".strip()
        yield {"line": row.source_line, "trial": row.trial, "subgroup": name, "endpoint": row.endpoint,
               "hr": row.hr, "reason": reason}  # fmt: skip


def _write(path: Path, rows: Iterable[Mapping[str, Any]]) -> None:
    """A table whose columns are those of its first row; an empty file if there is none."""
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer: csv.DictWriter[str] | None = None
        for row in rows:
            flat = {name: _cell(value) for name, value in row.items()}
            if writer is None:
                writer = csv.DictWriter(stream, list(flat), lineterminator="\n")
                writer.writeheader()
            writer.writerow(flat)


def _cell(value: Any) -> Any:
    if isinstance(value, float):
        return "" if math.isnan(value) else f"{value:.6g}"
    if isinstance(value, tuple | list):
        return " ".join(str(_cell(item)) for item in value)
    return "" if value is None else value


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
