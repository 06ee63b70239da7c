"""How the rocket points and turns: quaternions and body rates along a trajectory.

Body axes: x out of the nose, y and z across. A quaternion (w, x, y, z) turns body axes into
east-north-up. Under power and in free flight the nose follows the air (fins) and the body spins by
its canted fins; under the parachutes it hangs nose up, swings and turns slowly; on the ground it lies.
"""

from __future__ import annotations

import math

import numpy as np

from infra.simulator.environment import Floats
from infra.simulator.trajectory import STEP_S, Trajectory
from infra.simulator.vehicle import Vehicle

HANG_S = 4.0
FALL_OVER_S = 0.8
_SPIN_DEG_PER_S_AT_MACH_1 = 420.0


def attitude(flight: Trajectory, vehicle: Vehicle) -> tuple[Floats, Floats]:
    """Quaternions (n, 4) and body rates in degrees per second (n, 3) for every row of a trajectory."""
    axis = _nose(flight, vehicle)
    roll = np.cumsum(_roll_rate(flight, vehicle)) * STEP_S
    turned = _from_up_to(axis)
    nose_up = np.array([math.sqrt(0.5), 0.0, -math.sqrt(0.5), 0.0])
    spun = np.stack([np.cos(roll / 2), np.sin(roll / 2), 0 * roll, 0 * roll], axis=1)
    quaternion = multiply(multiply(turned, np.broadcast_to(nose_up, turned.shape)), spun)
    return quaternion, _rates(quaternion)


def multiply(a: Floats, b: Floats) -> Floats:
    """Hamilton products of quaternions, row by row; shapes (n, 4)."""
    aw, ax, ay, az = a.T
    bw, bx, by, bz = b.T
    return np.stack(
        [
            aw * bw - ax * bx - ay * by - az * bz,
            aw * bx + ax * bw + ay * bz - az * by,
            aw * by - ax * bz + ay * bw + az * bx,
            aw * bz + ax * by - ay * bx + az * bw,
        ],
        axis=1,
    )


def into_body(quaternion: Floats, vector: Floats) -> Floats:
    """Vectors (n, 3) east-north-up seen in body axes."""
    inverse = quaternion * np.array([1.0, -1.0, -1.0, -1.0])
    pure = np.hstack([np.zeros((len(vector), 1)), vector])
    return multiply(multiply(inverse, pure), quaternion)[:, 1:]


def _nose(flight: Trajectory, vehicle: Vehicle) -> Floats:
    """Unit vectors along the nose."""
    t: Floats = np.arange(len(flight.position), dtype=np.float64) * STEP_S
    air = flight.velocity.copy()
    air[:, :2] -= flight.wind
    speed = np.linalg.norm(air, axis=1)
    hold = _smooth((speed - 20.0) / 100.0)
    # Slow air holds the nose only just after ignition: near apogee it still follows its path.
    hold = np.where(t > 3.0, 1.0, hold)
    rail = np.array(vehicle.rail_direction)
    flying = _unit(rail * (1 - hold)[:, None] + air / np.maximum(speed, 1.0)[:, None] * hold[:, None])
    hanging = _swing(t, flight)
    hung = _smooth((t - flight.drogue_s) / HANG_S)[:, None]
    axis = _unit(flying * (1 - hung) + hanging * hung)
    lying = np.array([math.cos(0.7), math.sin(0.7), 0.05])
    fallen = _smooth((t - flight.landing_s) / FALL_OVER_S)[:, None]
    return _unit(axis * (1 - fallen) + lying * fallen)


def _swing(t: Floats, flight: Trajectory) -> Floats:
    """The nose under the parachutes: up, swinging as a pendulum, less under the main."""
    calm = 1.0 - 0.6 * _smooth((t - flight.main_s) / 5.0)
    tilt = math.radians(14.0) * calm * np.exp(-np.maximum(t - flight.drogue_s, 0.0) / 400.0)
    phase = 2 * math.pi * t / 4.6
    east, north = tilt * np.sin(phase), 0.6 * tilt * np.cos(0.83 * phase)
    return _unit(np.stack([east, north, np.ones_like(t)], axis=1))


def _roll_rate(flight: Trajectory, vehicle: Vehicle) -> Floats:
    """Radians per second about the nose: with the airspeed in flight, a slow turn when hanging."""
    t: Floats = np.arange(len(flight.position), dtype=np.float64) * STEP_S
    speed = np.linalg.norm(flight.velocity, axis=1)
    spin = math.radians(_SPIN_DEG_PER_S_AT_MACH_1) * vehicle.spin_factor * speed / 340.0
    hung = _smooth((t - flight.drogue_s) / HANG_S)
    turn = math.radians(25.0) * np.sin(2 * math.pi * t / 31.0)
    rate = spin * (1 - hung) + turn * hung
    return np.asarray(rate * (1 - _smooth((t - flight.landing_s) / FALL_OVER_S)))


def _from_up_to(axis: Floats) -> Floats:
    """The shortest turns that bring "up" to unit vectors (n, 3), none of which may point down."""
    east, north, up = axis.T
    turned = np.stack([1.0 + up, -north, east, np.zeros_like(up)], axis=1)
    return _unit(turned)


def _rates(quaternion: Floats) -> Floats:
    """Body rates from the change of attitude: twice the vector part of q* dq/dt."""
    change = np.gradient(quaternion, STEP_S, axis=0)
    inverse = quaternion * np.array([1.0, -1.0, -1.0, -1.0])
    return np.degrees(2.0 * multiply(inverse, change)[:, 1:])


def _unit(vectors: Floats) -> Floats:
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True))


def _smooth(share: Floats) -> Floats:
    """From 0 to 1 without a kink, as `share` goes from 0 to 1."""
    x = np.clip(share, 0.0, 1.0)
    return np.asarray(x * x * (3.0 - 2.0 * x))
