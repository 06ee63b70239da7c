"""Packets decoded from their archived frames have the values that the tables have, or the tables answer."""

from __future__ import annotations

import math
import struct
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support import small_mission
from support.made_mission import (
    EPOCH_NS,
    boolean,
    by_context,
    enumeration,
    floating,
    integer,
    limited,
    linear,
    made_mission,
    octets,
    packet,
    text,
    unix_nanoseconds,
)
from support.projected import SECOND, Projected, Sent, recorded_at

from projections.archive.table import archive_rows
from projections.describe import describe_generation
from projections.queries.console import console
from projections.queries.generation_reader import GenerationReaders
from projections.queries.latest import latest
from projections.queries.packet_values import read_packets
from projections.writer import write_generations
from streams import names
from streams.mission import Mission, load_mission
from streams.read import Message

FIELDS = {
    "I64": integer(64, signed=True),
    "U64": integer(64),
    "F32": floating(32),
    "F64": floating(64),
    "MODE": enumeration(["SAFE", "größer", "it's {`}"]),
    "FLAG": boolean(),
    "NAME": text(8),
    "KEY": octets(4),
    "VOLT": linear(16, -1, 0.3),
    "WATCHED": by_context(limited(16, 1, warning=100), (("MODE", "SAFE"), {"critical": 10})),
    "AT": unix_nanoseconds(),
    "EXTRA": integer(8),
}
bodies = st.builds(
    lambda plain, mode, flag, name, key, words, at, extra: (
        plain
        + bytes([mode, flag])
        + name.encode()[:8].ljust(8, b"\0")
        + key
        + struct.pack(">HHQ", *words, at)
        + (bytes([extra]) if flag == 1 else b"")
    ),
    st.binary(min_size=28, max_size=28),
    st.integers(0, 3),
    st.integers(0, 1),
    st.text("aä漢\"'\\", max_size=2),
    st.binary(min_size=4, max_size=4),
    st.tuples(st.integers(0, 65535), st.integers(0, 200)),
    st.integers(0, 2**63 - 1),
    st.integers(0, 255),
)


@pytest.fixture(autouse=True)
def _always_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("generation_reader", "latest"):
        monkeypatch.setattr(f"projections.queries.{module}.MANY_COLUMNS", 1)


def archive(projected: Projected, frames: Sequence[Sent]) -> None:
    headers = {names.RECEIVED: "1", names.SESSION: "s1"}
    messages = [
        Message(frame.offset, frame.recorded_at, names.frame_subject(frame.link), headers, frame.data)
        for frame in frames
    ]
    projected.clickhouse.insert("archive", archive_rows(messages))


def sent(made: Sequence[bytes]) -> list[Sent]:
    return [
        Sent(offset, packet(body, count=offset, generated=EPOCH_NS + offset * SECOND))
        for offset, body in enumerate(made, 1)
    ]


def boards(projected: Projected, mission: Mission | None, **scope: Any) -> list[dict[str, Any]]:
    readers = GenerationReaders(projected.clickhouse, lambda generation: mission)
    rows = console(projected.clickhouse, projected.scope(**scope), now=recorded_at(99), readers=readers)
    return [without_nan(row) for row in rows]


def without_nan(row: dict[str, Any]) -> dict[str, Any]:
    return {key: repr(value) if isinstance(value, float) else value for key, value in row.items()}


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    deadline=None,
    max_examples=15,
    print_blob=True,
)
@given(made=st.lists(bodies, min_size=1, max_size=6))
def test_both_ways_say_the_same_at_every_time(
    clickhouse_server: Any, tmp_path_factory: pytest.TempPathFactory, made: list[bytes]
) -> None:
    projected = Projected(clickhouse_server.url, "generation_reader_tests")
    for table in ("archive", "packets", "packet_ALL"):
        projected.clickhouse.command(f"TRUNCATE TABLE IF EXISTS {table}")
    mission = made_mission(
        tmp_path_factory.mktemp("mission"), {"ALL": FIELDS}, conditions={"EXTRA": ("FLAG", 1)}
    )
    frames = sent(made)
    projected.write(mission, frames)
    archive(projected, frames)
    for frame in frames:
        decoded = boards(projected, mission, as_of=frame.recorded_at)
        assert decoded == boards(projected, None, as_of=frame.recorded_at)
        newest = {row["parameter"]: row["frame_offset"] for row in decoded}
        assert newest["I64"] == frame.offset


