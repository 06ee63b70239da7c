import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from nats.aio.client import Client
from nats.aio.msg import Msg
from support.waiting import run_async

from infra.connection import connect_nats
from infra.errors import NoServiceError, QueryError, ServerError
from streams import answers
from streams.answers import CHUNK, CHUNK_BYTES, END, WINDOW, ask, ask_once, send_answer


async def pieces_of(pieces: list[bytes]) -> AsyncIterator[bytes]:
    for piece in pieces:
        yield piece


async def serve(nc: Client, subject: str, pieces: list[bytes]) -> None:
    """Answer every question with these pieces."""

    async def on_question(msg: Msg) -> None:
        await send_answer(nc, msg.reply, pieces_of(pieces))

    await nc.subscribe(subject, cb=on_question)
    await nc.flush()


Main = Callable[[Client, Client, str], Awaitable[None]]


@pytest.fixture
def with_two(nats_server: Any, unique_name: str) -> Callable[[Main], None]:
    """Run a test with the connections of a service and of an asker, and a subject."""

    def run(main: Main) -> None:
        async def connected() -> None:
            service, asker = [await connect_nats(nats_server.url, name=name) for name in ("service", "asker")]
            await main(service, asker, unique_name)
            await asker.close()
            await service.close()

        run_async(connected)

    return run


@pytest.mark.parametrize("sizes", [[], [0], [5], [CHUNK_BYTES], [CHUNK_BYTES] * 40, [1] * 200, [0, 0, 3]])
def test_an_answer_of_any_size_arrives_whole(with_two: Callable[[Main], None], sizes: list[int]) -> None:
    pieces = [bytes([number % 256]) * size for number, size in enumerate(sizes)]

    async def main(service: Client, asker: Client, subject: str) -> None:
        await serve(service, subject, pieces)
        assert await ask_once(asker, subject, {}) == b"".join(pieces)
        assert [chunk async for chunk in ask(asker, subject, {})] == (pieces or [b""])

    with_two(main)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(pieces=st.lists(st.binary(max_size=100), max_size=3 * WINDOW))
def test_the_chunks_of_an_answer_are_its_pieces_in_order(nats_server: Any, pieces: list[bytes]) -> None:
    async def main() -> list[bytes]:
        nc = await connect_nats(nats_server.url, name="test")
        await serve(nc, "answers.of.hypothesis", pieces)
        found = [chunk async for chunk in ask(nc, "answers.of.hypothesis", {})]
        await nc.close()
        return found

    assert run_async(main) == (pieces or [b""])


def test_a_slow_reader_gets_everything_and_the_sender_is_never_far_ahead(
    with_two: Callable[[Main], None],
) -> None:
    async def main(service: Client, asker: Client, subject: str) -> None:
        made = 0

        async def counted() -> AsyncIterator[bytes]:
            nonlocal made
            for number in range(60):
                made += 1
                yield bytes([number]) * 1000

        async def on_question(msg: Msg) -> None:
            await send_answer(service, msg.reply, counted())

        await service.subscribe(subject, cb=on_question)
        await service.flush()
        taken = 0
        async for chunk in ask(asker, subject, {}):
            assert chunk == bytes([taken]) * 1000
            taken += 1
            await asyncio.sleep(0.005)
            assert made <= taken + WINDOW + 2
        assert taken == 60

    with_two(main)


def test_several_readers_at_once_each_get_their_own_answer(with_two: Callable[[Main], None]) -> None:
    pieces = [bytes([number]) * 10_000 for number in range(30)]

    async def main(service: Client, asker: Client, subject: str) -> None:
        async def on_question(msg: Msg) -> None:
            task = asyncio.create_task(send_answer(service, msg.reply, pieces_of([msg.data, *pieces])))
            tasks.append(task)

        tasks: list[asyncio.Task[None]] = []
        await service.subscribe(subject, cb=on_question)
        await service.flush()
        found = await asyncio.gather(*(ask_once(asker, subject, {"n": number}) for number in range(10)))
        assert found == [b'{"n":%d}' % number + b"".join(pieces) for number in range(10)]
        await asyncio.gather(*tasks)

    with_two(main)


