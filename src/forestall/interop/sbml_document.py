"""Writing one SBML level 3 model with python-libsbml, which is loaded only here and only when it is needed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from forestall.errors import ForestallError

DAY, CELLS, CONCENTRATION, PER_DAY, NUMBER = "day", "cells", "mg_per_L", "per_day", "dimensionless"
MG_PER_DAY, NANOMOLAR = "mg_per_day", "nmol_per_L"
_SECONDS_PER_DAY = 86400.0
_PLACE = "patient"


class SbmlDocument:
    """A model in which every quantity is a parameter or, if reactions change it, a species counted in cells.

    Args:
        name: The model's name.
        notes: What it is, in plain text.
        identifier: The model's id.

    Raises:
        ForestallError: if python-libsbml is not installed.
    """

    def __init__(self, name: str, notes: str, identifier: str = "course") -> None:
        try:
            import libsbml
        except ImportError:
            raise ForestallError(
                "SBML needs python-libsbml; install it with: pip install 'forestall[sbml]'"
            ) from None
        self._libsbml: Any = libsbml
        self._document: Any = libsbml.SBMLDocument(3, 1)
        self._model: Any = self._document.createModel()
        self._model.setId(identifier)
        self._model.setName(name)
        self._model.setNotes(f'<body xmlns="http://www.w3.org/1999/xhtml"><p>{notes}</p></body>')
        self._define_units()

    def _define_units(self) -> None:
        sbml = self._libsbml
        per_day = (sbml.UNIT_KIND_SECOND, -1, 0, _SECONDS_PER_DAY)
        mg = (sbml.UNIT_KIND_GRAM, 1, -3, 1.0)
        units = {
            DAY: ((sbml.UNIT_KIND_SECOND, 1, 0, _SECONDS_PER_DAY),),
            PER_DAY: (per_day,),
            MG_PER_DAY: (mg, per_day),
            CONCENTRATION: (mg, (sbml.UNIT_KIND_LITRE, -1, 0, 1.0)),
            NANOMOLAR: ((sbml.UNIT_KIND_MOLE, 1, -9, 1.0), (sbml.UNIT_KIND_LITRE, -1, 0, 1.0)),
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
        self._model.setSubstanceUnits(CELLS)
        self._model.setExtentUnits(CELLS)

    def function(self, name: str, arguments: Sequence[str], formula: str) -> None:
        """A function of its arguments alone; it may call functions that were written before it."""
        definition = self._model.createFunctionDefinition()
        definition.setId(name)
        definition.setMath(self._math(f"lambda({', '.join([*arguments, formula])})"))

    def variable(self, name: str, value: float, unit: str) -> None:
        """A number that only events change."""
        self._parameter(name, value, unit)

    def state(self, name: str, initial: float, derivative: str, unit: str) -> None:
        """A quantity that is integrated; `derivative` is per day."""
        self._parameter(name, initial, unit)
        self._rule(self._model.createRateRule(), name, derivative)

    def assignment(self, name: str, formula: str, unit: str) -> None:
        """A quantity that follows from others at every moment."""
        self._parameter(name, None, unit)
        self._rule(self._model.createAssignmentRule(), name, formula)

    def species(self, name: str, initial: float) -> None:
        """A number of cells that reactions change."""
        if self._model.getCompartment(_PLACE) is None:
            compartment = self._model.createCompartment()
            compartment.setId(_PLACE)
            compartment.setSize(1.0)
            compartment.setSpatialDimensions(3)
            compartment.setConstant(True)
        species = self._model.createSpecies()
        species.setId(name)
        species.setCompartment(_PLACE)
        species.setInitialAmount(initial)
        species.setHasOnlySubstanceUnits(True)
        species.setBoundaryCondition(False)
        species.setConstant(False)

    def reaction(self, name: str, law: str, gains: Mapping[str, str]) -> None:
        """A reaction with rate `law`, per day, that adds to each species its rate times a formula that may vary."""
        reaction = self._model.createReaction()
        reaction.setId(name)
        reaction.setReversible(False)
        reaction.setFast(False)
        reaction.createKineticLaw().setMath(self._math(law))
        for species, gain in gains.items():
            product = reaction.createProduct()
            product.setSpecies(species)
            product.setConstant(False)
            product.setId(f"{name}_to_{species}")
            self._rule(self._model.createAssignmentRule(), product.getId(), gain)

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

    def _parameter(self, name: str, value: float | None, unit: str) -> None:
        parameter = self._model.createParameter()
        if parameter.setId(name) != self._libsbml.LIBSBML_OPERATION_SUCCESS:
            raise ForestallError(f"'{name}' cannot be an identifier in SBML")
        parameter.setConstant(False)
        parameter.setUnits(unit)
        if value is not None:
            parameter.setValue(value)

    def _rule(self, rule: Any, variable: str, formula: str) -> None:
        rule.setVariable(variable)
        rule.setMath(self._math(formula))

    def _math(self, formula: str) -> Any:
        tree = self._libsbml.parseL3Formula(formula)
        if tree is None:
            raise ForestallError(f"not a formula: {self._libsbml.getLastParseL3Error()}")
        return tree

    def text(self) -> str:
        """The document as XML."""
        return str(self._libsbml.writeSBMLToString(self._document))
