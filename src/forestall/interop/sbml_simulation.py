"""Simulating SBML models of others, perturbed by drugs, with libRoadRunner itself."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forestall.errors import InputError, did_you_mean
from forestall.interop.sbml_changes import Change, Targets, apply_changes
from forestall.interop.sbml_file import libsbml_module, read_document, roadrunner_module

DEFAULT_POINTS, MOST_POINTS = 101, 100_000
MOST_VALUES = 20_000_000


@dataclass(frozen=True)
class SbmlModel:
    """An SBML model that can be simulated."""

    path: Path
    name: str
    text: str
    """The document as libRoadRunner gets it, changes applied."""
    selections: dict[str, str]
    """By id, how libRoadRunner calls each observable: "[x]" for a concentration."""
    labels: dict[str, str]
    """By id, a longer name where the model gives one."""
    moving: tuple[str, ...]
    """Ids of what can change with time."""
    species: frozenset[str]
    """Ids of the species."""
    has_initial_assignments: bool
    changes: tuple[Change, ...]
    targets: Targets
    notes: tuple[str, ...]
    """What was read otherwise than the file says."""

    def observable(self, word: str) -> str:
        """The id that an observable's name means.

        Raises:
            InputError: if the model has no such observable.
        """
        if word in self.selections:
            return word
        ids = [key for key, label in self.labels.items() if label == word]
        if len(ids) == 1:
            return ids[0]
        fix = did_you_mean(word, [*self.selections, *self.labels.values()])
        raise InputError(
            "the model has no such observable", file=self.path, field="--observe", value=word, fix=fix
        )


@dataclass(frozen=True)
class TimeCourse:
    """Observables over time, in the model's own units."""

    times: NDArray[np.float64]
    """(points,)"""
    values: dict[str, NDArray[np.float64]]
    """By observable, (points,)."""


def read_sbml(path: Path, changes: Sequence[Change] = (), *, promoted: bool = False) -> SbmlModel:
    """Read a model and apply changes.

    Args:
        path: An SBML file, level 2 or 3 core.
        changes: Drugs and other perturbations.
        promoted: Turn parameters of single reactions into global ones, called REACTION_PARAMETER, so that they can be changed
            between runs.

    Raises:
        InputError: naming file and line, if the file or a change is not sound.
        ForestallError: if the extra `sbml` is not installed.
    """
    libsbml = libsbml_module()
    document = read_document(path)
    model = document.getModel()
    notes = _ignore_fast(model)
    apply_changes(libsbml, model, tuple(changes), path)
    selections = _selections(model)
    labels = {
        key: element.getName()
        for key in selections
        if (element := model.getElementBySId(key)) and element.getName()
    }
    name = model.getName() or model.getId() or path.stem
    targets = Targets.of(model, path)
    if promoted:
        _promote(libsbml, document)
    species = frozenset(each.getId() for each in model.getListOfSpecies())
    return SbmlModel(
        path,
        name,
        libsbml.writeSBMLToString(document),
        selections,
        labels,
        _moving(model),
        species,
        model.getNumInitialAssignments() > 0,
        tuple(changes),
        targets,
        notes,
    )


def _promote(libsbml: Any, document: Any) -> None:
    options = libsbml.ConversionProperties()
    options.addOption("promoteLocalParameters", True)
    document.convert(options)


def _ignore_fast(model: Any) -> tuple[str, ...]:
    """Let reactions marked fast, which libRoadRunner refuses, run by their own rate laws, as in most simulators."""
    fast = [reaction for reaction in model.getListOfReactions() if reaction.getFast()]
    for reaction in fast:
        reaction.setFast(False)
    return (f"{len(fast)} reactions marked 'fast' run by their own rate laws",) if fast else ()


def _selections(model: Any) -> dict[str, str]:
    found = {}
    for species in model.getListOfSpecies():
        key = species.getId()
        found[key] = key if species.getHasOnlySubstanceUnits() else f"[{key}]"
    for rule in model.getListOfRules():
        found.setdefault(rule.getVariable(), rule.getVariable())
    for kind in (model.getListOfParameters(), model.getListOfCompartments(), model.getListOfReactions()):
        for element in kind:
            found.setdefault(element.getId(), element.getId())
    return found


def _moving(model: Any) -> tuple[str, ...]:
    """Species and everything else that can change with time, in the order of the file."""
    species = [
        each.getId()
        for each in model.getListOfSpecies()
        if not (each.getBoundaryCondition() or each.getConstant())
    ]
    ruled = [rule.getVariable() for rule in model.getListOfRules() if rule.getVariable()]
    set_by_events = [
        each.getVariable() for event in model.getListOfEvents() for each in event.getListOfEventAssignments()
    ]
    return tuple(dict.fromkeys([*species, *ruled, *set_by_events]))


