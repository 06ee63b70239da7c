"""Reports about telecommands: request verification, service 1 (ECSS-E-ST-70-41C, sections 7.4.3 and 8.1).

A report has the telemetry secondary header of the standard with the rocket's own time in it, the first four
bytes of the telecommand it is about (its request identifier), and what its subtype asks for.
"""

from __future__ import annotations

import struct
from collections import Counter
from enum import IntEnum

from infra.simulator.packets import Apid, primary_header
from infra.simulator.telecommands import PUS_VERSION, RefusedError, Request

SERVICE = 1
COUNT_MODULUS = 65_536


class Subtype(IntEnum):
    """What is reported; each is a packet type in rocket.xml."""

    ACCEPTED = 1
    REJECTED = 2
    STARTED = 3
    PROGRESS = 5
    COMPLETED = 7
    FAILED = 8


_WANTED = {Subtype.ACCEPTED: 1, Subtype.STARTED: 2, Subtype.PROGRESS: 4, Subtype.COMPLETED: 8}
"""Acknowledgement flags: a success is reported when it is wanted, a failure always."""


class Reporter:
    """Makes the reports' packets and counts them by subtype."""

    def __init__(self) -> None:
        self._count: Counter[Subtype] = Counter()

    def success(self, ticks: int, request: Request, subtype: Subtype, *steps: int) -> bytes | None:
        """A report of success, for PROGRESS with the step that is done and how many there are.

        None when the telecommand did not ask for it.
        """
        if not request.acknowledge & _WANTED[subtype]:
            return None
        return self._report(ticks, request, subtype, bytes(steps))

    def failure(self, ticks: int, request: Request, subtype: Subtype, why: RefusedError) -> bytes:
        """A report of a rejection or failure, with its reason."""
        return self._report(ticks, request, subtype, struct.pack(">Bf", why.failure, why.detail))

    def _report(self, ticks: int, request: Request, subtype: Subtype, what: bytes) -> bytes:
        count = self._count[subtype]
        self._count[subtype] = (count + 1) % COUNT_MODULUS
        header = struct.pack(">BBBHH", PUS_VERSION << 4, SERVICE, subtype, count, request.source)
        body = header + ticks.to_bytes(6, "big") + request.id + what
        return primary_header(Apid.VERIFICATION, len(body)) + body
