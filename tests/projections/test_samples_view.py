"""The view `samples`: any parameter of any generation, as exact text and as a number."""

from __future__ import annotations

import math
import struct
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from support.made_mission import (
    EPOCH_NS,
    FIRST_APID,
    boolean,
    enumeration,
    floating,
    integer,
    linear,
    made_mission,
    octets,
    packet,
    text,
    unix_nanoseconds,
)
from support.projected import Projected, Sent

from projections.clickhouse import connect
from projections.samples_view import make_samples_view

FIELDS = {
    "U64": integer(64), "I64": integer(64, signed=True), "F32": floating(32), "F64": floating(64),
    "MODE": enumeration(["SAFE", "it's"]), "FLAG": boolean(), "NAME": text(8), "KEY": octets(3),
    "VOLT": linear(16, -1, 0.5), "AT": unix_nanoseconds(),
}  # fmt: skip
BODY = (
    struct.pack(">QqfdBB", 2**64 - 1, -(2**63), 0.1, -0.0, 1, 1)
    + "ü'`\n".encode().ljust(8, b"\0")
    + b"\x00\xff'"
    + struct.pack(">HQ", 3, 1_700_000_000_123_456_789)
)


def samples(projected: Projected, where: str = "true", **parameters: Any) -> dict[str, Any]:
    rows = projected.rows(
        f"SELECT * FROM samples WHERE {where} ORDER BY frame_offset, parameter", **parameters
    )
    return {row["parameter"]: row for row in rows}


def test_there_is_a_view_before_there_is_a_packet(projected: Projected) -> None:
    assert samples(projected) == {}
    names = [row["name"] for row in projected.rows("DESCRIBE samples")]
    assert names == [
        "generation", "packet", "parameter", "time", "generated", "received", "recorded", "raw", "value",
        "number", "frame_offset", "packet_index", "link", "session",
    ]  # fmt: skip


def test_every_value_is_exact_text_and_a_number_where_it_is_one(projected: Projected, tmp_path: Path) -> None:
    mission = made_mission(tmp_path, {"ALL": FIELDS})
    projected.write(mission, [Sent(1, packet(BODY, count=5))])
    found = samples(projected)
    texts = {name: found[name]["value"] for name in FIELDS}
    assert texts == {
        "U64": "18446744073709551615", "I64": "-9223372036854775808", "F32": "0.1", "F64": "-0",
        "MODE": "it's", "FLAG": "true", "NAME": "ü'`\n", "KEY": "00ff27", "VOLT": "0.5",
        "AT": "2023-11-14T22:13:20.123456789Z",
    }  # fmt: skip
    assert math.copysign(1, float(texts["F64"])) == -1
    numbers = {name: found[name]["number"] for name in FIELDS}
    assert numbers["U64"] == 2.0**64
    assert numbers["F32"] == pytest.approx(0.1)
    assert (numbers["FLAG"], numbers["VOLT"]) == (1.0, 0.5)
    assert [numbers[name] for name in ("MODE", "NAME", "KEY", "AT")] == [None] * 4
    assert (found["MODE"]["raw"], found["VOLT"]["raw"], found["NAME"]["raw"]) == (
        "1",
        "3",
        "c3bc27600a000000",
    )
    origin = {name: found["U64"][name] for name in ("generation", "packet", "frame_offset", "session")}
    assert origin == {"generation": "g1", "packet": "ALL", "frame_offset": 1, "session": "s1"}
    assert found["U64"]["generated"].value == EPOCH_NS


def test_it_follows_new_packets_and_generations(projected: Projected, tmp_path: Path) -> None:
    first = made_mission(tmp_path / "1", {"NAV": {"A": integer(8), "OLD": integer(8)}})
    second = made_mission(
        tmp_path / "2", {"NAV": {"A": floating(32), "NEW": integer(8)}, "HK": {"B": integer(8)}}
    )
    projected.write(first, [Sent(1, packet(b"\1\2"))], "g1")
    assert set(samples(projected, "parameter IN ('A', 'OLD', 'NEW')")) == {"A", "OLD"}
    frames = [Sent(1, packet(struct.pack(">fB", 1.5, 3))), Sent(2, packet(b"\7", apid=FIRST_APID + 1))]
    projected.write(second, frames, "g2")
    old = samples(projected, "generation = 'g1' AND packet = 'NAV'")
    assert {name: old[name]["value"] for name in ("A", "OLD")} == {"A": "1", "OLD": "2"}
    assert "NEW" not in old
    new = samples(projected, "generation = 'g2' AND packet = 'NAV'")
    assert {name: new[name]["value"] for name in ("A", "NEW")} == {"A": "1.5", "NEW": "3"}
    assert samples(projected, "packet = 'HK'")["B"]["number"] == 7.0


def test_a_value_without_a_label_is_shown_as_such(projected: Projected, tmp_path: Path) -> None:
    mission = made_mission(tmp_path, {"NAV": {"MODE": enumeration(["OFF"])}})
    projected.write(mission, [Sent(1, packet(b"\5"))])
    (row,) = samples(projected, "parameter = 'MODE'").values()
    assert (row["raw"], row["value"], row["number"]) == ("5", "UNDEFINED(5)", None)


def test_writers_that_make_the_view_at_once_agree_on_all_columns(
    clickhouse_server: Any, unique_name: str, tmp_path: Path
) -> None:
    missions = [made_mission(tmp_path / str(n), {f"P{n}": {"A": integer(8)}}) for n in range(6)]
    worlds = [Projected(clickhouse_server.url, unique_name) for _ in missions]
    work = [
        (world, mission, f"g{n}") for n, (world, mission) in enumerate(zip(worlds, missions, strict=True))
    ]
    with ThreadPoolExecutor(len(work)) as pool:
        list(pool.map(lambda item: item[0].write(item[1], [Sent(1, packet(b"\1"))], item[2]), work))
    clickhouse = connect(clickhouse_server.url, database=unique_name)
    make_samples_view(clickhouse)
    rows = clickhouse.rows("SELECT DISTINCT packet FROM samples ORDER BY packet")
    assert [row["packet"] for row in rows] == [f"P{n}" for n in range(6)]
