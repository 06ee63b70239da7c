"""The flight of Kestrel 1 as a pure function of mission time: `FlightModel(seed).state_at(t)`.

Mission time starts on the pad, `countdown` seconds before ignition. The path is integrated once, when the
model is made (a quarter of a second of work); `state_at` interpolates linearly. The same seed and orders
give the same flight; another seed another motor, wind and launcher setting, within what one would believe.
A flight with orders is the same as one without until the first of them is due.

Known limits: a flat Earth without rotation, a point mass with a prescribed attitude, one wind profile.

>>> model = FlightModel(seed=1)
>>> float(model.state_at(0.0).altitude_m)
328.0
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from infra.simulator import housekeeping, trajectory
from infra.simulator.attitude import attitude, into_body
from infra.simulator.environment import (
    SITE_ALTITUDE_M,
    Floats,
    Wind,
    air_pressure_hpa,
    air_temperature_c,
    geodetic,
    gravity,
)
from infra.simulator.housekeeping import Housekeeping, Timeline
from infra.simulator.orders import NO_ORDERS, Orders
from infra.simulator.vehicle import Vehicle

COUNTDOWN_S = 12.0
"""Mission time of ignition, unless another one is given."""

GPS_SPEED_LIMIT = 515.0
GPS_FORCE_LIMIT = 80.0
GPS_REACQUIRE_S = 2.5

Bools = npt.NDArray[np.bool_]


class Phase(IntEnum):
    """Flight phases, as the flight computer numbers them."""

    PAD = 0
    BOOST = 1
    COAST = 2
    DROGUE = 3
    MAIN = 4
    LANDED = 5


class PhaseTimes(NamedTuple):
    """Mission times in seconds of what happens in a flight; infinity: it does not happen."""

    ignition: float
    burnout: float
    apogee: float
    drogue: float
    main: float
    landing: float


@dataclass(frozen=True)
class FlightState:
    """The truth at some times; every field is an array with the shape of the times (vectors: one more axis).

    Positions in metres and degrees, velocities in m/s east, north, up; `specific_force` in m/s² and
    `body_rates` in degrees per second along the body's x (nose), y, z; `quaternion` (w, x, y, z) turns
    body axes into east-north-up.
    """

    t: Floats
    phase: npt.NDArray[np.int64]
    position_m: Floats
    latitude_deg: Floats
    longitude_deg: Floats
    altitude_m: Floats
    velocity: Floats
    specific_force: Floats
    body_rates: Floats
    quaternion: Floats
    pressure_hpa: Floats
    air_temperature_c: Floats
    gps_lock: Bools
    heater_on: Bools
    battery_v: Floats
    battery_a: Floats
    battery_c: Floats
    motor_bay_c: Floats
    avionics_c: Floats

    @property
    def speed(self) -> Floats:
        """Speed over ground, m/s."""
        return np.asarray(np.linalg.norm(self.velocity, axis=-1))


class FlightModel:
    """One flight; everything about it follows from the seed, the countdown and the orders."""

    def __init__(self, seed: int = 1, *, countdown: float = COUNTDOWN_S, orders: Orders = NO_ORDERS) -> None:
        self.seed, self.countdown, self.orders = seed, countdown, orders
        vehicle, winds = Vehicle.from_seed(seed), Wind(seed)
        if orders.scrubbed:
            flight = trajectory.stand(winds, countdown)
        else:
            flight = trajectory.fly(vehicle, winds, countdown, orders.after(countdown))
        self.times = _phase_times(flight, math.inf if orders.scrubbed else countdown)
        self._rows = _table(flight, vehicle)
        self._wind = flight.wind
        self.gps_outage = self._find_gps_outage(flight)
        self._line = Timeline(*(getattr(self.times, name) for name in Timeline.__dataclass_fields__))
        self._housekeeping = Housekeeping(seed, self._line, self._coarse_altitude())

    def state_at(self, t: float | Floats) -> FlightState:
        """The state at one mission time in seconds, or at an array of them."""
        when = np.asarray(t, dtype=np.float64)
        row = self._interpolated(when)
        position, quaternion = row[..., 0:3], row[..., 12:16]
        latitude, longitude = geodetic(position[..., 0], position[..., 1])
        altitude = position[..., 2] + SITE_ALTITUDE_M
        lost, found = self.gps_outage
        return FlightState(
            t=when,
            phase=self.phase_at(when),
            position_m=position,
            latitude_deg=latitude,
            longitude_deg=longitude,
            altitude_m=altitude,
            velocity=row[..., 3:6],
            specific_force=row[..., 6:9],
            body_rates=row[..., 9:12],
            quaternion=quaternion / np.linalg.norm(quaternion, axis=-1, keepdims=True),
            pressure_hpa=air_pressure_hpa(altitude),
            air_temperature_c=air_temperature_c(altitude),
            gps_lock=~((when >= lost) & (when < found)),
            heater_on=housekeeping.heater_on(when, self._line),
            battery_v=self._housekeeping.battery_voltage(when),
            battery_a=housekeeping.battery_current(when, self._line),
            battery_c=self._housekeeping.temperature(when, "battery"),
            motor_bay_c=self._housekeeping.temperature(when, "bay"),
            avionics_c=self._housekeeping.temperature(when, "avionics"),
        )

    def phase_at(self, t: float | Floats) -> npt.NDArray[np.int64]:
        """The flight phase (a Phase as a number) at one or more mission times."""
        times = self.times
        starts = (times.ignition, times.burnout, times.drogue, times.main, times.landing)
        return np.asarray(np.searchsorted(starts, np.asarray(t), side="right"), dtype=np.int64)

    @property
    def hot_bay(self) -> tuple[float, float] | None:
        """From when to when the motor bay is above its warning limit; None when it never is."""
        return self._housekeeping.hot_bay()

    def airspeed_at(self, t: float) -> float:
        """The speed against the air, m/s, at one mission time."""
        row = min(max(int((t - self.countdown) / trajectory.STEP_S), 0), len(self._rows) - 1)
        air = self._rows[row, 3:6] - np.append(self._wind[row], 0.0)
        return float(np.linalg.norm(air))

    def _interpolated(self, when: Floats) -> Floats:
        place = np.clip((when - self.countdown) / trajectory.STEP_S, 0.0, len(self._rows) - 1.0)
        below = np.minimum(place.astype(np.int64), len(self._rows) - 2)
        share = (place - below)[..., None]
        return np.asarray(self._rows[below] * (1.0 - share) + self._rows[below + 1] * share)

    def _coarse_altitude(self) -> Floats:
        end = self.times.landing if np.isfinite(self.times.landing) else 0.0
        t = np.arange(0.0, end + housekeeping.STEP_S, housekeeping.STEP_S)
        return self._interpolated(t)[:, 2] + SITE_ALTITUDE_M

    def _find_gps_outage(self, flight: trajectory.Trajectory) -> tuple[float, float]:
        """When the receiver has no fix: it loses lock under hard acceleration and above 515 m/s."""
        rising = round(min(flight.apogee_s, 1000.0) / trajectory.STEP_S)
        force = np.linalg.norm(self._rows[:rising, 6:9], axis=1)
        speed = np.linalg.norm(flight.velocity[:rising], axis=1)
        deaf = np.flatnonzero((force > GPS_FORCE_LIMIT) | (speed > GPS_SPEED_LIMIT)) * trajectory.STEP_S
        if not len(deaf):
            return math.inf, math.inf
        return self.countdown + float(deaf[0]) + 0.1, self.countdown + float(deaf[-1]) + GPS_REACQUIRE_S


@lru_cache(maxsize=16)
def flight_model(seed: int, countdown: float = COUNTDOWN_S, orders: Orders = NO_ORDERS) -> FlightModel:
    """The flight of these arguments; one that was made lately is not made again."""
    return FlightModel(seed, countdown=countdown, orders=orders)


def _phase_times(flight: trajectory.Trajectory, ignition: float) -> PhaseTimes:
    after = (flight.burnout_s, flight.apogee_s, flight.drogue_s, flight.main_s, flight.landing_s)
    return PhaseTimes(ignition, *(round(ignition + seconds, 6) for seconds in after))


def _table(flight: trajectory.Trajectory, vehicle: Vehicle) -> Floats:
    """Rows of position, velocity, specific force, body rates, quaternion: shape (n, 16)."""
    quaternion, rates = attitude(flight, vehicle)
    force = np.gradient(flight.velocity, trajectory.STEP_S, axis=0)
    force[0] = 0.0
    force[-1] = 0.0
    force[:, 2] += gravity(SITE_ALTITUDE_M)
    rates[-1] = 0.0
    body = into_body(quaternion, force)
    return np.hstack([flight.position, flight.velocity, body, rates, quaternion])
