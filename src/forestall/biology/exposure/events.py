"""NM-TRAN dosing events and the concentration that they lead to.

Records mean what they mean in NONMEM's PREDPP:

- **CMT** numbers compartments as ADVAN1-4, 11 and 12 do: with absorption 1 is the depot and 2 the central
  compartment, otherwise 1 is the central compartment. 0 is the default, 1. Peripheral compartments take no
  doses.
- **AMT** is multiplied by the bioavailability F of its compartment. **RATE** > 0 is an infusion at that rate,
  whose duration is F AMT / RATE. RATE = -2 infuses F AMT over the compartment's zero-order duration.
- **Lag** delays each dose of a record, including those that a steady state implies, but not a constant-rate
  steady state.
- **ADDL** repeats the dose every II; the repeats of EVID 4 and of SS are plain doses.
- **SS = 1** puts the system where equal doses every II since ever would have put it just before the dose of
  this record, and forgets everything else; **SS = 2** adds that to what is there. II may be shorter than the
  infusion. The lag may not exceed II (NONMEM says the same).
- **AMT = 0, RATE > 0, II = 0 with SS** is an infusion that ran since ever and stops at this record; F and lag
  do not apply.
- **EVID 3** empties all compartments, **EVID 4** does so and doses. **EVID 0 and 2** do nothing here.

A reset (EVID 3, EVID 4, SS = 1) cancels whatever an earlier record still has to give: infusions that run,
doses that wait for their lag, and additional doses. NONMEM documents this for SS = 1 and does it for lagged
doses before EVID 4 (scenario 25 of the comparison in `tests/exposure`). mrgsolve stops the infusions but
still gives the additional and lagged doses.

Concentrations are right-continuous: at the time of a bolus they include it, at the time of a reset they are
after it.

References:
    NONMEM Users Guide part VI (PREDPP), chapter V, and part VIII (help), items ADDL, EVID, SS.
    https://github.com/mrgsolve/nmtests (NONMEM against mrgsolve),
    https://github.com/metrumresearchgroup/mrgsolve
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from forestall.biology.exposure.disposition import (
    Array,
    Disposition,
    ExponentialTerms,
    absorbed_terms,
    bolus_terms,
)
from forestall.biology.exposure.trains import ENDLESS, after_plateau, bolus_train, given_doses, infusion_train
from forestall.errors import InputError

OBSERVATION, DOSE, OTHER, RESET, RESET_AND_DOSE = range(5)
MODELED_DURATION = -2.0


@dataclass(frozen=True)
class Event:
    """One NM-TRAN record.

    Raises:
        InputError: if the items contradict each other; the error names the NM-TRAN item.
    """

    time: float
    """TIME, days."""
    amount: float = 0.0
    """AMT, mg."""
    evid: int = DOSE
    """EVID."""
    interval: float = 0.0
    """II, days."""
    additional: int = 0
    """ADDL."""
    steady_state: int = 0
    """SS."""
    rate: float = 0.0
    """RATE, mg/day, or -2."""
    compartment: int = 0
    """CMT."""

    def __post_init__(self) -> None:
        self._check_ranges()
        if self.is_dose:
            self._check_dose()
        else:
            self._check_no_dose()

    @property
    def is_dose(self) -> bool:
        """EVID 1 or 4."""
        return self.evid in (DOSE, RESET_AND_DOSE)

    @property
    def resets(self) -> bool:
        """Whether nothing that came before counts afterwards."""
        return self.evid in (RESET, RESET_AND_DOSE) or self.steady_state == 1

    @property
    def ends_plateau(self) -> bool:
        """Whether the record is the end of a constant-rate steady state."""
        return self.steady_state > 0 and self.amount == 0 and self.rate > 0

    def _check_ranges(self) -> None:
        _require(math.isfinite(self.time), "TIME", self.time, "a finite number")
        _require(self.evid in range(5), "EVID", self.evid, "0, 1, 2, 3 or 4")
        _require(self.steady_state in range(3), "SS", self.steady_state, "0, 1 or 2")
        _require(_not_negative(self.amount), "AMT", self.amount, "a number >= 0")
        _require(_not_negative(self.interval), "II", self.interval, "a number >= 0")
        _require(self.additional >= 0, "ADDL", self.additional, "an integer >= 0")
        _require(
            _not_negative(self.rate) or self.rate == MODELED_DURATION,
            "RATE",
            self.rate,
            "a number >= 0, or -2",
        )

    def _check_dose(self) -> None:
        if self.ends_plateau:
            _require(self.interval == 0, "II", self.interval, "0 with AMT = 0 (a constant-rate steady state)")
            _require(
                self.additional == 0, "ADDL", self.additional, "0 with AMT = 0 (a constant-rate steady state)"
            )
            return
        _require(
            self.amount > 0 or self.rate <= 0,
            "AMT",
            self.amount,
            "a number > 0 with RATE > 0, unless SS is set",
        )
        repeated = self.additional > 0 or self.steady_state > 0
        _require(self.interval > 0 or not repeated, "II", self.interval, "a number > 0 with ADDL or SS")

    def _check_no_dose(self) -> None:
        items = {"AMT": self.amount, "RATE": self.rate, "II": self.interval, "ADDL": self.additional}
        for name, value in {**items, "SS": self.steady_state}.items():
            _require(value == 0, name, value, f"0 with EVID = {self.evid}", fix="is EVID right?")


@dataclass(frozen=True)
class Inlet:
    """A compartment that takes doses."""

    terms: ExponentialTerms
    """Concentration after 1 mg that reaches this compartment at once."""
    bioavailability: float = 1.0
    """F, the fraction of the dose that reaches it."""
    lag: float = 0.0
    """Days before the dose reaches it."""
    duration: float | None = None
    """Days that a dose with RATE = -2 takes to enter."""

    def __post_init__(self) -> None:
        _require(_not_negative(self.bioavailability), "F", self.bioavailability, "a number >= 0")
        _require(_not_negative(self.lag), "lag", self.lag, "a number of days >= 0")
        possible = self.duration is None or 0 < self.duration < math.inf
        _require(possible, "duration", self.duration, "a number of days > 0")


ExposureModel = Mapping[int, Inlet]
"""The compartments that take doses, by CMT."""


def exposure_model(
    disposition: Disposition,
    absorption_rate: ArrayLike | None = None,
    *,
    bioavailability: float = 1.0,
    lag: float = 0.0,
    duration: float | None = None,
) -> ExposureModel:
    """The usual models: ADVAN1, 3, 11 without absorption, ADVAN2, 4, 12 with.

    Args:
        disposition: Volumes and clearances of n patients.
        absorption_rate: ka in 1/day, or None if doses go straight into the central compartment.
        bioavailability: F of compartment 1.
        lag: Lag of compartment 1, days.
        duration: Days that a dose with RATE = -2 takes to enter compartment 1.

    Returns:
        The model; with absorption, compartment 2 has F = 1 and no lag.
    """
    central = bolus_terms(disposition)
    if absorption_rate is None:
        return {1: Inlet(central, bioavailability, lag, duration)}
    depot = absorbed_terms(disposition, absorption_rate)
    return {1: Inlet(depot, bioavailability, lag, duration), 2: Inlet(central)}


def concentration(model: ExposureModel, events: Sequence[Event], times: ArrayLike) -> Array:
    """Total concentration in the central compartment.

    Args:
        model: The compartments that take doses.
        events: Records in the order of time, the same for all patients.
        times: (m,) days, in any order.

    Returns:
        (n, m) mg/L; 0 before the first dose.

    Raises:
        InputError: if a record does not fit the model or stands out of order; it names record and item.
    """
    at = np.atleast_1d(np.asarray(times, float))
    patients = next(iter(model.values())).terms.patients
    total = np.zeros((patients, at.size))
    for train in _trains(model, events):
        counts = (at >= train.start) & (at < train.stop)
        if counts.any():
            total[:, counts] += train.concentration(model[train.compartment].terms, at[counts])
    return total


@dataclass(frozen=True)
class _Train:
    """Equal doses into one compartment, counted between `start` and `stop`."""

    kind: Literal["bolus", "infusion", "plateau"]
    compartment: int
    size: float
    """mg for a bolus, mg/day otherwise."""
    duration: float
    """Days of an infusion."""
    first: float
    """Day that the first dose enters; of an endless train, the latest; of a plateau, its end."""
    interval: float
    count: float
    start: float = -math.inf
    stop: float = math.inf

    def concentration(self, terms: ExponentialTerms, times: Array) -> Array:
        elapsed = times - self.first
        if self.kind == "plateau":
            return self.size * after_plateau(terms, np.maximum(elapsed, 0.0))
        if self.count == ENDLESS:
            since, number = elapsed, np.full_like(elapsed, ENDLESS)
        else:
            since, number = given_doses(elapsed, self.interval, self.count)
        if self.kind == "bolus":
            return self.size * bolus_train(terms, since, number, self.interval)
        return self.size * infusion_train(terms, since, number, self.interval, self.duration)


def _trains(model: ExposureModel, events: Sequence[Event]) -> list[_Train]:
    trains: list[_Train] = []
    before = -math.inf
    for row, event in enumerate(events, start=1):
        _require(event.time >= before, "TIME", event.time, f"{before} or later", row=row, fix="sort by TIME")
        before = event.time
        if event.resets:
            trains = [replace(train, stop=min(train.stop, event.time)) for train in trains]
        if event.is_dose:
            trains += _dose(model, event, row)
    return trains


def _dose(model: ExposureModel, event: Event, row: int) -> list[_Train]:
    number = event.compartment or 1
    allowed = " or ".join(str(key) for key in model)
    _require(number in model, "CMT", event.compartment, f"{allowed} (or 0 for 1)", row=row)
    inlet = model[number]
    if event.ends_plateau:
        return [_Train("plateau", number, event.rate, 0.0, event.time, 1.0, 1, start=event.time)]
    kind, size, duration = _input(inlet, event, row)
    repeats = event.additional + 1
    train = _Train(kind, number, size, duration, event.time + inlet.lag, event.interval or 1.0, repeats)
    if event.steady_state == 0:
        return [train]
    enough = f"with SS at least the lag, {inlet.lag}"
    _require(inlet.lag <= event.interval, "II", event.interval, enough, row=row)
    implied = replace(train, first=train.first - event.interval, count=ENDLESS, start=event.time)
    return [implied, train]


def _input(inlet: Inlet, event: Event, row: int) -> tuple[Literal["bolus", "infusion"], float, float]:
    amount = inlet.bioavailability * event.amount
    if event.rate == 0 or amount == 0:
        return "bolus", amount, 0.0
    if event.rate > 0:
        return "infusion", event.rate, amount / event.rate
    duration = inlet.duration or 0.0
    _require(duration > 0, "RATE", event.rate, "0 or more (no zero-order duration is known)", row=row)
    return "infusion", amount / duration, duration


def _not_negative(value: float) -> bool:
    return math.isfinite(value) and value >= 0


def _require(
    condition: bool, item: str, value: object, allowed: str, *, row: int | None = None, fix: str | None = None
) -> None:
    if not condition:
        field = item if row is None else f"record {row}: {item}"
        raise InputError("this value does not fit", field=field, value=value, allowed=allowed, fix=fix)
