"""The flight of Kestrel 1 against what physics says, not against its own integrator."""

from __future__ import annotations

import math
from functools import cache

import numpy as np
import pytest

from infra.simulator import FlightModel, FlightState, Phase
from infra.simulator.environment import SITE_ALTITUDE_M, Wind, air_density, gravity
from infra.simulator.orders import DROGUE_LIMIT, NO_ORDERS, Orders
from infra.simulator.trajectory import STEP_S, Trajectory, fly
from infra.simulator.vehicle import (
    BODY_AREA_M2,
    BURN_TIME_S,
    DROGUE_DRAG_AREA_M2,
    DRY_MASS_KG,
    MAIN_DRAG_AREA_M2,
    MAIN_HEIGHT_M,
    PROPELLANT_KG,
    Vehicle,
)

SEEDS = (1, 2, 3, 17, 99)
ALWAYS_FINITE = (
    "position_m", "latitude_deg", "longitude_deg", "altitude_m", "velocity", "specific_force", "body_rates",
    "quaternion", "pressure_hpa", "air_temperature_c", "battery_v", "battery_a", "battery_c", "motor_bay_c",
    "avionics_c",
)  # fmt: skip
ORDERS = {
    "none": NO_ORDERS,
    "scrubbed": Orders(scrubbed=True),
    "drogue before apogee": Orders(fire_drogue_s=45.0),
    "vented at once": Orders(vent_motor_s=12.02, fire_drogue_when_slow_s=12.02),
    "vented on the way": Orders(vent_motor_s=14.0, fire_drogue_when_slow_s=14.0),
    "terminated while coasting": Orders(fire_drogue_when_slow_s=20.0),
}


@cache
def model(seed: int, orders: Orders = NO_ORDERS) -> FlightModel:
    return FlightModel(seed, orders=orders)


@cache
def trajectory(seed: int, orders: Orders = NO_ORDERS) -> Trajectory:
    return fly(Vehicle.from_seed(seed), Wind(seed), 12.0, orders)


def whole(flight: FlightModel) -> FlightState:
    """The state every hundredth of a second, to some seconds after the end."""
    end = flight.times.landing if math.isfinite(flight.times.landing) else 100.0
    return flight.state_at(np.arange(0.0, end + 20.0, 0.01))


@pytest.mark.parametrize("orders", ORDERS.values(), ids=ORDERS)
def test_nothing_in_a_flight_is_ever_not_a_number(orders: Orders) -> None:
    state = whole(model(1, orders))
    for name in ALWAYS_FINITE:
        assert np.isfinite(getattr(state, name)).all(), name
    assert np.allclose(np.linalg.norm(state.quaternion, axis=1), 1.0)


@pytest.mark.parametrize("seed", SEEDS)
def test_phases_follow_each_other(seed: int) -> None:
    flight = model(seed)
    assert list(flight.times) == sorted(flight.times)
    phases = whole(flight).phase
    assert (np.diff(phases) >= 0).all()
    assert set(phases.tolist()) == {int(phase) for phase in Phase}


@pytest.mark.parametrize("seed", SEEDS)
def test_the_mass_falls_from_full_to_dry_while_the_motor_burns_and_stays(seed: int) -> None:
    mass = trajectory(seed).mass
    burnt_out = round(BURN_TIME_S / STEP_S)
    assert mass[0] == pytest.approx(DRY_MASS_KG + PROPELLANT_KG)
    assert (np.diff(mass) <= 1e-12).all()
    assert mass[burnt_out:] == pytest.approx(DRY_MASS_KG)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_motor_is_one_of_class_n_with_a_solid_propellants_exhaust_speed(seed: int) -> None:
    impulse = trajectory(seed).thrust.sum() * STEP_S
    assert 10_240 < impulse < 20_480
    assert 1_500 < impulse / PROPELLANT_KG < 2_600


@pytest.mark.parametrize("seed", SEEDS)
def test_the_rocket_leaves_its_rail_fast_enough_and_goes_supersonic(seed: int) -> None:
    flight = trajectory(seed)
    gone = np.flatnonzero(np.linalg.norm(flight.position, axis=1) > 7.0)[0]
    assert np.linalg.norm(flight.velocity[gone]) > 30.0
    assert 550.0 < np.linalg.norm(flight.velocity, axis=1).max() < 660.0


