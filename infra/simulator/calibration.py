"""The instruments' curves: what raw number the device sends for a value. `rocket.xml` has the inverse.

`tests/infra/test_simulator_database.py` compares every number here with the one in `rocket.xml`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from infra.simulator.environment import Floats

Counts = npt.NDArray[np.int64]

ADC_MAX = 4095
INT16 = (-32768, 32767)


@dataclass(frozen=True)
class Polynomial:
    """value = c0 + c1 raw + c2 raw²: rising with raw over low..high, what lies outside saturates."""

    coefficients: tuple[float, ...]
    low: int = 0
    high: int = ADC_MAX

    def value(self, raw: npt.NDArray[np.generic]) -> Floats:
        """The calibrated value of raw counts."""
        counts = raw.astype(np.float64)
        return np.asarray(np.polynomial.polynomial.polyval(counts, self.coefficients), np.float64)

    def raw(self, value: Floats) -> Counts:
        """The counts whose value is nearest."""
        c0, c1, *rest = self.coefficients
        if rest and rest[0]:
            counts = (-c1 + np.sqrt(c1 * c1 - 4 * rest[0] * (c0 - value))) / (2 * rest[0])
        else:
            counts = (value - c0) / c1
        return np.rint(np.clip(counts, self.low, self.high)).astype(np.int64)


@dataclass(frozen=True)
class Spline:
    """Straight lines between points (raw ascending, value descending), as for a thermistor."""

    points: tuple[tuple[int, float], ...]

    def value(self, raw: npt.NDArray[np.generic]) -> Floats:
        """The calibrated value of raw counts."""
        at, values = np.array(self.points).T
        return np.asarray(np.interp(raw.astype(np.float64), at, values), np.float64)

    def raw(self, value: Floats) -> Counts:
        """The counts whose value is nearest; outside of the points it saturates."""
        at, values = np.array(self.points).T
        return np.asarray(np.rint(np.interp(value, values[::-1], at[::-1])), np.int64)


def _thermistor() -> Spline:
    """10 kΩ NTC (B 3950) under a 10 kΩ resistor on a 12-bit converter, every 10 °C from -50 to 150."""
    points = []
    for celsius in range(150, -51, -10):
        ohms = 10_000.0 * math.exp(3950.0 * (1.0 / (celsius + 273.15) - 1.0 / 298.15))
        points.append((round(ADC_MAX * ohms / (ohms + 10_000.0)), float(celsius)))
    return Spline(tuple(points))


ACCELERATION = Polynomial((0.0, 0.0095768), *INT16)  # ±32 g
RATE = Polynomial((0.0, 0.061035), *INT16)  # ±2000 °/s
PRESSURE = Polynomial((0.0, 0.01), 0, 2**32 - 1)
SENSOR_TEMPERATURE = Polynomial((0.0, 0.01), *INT16)
HDOP = Polynomial((0.0, 0.1), 0, 255)
BATTERY_VOLTAGE = Polynomial((0.012, 0.0040293, -1.1e-9))
BUS_VOLTAGE = Polynomial((0.0, 0.0016117))
PYRO_VOLTAGE = Polynomial((0.031, 0.0030212, 2.4e-9))
CURRENT_FINE = Polynomial((0.0, 0.0005))
CURRENT_COARSE = Polynomial((-0.02, 0.005))
THERMISTOR = _thermistor()
CPU_LOAD = Polynomial((0.0, 0.5), 0, 200)
