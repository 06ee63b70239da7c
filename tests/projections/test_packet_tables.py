"""The schema follows the mission database: what is new adds, what changed goes apart, nothing is lost."""

from __future__ import annotations

import itertools
import struct
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from support.made_mission import FIRST_APID, Fields, floating, integer, made_mission, packet, text
from support.projected import Projected, Sent

from infra.errors import ProjectionError, QueryError
from projections.clickhouse import connect
from projections.packet_tables import clickhouse_type, ensure_table
from projections.queries.history import history
from projections.queries.packets import packets
from projections.schema import create_fixed_tables
from streams.mission import Mission

U8, U16, F64 = integer(8), integer(16), floating(64)


class Growing:
    """Generations of one mission after the other, each with one packet written."""

    def __init__(self, projected: Projected, folder: Path) -> None:
        self.projected, self._folder = projected, folder
        self._numbers = itertools.count(1)

    def add(self, fields: Fields, body: bytes, name: str = "NAV") -> str:
        number = next(self._numbers)
        generation = f"g{number}"
        mission = made_mission(self._folder / generation, {name: fields})
        self.projected.write(mission, [Sent(number, packet(body, count=number))], generation)
        return generation

    def values(self, generation: str) -> list[dict[str, Any]]:
        answers = packets(self.projected.clickhouse, self.projected.scope(generation=generation))
        return [
            {label: both["value"] for label, both in row["values"].items() if label not in HEADER_LABELS}
            for answer in answers
            for row in answer.rows()
        ]

    def tables(self) -> list[str]:
        found = self.projected.rows("SHOW TABLES LIKE 'packet\\_%'")
        return sorted(row["name"] for row in found)

    def column(self, table: str, column: str) -> list[Any]:
        rows = self.projected.rows(f"SELECT `{column}` AS value FROM `{table}` ORDER BY generation")
        return [row["value"] for row in rows]


HEADER_LABELS = (
    "VERSION", "KIND", "SECONDARY", "APID", "FLAGS", "COUNT", "LENGTH", "SECONDS", "NANOS",
)  # fmt: skip


@pytest.fixture
def growing(projected: Projected, tmp_path: Path) -> Growing:
    return Growing(projected, tmp_path)


def test_a_new_parameter_adds_a_column_which_is_null_in_older_rows(growing: Growing) -> None:
    first = growing.add({"A": U8}, b"\x01")
    second = growing.add({"A": U8, "B": F64}, b"\x02" + struct.pack(">d", 2.5))
    assert growing.tables() == ["packet_NAV"]
    assert growing.column("packet_NAV", "B") == [None, 2.5]
    assert growing.values(first) == [{"A": 1}]
    assert growing.values(second) == [{"A": 2, "B": 2.5}]


def test_a_removed_or_renamed_parameter_keeps_the_values_of_older_generations(growing: Growing) -> None:
    first = growing.add({"A": U8, "OLD": U8}, b"\x01\x05")
    second = growing.add({"A": U8, "NEW": U8}, b"\x02\x06")
    third = growing.add({"A": U8}, b"\x03")
    assert growing.tables() == ["packet_NAV"]
    assert growing.column("packet_NAV", "OLD") == [5, None, None]
    assert growing.column("packet_NAV", "NEW") == [None, 6, None]
    assert growing.values(first) == [{"A": 1, "OLD": 5}]
    assert growing.values(second) == [{"A": 2, "NEW": 6}]
    assert growing.values(third) == [{"A": 3}]
    clickhouse, scope = growing.projected.clickhouse, growing.projected.scope(generation=second)
    with pytest.raises(QueryError, match="there is no parameter 'OLD'"):
        list(history(clickhouse, scope, ["OLD"]))


def test_a_changed_type_has_a_table_of_its_own(growing: Growing) -> None:
    first = growing.add({"A": U8}, b"\xff")
    second = growing.add({"A": U16}, b"\xff\xff")
    third = growing.add({"A": text(3)}, b"abc")
    fourth = growing.add({"A": U8, "B": U8}, b"\x01\x02")
    assert growing.tables() == ["packet_NAV", "packet_NAV_2", "packet_NAV_3"]
    assert [growing.values(name) for name in (first, second, third, fourth)] == [
        [{"A": 255}], [{"A": 65535}], [{"A": "abc"}], [{"A": 1, "B": 2}],
    ]  # fmt: skip


def test_packet_types_whose_names_make_one_table_name_have_a_table_each(
    projected: Projected, tmp_path: Path
) -> None:
    fields = {"A": U8, "B": U8}
    names = ["N A", "N_A", "N_A_2", "n_a"]
    mission = made_mission(tmp_path, dict.fromkeys(names, fields))
    sent = [
        Sent(number + 1, packet(bytes([number, 7]), apid=FIRST_APID + number)) for number in range(len(names))
    ]
    projected.write(mission, sent)
    answers = [list(answer.rows()) for answer in packets(projected.clickhouse, projected.scope())]
    found = {rows[0]["packet"]: [row["values"]["A"]["value"] for row in rows] for rows in answers}
    assert sorted(found.values()) == [[0], [1], [2], [3]]
    assert len(found) == 4


