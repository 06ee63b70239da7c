"""The audit service: heads, verification as a job, exports that the stand-alone verifier takes."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest
from nats.aio.client import Client
from support.real_streams import append_frames
from support.telecommand_mission import write_mission
from support.waiting import run_async

from commands.audit.service import EXPORTED, VERIFIED
from infra.errors import QueryError
from streams import names
from streams.answers import ask_once
from streams.heads import read_heads
from streams.operations import append_operation, read_operations
from streams.sealer import seal_all

Json = dict[str, Any]


async def ask(nc: Client, name: str, **request: Any) -> Any:
    return orjson.loads(await ask_once(nc, f"audit.anna.{name}", request))


async def verified(nc: Client, **request: Any) -> Json:
    """The last progress message of a verification."""
    said = await nc.subscribe("progress.mine")
    assert await ask(nc, "verify", job="mine", **request) == {"job": "mine"}
    while True:
        message: Json = orjson.loads((await said.next_msg(30)).data)
        if message["state"] in ("finished", "failed"):
            await said.unsubscribe()
            return message


def audited(system: Callable[..., Any], folder: Path, work: Callable[[Any], Any]) -> None:
    """Do something with a running audit service, and a few frames and events in the streams."""

    async def main() -> None:
        async with system(write_mission(folder / "mission", 1), "audit") as bus:
            await append_frames(bus.nc, 20)
            await append_operation(bus.nc, "tested", {"what": "this"})
            await seal_all(bus.nc)
            await work(bus)

    run_async(main)


def test_heads_are_those_of_the_streams_and_name_the_key(system: Callable[..., Any], tmp_path: Path) -> None:
    async def work(bus: Any) -> None:
        found = await ask(bus.nc, "heads")
        assert [head["head"] for head in found["heads"]] == [str(head) for head in await read_heads(bus.nc)]
        assert len(found["public_key"]) == 64
        assert found["fingerprint"] == (await ask(bus.nc, "heads"))["fingerprint"]

    audited(system, tmp_path, work)


def test_a_verification_is_a_job_whose_outcome_stands_in_operations(
    system: Callable[..., Any], tmp_path: Path
) -> None:
    async def work(bus: Any) -> None:
        kept = "\n".join(head["head"] for head in (await ask(bus.nc, "heads"))["heads"])
        message = await verified(bus.nc, heads=f"written down on Monday:\n{kept}", client="a test")
        assert (message["state"], message["result"]["good"]) == ("finished", True)
        assert message["result"]["heads_given"] == 2
        assert message["result"]["streams"]["FRAMES"]["messages"] == 20
        (event,) = await read_operations(bus.nc, kinds=[VERIFIED])
        assert (event.fields["who"], event.fields["client"], event.fields["good"]) == ("anna", "a test", True)
        assert event.fields["streams"]["FRAMES"]["first_broken"] is None

        await bus.nc.jetstream().publish(names.operation_subject("forged"), b"{}")
        message = await verified(bus.nc)
        assert message["result"]["good"] is False
        event = (await read_operations(bus.nc, kinds=[VERIFIED]))[-1]
        broken = event.fields["streams"]["OPERATIONS"]["first_broken"]
        (forged,) = await read_operations(bus.nc, kinds=["forged"])
        assert broken["offset"] == forged.offset
        assert "hash" in broken["what"]

    audited(system, tmp_path, work)


def test_heads_that_make_no_sense_and_jobs_of_no_name_are_refused_at_once(
    system: Callable[..., Any], tmp_path: Path
) -> None:
    async def work(bus: Any) -> None:
        for request in ({"heads": "/etc/passwd"}, {"job": "a.b"}, {"other": 1}):
            with pytest.raises(QueryError):
                await ask(bus.nc, "verify", **request)
        with pytest.raises(QueryError, match="no time"):
            await ask(bus.nc, "export", **{"from": "yesterday"})

    audited(system, tmp_path, work)


def test_an_export_comes_in_chunks_and_the_verifier_that_comes_with_it_takes_it(
    system: Callable[..., Any], tmp_path: Path
) -> None:
    async def work(bus: Any) -> None:
        await append_frames(bus.nc, 10, 20, size=200_000)
        data = await ask_once(bus.nc, "audit.anna.export", {"client": "a test"})
        assert len(data) > 2_000_000
        (tmp_path / "flight.jsonl").write_bytes(data)
        (tmp_path / "verify.py").write_text((await ask(bus.nc, "verifier"))["source"])
        key = (await ask(bus.nc, "heads"))["fingerprint"]
        command = [sys.executable, "verify.py", "flight.jsonl", "--key", key]
        told = await asyncio.to_thread(
            subprocess.run, command, cwd=tmp_path, capture_output=True, text=True, check=False
        )
        assert told.returncode == 0, told.stdout + told.stderr
        assert "GOOD" in told.stdout
        (event,) = await read_operations(bus.nc, kinds=[EXPORTED])
        assert (event.fields["who"], event.fields["bytes"]) == ("anna", len(data))
        assert event.fields["frames"] == [1, 30]

    audited(system, tmp_path, work)


def test_an_export_of_a_time_without_frames_says_so(system: Callable[..., Any], tmp_path: Path) -> None:
    async def work(bus: Any) -> None:
        with pytest.raises(QueryError, match="no frame was recorded then"):
            await ask_once(bus.nc, "audit.anna.export", {"to": "1999-01-01T00:00:00Z"})

    audited(system, tmp_path, work)
