"""Where the rocket is: a point mass under thrust, drag, gravity and wind, integrated once per flight.

Fourth-order Runge-Kutta with a fixed step of 10 ms, in metres east, north and up of the launcher.
The rail holds the rocket for its first metres; from then on thrust turns into the oncoming air
(fins). Chutes open over an inflation time. Integration ends at touchdown.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

from infra.simulator import vehicle as v
from infra.simulator.environment import SITE_ALTITUDE_M, Floats, Wind, air_density, gravity, speed_of_sound
from infra.simulator.orders import DROGUE_LIMIT, Orders
from infra.simulator.vehicle import Vehicle

STEP_S = 0.01
MAX_STEPS = 60_000
TOUCHDOWN_S = 0.06
REST_S = 1.5

State = tuple[float, float, float, float, float, float]


@dataclass
class Trajectory:
    """The flight from ignition to rest, one row per 10 ms; times are seconds after ignition.

    `position` and `velocity` have shape (n, 3): east, north, up; `wind` (n, 2); `thrust`, `mass` (n,).
    What never happens is at infinity.
    """

    position: Floats
    velocity: Floats
    wind: Floats
    thrust: Floats
    mass: Floats
    burnout_s: float
    apogee_s: float
    drogue_s: float
    main_s: float
    landing_s: float


@dataclass
class _Chutes:
    burnout_s: float
    drogue_s: float
    slow_after_s: float
    main_s: float = math.inf
    apogee_s: float = math.inf

    def watch(self, t: float, state: State, wind: tuple[float, float]) -> None:
        """Notice apogee and fire what is due, as the flight computer does."""
        if self.apogee_s == math.inf and t > self.burnout_s and state[5] <= 0.0:
            self.apogee_s = t
            self.drogue_s = min(self.drogue_s, t + v.DROGUE_DELAY_S)
        if t >= self.slow_after_s and airspeed(state, wind) < DROGUE_LIMIT:
            self.drogue_s = min(self.drogue_s, t)
        if self.main_s == math.inf and t > self.drogue_s + 5.0 and state[2] < v.MAIN_HEIGHT_M:
            self.main_s = t

    def drag_area(self, t: float) -> float:
        """Drag coefficient times area of what is open, m²."""
        drogue = min(max((t - self.drogue_s) / v.DROGUE_INFLATION_S, 0.0), 1.0)
        main = min(max((t - self.main_s) / v.MAIN_INFLATION_S, 0.0), 1.0)
        # A chute's mouth opens slowly first: the area follows the square of the time.
        return v.DROGUE_DRAG_AREA_M2 * drogue + v.MAIN_DRAG_AREA_M2 * main * main


@dataclass
class _Integrator:
    vehicle: Vehicle
    winds: Wind
    orders: Orders
    chutes: _Chutes = field(init=False)

    def __post_init__(self) -> None:
        orders = self.orders
        burnout_s = min(v.BURN_TIME_S, orders.vent_motor_s)
        self.chutes = _Chutes(burnout_s, orders.fire_drogue_s, orders.fire_drogue_when_slow_s)
        half_steps: Floats = np.arange(0.0, 2 * MAX_STEPS + 2) * (STEP_S / 2)
        thrust, mass = self.vehicle.burn(half_steps, orders.vent_motor_s)
        self.thrust: list[float] = thrust.tolist()
        self.mass: list[float] = mass.tolist()
        self.rail = self.vehicle.rail_direction

    def slope(self, half_step: int, state: State, wind: tuple[float, float]) -> State:
        """The time derivative of the state at a half step."""
        x, y, z, vx, vy, vz = state
        thrust, mass = self.thrust[half_step], self.mass[half_step]
        ax, ay, az = vx - wind[0], vy - wind[1], vz
        speed = math.sqrt(ax * ax + ay * ay + az * az)
        altitude = z + SITE_ALTITUDE_M
        area = self.vehicle.drag_factor * v.drag_coefficient(speed / speed_of_sound(altitude))
        area = area * v.BODY_AREA_M2 + self.chutes.drag_area(half_step * STEP_S / 2)
        drag = -0.5 * air_density(altitude) * speed * area / mass
        fx, fy, fz = drag * ax, drag * ay, drag * az - gravity(altitude)
        if thrust > 0.0:
            nx, ny, nz = heading(self.rail, (ax, ay, az), speed)
            push = thrust / mass
            fx, fy, fz = fx + push * nx, fy + push * ny, fz + push * nz
        if thrust > 0.0 and x * x + y * y + z * z < v.RAIL_LENGTH_M**2:
            fx, fy, fz = self._along_rail(fx, fy, fz)
        return vx, vy, vz, fx, fy, fz

    def _along_rail(self, fx: float, fy: float, fz: float) -> tuple[float, float, float]:
        rx, ry, rz = self.rail
        along = max(fx * rx + fy * ry + fz * rz, 0.0)
        return along * rx, along * ry, along * rz

    def step(self, i: int, state: State, wind: tuple[float, float]) -> State:
        """The state one step later."""
        k1 = self.slope(2 * i, state, wind)
        k2 = self.slope(2 * i + 1, _moved(state, k1, STEP_S / 2), wind)
        k3 = self.slope(2 * i + 1, _moved(state, k2, STEP_S / 2), wind)
        k4 = self.slope(2 * i + 2, _moved(state, k3, STEP_S), wind)
        mean = tuple((a + 2 * b + 2 * c + d) / 6 for a, b, c, d in zip(k1, k2, k3, k4, strict=True))
        return _moved(state, mean, STEP_S)  # type: ignore[arg-type]


def _moved(s: State, k: State, dt: float) -> State:
    return (
        s[0] + dt * k[0],
        s[1] + dt * k[1],
        s[2] + dt * k[2],
        s[3] + dt * k[3],
        s[4] + dt * k[4],
        s[5] + dt * k[5],
    )


def airspeed(state: State, wind: tuple[float, float]) -> float:
    """Speed against the air, m/s."""
    return math.hypot(state[3] - wind[0], state[4] - wind[1], state[5])


def heading(
    rail: tuple[float, float, float], air: tuple[float, float, float], speed: float
) -> tuple[float, float, float]:
    """Where the nose points under power: along the rail at first, into the air as the fins take hold."""
    share = min(max((speed - 20.0) / 100.0, 0.0), 1.0)
    if share == 0.0:
        return rail
    gain = share / speed
    nx, ny, nz = (r * (1 - share) + a * gain for r, a in zip(rail, air, strict=True))
    length = math.sqrt(nx * nx + ny * ny + nz * nz)
    return nx / length, ny / length, nz / length


def fly(vehicle: Vehicle, winds: Wind, ignition_s: float, orders: Orders) -> Trajectory:
    """Integrate one flight; `ignition_s` is the mission time of ignition (the wind's clock).

    `orders` count their times from ignition.
    """
    run = _Integrator(vehicle, winds, orders)
    state: State = (0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
    states, blown = [state], [winds.at(SITE_ALTITUDE_M, ignition_s)]
    for i in range(MAX_STEPS):
        t = i * STEP_S
        run.chutes.watch(t, state, blown[-1])
        state = run.step(i, state, blown[-1])
        if state[2] < 0.0 and t > run.chutes.burnout_s:
            break
        states.append(state)
        blown.append(winds.at(state[2] + SITE_ALTITUDE_M, ignition_s + t + STEP_S))
    return _finished(run, np.array(states), np.array(blown))


def stand(winds: Wind, ignition_s: float) -> Trajectory:
    """The flight that never begins: the rocket stands on its launcher for good."""
    still = np.zeros((2, 3))
    mass = np.full(2, v.DRY_MASS_KG + v.PROPELLANT_KG)
    wind = np.array([winds.at(SITE_ALTITUDE_M, ignition_s)] * 2)
    return Trajectory(still, still, wind, np.zeros(2), mass, *[math.inf] * 5)


def _finished(run: _Integrator, states: Floats, blown: Floats) -> Trajectory:
    """Add the touchdown, where the velocity goes to zero in some hundredths of a second, and the rest."""
    landing_s = (len(states) - 1) * STEP_S
    stop = round(REST_S / STEP_S)
    slowing = np.maximum(1.0 - np.arange(1, stop + 1) * STEP_S / TOUCHDOWN_S, 0.0)
    fall = states[-1, 3:] * slowing[:, None]
    rest = states[-1, :3] + np.cumsum(fall, axis=0) * STEP_S
    states = np.vstack([states, np.hstack([rest, fall])])
    states[-stop:, 2] = np.maximum(states[-stop:, 2], 0.0)
    n, chutes = len(states), run.chutes
    # A flight that is ended at once is over before its parachutes would have opened.
    times = [min(t, landing_s) for t in (chutes.burnout_s, chutes.apogee_s, chutes.drogue_s, chutes.main_s)]
    return Trajectory(
        position=states[:, :3],
        velocity=states[:, 3:],
        wind=np.vstack([blown, np.repeat(blown[-1:], stop, axis=0)]),
        thrust=np.array(run.thrust[: 2 * n : 2]),
        mass=np.array(run.mass[: 2 * n : 2]),
        burnout_s=times[0],
        apogee_s=times[1],
        drogue_s=times[2],
        main_s=times[3],
        landing_s=landing_s,
    )
