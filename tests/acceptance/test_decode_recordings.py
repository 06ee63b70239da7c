"""The recordings beside the repository, decoded and compared value by value with another implementation."""

from __future__ import annotations

import json
import math
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from streams.decode import Decoded, Decoder, compile_decoder
from streams.xtce import load_database

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"
JPSS = DATA / "jpss" / "J01_G011_LZ_2021-04-09T00-00-00Z_V01.DAT1"
CTIM = DATA / "ctim" / "ccsds_2021_155_14_39_51"
DATABASES = {
    "jpss": (JPSS, DATA / "jpss" / "jpss1_geolocation_xtce_v1.xml"),
    "jpss through inheritance": (JPSS, DATA / "jpss" / "contrived_inheritance_structure.xml"),
    "ctim": (CTIM, DATA / "ctim" / "ctim_xtce_v1.xml"),
}

pytestmark = [
    pytest.mark.acceptance,
    pytest.mark.skipif(not DATA.is_dir(), reason="the recordings are not beside the repository"),
]

Batch = tuple[np.ndarray[Any, Any], np.ndarray[Any, Any], np.ndarray[Any, Any]]


def packets_of(path: Path) -> Batch:
    data = path.read_bytes()
    starts, position = [], 0
    while position < len(data):
        starts.append(position)
        position += 7 + struct.unpack_from(">H", data, position + 4)[0]
    edges = np.array([*starts, position], np.int64)
    return np.frombuffer(data, np.uint8), edges[:-1], np.diff(edges)


@pytest.fixture(scope="module")
def decoded() -> dict[str, tuple[Decoder, Batch, Decoded]]:
    found = {}
    for name, (recording, database) in DATABASES.items():
        decoder, batch = compile_decoder(load_database([database])), packets_of(recording)
        found[name] = (decoder, batch, decoder.decode(*batch))
    return found


def values_by_packet(result: Decoded, rows: set[int]) -> dict[int, dict[str, dict[str, Any]]]:
    """Per packet and label: raw and value."""
    found: dict[int, dict[str, dict[str, Any]]] = {}
    for table in result.tables:
        for position, row in enumerate(table.rows.tolist()):
            if row not in rows:
                continue
            packet = found.setdefault(row, {})
            for column, array in zip(table.packet_type.columns, table.batch.columns, strict=True):
                for role in ("raw", "value") if column.role == "both" else (column.role,):
                    packet.setdefault(column.label, {})[role] = array[position].as_py()
    return found


def same(ours: Any, theirs: Any) -> bool:
    if isinstance(ours, float) and isinstance(theirs, float) and math.isnan(theirs):
        return math.isnan(ours)
    return bool((ours.hex() if isinstance(ours, bytes) else ours) == theirs)


@pytest.mark.parametrize("name", DATABASES)
def test_every_expected_value_of_a_recording_is_decoded(name: str, decoded: dict[str, Any]) -> None:
    lines = [
        json.loads(line) for line in (DATABASES[name][0].parent / "expected.jsonl").read_text().splitlines()
    ]
    found = values_by_packet(decoded[name][2], {line["packet"] for line in lines})
    compared = 0
    for line in lines:
        ours = found[line["packet"]]
        for label, value in line["values"].items():
            assert same(ours[label]["raw"], value["raw"]), (line["packet"], label)
            assert same(ours[label]["value"], value["eng"]), (line["packet"], label)
            compared += 1
    assert compared == sum(len(line["values"]) for line in lines) > 100


@pytest.mark.parametrize("name", DATABASES)
def test_every_packet_of_a_recording_is_in_a_table(name: str, decoded: dict[str, Any]) -> None:
    _, (_, starts, _), result = decoded[name]
    rows = np.concatenate([table.rows for table in result.tables])
    assert sorted(rows.tolist()) == list(range(len(starts)))
    assert all(fault.decoded for fault in result.faults)


def test_container_inheritance_gives_the_same_table_as_one_container(decoded: dict[str, Any]) -> None:
    plain, inherited = decoded["jpss"][2].tables, decoded["jpss through inheritance"][2].tables
    assert plain[0].batch.equals(inherited[0].batch)


@pytest.mark.parametrize("name", ["jpss", "ctim"])
def test_packet_by_packet_decoding_gives_the_same_as_batches(name: str, decoded: dict[str, Any]) -> None:
    decoder, (data, starts, lengths), _ = decoded[name]
    some = slice(0, None, 9)
    batch, each = (
        decode(data, starts[some], lengths[some]) for decode in (decoder.decode, decoder.decode_each)
    )
    assert batch.faults == each.faults
    assert len(batch.tables) == len(each.tables) > 0
    for ours, theirs in zip(batch.tables, each.tables, strict=True):
        assert ours.rows.tolist() == theirs.rows.tolist()
        assert ours.batch.equals(theirs.batch)


def chosen_packets(name: str, result: Decoded) -> list[int]:
    """All JPSS packets; of CTIM the first, the last and some between of every type."""
    if name == "jpss":
        return list(range(sum(table.batch.num_rows for table in result.tables)))
    rows: set[int] = set()
    for table in result.tables:
        rows.update(table.rows[np.linspace(0, len(table.rows) - 1, 9).astype(int)].tolist())
    return sorted(rows)


@pytest.mark.parametrize("name", ["jpss", "ctim"])
@pytest.mark.filterwarnings("ignore")
def test_values_are_those_of_space_packet_parser(name: str, decoded: dict[str, Any]) -> None:
    parser = pytest.importorskip("space_packet_parser")
    _, (data, starts, lengths), result = decoded[name]
    root = next(iter(load_database([DATABASES[name][1]]).containers.values())).name
    definition = parser.load_xtce(DATABASES[name][1])
    rows = chosen_packets(name, result)
    ours = values_by_packet(result, set(rows))
    compared = 0
    for row in rows:
        packet = data[starts[row] : starts[row] + lengths[row]].tobytes()
        for label, value in definition.parse_bytes(packet, root_container_name=root).items():
            assert same(ours[row][label]["raw"], value.raw_value), (row, label)
            assert same(ours[row][label]["value"], value), (row, label)
            compared += 1
    assert compared > {"jpss": 190_000, "ctim": 20_000}[name]


def test_columns_of_the_recordings_have_the_arrow_types_of_their_encodings(decoded: dict[str, Any]) -> None:
    schema = decoded["jpss"][2].tables[0].batch.schema
    assert schema.field("PKT_APID").type == pa.uint16()
    assert schema.field("DOY").type == pa.float64()
    assert schema.field("DOY__raw").type == pa.uint16()
    assert schema.field("ADGPSPOSX").type == pa.float32()
    assert not any(field.nullable for field in schema)
