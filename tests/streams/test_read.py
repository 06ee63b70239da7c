import asyncio
import contextlib
import random
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from nats.aio.client import Client
from nats.js.api import StreamConfig
from support.cable import Cable
from support.own_nats import own_nats
from support.raw_nats import HOSTILE_HEADERS, publish_raw
from support.waiting import run_async

from infra.connection import connect_nats
from infra.errors import StreamError
from streams.append import Appender, Outgoing
from streams.read import Message, StreamReader, last_offset, offset_at_time


async def fill(nc: Client, subjects: list[str], size: int = 10) -> None:
    async with Appender(nc) as appender:
        await appender.append(
            [
                Outgoing(subject, b"%d " % number + bytes(size), {"Fl-N": str(number)})
                for number, subject in enumerate(subjects, 1)
            ]
        )


async def make_stream(nc: Client, name: str, **settings: Any) -> None:
    config = StreamConfig(name=name, subjects=[f"{name}.*"], allow_atomic=True, allow_direct=True, **settings)
    await nc.jetstream().add_stream(config)


async def read_all(reader: StreamReader, count: int) -> list[Message]:
    """Read until `count` messages are there or nothing has come for a while."""
    found: list[Message] = []
    while len(found) < count and (messages := await reader.read(30.0)):
        found += messages
    return found


def test_a_reader_with_small_requests_gives_the_same(connect: Callable[..., Any], unique_name: str) -> None:
    async def main() -> list[int]:
        async with connect() as nc:
            await make_stream(nc, unique_name)
            await fill(nc, [f"{unique_name}.a"] * 1_000)
            async with StreamReader(nc, unique_name, batch=7) as reader:
                found = await read_all(reader, 1_000)
            await nc.jetstream().delete_stream(unique_name)
            return [message.offset for message in found]

    assert run_async(main) == list(range(1, 1_001))


@pytest.mark.parametrize("start", [0, 1, 2, 4_999, 5_001, 12_000, 12_001])
def test_a_reader_gives_every_message_from_its_offset_on(
    connect: Callable[..., Any], unique_name: str, start: int
) -> None:
    total = 12_000

    async def main() -> list[Message]:
        async with connect() as nc:
            await make_stream(nc, unique_name)
            await fill(nc, [f"{unique_name}.a"] * total)
            async with StreamReader(nc, unique_name, start=start) as reader:
                found = await read_all(reader, total + 1 - max(1, start))
                assert await reader.read(0.3) == []
                assert (reader.pending, reader.next_offset) == (0, total + 1)
            await nc.jetstream().delete_stream(unique_name)
            return found

    found = run_async(main)
    assert [message.offset for message in found] == list(range(max(1, start), total + 1))
    assert all(int(message.data.split(b" ")[0]) == message.offset for message in found)
    assert all(message.headers["Fl-N"] == str(message.offset) for message in found)
    assert all(abs(message.recorded - time.time_ns()) < 600e9 for message in found)


def test_a_reader_of_some_subjects_gives_only_those(connect: Callable[..., Any], unique_name: str) -> None:
    async def main() -> tuple[list[int], list[int], list[bytes]]:
        async with connect() as nc:
            await make_stream(nc, unique_name)
            await fill(nc, [f"{unique_name}.{letter}" for letter in "abcabcab"])
            async with StreamReader(nc, unique_name, subject=f"{unique_name}.a") as reader:
                one = [message.offset for message in await read_all(reader, 3)]
            subjects = [f"{unique_name}.a", f"{unique_name}.c"]
            async with StreamReader(nc, unique_name, subject=subjects, start=2) as reader:
                two = [message.offset for message in await read_all(reader, 4)]
            async with StreamReader(nc, unique_name, headers_only=True) as reader:
                data = [message.data for message in await read_all(reader, 8)]
            await nc.jetstream().delete_stream(unique_name)
            return one, two, data

    assert run_async(main) == ([1, 4, 7], [3, 4, 6, 7], [b""] * 8)


