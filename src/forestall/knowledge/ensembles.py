"""Calibrated parameter sets as they are shipped: an ensemble, its center, and the ensembles of the folds that left trials out.

An ensemble is a YAML file (provenance, priors, which trial was left out of which fold) beside a CSV file of the same name with a row
for each member: `fold` ("all", or the number of the fold whose trials it has not seen), `member` (-1 for the center), then a column
for each number. The YAML file holds the hash of the CSV file.
"""

from __future__ import annotations

import csv
import functools
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import Field

from forestall.errors import InputError, KnowledgeError, did_you_mean
from forestall.knowledge.parameter_sets import LITERATURE, ParameterSet
from forestall.knowledge.provenance import Entry, Status
from forestall.knowledge.reading import DATA, read_yaml, validate

DIRECTORY = DATA / "calibration"
DEFAULT = "metastatic"
CALIBRATED = "calibrated"
"""Name of the shipped center as a parameter set."""
ALL = "all"
CENTER = -1


class Prior(Entry):
    """What was believed of a number before, and what is believed of it now."""

    unit: str
    median: float
    """Of the prior."""
    sd: float = Field(gt=0)
    """Of the prior, on the scale of `scale`."""
    scale: str
    """log, logit or linear: where the prior is normal."""
    posterior_median: float
    posterior_sd: float
    """On the same scale."""


class EnsembleFile(Entry):
    """Provenance of an ensemble."""

    name: str
    status: Status = Status.CALIBRATED
    label: str
    """For the head line of a report, such as "calibrated 2026-11"."""
    command: str
    seed: int
    members: int
    evidence_sha256: dict[str, str]
    """Of each evidence table."""
    curves_sha256: str | None = None
    spec_sha256: str
    members_sha256: str
    """Of the CSV file."""
    trials: tuple[str, ...]
    """Trials whose outcomes were used."""
    folds: dict[str, int] = Field(default_factory=dict)
    """Trial -> the fold that has not seen it."""
    emulator: dict[str, float] = Field(default_factory=dict)
    """Error of the emulator by kind of observation, on the scale of the observation."""
    discrepancy: dict[str, float] = Field(default_factory=dict)
    """Standard deviation, by kind of number, of what was published around predictions of trials not seen, beyond the spread of the
    members and the sampling of the published number: add it to a prediction interval."""
    priors: dict[str, Prior]
    note: str | None = None


@dataclass(frozen=True)
class Ensemble:
    """Parameter sets that the evidence leaves possible."""

    name: str
    center: ParameterSet
    members: tuple[ParameterSet, ...]
    about: EnsembleFile
    folds: Mapping[int, Ensemble]
    """The same, calibrated without the trials of one fold; empty for a fold."""

    def without(self, trial: str) -> Ensemble:
        """The ensemble that has not seen a trial; this one if no fold left it out because it was not used at all.

        Args:
            trial: Name of the trial in the evidence.

        Raises:
            InputError: if the trial was used and no fold left it out.
        """
        if trial in self.about.folds:
            return self.folds[self.about.folds[trial]]
        if trial in self.about.trials:
            raise InputError("the calibration has used this trial in every fold", value=trial)
        return self


@functools.cache
def load_ensemble(name: str = DEFAULT) -> Ensemble:
    """A shipped ensemble, or the one in a folder or file.

    Args:
        name: Name of a shipped ensemble, or the path of a YAML file that `forestall calibrate` wrote.

    Raises:
        InputError: if there is none.
        KnowledgeError: if the members are not those that the file describes.
    """
    path = DIRECTORY / f"{name}.yaml"
    if not path.is_file():
        path = Path(name)
    if not path.is_file():
        known = [file.stem for file in DIRECTORY.glob("*.yaml")]
        raise InputError(
            "no such parameters", value=name, allowed="literature", fix=did_you_mean(name, known)
        )
    about = validate(EnsembleFile, read_yaml(path))
    return _read(path.with_suffix(".csv"), about)


def _read(path: Path, about: EnsembleFile) -> Ensemble:
    content = path.read_bytes()
    if hashlib.sha256(content).hexdigest() != about.members_sha256:
        raise KnowledgeError("these are not the members that were calibrated", file=path)
    rows = list(csv.DictReader(content.decode().splitlines()))
    found = {fold: _ensemble(fold, rows, about) for fold in dict.fromkeys(row["fold"] for row in rows)}
    whole = found.pop(ALL)
    folds = {int(fold): ensemble for fold, ensemble in found.items()}
    return Ensemble(whole.name, whole.center, whole.members, about, folds)


def _ensemble(fold: str, rows: list[dict[str, str]], about: EnsembleFile) -> Ensemble:
    name = about.name if fold == ALL else f"{about.name}, fold {fold}"
    sets = [_parameter_set(name, row) for row in rows if row["fold"] == fold]
    return Ensemble(name, sets[0], tuple(sets[1:]), about, {})


def _parameter_set(name: str, row: Mapping[str, str]) -> ParameterSet:
    values = {key: float(cell) for key, cell in row.items() if key not in ("fold", "member")}
    member = int(row["member"])
    return ParameterSet(name if member == CENTER else f"{name}, member {member}", values)


def parameters_named(word: str | None = None) -> ParameterSet:
    """The parameters that a user asks for.

    Args:
        word: "literature", "calibrated", the name of a shipped ensemble or the path of one; the calibrated ones if None.
    """
    if word == LITERATURE.name:
        return LITERATURE
    if word in (None, CALIBRATED):
        return load_ensemble().center if (DIRECTORY / f"{DEFAULT}.yaml").is_file() else LITERATURE
    return load_ensemble(str(word)).center