def test_a_small_answer_is_one_message_that_any_client_reads(with_two: Callable[[Main], None]) -> None:
    async def main(service: Client, asker: Client, subject: str) -> None:
        await serve(service, subject, [b"small"])
        answer = await asker.request(subject, b"{}", timeout=30)
        assert (answer.data, answer.headers) == (b"small", {CHUNK: "1", END: "1"})

    with_two(main)


@pytest.mark.parametrize("is_silent", [True, False], ids=["silent", "gone"])
def test_a_sender_stops_when_its_reader_is_gone_or_takes_nothing_more(
    with_two: Callable[[Main], None], monkeypatch: pytest.MonkeyPatch, is_silent: bool
) -> None:
    monkeypatch.setattr(answers, "_TAKEN_TIMEOUT_S", 0.3)

    async def main(service: Client, asker: Client, subject: str) -> None:
        made = 0

        async def counted() -> AsyncIterator[bytes]:
            nonlocal made
            for _ in range(1_000):
                made += 1
                yield b"x"

        done = asyncio.Event()

        async def on_question(msg: Msg) -> None:
            await send_answer(service, msg.reply, counted())
            done.set()

        await service.subscribe(subject, cb=on_question)
        await service.flush()
        reading = ask(asker, subject, {})
        assert await anext(reading) == b"x"
        if not is_silent:
            await reading.aclose()
        await asyncio.wait_for(done.wait(), 20)
        assert made <= 2 * WINDOW + 2

    with_two(main)


def test_no_service_is_an_error_that_says_so(with_two: Callable[[Main], None]) -> None:
    async def main(_: Client, asker: Client, subject: str) -> None:
        with pytest.raises(ServerError, match=f"{subject}: no service answers"):
            await ask_once(asker, subject, {})

    with_two(main)


def test_a_service_that_comes_later_is_waited_for_as_long_as_the_asker_says(
    with_two: Callable[[Main], None],
) -> None:
    async def main(service: Client, asker: Client, subject: str) -> None:
        with pytest.raises(NoServiceError, match=f"{subject}: no service answers"):
            await ask_once(asker, subject, {}, up_within_s=0)
        asked = asyncio.create_task(ask_once(asker, subject, {}, up_within_s=60))
        await asyncio.sleep(0)  # it asks before anybody is there

        async def on_question(msg: Msg) -> None:
            await service.publish(msg.reply, b"here")

        await service.subscribe(subject, cb=on_question)
        assert await asked == b"here"

    with_two(main)


def test_a_service_that_does_not_answer_in_time_is_an_error(with_two: Callable[[Main], None]) -> None:
    async def main(service: Client, asker: Client, subject: str) -> None:
        await service.subscribe(subject)
        await service.flush()
        with pytest.raises(ServerError, match="no answer within"):
            await ask_once(asker, subject, {}, timeout=0.2)

    with_two(main)


def test_an_error_in_the_middle_of_an_answer_comes_out_after_the_chunks_before_it(
    with_two: Callable[[Main], None],
) -> None:
    async def main(service: Client, asker: Client, subject: str) -> None:
        async def on_question(msg: Msg) -> None:
            await service.publish(msg.reply, b"one", headers={CHUNK: "1"})
            await service.publish(msg.reply, b"", headers={"Nats-Service-Error": "the table is gone"})

        await service.subscribe(subject, cb=on_question)
        await service.flush()
        answer = ask(asker, subject, {})
        assert await anext(answer) == b"one"
        with pytest.raises(QueryError, match="the table is gone"):
            await anext(answer)

    with_two(main)


def test_a_missing_chunk_is_noticed(with_two: Callable[[Main], None]) -> None:
    async def main(service: Client, asker: Client, subject: str) -> None:
        async def on_question(msg: Msg) -> None:
            await service.publish(msg.reply, b"one", headers={CHUNK: "1"})
            await service.publish(msg.reply, b"three", headers={CHUNK: "3", END: "3"})

        await service.subscribe(subject, cb=on_question)
        await service.flush()
        with pytest.raises(ServerError, match="chunk 2 of the answer is missing"):
            await ask_once(asker, subject, {})

    with_two(main)