def test_messages_that_come_while_it_waits_arrive_at_once(
    connect: Callable[..., Any], unique_name: str
) -> None:
    async def main() -> list[int]:
        async with connect() as nc:
            await make_stream(nc, unique_name)
            async with StreamReader(nc, unique_name) as reader:
                reading = asyncio.create_task(read_all(reader, 3))
                for _ in range(3):
                    await asyncio.sleep(0.05)
                    await fill(nc, [f"{unique_name}.a"])
                found = [message.offset for message in await reading]
            await nc.jetstream().delete_stream(unique_name)
            return found

    assert run_async(main) == [1, 2, 3]


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_nothing_is_missing_or_doubled_when_the_connection_is_cut_in_the_middle(
    connect: Callable[..., Any], nats_server: Any, unique_name: str, seed: int
) -> None:
    """The server goes on and counts as delivered what the cut connection swallowed."""
    chance, total = random.Random(seed), 30_000

    async def main() -> tuple[list[int], int]:
        async with connect() as nc, Cable(nats_server.port) as cable:
            await make_stream(nc, unique_name)
            await fill(nc, [f"{unique_name}.a"] * total, size=300)
            cabled = await connect_nats(cable.url, name="cabled")
            found: list[int] = []
            async with StreamReader(cabled, unique_name) as reader:
                cuts = sorted(chance.sample(range(total), 3))
                while len(found) < total and (messages := await reader.read(30.0)):
                    found += [message.offset for message in messages]
                    if cuts and found[-1] >= cuts[0]:
                        del cuts[0]
                        cable.loses_answers = True
                        await asyncio.sleep(chance.uniform(0, 0.2))
                        cable.cut()
                        cable.loses_answers = False
            connections = cable.connections
            await cabled.close()
            await nc.jetstream().delete_stream(unique_name)
            return found, connections

    found, connections = run_async(main)
    assert found == list(range(1, total + 1))
    assert connections > 1, "nothing was cut"


@pytest.mark.faults
def test_nothing_is_missing_or_doubled_when_the_server_is_killed_and_comes_back(tmp_path: Path) -> None:
    total = 20_000

    async def main() -> list[int]:
        with own_nats(tmp_path) as server:
            nc = await connect_nats(server.url, name="test")
            await make_stream(nc, "S")
            await fill(nc, ["S.a"] * total)
            found: list[int] = []
            async with StreamReader(nc, "S", start=101) as reader:
                while len(found) < 2_000:
                    found += [message.offset for message in await reader.read(5.0)]
                for _ in range(2):
                    server.kill()
                    found += [message.offset for message in await reader.read(30.0)]
                found += [message.offset for message in await read_all(reader, total - 100 - len(found))]
                server.kill()  # with nothing left to read; what comes later is read too
                while not any([await reader.read(1.0)]):
                    with contextlib.suppress(StreamError):
                        await fill(nc, ["S.a"])
            await nc.close()
            return found

    assert run_async(main, deadline=120.0) == list(range(101, total + 1))


def test_a_consumer_that_somebody_deletes_is_made_again(
    connect: Callable[..., Any], unique_name: str
) -> None:
    async def main() -> list[int]:
        async with connect() as nc:
            await make_stream(nc, unique_name)
            await fill(nc, [f"{unique_name}.a"] * 5)
            found: list[Message] = []
            async with StreamReader(nc, unique_name) as reader:
                found += await read_all(reader, 5)
                for consumer in await nc.jetstream().consumers_info(unique_name):
                    await nc.jetstream().delete_consumer(unique_name, consumer.name)
                await fill(nc, [f"{unique_name}.a"] * 5)
                found += await read_all(reader, 5)
            await nc.jetstream().delete_stream(unique_name)
            return [message.offset for message in found]

    assert run_async(main) == list(range(1, 11))


def test_no_consumer_is_left_behind(connect: Callable[..., Any], unique_name: str) -> None:
    async def main() -> list[Any]:
        async with connect() as nc:
            await make_stream(nc, unique_name)
            async with StreamReader(nc, unique_name) as reader:
                await reader.read(0.1)
            left = await nc.jetstream().consumers_info(unique_name)
            await nc.jetstream().delete_stream(unique_name)
            return list(left)

    assert run_async(main) == []


