"""What the instruments of Kestrel 1 read: noise on the model's truth, then the raw numbers of the packets.

Each function takes the states at the packets' times, a random generator and the settings, and returns the
filled rows. What the flight computer alone knows it writes into STATUS later, see `onboard`.
The thermistors have no noise: the device averages 64 conversions, which leaves less than one count.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from infra.simulator import calibration as c
from infra.simulator.environment import Floats
from infra.simulator.flight import FlightState, Phase
from infra.simulator.packets import Apid, Rows, new_rows, stack_flags

SOFTWARE_VERSION = b"kestrel-1.5"
CONFIG_DIGEST = hashlib.sha256(SOFTWARE_VERSION).digest()[:8]
MONOTONIC_START_NS = 9_100_000_000_000_000
BOOT_BEFORE_S = 95.0

ACCELERATION_NOISE = 0.06
RATE_NOISE = 0.15
PRESSURE_NOISE_HPA = 0.05
POSITION_NOISE_DEG = 1.2e-5
ALTITUDE_NOISE_M = 1.8
VELOCITY_NOISE = 0.08
VOLTAGE_NOISE = 0.004
CURRENT_NOISE_A = 0.004
FINE_CURRENT_LIMIT_A = 1.9

Random = np.random.Generator


@dataclass(frozen=True)
class Settings:
    """What telecommands may set about the telemetry: packets per second in flight, and the barometer."""

    imu_rate: int = 100
    nav_rate: int = 10
    power_rate: int = 5
    baro_offset_hpa: float = 0.0


def imu(state: FlightState, rng: Random, settings: Settings) -> Rows:
    """Inertial sensors and barometer."""
    rows = new_rows(Apid.IMU, len(state.t))
    force = state.specific_force + rng.normal(0.0, ACCELERATION_NOISE, state.specific_force.shape)
    rates = state.body_rates + rng.normal(0.0, RATE_NOISE, state.body_rates.shape)
    rows["acceleration"] = c.ACCELERATION.raw(force)
    rows["rate"] = c.RATE.raw(rates)
    rows["quaternion"] = state.quaternion
    pressure = state.pressure_hpa + rng.normal(0.0, PRESSURE_NOISE_HPA, len(state.t))
    rows["pressure"] = c.PRESSURE.raw(pressure + settings.baro_offset_hpa)
    rows["temperature"] = c.SENSOR_TEMPERATURE.raw(state.avionics_c - 2.0)
    return rows


def nav(state: FlightState, rng: Random, _: Settings) -> Rows:
    """Satellite navigation; without a fix the receiver repeats zeros for what it cannot know."""
    n, lock = len(state.t), state.gps_lock
    rows = new_rows(Apid.NAV, n)
    rows["latitude"] = np.where(lock, state.latitude_deg + rng.normal(0, POSITION_NOISE_DEG, n), 0.0)
    rows["longitude"] = np.where(lock, state.longitude_deg + rng.normal(0, POSITION_NOISE_DEG, n), 0.0)
    rows["altitude"] = np.where(lock, state.altitude_m + rng.normal(0, ALTITUDE_NOISE_M, n), 0.0)
    velocity = state.velocity + rng.normal(0, VELOCITY_NOISE, (n, 3))
    rows["velocity"] = np.where(lock[:, None], velocity, 0.0)
    satellites = np.where(lock, rng.integers(8, 13, n), rng.integers(0, 3, n))
    rows["satellites"] = satellites
    rows["fix"] = np.where(lock, np.where(satellites > 8, 3, 2), 0)
    rows["hdop"] = c.HDOP.raw(np.where(lock, 0.7 + rng.uniform(0, 0.4, n), 25.5))
    return rows


def power(state: FlightState, rng: Random, _: Settings) -> Rows:
    """Voltages, the battery's current in one of two ranges, thermistors."""
    n = len(state.t)
    rows = new_rows(Apid.POWER, n)
    current = state.battery_a + rng.normal(0.0, CURRENT_NOISE_A, n)
    fine = current < FINE_CURRENT_LIMIT_A
    counts = np.where(fine, c.CURRENT_FINE.raw(current), c.CURRENT_COARSE.raw(current))
    rows["battery"] = c.BATTERY_VOLTAGE.raw(state.battery_v + rng.normal(0.0, VOLTAGE_NOISE, n))
    rows["bus"] = c.BUS_VOLTAGE.raw(5.04 - 0.004 * current + rng.normal(0.0, VOLTAGE_NOISE, n))
    rows["pyro"] = c.PYRO_VOLTAGE.raw(8.25 - 0.09 * np.maximum(current - 2.5, 0.0))
    rows["current_word"] = stack_flags([(fine, 1), (state.heater_on, 1), (0, 2), (counts, 12)], 16)
    rows["battery_temperature"] = c.THERMISTOR.raw(state.battery_c)
    rows["motor_bay_temperature"] = c.THERMISTOR.raw(state.motor_bay_c)
    rows["avionics_temperature"] = c.THERMISTOR.raw(state.avionics_c)
    return rows


def status(state: FlightState, rng: Random, settings: Settings) -> Rows:
    """The flight computer about itself."""
    n, phase = len(state.t), state.phase
    rows = new_rows(Apid.STATUS, n)
    flags = [
        (0, 1),  # armed, see `onboard`
        (phase >= Phase.BOOST, 1),
        (phase >= Phase.DROGUE, 1),
        (phase >= Phase.MAIN, 1),
        (np.ones(n), 1),  # storage works
        (state.gps_lock, 1),
        (np.full(n, 1), 2),  # reset cause: power on
    ]
    rows["state_word"] = stack_flags([(phase, 4), *flags], 16)
    busy = np.where(phase == Phase.LANDED, 17.0, 34.0)
    rows["cpu_load"] = c.CPU_LOAD.raw(busy + rng.normal(0.0, 3.0, n))
    rows["rssi"] = np.rint(_signal_dbm(state) + rng.normal(0.0, 1.0, n))
    rows["uptime_ms"] = np.rint((state.t + BOOT_BEFORE_S) * 1000)
    rows["monotonic_ns"] = MONOTONIC_START_NS + np.rint(state.t * 1e9).astype(np.int64)
    rows["version"] = SOFTWARE_VERSION
    rows["config_digest"] = np.void(CONFIG_DIGEST)
    rows["imu_rate"], rows["nav_rate"], rows["power_rate"] = (
        settings.imu_rate, settings.nav_rate, settings.power_rate,
    )  # fmt: skip
    rows["baro_offset"] = settings.baro_offset_hpa
    return rows


def _signal_dbm(state: FlightState) -> Floats:
    """Signal strength of the uplink on board, falling with the square of the distance."""
    distance = np.linalg.norm(state.position_m + np.array([0.0, -400.0, 0.0]), axis=-1)
    return np.asarray(-52.0 - 20.0 * np.log10(distance / 400.0))


SENSORS: dict[Apid, Callable[[FlightState, Random, Settings], Rows]] = {
    Apid.IMU: imu,
    Apid.NAV: nav,
    Apid.POWER: power,
    Apid.STATUS: status,
}
"""Who fills which fixed packet."""
