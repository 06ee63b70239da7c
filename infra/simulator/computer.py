"""The flight computer: takes telecommands, answers by reports, and does what they say.

It goes by mission time: `due` says when it next has something to do, `run` does it. What it wants changed in
the flight or the telemetry stands in `orders`, `settings` and `state`.

A telecommand is accepted or rejected as soon as it is there; it starts and, unless it takes longer, is done a
fraction of a second later. The same telecommand twice is done twice: the rocket does not know what is new.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable, Generator
from itertools import count

import numpy as np

from infra.simulator.actions import ACTIONS, CHECKS, scrub
from infra.simulator.events import Event, Severity, Source
from infra.simulator.flight import FlightModel, Phase
from infra.simulator.onboard import OnBoard
from infra.simulator.packets import Apid, Draft, clock_ticks
from infra.simulator.stream import event_draft
from infra.simulator.telecommands import Failure, RefusedError, Request, Telecommand, decode, read_request
from infra.simulator.telemetry import Settings
from infra.simulator.verification import Reporter, Subtype

ARM_BEFORE_IGNITION_S = 9.0
START_AFTER_S = 0.1
DONE_AFTER_S = 0.1


Tell = Callable[[int, str, str], None]
"""Hears what became of a telecommand: its number on board, what was done, and why (or an empty text)."""


class FlightComputer:
    """One rocket's flight computer.

    `send` takes each packet that it makes, at once; `tell` hears when a telecommand is done, or fails.
    `model` is the flight as it is now: who changes it because of `orders` sets it here.
    """

    def __init__(
        self, model: FlightModel, start_ns: int, *, send: Callable[[Draft], None], tell: Tell
    ) -> None:
        self.model = model
        self.orders = model.orders
        self.settings = Settings()
        self.state = OnBoard()
        self.is_disarmed_by_hand = False
        self.silences = 0
        self.t = 0.0
        self._start_ns = start_ns
        self._send, self._tell = send, tell
        self._reporter = Reporter()
        self._agenda: list[tuple[float, int, Callable[[], None]]] = []
        self._numbers = count()
        self._at(max(model.countdown - ARM_BEFORE_IGNITION_S, 0.0), self._arm)
        self._at(model.countdown, self._launch)

    @property
    def due(self) -> float:
        """The mission time of what is next to do; infinity when there is nothing."""
        return self._agenda[0][0] if self._agenda else math.inf

    @property
    def phase(self) -> Phase:
        """The phase of the flight now."""
        return Phase(int(self.model.phase_at(self.t)))

    def run(self) -> None:
        """Do what is due next, at its time."""
        self.t, _, action = heapq.heappop(self._agenda)
        action()

    def receive(self, t: float, number: int, packet: bytes, *, is_broken: bool) -> str:
        """Take a telecommand at mission time t; return what was said: accepted, or why not.

        `number` is how `tell` names it; `is_broken` says that its checksum is wrong.
        """
        self.t = t
        self.state.received += 1
        request = read_request(packet)
        try:
            if is_broken:
                raise RefusedError(Failure.BAD_CHECKSUM)
            telecommand = decode(packet)
            CHECKS[telecommand.name](self, telecommand.arguments)
        except RefusedError as why:
            self.state.rejected += 1
            self._fail(request, Subtype.REJECTED, why)
            return f"rejected: {why.failure.name}"
        self.state.accepted += 1
        self._succeed(request, Subtype.ACCEPTED)
        self._at(t + START_AFTER_S, lambda: self._start(number, request, telecommand))
        return "accepted"

    def say(self, severity: Severity, source: Source, text: str, value: float | None = None) -> None:
        """Send an EVENT."""
        self._send(event_draft(Event(self.t, severity, source, text, value), self._start_ns))

    def _start(self, number: int, request: Request, telecommand: Telecommand) -> None:
        self._succeed(request, Subtype.STARTED)
        work = ACTIONS[telecommand.name](self, telecommand.arguments)
        self._go_on(number, request, work)

    def _go_on(self, number: int, request: Request, work: Generator[float | tuple[int, int]]) -> None:
        """Go through an action: it yields the seconds that it waits, and the steps that are done."""
        try:
            for pause in work:
                if not isinstance(pause, tuple):
                    self._at(self.t + pause, lambda: self._go_on(number, request, work))
                    return
                self._succeed(request, Subtype.PROGRESS, *pause)
        except RefusedError as why:
            self._fail(request, Subtype.FAILED, why)
            self._tell(number, "failed", why.failure.name)
            return
        self._tell(number, "executed", "")
        self._at(self.t + DONE_AFTER_S, lambda: self._succeed(request, Subtype.COMPLETED))

    def _succeed(self, request: Request, subtype: Subtype, *steps: int) -> None:
        report = self._reporter.success(self._ticks(), request, subtype, *steps)
        if report is not None:
            self._send(Draft(self.t, Apid.VERIFICATION, report))

    def _fail(self, request: Request, subtype: Subtype, why: RefusedError) -> None:
        report = self._reporter.failure(self._ticks(), request, subtype, why)
        self._send(Draft(self.t, Apid.VERIFICATION, report))

    def _ticks(self) -> int:
        return int(clock_ticks(self._start_ns, np.array([self.t]))[0])

    def _at(self, t: float, action: Callable[[], None]) -> None:
        heapq.heappush(self._agenda, (t, next(self._numbers), action))

    def _arm(self) -> None:
        """The sequencer arms the recovery, unless a person has disarmed it."""
        if not (self.state.armed or self.is_disarmed_by_hand or self.state.terminated):
            self.state.armed = True
            self.say(Severity.INFO, Source.COMPUTER, "armed")

    def _launch(self) -> None:
        """The sequencer lets the motor be ignited only when the parachutes will open."""
        if not (self.state.armed or self.state.terminated):
            scrub(self, "launch scrubbed: the recovery is not armed")
