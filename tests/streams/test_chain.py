import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nats.aio.client import Client

from infra.errors import StreamError
from streams import names
from streams.chain import GENESIS, ConflictError, Expected, append_event, event_hash, last_event
from streams.read import Message, StreamReader

messages = st.builds(
    Message,
    st.integers(1, 2**63),
    st.integers(0, 2**63),
    st.text(min_size=1),
    st.dictionaries(
        st.text("abcFl-", min_size=1),
        st.text(st.characters(codec="utf-8")).filter(lambda value: "\r\n" not in value),
    ),
    st.binary(),
)


@given(messages, messages)
def test_two_events_have_the_same_hash_only_when_they_are_the_same(one: Message, other: Message) -> None:
    assert (event_hash(one) == event_hash(other)) == (one == other)


@given(messages)
def test_the_transports_own_headers_do_not_count(event: Message) -> None:
    more = event._replace(headers={**event.headers, "Nats-Expected-Last-Sequence": "7"})
    assert event_hash(more) == event_hash(event)
    named = event._replace(headers={**event.headers, "Nats-Msg-Id": "7"})
    assert event_hash(named) != event_hash(event)


def test_a_line_feed_in_a_header_does_not_stand_for_the_end_of_one() -> None:
    one = Message(1, 1, "s", {"A": "1", "B": "2"}, b"")
    assert event_hash(one) != event_hash(one._replace(headers={"A": "1\nB:2"}))


@asynccontextmanager
async def chained(connect: Callable[..., Any], name: str) -> AsyncIterator[Client]:
    async with connect() as nc:
        await nc.jetstream().add_stream(name=name, subjects=[f"{name}.>"], allow_direct=True)
        yield nc
        await nc.jetstream().delete_stream(name)


async def events_of(nc: Client, stream: str, count: int) -> list[Message]:
    found: list[Message] = []
    async with StreamReader(nc, stream) as reader:
        while len(found) < count:
            found += await reader.read(5.0)
    return found


def test_each_event_carries_the_hash_of_the_one_before_as_a_reader_finds_it(
    connect: Callable[..., Any], unique_name: str
) -> None:
    async def main() -> list[Message]:
        async with chained(connect, unique_name) as nc:
            assert await last_event(nc, unique_name) is None
            for number in range(5):
                headers = {"Fl-Who": f"größe {number}"}
                await append_event(nc, unique_name, f"{unique_name}.{number}", b"x", headers=headers)
            return await events_of(nc, unique_name, 5)

    events = asyncio.run(main())
    carried = [event.headers[names.PREVIOUS_HASH] for event in events]
    assert carried == [GENESIS, *(event_hash(event) for event in events[:-1])]


def test_many_writers_make_one_chain(connect: Callable[..., Any], unique_name: str) -> None:
    async def main() -> list[Message]:
        async with chained(connect, unique_name) as nc:
            writers = (append_event(nc, unique_name, f"{unique_name}.{n}", b"") for n in range(20))
            assert sorted(await asyncio.gather(*writers)) == list(range(1, 21))
            return await events_of(nc, unique_name, 20)

    events = asyncio.run(main())
    carried = [event.headers[names.PREVIOUS_HASH] for event in events]
    assert carried == [GENESIS, *(event_hash(event) for event in events[:-1])]


def test_of_two_writers_who_count_on_the_same_event_one_wins(
    connect: Callable[..., Any], unique_name: str
) -> None:
    async def main() -> tuple[list[Any], list[Message]]:
        async with chained(connect, unique_name) as nc:
            first = await append_event(nc, unique_name, f"{unique_name}.17.submitted", b"")
            await append_event(nc, unique_name, f"{unique_name}.18.submitted", b"")
            expected = Expected(f"{unique_name}.17.*", first)
            writers = (
                append_event(nc, unique_name, f"{unique_name}.17.{event}", b"", expected=expected)
                for event in ("approved", "cancelled")
            )
            results = await asyncio.gather(*writers, return_exceptions=True)
            return results, await events_of(nc, unique_name, 3)

    results, events = asyncio.run(main())
    refused = [result for result in results if isinstance(result, ConflictError)]
    assert sorted(map(str, results)) == sorted(["3", *map(str, refused)])
    assert len(refused) == 1
    assert "another writer was first" in str(refused[0])
    assert len(events) == 3


def test_a_stream_that_is_not_there_is_named(connect: Callable[..., Any], unique_name: str) -> None:
    async def main() -> None:
        async with connect() as nc:
            await append_event(nc, unique_name, f"{unique_name}.x", b"")

    with pytest.raises(StreamError, match=unique_name):
        asyncio.run(main())
