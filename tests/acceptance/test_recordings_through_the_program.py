"""The recordings beside the repository, through the command line: every expected value, every count."""

from __future__ import annotations

import itertools
import json
import math
import struct
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from support.program import RECORDINGS, Program, Row

JPSS = RECORDINGS / "jpss" / "J01_G011_LZ_2021-04-09T00-00-00Z_V01.DAT1"
CTIM = RECORDINGS / "ctim" / "ccsds_2021_155_14_39_51"
DATABASES = {
    "jpss": (JPSS, RECORDINGS / "jpss" / "jpss1_geolocation_xtce_v1.xml"),
    "ctim": (CTIM, RECORDINGS / "ctim" / "ctim_xtce_v1.xml"),
}

pytestmark = [
    pytest.mark.acceptance,
    pytest.mark.skipif(not RECORDINGS.is_dir(), reason="the recordings are not beside the repository"),
]


def packets_of(file: Path) -> list[bytes]:
    """Cut a file of space packets by their length fields (133.0-B-2, 4.1.3.5.3)."""
    data, at, found = file.read_bytes(), 0, []
    while at < len(data):
        end = at + 7 + struct.unpack_from(">H", data, at + 4)[0]
        found.append(data[at:end])
        at = end
    return found


def apid_of(packet: bytes) -> int:
    return struct.unpack_from(">H", packet)[0] & 0x7FF


def expected_of(name: str) -> list[Row]:
    file = DATABASES[name][0].parent / "expected.jsonl"
    return [json.loads(line) for line in file.read_text().splitlines()]


def same(ours: Any, theirs: Any) -> bool:
    """Equal; not-a-number, for which JSON has no number, is the text NaN in our answers."""
    if isinstance(theirs, float) and not math.isfinite(theirs):
        return bool(ours == {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}[str(theirs)])
    return bool(ours == theirs) and isinstance(ours, str) == isinstance(theirs, str)


def bits_of(data: bytes, first: int, count: int) -> int:
    whole = int.from_bytes(data, "big")
    return whole >> (len(data) * 8 - first - count) & ((1 << count) - 1)


@dataclass
class Imported:
    program: Program
    counts: Row
    packets: dict[int, Row]
    """By frame offset: packet number n of the file is frame n + 1."""


def import_one(folder: Path, name: str, database: Path | None = None) -> Imported:
    file, own = DATABASES[name]
    program = Program(folder / "data")
    counts = program.imported(file, database or own)
    found = {row["frame_offset"]: row for row in program.query("packets")}
    return Imported(program, counts, found)


@pytest.mark.parametrize("name", DATABASES)
def test_an_imported_recording_gives_every_expected_value_by_query_and_by_origin(
    name: str, tmp_path: Path
) -> None:
    imported, packets, lines = import_one(tmp_path, name), packets_of(DATABASES[name][0]), expected_of(name)
    program = imported.program
    assert imported.counts["frames"] == {"parsed": len(packets)}
    assert imported.counts["frames_added"] == imported.counts["frames_in_file"] == len(packets)
    by_apid = Counter(row["apid"] for row in imported.packets.values())
    assert by_apid == Counter(map(apid_of, packets))
    assert sum(imported.counts["packets"].values()) == len(packets)
    assert sorted(imported.counts["packets"].values()) == sorted(by_apid.values())
    check_query(imported, lines)
    with program.up("--only", "query"):
        for line in lines:
            check_origin(program, imported, line, packets[line["packet"]])
    again = program.imported(*DATABASES[name])
    assert again == imported.counts | {"frames_added": 0}
    assert program.query("sql", "SELECT count() AS n, max(frame_offset) AS last FROM frames FINAL") == [
        {"n": len(packets), "last": len(packets)}
    ]


def check_query(imported: Imported, lines: list[Row]) -> None:
    compared = 0
    for line in lines:
        row = imported.packets[line["packet"] + 1]
        assert row["apid"] == line["apid"]
        assert set(row["values"]) == set(line["values"])
        for label, value in line["values"].items():
            assert same(row["values"][label]["raw"], value["raw"]), (line["packet"], label)
            assert same(row["values"][label]["value"], value["eng"]), (line["packet"], label)
            compared += 1
    assert compared == sum(len(line["values"]) for line in lines) > 100


def check_origin(program: Program, imported: Imported, line: Row, packet: bytes) -> None:
    offset = line["packet"] + 1
    name = imported.packets[offset]["packet"]
    answer = program.run("origin", "--packet", name, "--offset", offset, "--json").row
    assert answer["frame"]["hex"] == packet.hex()
    assert answer["frame"]["frame_offset"] == offset
    assert answer["generation"]["generation"] == imported.counts["generation"]
    (found,) = answer["packets"]
    fields = {field["parameter"]: field for field in found["fields"]}
    assert set(fields) == set(line["values"])
    for label, value in line["values"].items():
        field = fields[label]
        assert same(field["raw"], value["raw"]), (offset, label)
        assert same(field["value"], value["eng"]), (offset, label)
        if isinstance(value["raw"], int) and value["raw"] >= 0:
            assert bits_of(packet, field["first_bit"], field["bits"]) == value["raw"], (offset, label)
    ends = sorted((field["first_bit"], field["first_bit"] + field["bits"]) for field in fields.values())
    assert all(end <= start for (_, end), (start, _) in itertools.pairwise(ends)), "fields overlap"
    assert ends[-1][1] <= len(packet) * 8


def test_a_database_through_inheritance_gives_the_same_numbers(tmp_path: Path) -> None:
    other = JPSS.parent / "contrived_inheritance_structure.xml"
    plain, inherited = import_one(tmp_path / "a", "jpss"), import_one(tmp_path / "b", "jpss", other)
    assert list(plain.packets) == list(inherited.packets) == list(range(1, 7201))
    for offset, row in plain.packets.items():
        assert row["values"] == inherited.packets[offset]["values"]
    check_query(inherited, expected_of("jpss"))
