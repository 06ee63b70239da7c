"""Messages off the wire: the same as nats-py finds, however the bytes are cut; headers as it reads them."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any, NamedTuple

from hypothesis import example, given
from hypothesis import strategies as st
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.protocol.parser import Parser
from support.waiting import run_async, wait_until_async

from streams.wire import RawHeaders, WireParser, parse_headers

Found = tuple[bytes, bytes, bytes, bytes]


class Operation(NamedTuple):
    """One operation on the wire, and its message where it is one (sid 0: it is none)."""

    wire: bytes
    sid: int
    message: Found


class Recorder:
    """What a parser tells its client, in order."""

    def __init__(self) -> None:
        self.messages: list[tuple[int, Found]] = []
        self.others: list[str] = []

    async def _process_msg(
        self, sid: int, subject: bytes, reply: bytes, data: bytes, headers: bytes | None
    ) -> None:
        self.messages.append((sid, (subject, reply, headers or b"", data)))

    async def _process_ping(self) -> None:
        self.others.append("ping")

    async def _process_pong(self) -> None:
        self.others.append("pong")

    async def _process_info(self, info: dict[str, Any]) -> None:
        self.others.append(f"info {info}")

    async def _process_err(self, error: str) -> None:
        self.others.append(f"error {error}")

    async def _error_cb(self, error: Exception) -> None:
        self.others.append(repr(error))


@dataclass(frozen=True)
class Subscribed:
    """As much of a subscription as a parser needs."""

    _id: int


TOKENS = st.text("abcXYZ019_$-.", min_size=1, max_size=20).map(str.encode)
BODIES = st.one_of(
    st.binary(max_size=80), st.sampled_from([b"", b"\r\n", b"PING\r\n", b"MSG a 1 5\r\nhello\r\n"])
)
BLOCKS = st.sampled_from(
    [b"NATS/1.0\r\nA: 1\r\n\r\n", b"NATS/1.0 408 Gone\r\nB:2\r\n\r\n", b"NATS/1.0 100\r\n\r\n"]
)


@st.composite
def operations(draw: st.DrawFn) -> Operation:
    other = draw(
        st.sampled_from([b"", b"PING\r\n", b"PONG\r\n", b"+OK\r\n", b'INFO {"a":1}\r\n', b"-ERR 'x'\r\n"])
    )
    if other:
        return Operation(other, 0, (b"", b"", b"", b""))
    sid, subject, data = draw(st.integers(1, 4)), draw(TOKENS), draw(BODIES)
    reply, block = draw(st.one_of(st.just(b""), TOKENS)), draw(st.one_of(st.just(b""), BLOCKS))
    sizes = b"%d %d" % (len(block), len(block) + len(data)) if block else b"%d" % len(data)
    words = [b"HMSG" if block else b"MSG", subject, b"%d" % sid, *([reply] if reply else []), sizes]
    return Operation(b" ".join(words) + b"\r\n" + block + data + b"\r\n", sid, (subject, reply, block, data))


def fed(parser: Parser | WireParser, wire: bytes, cuts: list[int]) -> None:
    async def feed() -> None:
        edges = sorted({0, len(wire), *(cut % (len(wire) + 1) for cut in cuts)})
        for start, end in itertools.pairwise(edges):
            await parser.parse(wire[start:end])

    asyncio.run(feed())


@given(st.lists(operations(), max_size=30), st.lists(st.integers(0), max_size=20), st.sets(st.integers(1, 4)))
def test_every_message_is_found_once_and_in_order_however_the_bytes_are_cut(
    sent: list[Operation], cuts: list[int], taken: set[int]
) -> None:
    wire = b"".join(operation.wire for operation in sent)
    alone, behind, off_the_wire = Recorder(), Recorder(), []
    fed(Parser(alone), wire, cuts)
    parser = WireParser(Parser(behind))
    for sid in taken:
        parser.take(Subscribed(sid), lambda *found: off_the_wire.append(found))  # type: ignore[arg-type]
    fed(parser, wire, cuts)
    assert off_the_wire == [operation.message for operation in sent if operation.sid in taken]
    assert behind.messages == [found for found in alone.messages if found[0] not in taken]
    assert behind.others == alone.others
    assert len(alone.messages) == sum(operation.sid > 0 for operation in sent)


@example([Operation(b"MSG a 1 2\r\n\r\n\r\n", 1, (b"a", b"", b"", b"\r\n"))], 11, [3])
@given(st.lists(operations(), min_size=1, max_size=10), st.integers(0), st.lists(st.integers(0), max_size=5))
def test_it_may_come_and_go_in_the_middle_of_a_message(
    sent: list[Operation], middle: int, cuts: list[int]
) -> None:
    wire = b"".join(operation.wire for operation in sent)
    middle %= len(wire) + 1
    alone, both = Recorder(), Recorder()
    fed(Parser(alone), wire, [])
    base = Parser(both)
    fed(base, wire[:middle], [])
    parser, found = WireParser(base), []
    parser.take(Subscribed(9), lambda *message: found.append(message))  # type: ignore[arg-type]
    fed(parser, wire[middle:] + b"MSG a 9 4\r\nbulk\r\nMSG a 9 4\r\n", cuts)
    parser.release(Subscribed(9))  # type: ignore[arg-type]
    fed(parser, b"late\r\n" + wire, cuts)
    assert found == [(b"a", b"", b"", b"bulk")]
    assert both.messages.pop(len(alone.messages)) == (9, (b"a", b"", b"", b"late"))
    alone.messages *= 2
    alone.others *= 2
    assert (both.messages, both.others) == (alone.messages, alone.others)


def test_a_taker_that_raises_is_reported_and_the_next_message_is_found() -> None:
    client, found = Recorder(), []
    parser = WireParser(Parser(client))

    def taker(subject: bytes, reply: bytes, block: bytes, data: bytes) -> None:
        found.append(1 // int(data))

    parser.take(Subscribed(1), taker)  # type: ignore[arg-type]
    fed(parser, b"MSG a 1 1\r\n0\r\nMSG a 1 1\r\n1\r\n", [])
    assert (found, len(client.others)) == ([1], 1)


LINES = st.one_of(
    st.binary(max_size=20),
    st.tuples(TOKENS, st.sampled_from([b":", b": ", b" : ", b":\t"]), st.binary(max_size=10)).map(b"".join),
    st.sampled_from([b"A: 1", b"A:2", b" A : 3", b"AA: 4", b"B: A:", b"A"]),
)


@given(st.lists(LINES, max_size=6), st.sampled_from([b"", b" 408 Request Timeout"]))
def test_headers_are_read_as_nats_py_reads_them(lines: list[bytes], status: bytes) -> None:
    block = b"NATS/1.0" + status + b"\r\n" + b"".join(line + b"\r\n" for line in lines) + b"\r\n"
    expected = Client._parse_header_lines(block.split(b"\r\n", 1)[1])
    assert parse_headers(block) == expected
    for name in [*expected, "A", "B", "AA", "C"]:
        assert RawHeaders(block).get(name, "none") == expected.get(name, "none")
        assert (name in RawHeaders(block)) == (name in expected)
    assert RawHeaders(block) == expected
    assert dict(RawHeaders(block)) == expected


def test_a_connection_hands_over_bulk_messages_and_goes_on_as_before_also_after_a_reconnect(
    connect: Callable[..., AbstractAsyncContextManager[Client]], unique_name: str
) -> None:
    async def scenario() -> None:
        async with connect(reconnect_time_wait=0.01) as nc:
            found: list[Found] = []
            usual: list[bytes] = []

            async def on_usual(msg: Msg) -> None:
                usual.append(msg.data)

            wire = WireParser.of(nc)
            assert WireParser.of(nc) is wire
            bulk = await nc.subscribe(f"{unique_name}.bulk.*", cb=on_usual)
            wire.take(bulk, lambda *message: found.append(message))
            await nc.subscribe(f"{unique_name}.usual", cb=on_usual)
            for number in range(300):
                await nc.publish(f"{unique_name}.bulk.a", b"%d" % number, headers={"N": str(number)})
            await nc.publish(f"{unique_name}.usual", b"usual", reply="r")
            await wait_until_async(lambda: usual, what="the usual message")
            assert [int(data) for *_, data in found] == list(range(300))
            assert parse_headers(found[7][2]) == {"N": "7"}
            assert nc._transport is not None
            nc._transport.close()
            await wait_until_async(lambda: nc.stats["reconnects"] > 0 and nc.is_connected, what="a reconnect")
            await nc.publish(f"{unique_name}.bulk.b", b"again")
            await wait_until_async(lambda: len(found) > 300, what="a message after the reconnect")
            assert found[300] == (f"{unique_name}.bulk.b".encode(), b"", b"", b"again")
            wire.release(bulk)
            await nc.publish(f"{unique_name}.bulk.c", b"released")
            await wait_until_async(lambda: b"released" in usual, what="a message the usual way")
            assert len(found) == 301

    run_async(scenario)


@given(st.lists(st.lists(LINES, max_size=4), max_size=5))
def test_a_column_of_one_header_is_what_each_message_says(blocks: list[list[bytes]]) -> None:
    headers = [
        RawHeaders(b"NATS/1.0\r\n" + b"".join(line + b"\r\n" for line in lines) + b"\r\n") for lines in blocks
    ]
    every = [*headers, {"A": "7"}, {}]
    assert RawHeaders.column(every, "A") == [dict(one).get("A", "") for one in every]