@pytest.mark.parametrize("seed", SEEDS)
def test_apogee_is_where_the_climb_ends_and_nothing_is_higher(seed: int) -> None:
    flight = model(seed)
    apogee = flight.state_at(flight.times.apogee)
    assert abs(float(apogee.velocity[2])) < 0.2
    assert float(apogee.altitude_m) == pytest.approx(whole(flight).altitude_m.max(), abs=0.1)
    assert 8_500.0 < float(apogee.altitude_m) < 10_000.0
    # Without air it would come higher than this, with the speed that it has at burnout.
    burnout = flight.state_at(flight.times.burnout)
    assert apogee.altitude_m < burnout.altitude_m + float(burnout.velocity[2]) ** 2 / (2 * 9.75)


@pytest.mark.parametrize("seed", SEEDS)
def test_drag_takes_energy_from_a_coasting_rocket_and_gravity_none(seed: int) -> None:
    flight = model(seed)
    state = flight.state_at(np.arange(flight.times.burnout, flight.times.drogue, 0.01))
    moving = 0.5 * np.sum(state.velocity**2, axis=1)
    potential = np.array([gravity(z) * z for z in state.altitude_m])
    energy = moving + potential
    fast = np.linalg.norm(state.velocity, axis=1) > 60.0  # slower than that the wind may push it
    assert (np.diff(energy)[fast[1:]] < 0.0).all()
    assert 0.35 < energy[-1] / energy[0] < 0.8


def test_without_air_and_thrust_the_path_is_that_of_a_thrown_stone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("infra.simulator.trajectory.air_density", lambda altitude: 0.0)
    flight = trajectory.__wrapped__(1)
    start, rows = round(BURN_TIME_S / STEP_S) + 1, 2000
    t = np.arange(rows) * STEP_S
    height, speed = flight.position[start, 2], flight.velocity[start, 2]
    g = gravity(SITE_ALTITUDE_M + height)
    expected = height + speed * t - g / 2 * t**2
    assert flight.position[start : start + rows, 2] == pytest.approx(expected, abs=25.0)  # g falls on the way
    assert np.ptp(flight.velocity[start : start + rows, :2], axis=0) == pytest.approx([0.0, 0.0], abs=1e-9)


@pytest.mark.parametrize("seed", SEEDS)
def test_under_its_parachutes_it_falls_as_fast_as_drag_and_weight_balance(seed: int) -> None:
    flight = model(seed)
    body = 0.42 * BODY_AREA_M2

    def balance(altitude: float, area: float) -> float:
        return math.sqrt(2 * DRY_MASS_KG * gravity(altitude) / (air_density(altitude) * area))

    above_main = flight.state_at(flight.times.main - 1.0)
    landing = flight.state_at(flight.times.landing - 0.02)
    drogue = balance(float(above_main.altitude_m), DROGUE_DRAG_AREA_M2 + body)
    main = balance(SITE_ALTITUDE_M, DROGUE_DRAG_AREA_M2 + MAIN_DRAG_AREA_M2 + body)
    assert -float(above_main.velocity[2]) == pytest.approx(drogue, rel=0.02)
    assert -float(landing.velocity[2]) == pytest.approx(main, rel=0.02)
    assert 5.0 < main < 9.0


@pytest.mark.parametrize("seed", SEEDS)
def test_the_main_parachute_opens_at_its_height_and_the_rocket_lands_near_the_launcher(seed: int) -> None:
    flight = model(seed)
    assert float(flight.state_at(flight.times.main).position_m[2]) == pytest.approx(MAIN_HEIGHT_M, abs=1.0)
    landed = flight.state_at(flight.times.landing + 10.0)
    assert np.linalg.norm(landed.position_m[:2]) < 3_000.0
    assert float(landed.position_m[2]) == pytest.approx(0.0, abs=0.2)
    assert float(landed.speed) == 0.0


@pytest.mark.parametrize("seed", SEEDS)
def test_the_main_parachute_opens_with_a_shock_that_its_lines_bear(seed: int) -> None:
    flight = model(seed)
    opening = flight.state_at(np.arange(flight.times.main, flight.times.main + 3.0, 0.01))
    assert 15.0 < np.linalg.norm(opening.specific_force, axis=1).max() < 40.0


@pytest.mark.parametrize("orders", ORDERS.values(), ids=ORDERS)
def test_velocity_is_the_change_of_position(orders: Orders) -> None:
    state = whole(model(1, orders))
    moved = np.cumsum((state.velocity[1:] + state.velocity[:-1]) / 2 * 0.01, axis=0)
    assert moved[-1] + state.position_m[0] == pytest.approx(state.position_m[-1], abs=1.0)


