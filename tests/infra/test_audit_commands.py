"""`flightledger audit …` as a user runs it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import nats
import pytest
from support.message_blocks import Block
from support.program import Program
from support.real_streams import append_frames
from support.small_mission import recording, write_mission
from support.waiting import run_async

from streams import names


@pytest.fixture(scope="module")
def flown(tmp_path_factory: pytest.TempPathFactory) -> Program:
    folder = tmp_path_factory.mktemp("flown")
    program = Program(folder / "data")
    counts = program.imported(recording(folder / "flight.bin", 500), write_mission(folder / "mission"))
    assert counts["sealed_to"] == 500
    return program


def test_an_imported_flight_is_sealed_and_good_and_can_be_handed_out(flown: Program, tmp_path: Path) -> None:
    verdict = flown.run("audit", "verify", "--json").row
    assert (verdict["good"], verdict["sealed_to"], verdict["unsealed"]) == (True, 500, 0)
    assert verdict["streams"]["FRAMES"]["messages"] == 500
    assert verdict["streams"]["FRAMES"]["proven_to"] == 500

    heads = flown.run("audit", "head").stdout.decode()
    assert [head.split(":")[0] for head in heads.split()] == ["OPERATIONS", "FRAMES"]
    (tmp_path / "heads").write_text(heads)
    flown.run("audit", "verify", "--head", tmp_path / "heads", "--head", heads.split()[0])
    flown.run("audit", "verify", "--head", heads.split()[1].split(":")[2])
    assert b"NOT FOUND" in flown.run("audit", "verify", "--head", "0" * 64, code=1).stdout
    flown.run("audit", "verify", "--head", "what", code=2)

    done = flown.run("audit", "export", "--out", tmp_path / "flight.jsonl", "--json").row
    assert (done["frames"], done["broken"]) == ({"first": 1, "last": 500}, "")
    assert done["public_key"] == flown.run("audit", "key", "--json").row["public_key"]
    (tmp_path / "verify.py").write_bytes(flown.run("audit", "verifier").stdout)
    command = [sys.executable, "-I", tmp_path / "verify.py", tmp_path / "flight.jsonl", "--json"]
    options = ["--key", done["fingerprint"], "--head", tmp_path / "heads"]
    answer = subprocess.run([*command, *options], capture_output=True, check=False, timeout=60)
    assert answer.returncode == 0, answer.stdout
    assert json.loads(answer.stdout)["key_given"] is True
    assert flown.run("audit", "export", "--out", tmp_path / "flight.jsonl", code=2).error.count("exists") == 1
    assert flown.run("audit", "export", "--out", tmp_path / "x", "--session", "no", code=2).error


def test_tampering_with_the_files_ends_with_exit_code_1_and_the_place(flown: Program, tmp_path: Path) -> None:
    block = Block(flown.data, names.FRAMES)
    untouched = block.file.read_bytes()
    block.change(123, data=block.records[122].data + b"!")
    block.save()
    try:
        said = flown.run("audit", "verify", code=1).stdout.decode()
        assert "FRAMES offset 123: does not have the payload that was sealed with 1 to 500" in said
        verdict = flown.run("audit", "verify", "--json", code=1).row
        assert [one["offset"] for one in verdict["streams"]["FRAMES"]["findings"]] == [123]
        exported = flown.run("audit", "export", "--out", tmp_path / "record.jsonl", code=1).stdout.decode()
        assert "one of these frames is not what was sealed" in exported
    finally:
        block.file.write_bytes(untouched)
    assert flown.run("audit", "verify", "--json").row["good"] is True


def test_frames_of_a_running_system_are_sealed_at_the_latest_when_it_stops(tmp_path: Path) -> None:
    program = Program(tmp_path / "data")

    async def fly() -> None:
        async with await nats.connect(program.addresses["nats_url"]) as nc:
            await append_frames(nc, 20)

    with program.up("--only", "sealer"):
        run_async(fly)
    verdict = program.run("audit", "verify", "--json").row
    assert (verdict["good"], verdict["sealed_to"], verdict["unsealed"]) == (True, 20, 0)


def test_frames_that_are_not_sealed_yet_are_a_remark(tmp_path: Path) -> None:
    program = Program(tmp_path / "data")

    async def fly() -> None:
        async with await nats.connect(program.addresses["nats_url"]) as nc:
            await append_frames(nc, 20)

    with program.up("--only", "query"):
        run_async(fly)
    said = program.run("audit", "verify").stdout.decode()
    assert "the last 20 frames are not sealed yet" in said
