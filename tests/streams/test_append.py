import asyncio
import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from nats.aio.client import Client
from nats.js.api import DiscardPolicy, StreamConfig
from support.cable import Cable
from support.waiting import run_async, wait_until_async

from infra.connection import connect_nats
from infra.errors import StreamError
from streams import names
from streams.append import Appender, Outgoing
from streams.read import Message, last_offset, read_up_to

FORGETS_AT_ONCE = 0.1  # seconds: the shortest duplicate window that a server takes


def outgoing(subject: str, first: int, count: int, size: int = 40) -> list[Outgoing]:
    return [
        Outgoing(subject, b"%d " % number + bytes(size), {names.MESSAGE_ID: f"id-{number}", "Fl-More": "x"})
        for number in range(first, first + count)
    ]


async def content(nc: Client, stream: str) -> list[Message]:
    end = await last_offset(nc, stream)
    return [message async for batch in read_up_to(nc, stream, end) for message in batch]


def numbers(messages: list[Message]) -> list[int]:
    return [int(message.data.split(b" ")[0]) for message in messages]


@asynccontextmanager
async def stream(nc: Client, name: str, **settings: Any) -> AsyncIterator[None]:
    settings = {"duplicate_window": FORGETS_AT_ONCE, "allow_atomic": True, "allow_direct": True} | settings
    await nc.jetstream().add_stream(StreamConfig(name=name, subjects=[name], **settings))
    yield
    await nc.jetstream().delete_stream(name)


@pytest.mark.parametrize("atomic", [True, False])
def test_messages_are_stored_in_order_as_they_were_given_whatever_their_number(
    connect: Callable[..., Any], unique_name: str, atomic: bool
) -> None:
    runs = [1, 11, 12, 13, 999, 1000, 1001, 3000, 2]

    async def main() -> tuple[list[Message], Appender]:
        async with connect() as nc, stream(nc, unique_name, allow_atomic=atomic):
            first = 0
            async with Appender(nc) as appender:
                for run in runs:
                    await appender.append(outgoing(unique_name, first, run))
                    first += run
            return await content(nc, unique_name), appender

    found, appender = run_async(main)
    assert numbers(found) == list(range(sum(runs)))
    assert all(message.headers["Fl-More"] == "x" for message in found)
    assert (appender.appended, appender.duplicates, appender.last_offset) == (sum(runs), 0, sum(runs))


def test_runs_are_cut_by_bytes_too(connect: Callable[..., Any], unique_name: str) -> None:
    async def main() -> list[Message]:
        async with connect() as nc, stream(nc, unique_name):
            async with Appender(nc) as appender:
                await appender.append(outgoing(unique_name, 0, 20, size=3 * 1024**2))
            return await content(nc, unique_name)

    assert numbers(run_async(main)) == list(range(20))


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_each_message_is_stored_once_and_in_order_when_acknowledgements_are_lost(
    connect: Callable[..., Any], nats_server: Any, unique_name: str, seed: int
) -> None:
    """The connection is cut again and again, often after the server's words were lost for a while."""
    chance = random.Random(seed)
    total = 6_000

    async def main() -> tuple[list[int], int, Appender]:
        async with connect() as nc, stream(nc, unique_name), Cable(nats_server.port) as cable:
            cabled = await connect_nats(cable.url, name="cabled")
            done = asyncio.Event()

            async def disturb() -> None:
                for _ in range(6):
                    await asyncio.sleep(chance.uniform(0.0, 0.1))
                    cable.loses_answers = chance.random() < 0.7
                    before = await last_offset(nc, unique_name)
                    for _ in range(100):  # let something be stored of which no word comes back
                        if done.is_set() or await last_offset(nc, unique_name) > before:
                            break
                        await asyncio.sleep(0.01)
                    cable.cut()
                    cable.is_cut, cable.loses_answers = True, False
                    await asyncio.sleep(3 * FORGETS_AT_ONCE)
                    cable.is_cut = False

            disturbing = asyncio.create_task(disturb())
            async with Appender(cabled, patient=True) as appender:
                first = 0
                while first < total:
                    run = min(chance.choice([1, 5, 11, 12, 300, 1500]), total - first)
                    await appender.append(outgoing(unique_name, first, run))
                    first += run
                    await asyncio.sleep(chance.uniform(0.0, 0.03))
            done.set()
            await disturbing
            connections = cable.connections
            await cabled.close()
            return numbers(await content(nc, unique_name)), connections, appender

    found, connections, appender = run_async(main)
    assert found == list(range(total))
    assert appender.appended == total
    assert connections > 3, "nothing was disturbed"


