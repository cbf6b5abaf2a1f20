"""What a user, or the catalog, says about evidence tables that the tables do not say themselves (`overrides.yaml`)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from pydantic import Field, field_validator

from forestall.knowledge.provenance import Entry
from forestall.knowledge.reading import DATA, read_yaml, validate

OVERRIDES_FILE: Final = "overrides.yaml"
KNOWN_EXCEPTIONS: Final = DATA / "validation" / "exceptions.yaml"


class TrialOverride(Entry):
    """Fields of one trial that replace what is derived."""

    exclude: str | None = Field(default=None, description="Why no comparison of the trial is used.")
    interval_level: float | None = Field(
        default=None, gt=0.5, lt=1, description="Coverage of its confidence intervals, if not 0.95."
    )
    population: dict[str, Any] = Field(
        default_factory=dict, description="Fields of a trial file's population; a null takes one away."
    )
    arms: dict[str, str] = Field(default_factory=dict, description="Regimen of an arm, in words.")
    visits: str | None = Field(default=None, description="Such as 'every 8 weeks'.")
    curves: dict[str, dict[str, str]] = Field(
        default_factory=dict,
        description="Published curve of an arm by endpoint: {FUL: {PFS: FALCON_2/fulvestrant}}.",
    )
    follow_up: str | None = Field(default=None, description="Such as '36 months'.")


class Overrides(Entry):
    """A whole file."""

    trials: dict[str, TrialOverride] = Field(default_factory=dict)

    @field_validator("trials", mode="before")
    @classmethod
    def _text_names(cls, value: Any) -> Any:
        return {str(name): fields for name, fields in value.items()} if isinstance(value, dict) else value

    def of(self, trial: str) -> TrialOverride:
        """What is said of a trial; nothing if it is not named."""
        return self.trials.get(trial, TrialOverride())

    @property
    def levels(self) -> Mapping[str, float]:
        """Coverage of intervals by trial, where it is said."""
        return {
            name: entry.interval_level
            for name, entry in self.trials.items()
            if entry.interval_level is not None
        }


def read_overrides(folder: Path) -> tuple[Overrides, frozenset[str]]:
    """The overrides beside the tables on top of the catalog's known exceptions; a trial named beside the tables is theirs alone.

    Returns:
        Both together, and the trials that are named beside the tables.

    Raises:
        InputError: if the file is wrong, naming file, line and field.
    """
    path = folder / OVERRIDES_FILE
    known = validate(Overrides, read_yaml(KNOWN_EXCEPTIONS))
    given = validate(Overrides, read_yaml(path)) if path.is_file() else Overrides()
    return Overrides(trials={**known.trials, **given.trials}), frozenset(given.trials)
