"""What each telecommand does, and when the flight computer refuses it.

A check looks at the state when the telecommand arrives and raises RefusedError. An action yields the
seconds that it waits and, as (step, steps), what is done; it raises RefusedError when it fails on the way.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from infra.simulator.events import Severity, Source
from infra.simulator.flight import Phase
from infra.simulator.orders import DROGUE_LIMIT, Orders
from infra.simulator.telecommands import FIRE_CODE, TERMINATION_CODE, Failure, RefusedError

if TYPE_CHECKING:
    from infra.simulator.computer import FlightComputer

Arguments = Mapping[str, Any]
Work = Generator[float | tuple[int, int]]

CALIBRATION_RATE = 50.0
CALIBRATION_STEPS = 4
CALIBRATION_LIMIT_HPA = 25.0
PYRO_DELAY_S = 0.05
SILENCE_AFTER_S = 0.2

_ON_GROUND = {Phase.PAD, Phase.LANDED}


def scrub(computer: FlightComputer, why: str) -> None:
    """Give up the launch for good."""
    computer.orders = Orders(scrubbed=True)
    computer.state.terminated = True
    computer.say(Severity.CRITICAL, Source.COMPUTER, why)


# --- Checks


def _always(_computer: FlightComputer, _arguments: Arguments) -> None:
    pass


def _in(*phases: Phase) -> Callable[[FlightComputer, Arguments], None]:
    def check(computer: FlightComputer, _arguments: Arguments) -> None:
        if computer.phase not in phases:
            raise RefusedError(Failure.WRONG_PHASE, computer.phase)

    return check


def _may_calibrate(computer: FlightComputer, arguments: Arguments) -> None:
    _in(*_ON_GROUND)(computer, arguments)
    if computer.state.calibrating:
        raise RefusedError(Failure.BUSY)


def _may_be_silent(computer: FlightComputer, _arguments: Arguments) -> None:
    if computer.state.silent:
        raise RefusedError(Failure.BUSY)


def _may_fire(computer: FlightComputer, arguments: Arguments) -> None:
    _in(Phase.COAST, Phase.DROGUE)(computer, arguments)
    if arguments["CODE"] != FIRE_CODE:
        raise RefusedError(Failure.WRONG_CODE)


def _may_terminate(computer: FlightComputer, arguments: Arguments) -> None:
    if computer.phase is Phase.LANDED:
        raise RefusedError(Failure.WRONG_PHASE, computer.phase)
    if arguments["CODE"] != TERMINATION_CODE:
        raise RefusedError(Failure.WRONG_CODE)
    if computer.state.terminated:
        raise RefusedError(Failure.BUSY)


# --- Actions


def _ping(_computer: FlightComputer, _arguments: Arguments) -> Work:
    yield from ()


def _set_rate(computer: FlightComputer, arguments: Arguments) -> Work:
    yield from ()
    rate = {f"{arguments['PACKET'].lower()}_rate": int(arguments["RATE"])}
    computer.settings = replace(computer.settings, **rate)


def _set_beacon_text(computer: FlightComputer, arguments: Arguments) -> Work:
    yield from ()
    computer.state.beacon_text = arguments["TEXT"]


def _calibrate(computer: FlightComputer, arguments: Arguments) -> Work:
    computer.state.calibrating = True
    try:
        for step in range(1, CALIBRATION_STEPS + 1):
            yield arguments["SAMPLES"] / CALIBRATION_RATE / CALIBRATION_STEPS
            if computer.phase not in _ON_GROUND:
                raise RefusedError(Failure.INTERRUPTED)
            yield step, CALIBRATION_STEPS
        measured = float(computer.model.state_at(computer.t).pressure_hpa)
        offset = arguments["REFERENCE"] - measured
        if abs(offset) > CALIBRATION_LIMIT_HPA:
            raise RefusedError(Failure.IMPLAUSIBLE, offset)
    finally:
        computer.state.calibrating = False
    computer.settings = replace(computer.settings, baro_offset_hpa=offset)
    if arguments["ANNOUNCE"]:
        computer.say(Severity.INFO, Source.COMPUTER, "barometer calibrated, offset in hPa", offset)


def _reset_counters(computer: FlightComputer, arguments: Arguments) -> Work:
    yield from ()
    state = computer.state
    if arguments["ANNOUNCE"]:
        counts = f"{state.received} received, {state.accepted} accepted, {state.rejected} rejected"
        computer.say(Severity.INFO, Source.COMPUTER, f"counters reset, telecommands were {counts}")
    state.received = state.accepted = state.rejected = 0


def _transmit(computer: FlightComputer, arguments: Arguments) -> Work:
    yield from ()
    computer.silences += 1
    computer.state.silent = False
    computer.state.power_dbm = arguments["POWER"]


def _be_silent(computer: FlightComputer, arguments: Arguments) -> Work:
    yield SILENCE_AFTER_S
    computer.silences += 1
    this = computer.silences
    computer.state.silent = True
    yield arguments["DURATION"]
    if computer.silences == this:  # otherwise the transmitter was enabled meanwhile
        computer.state.silent = False


def _switch_recovery(computer: FlightComputer, arguments: Arguments) -> Work:
    yield from ()
    computer.state.armed = arguments["ARM"]
    computer.is_disarmed_by_hand = not arguments["ARM"]
    computer.say(Severity.INFO, Source.RECOVERY, "armed" if arguments["ARM"] else "disarmed")


def _fire_drogue(computer: FlightComputer, _arguments: Arguments) -> Work:
    yield from ()
    if computer.phase >= Phase.DROGUE:
        raise RefusedError(Failure.ALREADY_FIRED)
    airspeed = computer.model.airspeed_at(computer.t)
    if airspeed > DROGUE_LIMIT:
        raise RefusedError(Failure.TOO_FAST, airspeed)
    computer.orders = replace(computer.orders, fire_drogue_s=computer.t + PYRO_DELAY_S)


def _terminate(computer: FlightComputer, arguments: Arguments) -> Work:
    yield from ()
    if computer.phase is Phase.PAD:
        scrub(computer, f"launch scrubbed by telecommand: {arguments['REASON']}")
        return
    computer.state.terminated = True
    computer.say(Severity.CRITICAL, Source.RECOVERY, f"flight terminated: {arguments['REASON']}")
    now = computer.t + PYRO_DELAY_S
    if computer.phase is Phase.BOOST:
        computer.orders = replace(computer.orders, vent_motor_s=now)
    if computer.phase < Phase.DROGUE:
        computer.orders = replace(computer.orders, fire_drogue_when_slow_s=now)


_EVERY_PHASE_BUT_LANDED = tuple(phase for phase in Phase if phase is not Phase.LANDED)

CHECKS: dict[str, Callable[[FlightComputer, Arguments], None]] = {
    "PING": _always,
    "SET_TELEMETRY_RATE": _in(*_EVERY_PHASE_BUT_LANDED),
    "SET_BEACON_TEXT": _always,
    "CALIBRATE_BAROMETER": _may_calibrate,
    "RESET_COUNTERS": _always,
    "ENABLE_TRANSMITTER": _always,
    "DISABLE_TRANSMITTER": _may_be_silent,
    "ARM_RECOVERY": _in(Phase.PAD),
    "DISARM_RECOVERY": _in(Phase.PAD),
    "FIRE_DROGUE": _may_fire,
    "TERMINATE_FLIGHT": _may_terminate,
}

ACTIONS: dict[str, Callable[[FlightComputer, Arguments], Work]] = {
    "PING": _ping,
    "SET_TELEMETRY_RATE": _set_rate,
    "SET_BEACON_TEXT": _set_beacon_text,
    "CALIBRATE_BAROMETER": _calibrate,
    "RESET_COUNTERS": _reset_counters,
    "ENABLE_TRANSMITTER": _transmit,
    "DISABLE_TRANSMITTER": _be_silent,
    "ARM_RECOVERY": _switch_recovery,
    "DISARM_RECOVERY": _switch_recovery,
    "FIRE_DROGUE": _fire_drogue,
    "TERMINATE_FLIGHT": _terminate,
}