def test_what_was_stored_without_a_word_is_not_sent_again(
    connect: Callable[..., Any], nats_server: Any, unique_name: str
) -> None:
    async def main() -> tuple[list[int], int]:
        async with connect() as nc, stream(nc, unique_name), Cable(nats_server.port) as cable:
            cabled = await connect_nats(cable.url, name="cabled")
            async with Appender(cabled) as appender:
                await appender.append(outgoing(unique_name, 0, 100))
                await appender.drain()
                cable.loses_answers = True
                await appender.append(outgoing(unique_name, 100, 500))
                await appender.append(outgoing(unique_name, 600, 5))
                await wait_until_async(lambda: stored(nc, 605))
                await asyncio.sleep(3 * FORGETS_AT_ONCE)  # the server has forgotten their ids
                cable.cut()
                cable.loses_answers = False
            await cabled.close()
            return numbers(await content(nc, unique_name)), appender.appended

    async def stored(nc: Client, count: int) -> bool:
        return await last_offset(nc, unique_name) == count

    assert run_async(main) == (list(range(605)), 605)


def test_a_message_that_the_stream_has_already_does_not_keep_its_neighbours_out(
    connect: Callable[..., Any], unique_name: str
) -> None:
    async def main() -> tuple[list[int], int, int]:
        async with connect() as nc, stream(nc, unique_name, duplicate_window=60):
            async with Appender(nc) as appender:
                await appender.append(outgoing(unique_name, 50, 1))
            async with Appender(nc) as appender:
                await appender.append(outgoing(unique_name, 0, 100))
            return numbers(await content(nc, unique_name)), appender.appended, appender.duplicates

    found, appended, duplicates = run_async(main)
    assert found == [50, *range(50), *range(51, 100)]
    assert (appended, duplicates) == (99, 1)


def test_a_subject_without_a_stream_is_an_error(connect: Callable[..., Any], unique_name: str) -> None:
    async def main() -> None:
        async with connect() as nc, Appender(nc) as appender:
            await appender.append(outgoing(unique_name, 0, 5))

    with pytest.raises(StreamError, match=rf"{unique_name}.*no stream takes this subject"):
        run_async(main)


def test_a_message_above_the_servers_limit_is_an_error_at_once_and_the_others_are_stored(
    connect: Callable[..., Any], unique_name: str
) -> None:
    async def main() -> list[int]:
        async with connect() as nc, stream(nc, unique_name):
            async with Appender(nc, patient=True) as appender:
                await appender.append(outgoing(unique_name, 0, 2))
                with pytest.raises(StreamError, match=r"too large.*max_payload"):
                    await appender.append([Outgoing(unique_name, bytes(nc.max_payload), {})])
                await appender.append(outgoing(unique_name, 2, 2))
            return numbers(await content(nc, unique_name))

    assert run_async(main) == [0, 1, 2, 3]


FULL = {"max_msgs": 20, "discard": DiscardPolicy.NEW}


@pytest.mark.parametrize("run", [1, 30])
def test_a_refusal_comes_out_at_the_next_append_or_at_the_end(
    connect: Callable[..., Any], unique_name: str, run: int
) -> None:
    async def main() -> None:
        async with connect() as nc, stream(nc, unique_name, **FULL), Appender(nc) as appender:
            await appender.append(outgoing(unique_name, 0, 20))
            await appender.drain()
            await appender.append(outgoing(unique_name, 20, run))
            with pytest.raises(StreamError, match="maximum messages exceeded"):
                await appender.drain()
            with pytest.raises(StreamError, match="maximum messages exceeded"):
                await appender.append(outgoing(unique_name, 99, 1))

    with pytest.raises(StreamError, match="maximum messages exceeded"):
        run_async(main)


def test_a_patient_appender_holds_its_caller_back_while_the_stream_is_full_and_loses_nothing(
    connect: Callable[..., Any], unique_name: str
) -> None:
    async def main() -> tuple[list[int], int]:
        given = 0

        async def give(appender: Appender) -> None:
            nonlocal given
            for number in range(100):
                await appender.append(outgoing(unique_name, number, 1))
                given += 1

        async with connect() as nc, stream(nc, unique_name, **FULL):
            async with Appender(nc, patient=True) as appender:
                giving = asyncio.create_task(give(appender))
                await wait_until_async(lambda: appender.appended == 20)
                await asyncio.sleep(1.0)
                given_while_full = given
                await nc.jetstream().update_stream(name=unique_name, subjects=[unique_name], max_msgs=1000)
                await giving
            return numbers(await content(nc, unique_name)), given_while_full

    found, given_while_full = run_async(main)
    assert found == list(range(100))
    assert given_while_full < 40, "a caller that is not held back fills the memory"


def test_what_others_answer_is_not_taken_for_the_acknowledgement(
    connect: Callable[..., Any], unique_name: str
) -> None:
    answers = [b"", b"thanks", b"[]", b'{"seq": "1"}']

    async def main() -> list[Message]:
        async with connect() as other, connect() as nc, stream(nc, unique_name):

            async def answer(message: Any) -> None:
                for one in answers:
                    await message.respond(one)

            await other.subscribe(unique_name, cb=answer)
            await other.flush()
            async with Appender(nc) as appender:
                for run in range(5):
                    await appender.append(outgoing(unique_name, 3 * run, 3))
            return await content(nc, unique_name)

    assert numbers(run_async(main)) == list(range(15))