def load(model: SbmlModel, tolerance: float | None = None) -> Any:
    """The roadrunner.RoadRunner of a model.

    Raises:
        InputError: if libRoadRunner cannot run it.
    """
    roadrunner = roadrunner_module()
    try:
        runner = roadrunner.RoadRunner(model.text)
    except RuntimeError as error:
        raise InputError(f"libRoadRunner cannot run this model: {_reason(error)}", file=model.path) from None
    if tolerance is not None:
        runner.integrator.relative_tolerance = tolerance
    return runner


def simulate_sbml(
    model: SbmlModel,
    until: float,
    observe: Sequence[str] = (),
    *,
    points: int = DEFAULT_POINTS,
    tolerance: float | None = None,
) -> TimeCourse:
    """Simulate a model from time 0.

    Args:
        model: The model, changes applied.
        until: Last time, in the model's unit of time.
        observe: Ids or names; everything that can change if empty.
        points: Number of evenly spaced times, both ends included.
        tolerance: Relative tolerance of the integrator; libRoadRunner's default if absent.

    Raises:
        InputError: if an argument is out of range, or the integration fails.
    """
    _check(model, until, points, tolerance)
    ids = [model.observable(word) for word in observe] or list(model.moving)
    if points * (len(ids) + 1) > MOST_VALUES:
        raise InputError(
            "too many values",
            value=points * len(ids),
            allowed=f"up to {MOST_VALUES}",
            fix="use fewer --points",
        )
    runner = load(model, tolerance)
    try:
        runner.timeCourseSelections = ["time", *(model.selections[key] for key in ids)]
        table = np.array(runner.simulate(0, until, points))
    except RuntimeError as error:
        raise InputError(f"libRoadRunner stopped: {_reason(error)}", file=model.path) from None
    return TimeCourse(table[:, 0], {key: table[:, k + 1] for k, key in enumerate(ids)})


def _check(model: SbmlModel, until: float, points: int, tolerance: float | None) -> None:
    if not (math.isfinite(until) and until > 0):
        raise InputError("the last time is positive", file=model.path, field="--until", value=until)
    if not 2 <= points <= MOST_POINTS:
        raise InputError(
            "the number of points is out of range",
            field="--points",
            value=points,
            allowed=f"2 to {MOST_POINTS}",
        )
    if tolerance is not None and not 1e-13 <= tolerance <= 1e-2:
        raise InputError(
            "the tolerance is out of range", field="--tolerance", value=tolerance, allowed="1e-13 to 1e-2"
        )


def _reason(error: Exception) -> str:
    """The message of libRoadRunner without the place in its source."""
    return str(error).split(", at ")[0].splitlines()[0][:200]


class Runs:
    """Many runs of one model to one time, each with other parameters or initial values.

    Args:
        model: The model, read with `promoted=True` so that parameters of single reactions can be changed.
        output: Id of the observable that is wanted.
        until: Time at which it is read, in the model's unit.

    Raises:
        InputError: if the time is not positive, or libRoadRunner cannot run the model.
    """

    def __init__(self, model: SbmlModel, output: str, until: float) -> None:
        _check(model, until, 2, None)
        self._model, self._output, self._until = model, output, until
        self._runner = load(model)
        self._start: dict[str, float] = {}

    def start(self, name: str) -> float:
        """The value that a parameter or species has at the start, unperturbed."""
        if name not in self._start:
            key = self._key(name)
            if self._model.targets.is_ruled(self._model.targets.find(name)):
                raise InputError("this value follows from a rule", file=self._model.path, value=name)
            self._runner.resetToOrigin()
            self._start[name] = float(self._runner.getValue(key))
        return self._start[name]

    def _key(self, name: str) -> str:
        """How libRoadRunner calls what is changed: "[x]" for a concentration."""
        key = self._model.targets.find(name).replace(".", "_")
        return self._model.selections[key] if key in self._model.species else key

    def at(self, values: Mapping[str, float]) -> float:
        """The output at the end.

        Args:
            values: What is changed before the start.

        Raises:
            InputError: if a name is unknown, or the integration fails.
        """
        for name in values:
            self.start(name)
        if self._model.has_initial_assignments and values:
            return self._anew(values)
        self._runner.reset()
        try:
            # Parameters keep their value when libRoadRunner resets, so every one that was ever changed is set again.
            for name, start in self._start.items():
                self._runner.setValue(self._key(name), values.get(name, start))
            selections = ["time", self._model.selections[self._output]]
            return float(self._runner.simulate(0, self._until, 2, selections)[-1, 1])
        except RuntimeError as error:
            raise InputError(f"libRoadRunner stopped: {_reason(error)}", file=self._model.path) from None

    def _anew(self, values: Mapping[str, float]) -> float:
        """By reading the model again, since initial assignments may depend on what is changed: slow, and always right."""
        changes = [*self._model.changes, *(Change("set", name, value) for name, value in values.items())]
        course = simulate_sbml(read_sbml(self._model.path, changes), self._until, [self._output], points=2)
        return float(course.values[self._output][-1])
