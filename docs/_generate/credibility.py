"""Writes the credibility page: what is asked of the model, and the evidence, counted from the tests and read from the last validation."""

from __future__ import annotations

import ast
import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from forestall.knowledge.ensembles import DEFAULT, DIRECTORY, EnsembleFile
from forestall.knowledge.reading import read_yaml, validate
from forestall.studies.validation.answers import FORESTALL

ROOT = Path(__file__).resolve().parents[2]
VALIDATION = ROOT / "docs" / "validation.md"
ORACLES = {
    "oracle": "an analytical result, another program or a world whose truth is known",
    "property": "a law that holds for every input",
    "golden": "an earlier result that must not change unnoticed",
    "unit": "a case worked by hand",
}
MAIN = "PFS or TTP"


def page() -> str:
    """The page."""
    text = (ROOT / "docs" / "_generate" / "credibility.template.md").read_text(encoding="utf-8")
    parts = {
        "tests": _tests(),
        "calibration": _calibration(),
        "recovery": _recovery(),
        "validation": _validation(),
        "adequacy": _adequacy(),
    }
    for name, content in parts.items():
        text = text.replace(f"<!-- {name} -->", content)
    return text


def no_validation() -> str:
    """The page that stands for a validation which nobody has run for this version."""
    return (
        "# Validation against published trials\n\nNot run for this version. "
        "`forestall validate --evidence DIR --write-docs docs/validation.md` writes this page; "
        "[how](how-to/validate-against-evidence.md).\n"
    )


def _tests() -> str:
    counts: dict[str, Counter[str]] = {}
    for path in sorted((ROOT / "tests").glob("*/test_*.py")):
        for kind in _kinds(path):
            counts.setdefault(path.parent.name, Counter())[kind] += 1
    total = sum(counts.values(), Counter())
    head = "| Part | " + " | ".join(ORACLES) + " |\n" + "|---" * (len(ORACLES) + 1) + "|"
    lines = [f"| {name} | {_row(found)} |" for name, found in counts.items()] + [
        f"| **all** | {_row(total)} |"
    ]
    legend = "; ".join(f"*{kind}*: {meaning}" for kind, meaning in ORACLES.items())
    return f"Test functions by what they compare with ({legend}):\n\n" + "\n".join([head, *lines])


def _kinds(path: Path) -> Iterator[str]:
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
            word = node.name.split("_")[1]
            yield word if word in ORACLES else "unit"


def _row(found: Counter[str]) -> str:
    return " | ".join(str(found[kind]) for kind in ORACLES)


def _calibration() -> str:
    path = DIRECTORY / f"{DEFAULT}.yaml"
    if not path.is_file():
        return "No calibration is shipped with this version."
    about = validate(EnsembleFile, read_yaml(path))
    left_out = sum(trial in about.folds for trial in about.trials)
    narrowed = sum(prior.posterior_sd < 0.9 * prior.sd for prior in about.priors.values())
    return (
        f"The shipped ensemble ({about.label}) has {about.members} parameter sets; it used the outcomes of {len(about.trials)} trials, "
        f"{left_out} of which a fold has left out. Of {len(about.priors)} uncertain numbers {narrowed} are known at least a tenth "
        "better than before; the others are as uncertain as their priors, and predictions carry that."
    )


def _recovery() -> str:
    path = VALIDATION.with_name("recovery.json")
    if not path.is_file():
        return (
            "Whether the calibration finds a known truth in worlds that the simulator has made was not run for this version: "
            "`forestall calibrate metastatic --worlds 20`. Tests ask it of a stand-in for the simulator."
        )
    found = json.loads(path.read_text(encoding="utf-8"))
    low, high = found["covered_90"]
    return (
        f"In {found['worlds']} worlds that the simulator has made from parameters drawn from the prior ({found['patients']} patients an arm), "
        f"90% intervals held the truth in {found['covered']:.1%} ({low:.1%} to {high:.1%}) of {found['unknowns']} unknowns, and in "
        f"{found['covered_of_learned']:.1%} of those that the evidence had narrowed by a tenth."
    )


def _adequacy() -> str:
    path = VALIDATION.with_suffix(".json")
    targets = json.loads(path.read_text(encoding="utf-8")).get("targets", []) if path.is_file() else []
    if not targets:
        return "The targets are on [Validation](../validation.md); while one of them is missed, no decision about a trial may rest on the model."
    missed = [one["name"] for one in targets if one["met"] is False]
    unknown = [one["name"] for one in targets if one["met"] is None]
    lines = [f"Of {len(targets)} targets {sum(one['met'] is True for one in targets)} are met."]
    if missed:
        lines.append(f"Missed: {'; '.join(missed)}.")
    if unknown:
        lines.append(f"Not known: {'; '.join(unknown)}.")
    verdict = (
        "No decision about a trial may rest on the model; exploring designs and ranking mechanisms beside other evidence remain."
        if missed or unknown
        else "What is required for decisions about a trial is shown on average; the class and the setting in question must be looked up."
    )
    return " ".join([*lines, verdict])


def _validation() -> str:
    path = VALIDATION.with_suffix(".json")
    if not path.is_file():
        return "No validation has been written into the documentation of this version."
    found = json.loads(path.read_text(encoding="utf-8"))
    counts = found["counts"]
    lines = [
        f"`{found['command']}`: of {counts['comparisons_in_scope']} published hazard ratios of metastatic breast cancer "
        f"{counts['comparisons_expressible']} can be simulated and {counts['comparisons_simulated']} were "
        f"({found['parameters']}). All numbers: [Validation](../validation.md)."
    ]
    lines += [f"- {line}" for line in _scores(found)]
    return "\n".join([lines[0], "", *lines[1:]])


def _scores(found: dict[str, Any]) -> Iterator[str]:
    for one in found["scores"]:
        if (one["method"], one["grouping"], one["group"]) == (FORESTALL, "endpoint", MAIN):
            value, low, high = one["error"]
            yield f"mean |log HR| error on {MAIN} {value:.3f} (90% {low:.3f} to {high:.3f}), {one['comparisons']} comparisons"
            yield from (
                f"{name} {pair[0]} of {pair[1]}"
                for name, pair in (
                    ("published ratio inside the 90% prediction interval:", one["coverage"]),
                    ("direction right:", one["direction"]),
                    ("success or failure right:", one["success"]),
                )
                if pair
            )
    for one in found["differences"]:
        if (one["method"], one["grouping"], one["group"]) == (FORESTALL, "endpoint", MAIN):
            value, low, high = (
                f"{number:+.3f}" if number is not None else "?" for number in one["difference"]
            )
            yield f"less the error of *{one['than']}* on the same {one['comparisons']} comparisons: {value} ({low} to {high})"
    for one in found["arms"]:
        if (one["endpoint"], one["arms"], one["measure"]) == (MAIN, "control", "median"):
            yield f"medians of control arms within 25%: {one['close']} of {one['count']}"
    for one in found["curves"]:
        if one["matched"]:
            yield f"distance of whole {one['endpoint']} curves: median {one['median_months']:.2f} months over {one['matched']} arms"
