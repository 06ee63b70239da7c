"""Verification: what telemetry says about telecommands, as events that name the frame that proves it.

TELEMETRY is read from where it had been looked at for certain; no position is kept, because every decision
is made by the fold, and a report that is known already changes nothing. Windows and time-outs go by the log's
clock (`recorded`), never by the device's. Proven by `tests/commands/test_verification.py`.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from nats.aio.client import Client
from nats.errors import Error as NatsError

from commands.conditions import holds, references
from commands.definitions import TelecommandSet
from commands.ledger import Ledger
from commands.log import advance, read_telecommand
from commands.mission_commands import MissionCommands
from commands.reports import Report
from commands.rules import misfit
from commands.stamp import Stamp
from commands.state import State
from commands.telecommand import Telecommand
from commands.telemetry import Row, Sample, TelemetryMap, live_subject, rows_of
from commands.verifiers import Passed, deadline, open_verifiers, passing, window_of
from infra.errors import CommandError, FlightLedgerError, StreamError
from streams import names
from streams.read import Message, StreamReader, last_offset, offset_at_time
from streams.xtce.verifiers import Verifier

_POLL_S = 0.5
_RETRY_S = 1.0
_LIVE = (State.CLAIMED, State.SENT, State.UNCERTAIN, State.ACCEPTED, State.STARTED, State.PROGRESSED)

log = logging.getLogger(__name__)


class Verification:
    """`run` until cancelled."""

    def __init__(self, nc: Client, ledger: Ledger, stamp: Stamp, mission: MissionCommands) -> None:
        self._nc, self._ledger, self._stamp, self._settings = nc, ledger, stamp, mission.settings
        self._catalog, self._telemetry, self._reports = mission.catalog, mission.telemetry, mission.reports
        self._samples: dict[str, Sample] = {}
        self._watched = _watched(mission.catalog, mission.telemetry)
        self._next_offset = 0

    async def run(self) -> None:
        """Follow telemetry and the clock, whatever goes wrong in between."""
        await self._ledger.caught_up()
        while True:
            try:
                await self._follow()
            except (FlightLedgerError, NatsError, OSError, TimeoutError) as error:
                log.error("verification stopped: %s; going on", error or repr(error))
                await asyncio.sleep(_RETRY_S)

    async def _follow(self) -> None:
        packets = self._reports.packets | frozenset(self._watched)
        if not packets:
            while True:
                await asyncio.sleep(_POLL_S)
                await self._time_out()
        start = self._next_offset or await self._first_offset()
        subjects = sorted(map(live_subject, packets))
        async with StreamReader(self._nc, names.TELEMETRY, start=start, subject=subjects) as reader:
            while True:
                messages = await reader.read(_POLL_S)
                if messages:
                    # A report can not be older than the claim: what the log has now is enough to know it by.
                    await self._ledger.reached(command=await last_offset(self._nc, names.COMMANDS))
                for row in _in_order(messages):
                    await self._look_at(row)
                if messages:
                    self._next_offset = messages[-1].offset + 1
                # What is damaged on the server's disk counts as pending for ever: silence is an answer too.
                if not reader.pending or (not messages and self._nc.is_connected):
                    await self._time_out()

    async def _first_offset(self) -> int:
        """Where to begin: at the oldest open claim, or the last thing that was decided by telemetry."""
        board = self._ledger.board
        claims = [claim.recorded for one in board.open if (claim := one.last("claimed"))]
        begin = min([board.last_decision or time.time_ns(), *claims])
        return await offset_at_time(self._nc, names.TELEMETRY, begin)

    async def _look_at(self, row: Row) -> None:
        if row.packet in self._reports.packets and (report := self._reports.read(row)) is not None:
            await self._take_report(row, report)
        if row.packet in self._watched:
            for field in self._telemetry.of_packet(row.packet).values():
                if field.parameter.qualified_name in self._watched[row.packet]:
                    sample = Sample(field, row.get(field.value), row.get(field.raw), row)
                    self._samples[field.parameter.qualified_name] = sample
            for telecommand in [one for one in self._ledger.board.open if one.state in _LIVE]:
                await self._verify(telecommand, row)

    async def _take_report(self, row: Row, report: Report) -> None:
        identity = self._ledger.board.sender_of(report.about, row.recorded)
        if identity is None:
            log.warning(
                "frame %d has a report about a telecommand that nobody here sent: APID %d, count %d",
                row.get("frame_offset"),
                *report.about,
            )
            return
        await self._append(identity, report.event, report.fields, report.why)

    async def _verify(self, telecommand: Telecommand, row: Row) -> None:
        """See whether the row makes verifiers of a telecommand pass, one after the other."""
        while (found := self._passed_by(telecommand, row)) is not None:
            verifier, passed = found
            fields = {**row.origin(), "verifier": verifier.place, "values": self._seen(verifier)}
            fields |= {"stage": passed.stage} if passed.stage else {}
            newest = await self._append(telecommand.id, passed.event, fields, f"verified by {verifier.place}")
            if newest is None or len(newest.steps) == len(telecommand.steps):
                return
            telecommand = newest

    def _passed_by(self, telecommand: Telecommand, row: Row) -> tuple[Verifier, Passed] | None:
        verifiers = self._verifiers(telecommand)
        for verifier in open_verifiers(telecommand, verifiers):
            window = window_of(telecommand, verifier, self._settings)
            if window is None or not window.start <= row.recorded <= window.stop:
                continue
            if verifier.container is not None:
                if row.packet in self._telemetry.packets_in(verifier.container):
                    return verifier, passing(telecommand, verifier, verifiers)
            elif verifier.condition is not None and holds(verifier.condition, self._fresh(window.start)):
                return verifier, passing(telecommand, verifier, verifiers)
        return None

    def _fresh(self, start: int) -> Any:
        """Look samples up that are not older than the window: before that they prove nothing."""

        def lookup(parameter: str) -> Sample | None:
            sample = self._samples.get(parameter)
            return sample if sample is not None and sample.row.recorded >= start else None

        return lookup

    def _seen(self, verifier: Verifier) -> dict[str, Any]:
        if verifier.condition is None:
            return {}
        names_of = {reference.parameter for reference in references(verifier.condition)}
        return {name: self._samples[name].value for name in sorted(names_of) if name in self._samples}

    async def _time_out(self) -> None:
        """End the waiting for reports that are overdue, now that all telemetry there is was looked at."""
        now = time.time_ns()
        for telecommand in list(self._ledger.board.open):
            if misfit(telecommand, "timed-out", {}):
                continue
            limit = deadline(telecommand, self._verifiers(telecommand), self._settings)
            if limit is not None and limit < now:
                missing = list(telecommand.missing)
                why = f"no report in time: {', '.join(missing)}"
                await self._append(telecommand.id, "timed-out", {"missing": missing}, why)

    async def _append(self, identity: str, name: str, own: Mapping[str, Any], why: str) -> Telecommand | None:
        """Append an event unless it does not fit any more; return the telecommand then."""
        fields = {**own, **self._stamp.fields(why)}

        def decide(newest: Telecommand) -> tuple[str, dict[str, Any]] | None:
            return None if misfit(newest, name, fields) else (name, fields)

        known = self._ledger.board.find(identity) or await read_telecommand(self._nc, identity)
        _, event = await advance(self._nc, known, decide)
        if event is None:
            return None
        await self._ledger.reached(command=event.offset)
        return self._ledger.board.find(identity)

    def _verifiers(self, telecommand: Telecommand) -> Sequence[Verifier]:
        try:
            return self._catalog.find(telecommand.name).verifiers
        except CommandError:  # of a mission database that was replaced meanwhile
            return ()


def _in_order(messages: list[Message]) -> list[Row]:
    """Return the packets of messages as they came down: a run of frames has them sorted by type."""
    found: list[Row] = []
    for message in messages:
        try:
            found += rows_of(message)
        except StreamError as error:
            log.error("left out: TELEMETRY offset %d: %s", message.offset, error)
    return sorted(found, key=lambda row: (row.get("frame_offset"), row.get("packet_index")))


def _watched(catalog: TelecommandSet, telemetry: TelemetryMap) -> dict[str, frozenset[str]]:
    """Return the packet types that verifiers look at, each with the parameters in it that they compare."""
    found: dict[str, set[str]] = {}
    for verifier in _all_verifiers(catalog):
        for packet in telemetry.packets_in(verifier.container) if verifier.container else ():
            found.setdefault(packet, set())
        for reference in references(verifier.condition) if verifier.condition else ():
            for field in telemetry.fields(reference.parameter):
                found.setdefault(field.packet, set()).add(field.parameter.qualified_name)
    return {packet: frozenset(parameters) for packet, parameters in found.items()}


def _all_verifiers(catalog: TelecommandSet) -> Iterator[Verifier]:
    for name in catalog.names():
        yield from catalog.find(name).verifiers
