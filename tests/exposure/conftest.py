"""An independent reference: the compartments as differential equations, walked from event to event."""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.integrate import solve_ivp

from forestall.biology.exposure.disposition import Disposition
from forestall.biology.exposure.events import Event, ExposureModel, exposure_model

Array = NDArray[np.float64]
SAME_TIME = 1e-9


@dataclass(frozen=True)
class Patient:
    """One patient in NM-TRAN's usual models, in any consistent units."""

    clearance: float
    volume: float
    exchange: tuple[tuple[float, float], ...] = ()
    absorption: float | None = None
    bioavailability: float = 1.0
    lag: float = 0.0
    duration: float | None = None

    def model(self) -> ExposureModel:
        return exposure_model(
            Disposition.of(self.clearance, self.volume, self.exchange),
            self.absorption,
            bioavailability=self.bioavailability,
            lag=self.lag,
            duration=self.duration,
        )

    def matrix(self) -> Array:
        """dA/dt = matrix A + input; compartments depot (if any), central, peripherals."""
        first = 0 if self.absorption is None else 1
        matrix = np.zeros((first + 1 + len(self.exchange),) * 2)
        if self.absorption is not None:
            matrix[0, 0] = -self.absorption
            matrix[1, 0] = self.absorption
        matrix[first, first] = -self.clearance / self.volume
        for j, (flow, volume) in enumerate(self.exchange, start=first + 1):
            matrix[first, first] -= flow / self.volume
            matrix[j, first] = flow / self.volume
            matrix[first, j] = flow / volume
            matrix[j, j] = -flow / volume
        return matrix


@dataclass
class OdeSystem:
    """State of the system, what is being infused, and what is still to come."""

    patient: Patient
    time: float
    state: Array = field(init=False)
    inflow: Array = field(init=False)
    agenda: list[tuple[float, int, str, int, float]] = field(default_factory=list)
    serial: int = 0

    def __post_init__(self) -> None:
        self.matrix = self.patient.matrix()
        self.reset()

    def reset(self) -> None:
        self.state = np.zeros(len(self.matrix))
        self.inflow = np.zeros(len(self.matrix))
        self.agenda = []

    def plan(self, time: float, what: str, compartment: int, size: float) -> None:
        self.serial += 1
        heapq.heappush(self.agenda, (time, self.serial, what, compartment, size))

    def integrate_to(self, time: float) -> None:
        if time > self.time and (self.state.any() or self.inflow.any()):
            solution = solve_ivp(
                lambda _, y: self.matrix @ y + self.inflow,
                (0.0, time - self.time),
                self.state,
                method="DOP853",
                rtol=1e-11,
                atol=1e-14,
            )
            self.state = solution.y[:, -1]
        self.time = time

    def run_to(self, time: float) -> None:
        """Do everything that is planned up to and including `time`."""
        while self.agenda and self.agenda[0][0] <= time + SAME_TIME:
            when, _, what, compartment, size = heapq.heappop(self.agenda)
            self.integrate_to(when)
            if what == "bolus":
                self.state[compartment] += size
            else:
                self.inflow[compartment] += size if what == "start" else -size
        self.integrate_to(time)

    def plan_dose(self, event: Event, record_time: float) -> None:
        at_first = event.compartment in (0, 1)
        fraction = self.patient.bioavailability if at_first else 1.0
        start = record_time + (self.patient.lag if at_first else 0.0)
        compartment = max(event.compartment, 1) - 1
        amount = fraction * event.amount
        if event.rate == 0:
            self.plan(start, "bolus", compartment, amount)
            return
        duration = amount / event.rate if event.rate > 0 else float(self.patient.duration or math.nan)
        self.plan(start, "start", compartment, amount / duration)
        self.plan(start + duration, "stop", compartment, amount / duration)

    def implied_past(self, event: Event) -> OdeSystem:
        """The system that many equal doses before this record lead to."""
        slowest = float(np.abs(np.linalg.eigvals(self.matrix)).min())
        if event.amount == 0:
            past = OdeSystem(self.patient, event.time - 30 / slowest)
            past.inflow[max(event.compartment, 1) - 1] = event.rate
            past.run_to(event.time)
            past.inflow[:] = 0
            return past
        doses = math.ceil(25 / (slowest * event.interval))
        past = OdeSystem(self.patient, event.time - doses * event.interval)
        for k in range(doses, 0, -1):
            past.plan_dose(event, event.time - k * event.interval)
        past.run_to(event.time)
        return past

    def handle(self, event: Event) -> None:
        self.run_to(event.time)
        if event.evid in (3, 4) or event.steady_state == 1:
            self.reset()
        if event.evid not in (1, 4):
            return
        if event.steady_state:
            past = self.implied_past(event)
            self.state = self.state + past.state
            self.inflow = self.inflow + past.inflow
            for time, _, what, compartment, size in sorted(past.agenda):
                self.plan(time, what, compartment, size)
        if event.amount > 0:
            for k in range(event.additional + 1):
                self.plan_dose(event, event.time + k * event.interval)
        self.run_to(event.time)


@pytest.fixture(scope="session")
def ode_concentration() -> Callable[[Patient, Sequence[Event], Array], Array]:
    """Concentrations at increasing times, after everything that happens at them."""

    def run(patient: Patient, events: Sequence[Event], times: Array) -> Array:
        system = OdeSystem(patient, min(float(times[0]), events[0].time))
        waiting = list(events)
        central = 0 if patient.absorption is None else 1
        result = []
        for time in times:
            while waiting and waiting[0].time <= time + SAME_TIME:
                system.handle(waiting.pop(0))
            system.run_to(float(time))
            result.append(system.state[central] / patient.volume)
        return np.array(result)

    return run


@pytest.fixture(scope="session")
def make_patient() -> type[Patient]:
    return Patient