def test_at_rest_the_accelerometer_feels_its_weight_and_in_free_flight_only_drag() -> None:
    flight = model(1)
    assert float(flight.state_at(0.0).specific_force[0]) == pytest.approx(gravity(SITE_ALTITUDE_M), rel=0.01)
    coasting = flight.state_at(np.arange(flight.times.burnout + 1.0, flight.times.apogee - 5.0, 0.1))
    assert (coasting.specific_force[:, 0] < 0.5).all()
    assert np.abs(coasting.specific_force[:, 1:]).max() < 2.0


def test_the_air_gets_thinner_and_colder_on_the_way_up() -> None:
    flight = model(1)
    state = flight.state_at(np.arange(flight.times.ignition, flight.times.apogee, 0.5))
    assert (np.diff(state.pressure_hpa) <= 0).all()
    assert 290.0 < state.pressure_hpa[-1] < 330.0
    assert state.air_temperature_c[-1] < -45.0


@pytest.mark.parametrize("seed", SEEDS)
def test_only_the_motor_bay_passes_a_limit_and_once(seed: int) -> None:
    flight = model(seed)
    assert flight.hot_bay is not None
    start, stop = flight.hot_bay
    state = whole(flight)
    hot = state.motor_bay_c > 70.0
    assert np.abs(np.diff(hot.astype(int))).sum() == 2
    assert state.t[hot][[0, -1]] == pytest.approx([start, stop], abs=0.02)
    assert flight.times.burnout < start < stop < flight.times.landing
    assert state.motor_bay_c.max() < 95.0


def test_the_same_seed_flies_the_same_and_another_one_elsewhere() -> None:
    again = FlightModel(1).state_at(200.0)
    assert np.array_equal(again.position_m, model(1).state_at(200.0).position_m)
    assert np.linalg.norm(again.position_m - model(2).state_at(200.0).position_m) > 50.0


@pytest.mark.parametrize("name", ["drogue before apogee", "vented on the way", "terminated while coasting"])
def test_until_an_order_is_due_nothing_differs(name: str) -> None:
    orders = ORDERS[name]
    due = min(orders.vent_motor_s, orders.fire_drogue_s, orders.fire_drogue_when_slow_s)
    t = np.arange(0.0, due - 0.05, 0.01)
    with_orders, without = model(1, orders).state_at(t), model(1).state_at(t)
    assert np.array_equal(with_orders.position_m, without.position_m)
    assert np.array_equal(with_orders.specific_force, without.specific_force)
    assert with_orders.battery_v == pytest.approx(
        without.battery_v, abs=0.002
    )  # the charge goes by half seconds


def test_a_vented_motor_ends_the_climb_and_keeps_its_propellant() -> None:
    flight = model(1, ORDERS["vented on the way"])
    assert flight.times.burnout == 14.0
    assert float(flight.state_at(flight.times.apogee).altitude_m) < 4_000.0
    mass = trajectory(1, Orders(vent_motor_s=2.0)).mass
    assert mass[-1] == mass[200] > DRY_MASS_KG + 4.0


@pytest.mark.parametrize("name", ["vented on the way", "terminated while coasting"])
def test_a_terminated_flight_fires_its_drogue_when_it_is_slow_enough(name: str) -> None:
    flight = model(1, ORDERS[name])
    assert flight.times.drogue < flight.times.apogee
    assert flight.airspeed_at(flight.times.drogue) == pytest.approx(DROGUE_LIMIT, abs=0.5)


def test_a_scrubbed_launch_stays_on_the_pad() -> None:
    flight = model(1, ORDERS["scrubbed"])
    state = whole(flight)
    assert (state.phase == Phase.PAD).all()
    assert (state.speed == 0.0).all()
    assert flight.hot_bay is None
    assert all(math.isinf(t) for t in flight.times)


def test_a_longer_countdown_only_waits_longer() -> None:
    late = FlightModel(1, countdown=40.0)
    assert late.times.ignition == 40.0
    assert late.times.burnout == pytest.approx(40.0 + BURN_TIME_S)
    assert float(late.state_at(39.9).position_m[2]) == 0.0
    assert 8_500.0 < float(late.state_at(late.times.apogee).altitude_m) < 10_000.0
