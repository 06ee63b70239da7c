"""The telecommands that the rocket knows, decoded as its own software does: with `struct`, from a table.

The packet: primary header (CCSDS 133.0-B-2, section 4.1.3), secondary header (ECSS-E-ST-70-41C, section
7.4.4.1), arguments, checksum. `missions/demo_rocket/rocket.xml` describes the same for the ground; nothing
here is derived from it, so that each can find the other's errors.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from infra.simulator.onboard import BEACON_TEXT_SIZE
from infra.simulator.uplink import CHECKSUM_SIZE, TELECOMMAND_APID

PUS_VERSION = 2
FULL_HEADER = 11
"""Bytes of both headers."""

FIRE_CODE = bytes.fromhex("F14ED206")
TERMINATION_CODE = bytes.fromhex("DEADD00D")
REASONS = {1: "RANGE_SAFETY", 2: "TRAJECTORY", 3: "LOSS_OF_CONTROL", 4: "EXERCISE"}
RATE_LIMITS = {100: ("IMU", 100), 101: ("NAV", 10), 102: ("POWER", 20)}
"""Instruments by their APID, and how many packets per second each can give."""


class Failure(IntEnum):
    """Why a telecommand is rejected, or fails: FAILURE_CODE in rocket.xml."""

    BAD_CHECKSUM = 1
    BAD_LENGTH = 2
    UNKNOWN_APID = 3
    UNKNOWN_SERVICE = 4
    BAD_ARGUMENT = 5
    WRONG_PHASE = 6
    WRONG_CODE = 7
    BUSY = 8
    TOO_FAST = 16
    ALREADY_FIRED = 17
    IMPLAUSIBLE = 18
    INTERRUPTED = 19


class RefusedError(Exception):
    """A telecommand that is not accepted, or could not be done; `detail` is the number that was wrong."""

    def __init__(self, failure: Failure, detail: float = 0.0) -> None:
        super().__init__(failure.name)
        self.failure = failure
        self.detail = detail


@dataclass(frozen=True)
class Request:
    """What a report must say of the telecommand it is about, and which reports are wanted.

    `id` is the first four bytes of the packet, `acknowledge` the flags 1 acceptance, 2 start, 4 progress,
    8 completion.
    """

    id: bytes
    acknowledge: int
    source: int

    @property
    def sequence_count(self) -> int:
        """The telecommand's packet sequence count."""
        return int.from_bytes(self.id[2:4], "big") & 0x3FFF


@dataclass(frozen=True)
class Telecommand:
    """A telecommand that was understood."""

    name: str
    arguments: Mapping[str, Any]


def read_request(packet: bytes) -> Request:
    """The request of a packet, whatever else is wrong with it."""
    header = packet.ljust(FULL_HEADER, b"\0")
    (source,) = struct.unpack_from(">H", header, 9)
    return Request(header[:4], header[6] & 0x0F, source)


def name_of(packet: bytes) -> str:
    """The name of the telecommand in a packet, right or wrong; an empty text when there is none."""
    if len(packet) < FULL_HEADER:
        return ""
    known = _KNOWN.get((packet[7], packet[8]))
    if known is None:
        return ""
    is_switch = known.name == _SWITCH and len(packet) > FULL_HEADER
    return _switch_name(bool(packet[FULL_HEADER] >> 7)) if is_switch else known.name


def decode(packet: bytes) -> Telecommand:
    """The telecommand in a whole packet; raises RefusedError."""
    if struct.unpack_from(">H", packet)[0] & 0x07FF != TELECOMMAND_APID:
        raise RefusedError(Failure.UNKNOWN_APID, struct.unpack_from(">H", packet)[0] & 0x07FF)
    known = _KNOWN.get((packet[7], packet[8]))
    if packet[6] >> 4 != PUS_VERSION or known is None:
        raise RefusedError(Failure.UNKNOWN_SERVICE, packet[7])
    body = packet[FULL_HEADER:-CHECKSUM_SIZE]
    if len(body) != struct.calcsize(known.layout):
        raise RefusedError(Failure.BAD_LENGTH, len(packet))
    arguments = known.read(*struct.unpack(known.layout, body))
    return Telecommand(name_of(packet), arguments)


def _nothing() -> dict[str, Any]:
    return {}


def _rate(apid: int, rate: int) -> dict[str, Any]:
    if apid not in RATE_LIMITS:
        raise RefusedError(Failure.BAD_ARGUMENT, apid)
    name, most = RATE_LIMITS[apid]
    return {"PACKET": name, "RATE": _within(rate, 1, most)}


def _beacon_text(text: bytes) -> dict[str, Any]:
    try:
        return {"TEXT": text.partition(b"\0")[0].decode()}
    except UnicodeDecodeError as error:
        raise RefusedError(Failure.BAD_ARGUMENT, text[error.start]) from None


def _calibration(reference: float, samples: int, flags: int) -> dict[str, Any]:
    return {
        "REFERENCE": _within(reference, 800.0, 1100.0),
        "SAMPLES": int(_within(samples, 50, 500)),
        "ANNOUNCE": bool(flags >> 7),
    }


def _flag(name: str) -> Callable[[int], dict[str, Any]]:
    return lambda flags: {name: bool(flags >> 7)}


def _power(dbm: int) -> dict[str, Any]:
    return {"POWER": int(_within(dbm, -10, 30))}


def _duration(seconds: int) -> dict[str, Any]:
    return {"DURATION": int(_within(seconds, 1, 60))}


def _code(code: bytes) -> dict[str, Any]:
    return {"CODE": code}


def _termination(code: bytes, reason: int) -> dict[str, Any]:
    if reason not in REASONS:
        raise RefusedError(Failure.BAD_ARGUMENT, reason)
    return {"CODE": code, "REASON": REASONS[reason]}


def _within(value: float, low: float, high: float) -> float:
    """The value, if it is within its range; what is no number never is."""
    if not low <= value <= high:
        raise RefusedError(Failure.BAD_ARGUMENT, value if math.isfinite(value) else 0.0)
    return value


def _switch_name(is_arm: bool) -> str:
    return "ARM_RECOVERY" if is_arm else "DISARM_RECOVERY"


@dataclass(frozen=True)
class _Known:
    name: str
    layout: str
    read: Callable[..., dict[str, Any]]


_SWITCH = "ARM_RECOVERY or DISARM_RECOVERY"
_KNOWN = {
    (17, 1): _Known("PING", ">", _nothing),
    (3, 31): _Known("SET_TELEMETRY_RATE", ">BB", _rate),
    (128, 1): _Known("SET_BEACON_TEXT", f">{BEACON_TEXT_SIZE}s", _beacon_text),
    (128, 2): _Known("CALIBRATE_BAROMETER", ">fHB", _calibration),
    (128, 3): _Known("RESET_COUNTERS", ">B", _flag("ANNOUNCE")),
    (128, 4): _Known("ENABLE_TRANSMITTER", ">b", _power),
    (128, 5): _Known("DISABLE_TRANSMITTER", ">B", _duration),
    (129, 1): _Known(_SWITCH, ">B", _flag("ARM")),
    (129, 2): _Known("FIRE_DROGUE", ">4s", _code),
    (129, 3): _Known("TERMINATE_FLIGHT", ">4sB", _termination),
}
"""By service type and subtype."""

NAMES = frozenset(
    {known.name for known in _KNOWN.values()} - {_SWITCH} | {_switch_name(True), _switch_name(False)}
)
"""All telecommands of this rocket."""