NAMES = [
    "Alt", "ALT", "alt", "time", "generation", "packet", "frame_offset", "raw", "value", "parameter", "count",
    "min", "max", "mean", "last", "bucket", "ends_ns", "width_ns", "point", "t", "recorded", "a_label",
    "A__raw", "A", "A__raw__raw", "it's", 'say"x"', "gr\u00f6\u00dfe", "a`b", "back\\slash", "{x:String}",
    "%s", "file", "sample", "first_ns",
]  # fmt: skip


@pytest.fixture(scope="module")
def named(clickhouse_server: Any, tmp_path_factory: pytest.TempPathFactory) -> Projected:
    """A packet whose parameters have names that clash as columns or are hard to quote, in several packets."""
    projected = Projected(clickhouse_server.url, "hard_names")
    fields = dict.fromkeys(NAMES, U8) | {"A": CALIBRATED}
    mission = made_mission(tmp_path_factory.mktemp("named"), {"NAV": fields})
    sent = [
        Sent(number + 1, packet(bytes((place + number) % 256 for place in range(len(NAMES))), count=number))
        for number in range(3)
    ]
    projected.write(mission, sent)
    return projected


CALIBRATED = (
    '<FloatParameterType name="{}"><IntegerDataEncoding sizeInBits="8"><DefaultCalibrator>'
    '<PolynomialCalibrator><Term coefficient="0.5" exponent="1"/></PolynomialCalibrator>'
    "</DefaultCalibrator></IntegerDataEncoding></FloatParameterType>"
)


def value_of(name: str, number: int) -> float:
    place = (NAMES.index(name) + number) % 256
    return place / 2 if name == "A" else place


@pytest.mark.parametrize("name", NAMES)
def test_a_parameter_is_found_whatever_its_name_is(named: Projected, name: str) -> None:
    scope = named.scope()
    (samples,) = history(named.clickhouse, scope, [name])
    assert [(row["parameter"], row["raw"], row["value"]) for row in samples.rows()] == [
        (name, (NAMES.index(name) + number) % 256, value_of(name, number)) for number in range(3)
    ]
    (buckets,) = history(named.clickhouse, scope, [f"NAV.{name}"], points=1)
    (bucket,) = buckets.rows()
    wanted = {"count": 3, "min": value_of(name, 0), "max": value_of(name, 2), "last": value_of(name, 2)}
    assert {key: bucket[key] for key in wanted} == wanted
    (curve,) = history(named.clickhouse, scope, [name], points=10, method="lttb")
    assert {row["value"] for row in curve.rows()} <= {value_of(name, number) for number in range(3)}
    rows = named.rows(
        "SELECT raw, value, number FROM samples WHERE parameter = {name:String} ORDER BY frame_offset",
        name=name,
    )
    assert [row["number"] for row in rows] == [value_of(name, number) for number in range(3)]


def test_packets_keep_clashing_names_apart(named: Projected) -> None:
    (answer,) = packets(named.clickhouse, named.scope())
    for number, row in enumerate(answer.rows()):
        assert {name: row["values"][name]["value"] for name in NAMES} == {
            name: value_of(name, number) for name in NAMES
        }
        assert row["packet"] == "NAV"
        assert row["frame_offset"] == number + 1


def test_two_writers_that_make_the_same_table_at_once_make_one(
    clickhouse_server: Any, unique_name: str, tmp_path: Path
) -> None:
    first = connect(clickhouse_server.url, database=unique_name)
    create_fixed_tables(first)
    fields: dict[str, str] = {}
    kinds = []
    for number in range(6):
        fields[f"P{number}"] = U8
        mission: Mission = made_mission(tmp_path / str(number), {"NAV": dict(fields)})
        kinds.append(mission.decoder().packet_types[0])
    clients = [connect(clickhouse_server.url, database=unique_name) for _ in kinds]
    with ThreadPoolExecutor(len(kinds)) as pool:
        tables = list(pool.map(ensure_table, clients, kinds))
    assert set(tables) == {"packet_NAV"}
    columns = first.rows(
        "SELECT name FROM system.columns WHERE database = {db:String} AND table = 'packet_NAV'",
        {"db": unique_name},
    )
    assert {f"P{number}" for number in range(6)} <= {row["name"] for row in columns}


@pytest.mark.parametrize(
    ("kind", "nullable", "wanted"),
    [
        (pa.uint64(), False, "UInt64"),
        (pa.int8(), True, "Nullable(Int8)"),
        (pa.binary(), True, "Nullable(String)"),
        (pa.dictionary(pa.int32(), pa.string()), False, "LowCardinality(String)"),
        (pa.dictionary(pa.int32(), pa.string()), True, "LowCardinality(Nullable(String))"),
        (pa.timestamp("ns", tz="UTC"), True, "Nullable(DateTime64(9, 'UTC'))"),
    ],
)
def test_each_arrow_type_has_a_column_type(kind: pa.DataType, nullable: bool, wanted: str) -> None:
    assert clickhouse_type(kind, nullable) == wanted


def test_a_type_without_a_column_type_is_refused() -> None:
    with pytest.raises(ProjectionError, match="no column type for"):
        clickhouse_type(pa.list_(pa.int8()), False)
