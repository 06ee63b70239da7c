"""Earth around the launch site: gravity by altitude, an exponential atmosphere, wind.

Altitudes are metres above mean sea level, temperatures degrees Celsius. The scalar functions use
`math`, because the integrator calls them a hundred thousand times; the array functions use numpy.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

EARTH_RADIUS_M = 6_371_000.0
SITE_GRAVITY = 9.8237
SITE_LATITUDE_DEG = 67.8932
SITE_LONGITUDE_DEG = 21.1064
SITE_ALTITUDE_M = 328.0
SEA_LEVEL_PRESSURE_HPA = 1013.25
PRESSURE_SCALE_M = 7640.0
SEA_LEVEL_DENSITY = 1.26
DENSITY_SCALE_M = 8900.0
SEA_LEVEL_TEMPERATURE_C = 7.0


def gravity(altitude_m: float) -> float:
    """Acceleration of gravity, m/s², falling with the square of the distance from Earth's centre."""
    return SITE_GRAVITY * (EARTH_RADIUS_M / (EARTH_RADIUS_M + altitude_m)) ** 2


def air_density(altitude_m: float) -> float:
    """Density of the air, kg/m³."""
    return SEA_LEVEL_DENSITY * math.exp(-altitude_m / DENSITY_SCALE_M)


def speed_of_sound(altitude_m: float) -> float:
    """Speed of sound, m/s."""
    kelvin = max(SEA_LEVEL_TEMPERATURE_C - 0.0065 * altitude_m, -56.5) + 273.15
    return 20.047 * math.sqrt(kelvin)


def air_pressure_hpa(altitude_m: Floats) -> Floats:
    """Static pressure, hPa."""
    return SEA_LEVEL_PRESSURE_HPA * np.exp(-altitude_m / PRESSURE_SCALE_M)


def air_temperature_c(altitude_m: Floats) -> Floats:
    """Temperature of the air, degrees Celsius, to the tropopause and constant above it."""
    return np.maximum(SEA_LEVEL_TEMPERATURE_C - 0.0065 * altitude_m, -56.5)


def geodetic(east_m: Floats, north_m: Floats) -> tuple[Floats, Floats]:
    """Latitude and longitude in degrees of a place given in metres from the launcher (flat Earth)."""
    metres_per_degree = EARTH_RADIUS_M * math.pi / 180
    latitude = SITE_LATITUDE_DEG + north_m / metres_per_degree
    shrink = math.cos(math.radians(SITE_LATITUDE_DEG))
    return latitude, SITE_LONGITUDE_DEG + east_m / (metres_per_degree * shrink)


class Wind:
    """A westerly that grows with altitude, with gusts; the same seed blows the same wind."""

    def __init__(self, seed: int) -> None:
        rng = np.random.default_rng([seed, 10])
        self._scale = float(rng.uniform(0.8, 1.2))
        self._heading = math.radians(float(rng.uniform(60.0, 110.0)))
        self._gusts = [(2 * math.pi / p, float(rng.uniform(0, 2 * math.pi))) for p in (3.7, 9.1, 23.0)]

    def at(self, altitude_m: float, t: float) -> tuple[float, float]:
        """Velocity of the air, m/s (east, north), at an altitude and a mission time in seconds."""
        height = max(altitude_m - SITE_ALTITUDE_M, 0.0)
        steady = 3.0 + 17.0 * (1.0 - math.exp(-height / 5000.0))
        gust = 1.0 + 0.06 * sum(math.sin(w * t + p) for w, p in self._gusts)
        speed = self._scale * steady * gust
        veer = self._heading + height * 3e-5
        return speed * math.sin(veer), speed * math.cos(veer)
