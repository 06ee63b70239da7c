import asyncio
from pathlib import Path
from typing import Any

import pytest
from nats.aio.client import Client
from support.cable import Cable
from support.own_nats import own_nats
from support.raw_nats import publish_raw
from support.waiting import run_async

from infra.connection import connect_nats
from streams import names
from streams.event_log import ensure_streams
from streams.operations import append_operation, append_surely, read_operations
from streams.read import last_offset


async def started(url: str) -> Client:
    nc = await connect_nats(url, name="test")
    await ensure_streams(nc.jetstream())
    return nc


def test_events_are_read_as_they_were_appended(tmp_path: Path) -> None:
    async def main() -> None:
        with own_nats(tmp_path, sync_interval=None) as server:
            nc = await started(server.url)
            assert await read_operations(nc) == []
            for number in range(5):
                fields = {"number": number, "text": "größe"}
                assert await append_operation(nc, "odd" if number % 2 else "even", fields) == number + 1
            events = await read_operations(nc)
            assert [(event.offset, event.kind, event.fields["number"]) for event in events] == [
                (1, "even", 0), (2, "odd", 1), (3, "even", 2), (4, "odd", 3), (5, "even", 4)
            ]  # fmt: skip
            assert all(event.fields["at"] <= event.recorded for event in events)
            assert [event.offset for event in await read_operations(nc, 3)] == [3, 4, 5]
            assert [event.offset for event in await read_operations(nc, kinds=["odd"])] == [2, 4]
            await nc.close()

    run_async(main)


def test_what_is_no_event_is_read_as_one_without_fields(tmp_path: Path) -> None:
    async def main() -> list[tuple[str, Any]]:
        with own_nats(tmp_path, sync_interval=None) as server:
            nc = await started(server.url)
            for data in (b"", b"\xff", b"{", b"[1]", b"7"):
                publish_raw(server.port, b"operation.generation-promoted", data)
            publish_raw(server.port, b"operation.\xff", b"{}", b"NATS/1.0 503\r\n\r\n")
            await append_operation(nc, "good", {"at": 7})
            events = [(event.kind, event.fields) for event in await read_operations(nc)]
            await nc.close()
            return events

    assert run_async(main) == [
        *[("generation-promoted", {})] * 5, ("\\xff", {}), ("good", {"at": 7})
    ]  # fmt: skip


def test_an_event_whose_acknowledgement_was_lost_is_appended_once(tmp_path: Path) -> None:
    async def main() -> list[Any]:
        with own_nats(tmp_path, sync_interval=None) as server:
            plain = await started(server.url)
            async with Cable(server.port) as cable:
                nc = await connect_nats(cable.url, name="test")
                await append_surely(nc, "first", {})
                for number in range(3):
                    appending = asyncio.create_task(append_surely(nc, "event", {"number": number}))
                    cable.loses_answers = number % 2 == 0
                    await asyncio.sleep(0.05)
                    cable.cut()
                    cable.loses_answers = False
                    await appending
                await nc.close()
            events = [(event.kind, event.fields.get("number")) for event in await read_operations(plain)]
            await plain.close()
            return events

    assert run_async(main) == [("first", None), ("event", 0), ("event", 1), ("event", 2)]


@pytest.mark.faults
def test_an_event_waits_for_a_server_that_is_away_and_keeps_the_time_at_which_it_happened(
    tmp_path: Path,
) -> None:
    async def main() -> None:
        with own_nats(tmp_path) as server:
            nc = await started(server.url)
            await append_surely(nc, "before", {})
            server.kill()
            offsets = await asyncio.gather(*(append_surely(nc, "while-away", {"n": n}) for n in range(3)))
            assert sorted(offsets) == [2, 3, 4]
            events = await read_operations(nc)
            assert [event.kind for event in events] == ["before", *["while-away"] * 3]
            assert all(event.recorded - event.fields["at"] > 100_000_000 for event in events[1:])
            assert await last_offset(nc, names.OPERATIONS) == 4
            await nc.close()

    run_async(main)
