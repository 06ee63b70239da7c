"""Kestrel 1 itself: masses, motor, drag, parachutes. SI units throughout."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from infra.simulator.environment import Floats

DRY_MASS_KG = 20.5
PROPELLANT_KG = 9.6
BODY_AREA_M2 = math.pi * 0.059**2
RAIL_LENGTH_M = 7.0
RAIL_ELEVATION_DEG = 86.5
DROGUE_DELAY_S = 1.0
DROGUE_INFLATION_S = 0.6
DROGUE_DRAG_AREA_M2 = 0.235
MAIN_HEIGHT_M = 400.0
MAIN_INFLATION_S = 1.6
MAIN_DRAG_AREA_M2 = 4.9

# A solid motor of class N: seconds after ignition and newtons. It peaks early and burns regressively.
THRUST_CURVE = (
    (0.00, 0.0),
    (0.06, 3900.0),
    (0.30, 4550.0),
    (1.20, 4850.0),
    (2.40, 4500.0),
    (3.40, 3850.0),
    (4.10, 3050.0),
    (4.45, 1050.0),
    (4.70, 0.0),
)
BURN_TIME_S = THRUST_CURVE[-1][0]

_MACH = (0.0, 0.8, 0.95, 1.05, 1.25, 1.6, 2.5)
_DRAG = (0.42, 0.42, 0.53, 0.62, 0.58, 0.50, 0.40)


def drag_coefficient(mach: float) -> float:
    """Drag coefficient of the body, by Mach number, with its rise around the speed of sound."""
    for i in range(1, len(_MACH)):
        if mach < _MACH[i]:
            share = (mach - _MACH[i - 1]) / (_MACH[i] - _MACH[i - 1])
            return _DRAG[i - 1] + share * (_DRAG[i] - _DRAG[i - 1])
    return _DRAG[-1]


@dataclass(frozen=True)
class Vehicle:
    """One Kestrel as built: what differs from rocket to rocket comes from the seed."""

    thrust_factor: float
    drag_factor: float
    spin_factor: float
    rail_azimuth_rad: float

    @classmethod
    def from_seed(cls, seed: int) -> Vehicle:
        """The rocket that this seed builds."""
        rng = np.random.default_rng([seed, 20])
        return cls(
            thrust_factor=float(rng.normal(1.0, 0.008)),
            drag_factor=float(rng.normal(1.0, 0.02)),
            spin_factor=float(rng.uniform(0.8, 1.2)),
            # Launchers point into the wind, which comes from the west here, so that the drift is less.
            rail_azimuth_rad=math.radians(float(rng.uniform(255.0, 285.0))),
        )

    def burn(self, seconds: Floats, vented_s: float = math.inf) -> tuple[Floats, Floats]:
        """Thrust in N and mass in kg at times in seconds after ignition (an even, ascending grid).

        From `vented_s` on there is no thrust: a motor that is vented goes out and keeps its propellant.
        """
        times, newtons = np.array(THRUST_CURVE).T
        whole = self.thrust_factor * np.interp(seconds, times, newtons, left=0.0, right=0.0)
        thrust = np.where(seconds < vented_s, whole, 0.0)
        burnt = np.cumsum(thrust) / np.cumsum(whole)[-1]
        return thrust, DRY_MASS_KG + PROPELLANT_KG * (1.0 - burnt)

    @property
    def rail_direction(self) -> tuple[float, float, float]:
        """Unit vector (east, north, up) along the launch rail."""
        flat = math.cos(math.radians(RAIL_ELEVATION_DEG))
        up = math.sin(math.radians(RAIL_ELEVATION_DEG))
        return flat * math.sin(self.rail_azimuth_rad), flat * math.cos(self.rail_azimuth_rad), up