def test_the_largest_messages_that_a_server_takes_are_read(
    connect: Callable[..., Any], unique_name: str
) -> None:
    async def main() -> list[int]:
        async with connect() as nc:
            await make_stream(nc, unique_name)
            sizes = [nc.max_payload, 3, nc.max_payload, nc.max_payload - 1000]
            for size in sizes:
                await nc.jetstream().publish(f"{unique_name}.a", bytes(size), timeout=20.0)
            async with StreamReader(nc, unique_name) as reader:
                found = [len(message.data) for message in await read_all(reader, 4)]
            await nc.jetstream().delete_stream(unique_name)
            return [found[n] - sizes[n] for n in range(4)]

    assert run_async(main) == [0, 0, 0, 0]


def test_a_gap_in_the_offsets_is_no_reason_to_stop(connect: Callable[..., Any], unique_name: str) -> None:
    async def main() -> list[int]:
        async with connect() as nc:
            await make_stream(nc, unique_name)
            await fill(nc, [f"{unique_name}.a"] * 9)
            for offset in (1, 4, 5):
                await nc.jetstream().delete_msg(unique_name, offset)
            async with StreamReader(nc, unique_name) as reader:
                found = [message.offset for message in await read_all(reader, 6)]
            await nc.jetstream().delete_stream(unique_name)
            return found

    assert run_async(main) == [2, 3, 6, 7, 8, 9]


def test_messages_with_headers_and_subjects_that_are_none_are_read_like_all_others(
    nats_server: Any, unique_name: str
) -> None:
    """nats-py alone would stop reading, for ever and in silence, at the first of them."""
    subject = f"{unique_name}.a".encode()

    async def main() -> list[Message]:
        nc = await connect_nats(nats_server.url, name="test")
        await make_stream(nc, unique_name)
        for headers in HOSTILE_HEADERS:
            publish_raw(nats_server.port, subject, b"data", headers)
        publish_raw(nats_server.port, subject[:-1] + b"\xff\xfe", b"data")
        publish_raw(nats_server.port, subject, b"good", b"NATS/1.0\r\nA: b\r\n\r\n")
        async with StreamReader(nc, unique_name) as reader:
            found = await read_all(reader, len(HOSTILE_HEADERS) + 2)
        await nc.jetstream().delete_stream(unique_name)
        await nc.close()
        return found

    *hostile, odd, good = run_async(main)
    assert [message.data for message in hostile] == [b"data"] * len(HOSTILE_HEADERS)
    assert odd.subject == f"{unique_name}.\\xff\\xfe"
    assert (good.headers, good.data) == ({"A": "b"}, b"good")


def test_a_stream_that_is_not_there_and_a_closed_connection_are_errors(
    connect: Callable[..., Any], unique_name: str
) -> None:
    async def main() -> None:
        async with connect() as nc:
            with pytest.raises(StreamError, match=f"{unique_name}: the stream does not exist"):
                async with StreamReader(nc, unique_name):
                    pass
            await make_stream(nc, unique_name)
            async with StreamReader(nc, unique_name) as reader:
                await nc.jetstream().delete_stream(unique_name)
                with pytest.raises(StreamError, match=f"{unique_name}: the stream does not exist"):
                    await read_all(reader, 1)
                await nc.close()
                with pytest.raises(StreamError, match="the connection was closed"):
                    await reader.read(5.0)

    run_async(main)


def test_an_offset_is_found_by_its_recorded_time(connect: Callable[..., Any], unique_name: str) -> None:
    async def main() -> None:
        async with connect() as nc:
            await make_stream(nc, unique_name)
            assert await offset_at_time(nc, unique_name, time.time_ns()) == 1
            for _ in range(6):
                await fill(nc, [f"{unique_name}.a"])
            async with StreamReader(nc, unique_name) as reader:
                recorded = [message.recorded for message in await read_all(reader, 6)]
            for offset, moment in enumerate(recorded, 1):
                assert await offset_at_time(nc, unique_name, moment) == offset
                assert await offset_at_time(nc, unique_name, moment - 1) == offset
                assert await offset_at_time(nc, unique_name, moment + 1) == offset + 1
            assert await offset_at_time(nc, unique_name, 0) == 1
            assert await offset_at_time(nc, unique_name, recorded[-1] + 10**15) == 7
            assert await last_offset(nc, unique_name) == 6
            assert await nc.jetstream().consumers_info(unique_name) == []
            await nc.jetstream().delete_stream(unique_name)

    run_async(main)
