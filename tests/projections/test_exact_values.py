"""Every value comes back with its exact type: FRAMES -> parser -> TELEMETRY -> writer -> answer."""

from __future__ import annotations

import math
import struct
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from support.made_mission import (
    EPOCH_NS,
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
from support.projected import Projected, Sent, recorded_at

from projections.queries.answer import iso_time
from projections.queries.history import history
from projections.queries.latest import latest
from projections.queries.packets import ORIGIN, packets

FIELDS = {
    "I64": integer(64, signed=True),
    "U64": integer(64),
    "I8": integer(8, signed=True),
    "F32": floating(32),
    "F64": floating(64),
    "MODE": enumeration(["SAFE", 'say "now"', "größer\\n", "it's {`}"]),
    "FLAG": boolean(),
    "NAME": text(24),
    "KEY": octets(6),
    "VOLT": linear(16, -1, 0.5),
    "AT": unix_nanoseconds(),
}
ROWS = [
    (-(2**63), 0, -128, 0.1, -0.0, 0, 0, "", b"\0\0\0\0\0\0", 0, 1),
    (2**63 - 1, 2**64 - 1, 127, math.nan, math.nan, 1, 1, 'it\'s "ü" \\ \n', b"\0a\xff\xfe\0b", 65535, 0),
    (-1, 2**53 + 1, -1, math.inf, -math.inf, 2, 255, "漢字 🚀", b"'\"`\\\n\t", 3, 1_700_000_000_123_456_789),
    (0, 2**63, 0, 1.5e-45, 5e-324, 3, 1, "NaN", b"nullnu", 7, 4_102_444_800_999_999_999),
]  # fmt: skip
LABELS = ["SAFE", 'say "now"', "größer\\n", "it's {`}"]


def body(row: tuple) -> bytes:  # type: ignore[type-arg]
    i64, u64, i8, f32, f64, mode, flag, name, key, volt, at = row
    return (
        struct.pack(">qQbfdBB", i64, u64, i8, f32, f64, mode, flag)
        + name.encode().ljust(24, b"\0")
        + key
        + struct.pack(">HQ", volt, at)
    )


def expected(row: tuple) -> dict[str, object]:  # type: ignore[type-arg]
    i64, u64, i8, f32, f64, mode, flag, name, key, volt, at = row
    return {
        "I64": i64,
        "U64": u64,
        "I8": i8,
        "F32": float(np.float32(f32)),
        "F64": f64,
        "MODE": LABELS[mode],
        "FLAG": bool(flag),
        "NAME": name,
        "KEY": key,
        "VOLT": -1 + 0.5 * volt,
        "AT": at,
    }


@pytest.fixture
def filled(projected: Projected, tmp_path: Path) -> Projected:
    mission = made_mission(tmp_path, {"ALL": FIELDS})
    sent = [
        Sent(number + 1, packet(body(row), count=number, generated=EPOCH_NS + number * 10**9 + number))
        for number, row in enumerate(ROWS)
    ]
    projected.write(mission, sent)
    return projected


def same(left: object, right: object) -> bool:
    """Equal, with the sign of zero, and not-a-number equal to itself."""
    if isinstance(left, float) and isinstance(right, float):
        return struct.pack(">d", left) == struct.pack(">d", right) or (math.isnan(left) and math.isnan(right))
    return type(left) is type(right) and left == right


def test_the_newest_samples_are_exactly_those_of_the_newest_packet(filled: Projected) -> None:
    """They come by a way of their own, as one text for each packet."""
    (answer,) = packets(filled.clickhouse, filled.scope())
    for row in answer.rows():
        as_of = filled.scope(as_of=recorded_at(row["frame_offset"]))
        for one in latest(filled.clickhouse, as_of):
            both = row["values"][one["parameter"]]
            assert same(one["value"], both["value"]), (one, both)
            assert same(one["raw"], both["raw"]), (one, both)
            assert {key: one[key] for key in ORIGIN} == {key: row[key] for key in ORIGIN}


def test_packets_as_json_have_every_value_exactly(filled: Projected) -> None:
    (answer,) = packets(filled.clickhouse, filled.scope())
    rows = list(answer.rows())
    assert [row["generated"] for row in rows] == [iso_time(EPOCH_NS + n * 10**9 + n) for n in range(4)]
    for row, sent in zip(rows, ROWS, strict=True):
        for label, value in expected(sent).items():
            shown = row["values"][label]["value"]
            if label == "KEY":
                value = value.hex()  # type: ignore[attr-defined]  # noqa: PLW2901
            elif label == "AT":
                value = iso_time(value)  # type: ignore[arg-type]  # noqa: PLW2901
            elif isinstance(value, float) and not np.isfinite(value):
                value = {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}[str(value)]  # noqa: PLW2901
            assert same(shown, value), (label, shown, value)
        assert row["values"]["MODE"]["raw"] == sent[5]
        assert row["values"]["VOLT"]["raw"] == sent[9]


def test_packets_as_arrow_have_the_types_of_the_mission_database(filled: Projected) -> None:
    (answer,) = packets(filled.clickhouse, filled.scope())
    table = pa.Table.from_batches(answer.typed())
    kinds = {
        "I64": pa.int64(), "U64": pa.uint64(), "I8": pa.int8(), "F32": pa.float32(), "F64": pa.float64(),
        "MODE": pa.string(), "MODE__raw": pa.uint8(), "FLAG": pa.bool_(), "NAME": pa.string(),
        "KEY": pa.binary(), "VOLT": pa.float64(), "VOLT__raw": pa.uint16(), "AT": pa.timestamp("ns", "UTC"),
        "packet": pa.string(), "link": pa.string(), "time": pa.timestamp("ns", "UTC"),
        "frame_offset": pa.uint64(),
    }  # fmt: skip
    assert {name: table.schema.field(name).type for name in kinds} == kinds
    for number, sent in enumerate(ROWS):
        for label, value in expected(sent).items():
            found = table.column(label)[number]
            got = found.value if label == "AT" else found.as_py()
            assert same(got, value), (label, got, value)


@pytest.mark.parametrize("label", list(FIELDS))
def test_a_history_has_the_same_exact_values(filled: Projected, label: str) -> None:
    (answer,) = history(filled.clickhouse, filled.scope(), [label])
    column = pa.Table.from_batches(answer.typed()).column("value")
    values = [cell.value if label == "AT" else cell.as_py() for cell in column]
    for got, sent in zip(values, ROWS, strict=True):
        assert same(got, expected(sent)[label]), (got, expected(sent)[label])
