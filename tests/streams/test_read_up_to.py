"""Reading ends when it shall: at the end of a stretch whatever stands there, and when it is cancelled."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from streams.append import Appender, Outgoing
from streams.read import StreamReader, read_up_to


def test_a_stretch_ends_where_it_shall_also_when_its_last_messages_are_of_other_subjects(
    connect: Callable[..., Any], unique_name: str
) -> None:
    async def offsets(nc: Any, end: int, start: int = 1, subject: Any = None) -> list[int]:
        batches = read_up_to(nc, unique_name, end, start=start, subject=subject)
        return [message.offset async for batch in batches for message in batch]

    async def main() -> None:
        async with connect() as nc:
            await nc.jetstream().add_stream(
                name=unique_name, subjects=[f"{unique_name}.*"], allow_direct=True
            )
            subjects = [f"{unique_name}.{letter}" for letter in "abcb"]
            async with Appender(nc) as appender:
                await appender.append([Outgoing(subject, b"x", {}) for subject in subjects * 5])
            assert await offsets(nc, 20) == list(range(1, 21))
            assert await offsets(nc, 7, start=3) == [3, 4, 5, 6, 7]
            assert await offsets(nc, 20, subject=subjects[0]) == [1, 5, 9, 13, 17]
            assert await offsets(nc, 17, subject=[subjects[0], subjects[2]]) == [
                1,
                3,
                5,
                7,
                9,
                11,
                13,
                15,
                17,
            ]
            assert await offsets(nc, 20, subject=f"{unique_name}.d") == []
            assert await offsets(nc, 2, start=3) == []
            await nc.jetstream().delete_stream(unique_name)

    asyncio.run(asyncio.wait_for(main(), 60))


def test_a_caller_who_takes_long_over_a_batch_gets_the_rest_too(
    connect: Callable[..., Any], unique_name: str
) -> None:
    count = 20_000

    async def main() -> list[int]:
        async with connect() as nc:
            await nc.jetstream().add_stream(name=unique_name, subjects=[unique_name], allow_direct=True)
            async with Appender(nc) as appender:
                await appender.append([Outgoing(unique_name, b"x" * 100, {})] * count)
            found = []
            async for batch in read_up_to(nc, unique_name, count):
                found += [message.offset for message in batch]
                for _ in range(20):  # meanwhile the reader takes in what was under way
                    await nc.flush()
            await nc.jetstream().delete_stream(unique_name)
            return found

    assert asyncio.run(asyncio.wait_for(main(), 60)) == list(range(1, count + 1))


def test_a_reader_that_is_cancelled_while_a_message_arrives_ends(
    connect: Callable[..., Any], unique_name: str
) -> None:
    async def cancelled_after(reader: StreamReader, ticks: int) -> bool:
        reading = asyncio.create_task(reader.read(30))
        await asyncio.sleep(0.05)
        reader._news.set()  # what a message's arrival does
        for _ in range(ticks):
            await asyncio.sleep(0)
        reading.cancel()
        done, _ = await asyncio.wait([reading], timeout=10)
        return bool(done) and reading.cancelled()

    async def main() -> list[bool]:
        async with connect() as nc:
            await nc.jetstream().add_stream(name=unique_name, subjects=[unique_name])
            async with StreamReader(nc, unique_name) as reader:
                found = [await cancelled_after(reader, ticks) for ticks in range(6)]
            await nc.jetstream().delete_stream(unique_name)
            return found

    assert asyncio.run(asyncio.wait_for(main(), 100)) == [True] * 6
