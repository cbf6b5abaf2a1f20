"""Writing one SBML level 3 model with python-libsbml, which is loaded only here and only when it is needed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from forestall.errors import ForestallError

DAY, MG, CELLS, CONCENTRATION, PER_DAY, NUMBER = "day", "mg", "cells", "mg_per_L", "per_day", "dimensionless"
MG_PER_DAY = "mg_per_day"
_SECONDS_PER_DAY = 86400.0


class SbmlDocument:
    """A model whose quantities are parameters: constant, given by a rule, integrated, or changed by events.

    Args:
        name: The model's name.
        notes: What it is, in plain text.

    Raises:
        ForestallError: if python-libsbml is not installed.
    """

    def __init__(self, name: str, notes: str) -> None:
        try:
            import libsbml
        except ImportError:
            raise ForestallError(
                "SBML needs python-libsbml; install it with: pip install 'forestall[sbml]'"
            ) from None
        self._libsbml: Any = libsbml
        self._document: Any = libsbml.SBMLDocument(3, 1)
        self._model: Any = self._document.createModel()
        self._model.setId("course")
        self._model.setName(name)
        self._model.setNotes(f'<body xmlns="http://www.w3.org/1999/xhtml"><p>{notes}</p></body>')
        self._define_units()

    def _define_units(self) -> None:
        sbml = self._libsbml
        day = (sbml.UNIT_KIND_SECOND, 1, 0, _SECONDS_PER_DAY)
        per_day = (sbml.UNIT_KIND_SECOND, -1, 0, _SECONDS_PER_DAY)
        mg = (sbml.UNIT_KIND_GRAM, 1, -3, 1.0)
        units = {
            DAY: (day,),
            PER_DAY: (per_day,),
            MG: (mg,),
            MG_PER_DAY: (mg, per_day),
            CONCENTRATION: (mg, (sbml.UNIT_KIND_LITRE, -1, 0, 1.0)),
            CELLS: ((sbml.UNIT_KIND_ITEM, 1, 0, 1.0),),
        }
        for name, parts in units.items():
            definition = self._model.createUnitDefinition()
            definition.setId(name)
            for kind, exponent, scale, multiplier in parts:
                unit = definition.createUnit()
                unit.setKind(kind)
                unit.setExponent(exponent)
                unit.setScale(scale)
                unit.setMultiplier(multiplier)
        self._model.setTimeUnits(DAY)

    def constant(self, name: str, value: float, unit: str) -> None:
        """A number that never changes."""
        self._parameter(name, value, unit, constant=True)

    def variable(self, name: str, value: float, unit: str) -> None:
        """A number that only events change."""
        self._parameter(name, value, unit, constant=False)

    def state(self, name: str, initial: float, derivative: str, unit: str) -> None:
        """A quantity that is integrated; `derivative` is per day."""
        self._parameter(name, initial, unit, constant=False)
        rule = self._model.createRateRule()
        rule.setVariable(name)
        rule.setMath(self._math(derivative))

    def assignment(self, name: str, formula: str, unit: str) -> None:
        """A quantity that follows from others at every moment; it must come after those that it reads."""
        self._parameter(name, None, unit, constant=False)
        rule = self._model.createAssignmentRule()
        rule.setVariable(name)
        rule.setMath(self._math(formula))

    def event(self, name: str, trigger: str, assignments: Mapping[str, str]) -> None:
        """When `trigger` becomes true after day 0, assign, from the values at that moment."""
        event = self._model.createEvent()
        event.setId(name)
        event.setUseValuesFromTriggerTime(False)
        condition = event.createTrigger()
        condition.setInitialValue(True)
        condition.setPersistent(True)
        condition.setMath(self._math(trigger))
        for variable, formula in assignments.items():
            assignment = event.createEventAssignment()
            assignment.setVariable(variable)
            assignment.setMath(self._math(formula))

    def _parameter(self, name: str, value: float | None, unit: str, *, constant: bool) -> None:
        parameter = self._model.createParameter()
        if parameter.setId(name) != self._libsbml.LIBSBML_OPERATION_SUCCESS:
            raise ForestallError(f"'{name}' cannot be an identifier in SBML")
        parameter.setConstant(constant)
        parameter.setUnits(unit)
        if value is not None:
            parameter.setValue(value)

    def _math(self, formula: str) -> Any:
        tree = self._libsbml.parseL3Formula(formula)
        if tree is None:
            raise ForestallError(f"not a formula: {self._libsbml.getLastParseL3Error()}")
        return tree

    def text(self) -> str:
        """The document as XML."""
        return str(self._libsbml.writeSBMLToString(self._document))
