"""Heat and charge on board: motor bay, avionics and battery, from the pad to hours after landing.

Temperatures are degrees Celsius, times are seconds of the mission. Integrated by Euler's method with
a step of half a second for HORIZON_S; later than that everything stays as it was.

The motor bay is what goes wrong in the demo: heat from the motor's case soaks into it after burnout,
it passes its warning limit of 70 °C, stays below the critical one of 95 °C, and cools again.
"""

from __future__ import annotations

import bisect
from dataclasses import dataclass
from functools import partial

import numpy as np

from infra.simulator.environment import Floats, air_temperature_c
from infra.simulator.vehicle import BURN_TIME_S

STEP_S = 0.5
HORIZON_S = 4 * 3600.0
HEATER_OFF_BEFORE_IGNITION_S = 4.0
PYRO_PULSE_S = 0.5

HOT_BAY_C = 70.0
"""Warning limit of the motor bay; rocket.xml has the same."""

_IDLE_A = 0.62
_RADIO_A = 0.48
_HEATER_A = 1.35
_PYRO_A = 7.4
_CAPACITY_C = 2.6 * 3600
_CHARGE_AT_START = 0.94
_CASE_RISE_C = 330.0
_CASE_TIME_S = 55.0
_BAY_IN_S = 62.0
_BAY_OUT_S = 95.0


@dataclass(frozen=True)
class Timeline:
    """Mission times in seconds at which the current on board changes."""

    ignition: float
    burnout: float
    drogue: float
    main: float
    landing: float


def battery_current(t: Floats, line: Timeline) -> Floats:
    """Amperes out of the battery."""
    current = np.full(np.shape(t), _IDLE_A)
    current += np.where((t > line.ignition) & (t < line.landing + 60.0), _RADIO_A, 0.5 * _RADIO_A)
    current += np.where(heater_on(t, line), _HEATER_A, 0.0)
    for fired in (line.drogue, line.main):
        current += np.where((t >= fired) & (t < fired + PYRO_PULSE_S), _PYRO_A, 0.0)
    return np.asarray(current)


def heater_on(t: Floats, line: Timeline) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
    """Whether the battery heater is on: on the pad, until shortly before ignition."""
    return np.asarray(t < line.ignition - HEATER_OFF_BEFORE_IGNITION_S)


class Housekeeping:
    """Temperatures and charge over time; `at` interpolates."""

    def __init__(self, seed: int, line: Timeline, altitude_m: Floats) -> None:
        """Integrate; `altitude_m` is the altitude at each multiple of STEP_S, the last one holds on."""
        self._line = line
        self._heat = float(np.random.default_rng([seed, 30]).normal(1.0, 0.015))
        self._t = np.arange(0.0, HORIZON_S, STEP_S)
        outside = air_temperature_c(altitude_m).tolist()
        outside += [outside[-1]] * (len(self._t) - len(outside))
        self._table = np.array(self._integrate(outside))
        drained = np.cumsum(battery_current(self._t, line)) * STEP_S
        self._charge = np.clip(_CHARGE_AT_START - drained / _CAPACITY_C, 0.0, 1.0)

    def _integrate(self, outside: list[float]) -> list[tuple[float, float, float, float]]:
        case, bay, avionics, battery = outside[0], outside[0] + 4.0, outside[0] + 14.0, 21.0
        rows = []
        heated = partial(bisect.bisect, [self._line.ignition, self._line.burnout])
        for i, air in enumerate(outside):
            rows.append((case, bay, avionics, battery))
            firing = heated(i * STEP_S) == 1
            heat = self._heat * _CASE_RISE_C / BURN_TIME_S if firing else 0.0
            warm = 60.0 if i * STEP_S < self._line.ignition - HEATER_OFF_BEFORE_IGNITION_S else 16.0
            case += STEP_S * (heat - (case - air) / _CASE_TIME_S)
            bay += STEP_S * ((case - bay) / _BAY_IN_S - (bay - air) / _BAY_OUT_S)
            avionics += STEP_S * ((air + 24.0 - avionics) / 420.0 + (bay - avionics) / 2500.0)
            battery += STEP_S * (air + warm - battery) / 1400.0
        return rows

    def temperature(self, t: Floats, place: str) -> Floats:
        """Temperature at "bay", "avionics" or "battery"."""
        column = ("case", "bay", "avionics", "battery").index(place)
        return np.asarray(np.interp(t, self._t, self._table[:, column]), np.float64)

    def hot_bay(self) -> tuple[float, float] | None:
        """The mission times between which the motor bay is above HOT_BAY_C; None when it never is."""
        bay = self._table[:, 1]
        hot = np.flatnonzero(bay > HOT_BAY_C)
        if not len(hot):
            return None
        first, last = int(hot[0]), int(hot[-1])
        return _crossing(self._t, bay, first - 1), _crossing(self._t, bay, last)

    def battery_voltage(self, t: Floats) -> Floats:
        """Volts at the terminals of three lithium cells: by charge, less what the current drops."""
        charge = np.interp(t, self._t, self._charge)
        open_circuit = 10.3 + 2.25 * charge - 1.2 * np.exp(-18.0 * charge)
        cold = np.maximum(20.0 - self.temperature(t, "battery"), 0.0)
        return np.asarray(open_circuit - battery_current(t, self._line) * (0.058 + 0.0012 * cold))


def _crossing(t: Floats, bay: Floats, row: int) -> float:
    """When the temperature crosses HOT_BAY_C between two rows."""
    share = (HOT_BAY_C - bay[row]) / (bay[row + 1] - bay[row])
    return float(t[row] + share * (t[row + 1] - t[row]))
