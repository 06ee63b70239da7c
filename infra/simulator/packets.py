"""The bytes of Kestrel 1's packets: CCSDS space packets (133.0-B-2, section 4.1) with a CUC time.

Each fixed packet is one numpy structured type, so that a minute of telemetry is encoded at once. The
secondary header is a CCSDS unsegmented time code (301.0-B-4, section 3.2) without its preamble: 4 bytes
of seconds since 2000-01-01T00:00:00Z and 2 bytes of 1/65536 s. `missions/demo_rocket/rocket.xml`
describes the same bytes for the ground.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from enum import IntEnum
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

Rows = npt.NDArray[np.void]
Ticks = npt.NDArray[np.int64]

EPOCH_NS = 946_684_800_000_000_000
"""2000-01-01T00:00:00Z in nanoseconds since 1970; no leap seconds are counted."""

TICKS_PER_SECOND = 65_536
SEQUENCE_MODULUS = 16_384
HEADER_SIZE = 12
MAX_PACKET_SIZE = 128
"""No packet of this rocket is longer; `length` in mission.toml says so to the ground."""

MAX_TEXT = 100


class Apid(IntEnum):
    """Application process identifiers, named as the containers in rocket.xml.

    VERIFICATION has the reports about telecommands, see `verification`; each other one has one packet type.
    """

    IMU = 100
    NAV = 101
    POWER = 102
    STATUS = 103
    EVENT = 104
    VERIFICATION = 105


class Draft(NamedTuple):
    """A packet as it was made at a mission time: its bytes, still to be `numbered`."""

    t: float
    apid: int
    data: bytes


_HEADER = [("id", ">u2"), ("sequence", ">u2"), ("length", ">u2"), ("clock_s", ">u4"), ("clock_fine", ">u2")]

LAYOUTS: dict[Apid, np.dtype[np.void]] = {
    Apid.IMU: np.dtype(
        [
            *_HEADER,
            *[("acceleration", ">i2", 3), ("rate", ">i2", 3), ("quaternion", ">f4", 4)],
            # The barometer's chip sends its least significant byte first, and nobody turns it round.
            *[("pressure", "<u4"), ("temperature", "<i2")],
        ]
    ),
    Apid.NAV: np.dtype(
        [
            *_HEADER,
            *[("latitude", ">f8"), ("longitude", ">f8"), ("altitude", ">f4"), ("velocity", ">f4", 3)],
            *[("fix", "u1"), ("satellites", "u1"), ("hdop", "u1")],
        ]
    ),
    Apid.POWER: np.dtype(
        [
            *_HEADER,
            *[("battery", ">u2"), ("bus", ">u2"), ("pyro", ">u2"), ("current_word", ">u2")],
            *[("battery_temperature", ">u2"), ("motor_bay_temperature", ">u2")],
            ("avionics_temperature", ">u2"),
        ]
    ),
    Apid.STATUS: np.dtype(
        [
            *_HEADER,
            *[("state_word", ">u2"), ("cpu_load", "u1"), ("rssi", "i1"), ("uptime_ms", ">u4")],
            *[("monotonic_ns", ">u8"), ("version", "S12"), ("config_digest", "V8")],
            *[("received", ">u2"), ("accepted", ">u2"), ("rejected", ">u2"), ("power_dbm", "i1")],
            *[("imu_rate", "u1"), ("nav_rate", "u1"), ("power_rate", "u1")],
            *[("baro_offset", ">f4"), ("beacon_text", "S32")],
        ]
    ),
}
"""The fixed packets; EVENT and the reports of VERIFICATION have functions of their own."""


def clock_ticks(start_ns: int, t: npt.NDArray[np.float64]) -> Ticks:
    """The device's clock in 1/65536 s since its epoch, t seconds after `start_ns` (ns UTC since 1970)."""
    base = (start_ns - EPOCH_NS) * TICKS_PER_SECOND // 1_000_000_000
    return np.int64(base) + np.floor(t * TICKS_PER_SECOND).astype(np.int64)


def new_rows(apid: Apid, count: int) -> Rows:
    """Zeroed rows of a fixed packet, to be filled in and given to `encode`."""
    return np.zeros(count, LAYOUTS[apid])


def encode(apid: Apid, rows: Rows, ticks: Ticks) -> list[bytes]:
    """Write the headers into `rows` and return one packet per row, still to be `numbered`."""
    size = rows.dtype.itemsize
    rows["id"] = 0x0800 | apid  # version 0, telemetry, with secondary header
    rows["sequence"] = 0xC000
    rows["length"] = size - 7
    rows["clock_s"], rows["clock_fine"] = ticks // TICKS_PER_SECOND, ticks % TICKS_PER_SECOND
    data = rows.tobytes()
    return [data[at : at + size] for at in range(0, len(data), size)]


def encode_event(ticks: int, *, severity: int, source: int, text: str, value: float | None = None) -> bytes:
    """One EVENT packet: severity, source, the value if there is one, the text with its length before it.

    A text longer than MAX_TEXT bytes in UTF-8 is cut between two characters.
    """
    raw = text.encode()[:MAX_TEXT].decode(errors="ignore").encode()
    body = bytes([severity << 6 | (value is not None) << 5, source])
    if value is not None:
        body += struct.pack(">f", value)
    return (
        primary_header(Apid.EVENT, 7 + len(body) + len(raw))
        + ticks.to_bytes(6, "big")
        + body
        + bytes([len(raw)])
        + raw
    )


def primary_header(apid: int, size: int) -> bytes:
    """The primary header of a packet with `size` bytes after it, still to be `numbered`."""
    return struct.pack(">HHH", 0x0800 | apid, 0xC000, size - 1)


def numbered(packet: bytes, ordinal: int) -> bytes:
    """The packet with its sequence count: `ordinal` counts the packets of its APID since power-on, from 0."""
    return packet[:2] + struct.pack(">H", 0xC000 | ordinal % SEQUENCE_MODULUS) + packet[4:]


def stack_flags(fields: Sequence[tuple[Any, int]], width: int) -> npt.NDArray[np.int64]:
    """Pack (values, bits) most significant first into words of `width` bits, the rest is zero."""
    word = np.zeros(np.shape(fields[0][0]), np.int64)
    used = 0
    for values, bits in fields:
        used += bits
        word |= np.asarray(values, np.int64) << (width - used)
    return word
