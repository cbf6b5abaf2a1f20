"""Parameter sets that a trial is predicted with: those of the calibration, without what it learned from the trial itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from forestall.knowledge.ensembles import DEFAULT, DIRECTORY, Ensemble, load_ensemble
from forestall.knowledge.parameter_sets import LITERATURE, ParameterSet

LITERATURE_ROLE: Final = "not calibrated"
UNSEEN: Final = "not in the calibration"
LEFT_OUT: Final = "left out of its fold"
USED: Final = "used in the calibration"


@dataclass(frozen=True)
class Parameters:
    """Where the parameter sets come from."""

    name: str
    """In words."""
    ensemble: Ensemble | None
    """None for the catalog's numbers alone."""

    def members(self, trial: str) -> tuple[ParameterSet, ...]:
        """The sets that predict a trial: of the fold that left it out, if one did."""
        if self.ensemble is None:
            return (LITERATURE,)
        if self.role(trial) == LEFT_OUT:
            return self.ensemble.without(trial).members
        return self.ensemble.members

    def discrepancy(self, endpoint: str, kind: str) -> float:
        """Standard deviation of what is published around predictions of unseen trials that nothing else explains.

        Args:
            endpoint: PFS or OS.
            kind: hazard_ratio or median, on the scale of logarithms; rate or response, on that of log odds.
        """
        return (
            0.0 if self.ensemble is None else self.ensemble.about.discrepancy.get(f"{endpoint} {kind}", 0.0)
        )

    def role(self, trial: str) -> str:
        """How a trial stands to the calibration: what it is scored by."""
        if self.ensemble is None:
            return LITERATURE_ROLE
        if trial in self.ensemble.about.folds:
            return LEFT_OUT
        return USED if trial in self.ensemble.about.trials else UNSEEN


def parameters_for(word: str | None = None) -> Parameters:
    """The parameter sets that a user asks for.

    Args:
        word: "literature", "calibrated", the name of a shipped ensemble or the path of one; the calibrated ones if None, and the
            catalog's as long as there are none.

    Raises:
        InputError: if there is none of this name.
    """
    shipped = (DIRECTORY / f"{DEFAULT}.yaml").is_file()
    usual = word in (None, "calibrated")
    if word == LITERATURE.name or (usual and not shipped):
        return Parameters("numbers of the catalog, not calibrated", None)
    ensemble = load_ensemble() if usual else load_ensemble(str(word))
    return Parameters(ensemble.about.label, ensemble)
