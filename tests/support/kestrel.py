"""Kestrel 1 in tests: its flights, decoded by the project's decoder, and telecommands for it.

The telecommands are packed by `spacepackets`, which knows nothing of the project.
"""

from __future__ import annotations

import itertools
import struct
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from spacepackets.ecss.tc import PusTc
from support.program import REPOSITORY

from infra.embedded.ports import choose_ports
from infra.simulator import Flight, build_flight
from infra.simulator.packets import Apid
from streams.decode import Decoder
from streams.frame_batch import FrameBatch
from streams.framing import Frame
from streams.framing.packets import PacketFramer
from streams.header_columns import Told
from streams.mission import load_mission
from streams.parser import Parsed, Parser
from streams.texts import Pieces, Texts

MISSION = REPOSITORY / "missions" / "demo_rocket"
APID = 200
FIRE_CODE, TERMINATION_CODE = bytes.fromhex("F14ED206"), bytes.fromhex("DEADD00D")
NAMES = {int(apid): apid.name for apid in Apid if apid is not Apid.VERIFICATION}

_PACKETS = {
    "PING": (17, 1, ">", ()),
    "SET_TELEMETRY_RATE": (3, 31, ">BB", (100, 50)),
    "SET_BEACON_TEXT": (128, 1, ">32s", (b"HELLO",)),
    "CALIBRATE_BAROMETER": (128, 2, ">fHB", (972.5, 200, 0x80)),
    "RESET_COUNTERS": (128, 3, ">B", (0x80,)),
    "ENABLE_TRANSMITTER": (128, 4, ">b", (20,)),
    "DISABLE_TRANSMITTER": (128, 5, ">B", (10,)),
    "ARM_RECOVERY": (129, 1, ">B", (0x80,)),
    "DISARM_RECOVERY": (129, 1, ">B", (0,)),
    "FIRE_DROGUE": (129, 2, ">4s", (FIRE_CODE,)),
    "TERMINATE_FLIGHT": (129, 3, ">4sB", (TERMINATION_CODE, 1)),
}

Columns = dict[str, Any]


def telecommand(name: str, *values: Any, count: int = 0, acknowledge: int = 15, apid: int = APID) -> bytes:
    """A telecommand packet; without values with those that the rocket accepts."""
    service, subtype, layout, usual = _PACKETS[name]
    body = struct.pack(layout, *(values or usual))
    return pus(service, subtype, body, count=count, acknowledge=acknowledge, apid=apid)


def pus(
    service: int, subtype: int, body: bytes = b"", *, count: int = 0, acknowledge: int = 15, apid: int = APID
) -> bytes:
    """Any telecommand packet of ECSS-E-ST-70-41C, from source 1."""
    packet = PusTc(
        service=service, message_subtype=subtype, apid=apid, app_data=body, seq_count=count, source_id=1,
        ack_flags=acknowledge,
    )  # fmt: skip
    return bytes(packet.pack())


@cache
def flight(seed: int = 1, duration: float = 300.0) -> Flight:
    """A flight without telecommands; made once."""
    return build_flight(seed, duration)


@cache
def decoder() -> Decoder:
    return load_mission(MISSION).decoder()


def decoded(packets: Iterable[bytes]) -> dict[str, Columns]:
    """Whole packets by their type: columns of values (and `…__raw`), `__row` says which packet of all."""
    packets = list(packets)
    lengths = np.array([len(packet) for packet in packets], np.int64)
    starts = np.cumsum(lengths) - lengths
    result = decoder().decode(np.frombuffer(b"".join(packets), np.uint8), starts, lengths)
    assert not result.faults, result.faults[:3]
    return {
        table.packet_type.name: {
            "__row": table.rows,
            **{name: _values(table.batch.column(name)) for name in table.batch.schema.names},
        }
        for table in result.tables
    }


def _values(column: Any) -> Any:
    try:
        return column.to_numpy(zero_copy_only=False)
    except ValueError:
        return column.to_pylist()


def mission_on_a_free_port(folder: Path, **simulator: Any) -> tuple[Path, int]:
    """A copy of the mission whose modem has a port of its own, with other settings of the simulator."""
    folder.mkdir()
    for file in MISSION.iterdir():
        (folder / file.name).write_bytes(file.read_bytes())
    (port,) = choose_ports((0,))
    lines = (MISSION / "mission.toml").read_text().splitlines()
    lines = [line for line in lines if line.partition("=")[0].strip() not in simulator]
    text = "\n".join(lines).replace("port = 7101", f"port = {port}")
    more = "\n".join(f"{key} = {value!r}" for key, value in simulator.items())
    (folder / "mission.toml").write_text(f"{text}\n{more}\n")
    return folder, port


def frames_of(data: bytes, piece: int = 1460) -> list[Frame]:
    """The frames that the link's framing finds in what the rocket sent, torn ones as well."""
    framer = PacketFramer(0, load_mission(MISSION).framing("radio").length)
    frames: list[Frame] = []
    for at in range(0, len(data), piece):
        frames += framer.feed(data[at : at + piece], 1)
    return frames + framer.flush(1)


def parsed(frames: list[Frame]) -> Parsed:
    """What the parser makes of frames, their offsets from 1."""
    count = len(frames)
    numbers = np.arange(1, count + 1, dtype=np.int64)
    told = Told(numbers, Texts.of(["s"] * count), Texts.of([frame.torn for frame in frames]))
    data = Pieces.of([frame.data for frame in frames])
    batch = FrameBatch.of_columns(numbers, numbers, Texts.of(["radio"] * count), told, data)
    return Parser(load_mission(MISSION)).parse(batch)


def sequence_counts(result: Parsed) -> dict[int, list[int]]:
    """The sequence counts of parsed packets by APID, in the order of their frames."""
    rows = sorted(
        (row["frame_offset"], row["apid"], row["sequence_count"])
        for table in result.tables
        for row in table.rows.select(["frame_offset", "apid", "sequence_count"]).to_pylist()
    )
    found: dict[int, list[int]] = {}
    for _, apid, count in rows:
        found.setdefault(apid, []).append(count)
    return found


def gaps_in(counts: list[int]) -> list[tuple[int, int]]:
    """(sequence count after the gap, how many are missing) wherever one is not the next of the one before."""
    steps = ((after, (after - before - 1) % 16_384) for before, after in itertools.pairwise(counts))
    return [(after, missing) for after, missing in steps if 1 <= missing <= 8191]