class Spied:
    """Counts how often the tables of packets were asked for values."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.packets = 0

        def counted(clickhouse: Any, generation: str, wanted: Any) -> Any:
            self.packets += len(wanted)
            return read_packets(clickhouse, generation, wanted)

        monkeypatch.setattr("projections.queries.generation_reader.read_packets", counted)


@pytest.fixture
def filled(projected: Projected, tmp_path: Path) -> tuple[Projected, Mission, list[Sent]]:
    """Two packet types, the newest packet of each in a frame of its own."""
    mission = made_mission(tmp_path, {"NAV": {"ALT": integer(8)}, "HK": {"TEMP": integer(8)}})
    frames = [
        Sent(1, packet(b"\1", count=1, generated=EPOCH_NS)),
        Sent(2, packet(b"\2", count=1, apid=101, generated=EPOCH_NS)),
    ]
    projected.write(mission, frames)
    return projected, mission, frames


def shown(projected: Projected, mission: Mission | None) -> dict[str, Any]:
    rows = boards(projected, mission)
    return {row["parameter"]: row["value"] for row in rows if row["parameter"] in ("ALT", "TEMP")}


def test_archived_frames_are_decoded_and_the_tables_not_asked(
    filled: tuple[Projected, Mission, list[Sent]], monkeypatch: pytest.MonkeyPatch
) -> None:
    projected, mission, frames = filled
    archive(projected, frames)
    spied = Spied(monkeypatch)
    assert shown(projected, mission) == {"ALT": 1, "TEMP": 2}
    assert spied.packets == 0
    readers = GenerationReaders(projected.clickhouse, lambda generation: mission)
    rows = latest(projected.clickhouse, projected.scope(), readers=readers)
    assert {row["parameter"]: row["value"] for row in rows}["TEMP"] == 2
    assert spied.packets == 0


def test_a_frame_that_the_archive_does_not_have_yet_is_asked_of_the_tables(
    filled: tuple[Projected, Mission, list[Sent]], monkeypatch: pytest.MonkeyPatch
) -> None:
    projected, mission, frames = filled
    spied = Spied(monkeypatch)
    assert shown(projected, mission) == {"ALT": 1, "TEMP": 2}
    assert spied.packets == 2
    archive(projected, frames[:1])
    assert shown(projected, mission) == {"ALT": 1, "TEMP": 2}
    assert spied.packets == 3


def test_another_parser_versions_generation_is_asked_of_its_tables(
    filled: tuple[Projected, Mission, list[Sent]], monkeypatch: pytest.MonkeyPatch
) -> None:
    projected, mission, frames = filled
    archive(projected, frames)
    projected.state.known["g1"] = replace(projected.state.known["g1"], parser_version="0")
    write_generations(projected.clickhouse, projected.state)
    spied = Spied(monkeypatch)
    assert shown(projected, mission) == {"ALT": 1, "TEMP": 2}
    assert spied.packets == 2


def test_a_mission_that_is_not_the_generations_decodes_nothing(
    filled: tuple[Projected, Mission, list[Sent]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    projected, _, frames = filled
    archive(projected, frames)
    other = made_mission(tmp_path / "other", {"NAV": {"ALT": linear(8, 5, 5)}, "HK": {"TEMP": integer(8)}})
    spied = Spied(monkeypatch)
    assert shown(projected, other) == {"ALT": 1, "TEMP": 2}
    assert spied.packets == 2


def test_a_reader_is_kept_until_the_tables_of_its_generation_change(
    filled: tuple[Projected, Mission, list[Sent]],
) -> None:
    projected, mission, _ = filled
    asked: list[str] = []

    def mission_of(generation: str) -> Mission:
        asked.append(generation)
        return mission

    readers = GenerationReaders(projected.clickhouse, mission_of)
    first = readers.of("g1")
    assert readers.of("g1") is first
    projected.clickhouse.command("DELETE FROM columns WHERE packet = 'HK'")
    assert {one.packet for one in readers.of("g1").catalog} == {"NAV"}
    describe_generation(projected.clickhouse, "g1", mission)
    assert {one.packet for one in readers.of("g1").catalog} == {"HK", "NAV"}
    assert asked == ["g1"] * 3


def test_a_mission_that_could_not_be_had_is_tried_again(
    filled: tuple[Projected, Mission, list[Sent]],
) -> None:
    projected, mission, _ = filled
    answers = [None, mission]
    readers = GenerationReaders(projected.clickhouse, lambda generation: answers.pop(0))
    first, second = readers.of("g1"), readers.of("g1")
    assert (first.decoder, second.decoder is None) == (None, False)
    assert first.catalog == second.catalog
    assert readers.of("g1") is second


def test_not_a_number_and_infinity_are_named(
    projected: Projected, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mission = made_mission(tmp_path, {"X": {"A": floating(32), "B": floating(64), "C": floating(64)}})
    frames = sent([struct.pack(">fdd", math.nan, -math.inf, -0.0)])
    projected.write(mission, frames)
    archive(projected, frames)
    spied = Spied(monkeypatch)
    found = {row["parameter"]: row["value"] for row in boards(projected, mission)}
    assert (found["A"], found["B"], found["C"]) == ("NaN", "-Infinity", "-0.0")
    assert spied.packets == 0


def test_packets_that_may_span_frames_are_asked_of_the_tables(
    projected: Projected, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mission = load_mission(small_mission.write_mission(tmp_path))
    made = small_mission.transfer_frames(small_mission.packets(40))
    frames = [Sent(offset, data, link="frames") for offset, data in enumerate(made, 1)]
    projected.write(mission, frames)
    archive(projected, frames)
    spied = Spied(monkeypatch)
    assert boards(projected, mission) == boards(projected, None)
    packets = {row["packet"] for row in boards(projected, mission) if row["value"] is not None}
    assert len(packets) > 1
    assert spied.packets == 3 * len(packets)
