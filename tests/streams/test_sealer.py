"""Sealing FRAMES: everything is sealed once, in runs without a hole, whoever seals and whatever happens."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from support.real_streams import (
    Connect,
    all_streams,
    append_frames,
    check_seals,
    events_of,
    is_sealed,
    messages_of,
)
from support.waiting import run_async, wait_until_async

from infra.errors import StreamError
from streams import names
from streams.chain import append_event, event_hash
from streams.operations import operation_of
from streams.read import Message
from streams.seal import seal_of
from streams.sealer import COMMANDS_SEALED, Sealer, seal_all


@asynccontextmanager
async def sealing(sealer: Sealer) -> AsyncIterator[None]:
    task = asyncio.create_task(sealer.run())
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


def test_what_is_there_is_sealed_in_runs_of_the_given_size_and_once(connect: Connect) -> None:
    async def main() -> None:
        async with all_streams(connect) as nc:
            assert await seal_all(nc) == 0
            assert await events_of(nc, "sealed") == []
            await append_frames(nc, 250)
            await Sealer(nc, frames=100).catch_up()
            assert await check_seals(nc, 250) == [100, 100, 50]
            assert await seal_all(nc) == 250
            assert len(await events_of(nc, "sealed")) == 3
            await append_frames(nc, 7, first=250)
            assert await seal_all(nc) == 257
            assert await check_seals(nc, 257) == [100, 100, 50, 7]

    run_async(main)


def test_a_frame_that_comes_alone_is_sealed_after_a_while(connect: Connect) -> None:
    async def main() -> None:
        async with all_streams(connect) as nc, sealing(Sealer(nc, frames=100, seconds=0.2)):
            for number in range(3):
                await append_frames(nc, 1, first=number)
                await wait_until_async(lambda number=number: is_sealed(nc, number + 1))
            assert await check_seals(nc, 3) == [1, 1, 1]

    run_async(main)


def test_several_sealers_at_once_make_one_row_of_seals(connect: Connect) -> None:
    async def main() -> None:
        async with all_streams(connect) as nc, connect() as other:
            sealers = [Sealer(one, frames=30, seconds=0.1) for one in (nc, other, nc)]
            async with sealing(sealers[0]), sealing(sealers[1]), sealing(sealers[2]):
                for number in range(10):
                    await append_frames(nc, 100, first=100 * number)
                await asyncio.gather(*(Sealer(nc, frames=41).catch_up() for _ in range(3)))
                await wait_until_async(lambda: is_sealed(nc, 1000))
            await check_seals(nc, 1000)

    run_async(main)


def test_the_last_command_event_is_noted_beside_the_seals(connect: Connect) -> None:
    async def main() -> None:
        async with all_streams(connect) as nc:
            for number in range(2):
                await append_event(nc, names.COMMANDS, f"command.{number}.submitted", b"{}")
                await seal_all(nc)
                await seal_all(nc)
            commands = await messages_of(nc, names.COMMANDS)
            noted = [event.fields for event in await events_of(nc, COMMANDS_SEALED)]
            assert [(one["offset"], one["hash"]) for one in noted] == [
                (command.offset, event_hash(command)) for command in commands
            ]

    run_async(main)


def test_a_hole_ends_a_run_and_is_in_none(connect: Connect, caplog: pytest.LogCaptureFixture) -> None:
    class Patchy(Sealer):
        async def _take(self, frames: list[Message]) -> None:  # type: ignore[override]
            await super()._take([frame for frame in frames if frame.offset not in {4, 5, 12}])

    async def main() -> list[tuple[int, int]]:
        async with all_streams(connect) as nc:
            await append_frames(nc, 15)
            await Patchy(nc).catch_up()
            seals = [seal_of(event) for event in await events_of(nc, "sealed")]
            assert [seal.previous for seal in seals[1:]] == [seal.digest for seal in seals[:-1]]
            return [(seal.first, seal.last) for seal in seals]

    assert run_async(main) == [(1, 3), (6, 11), (13, 15)]
    assert "FRAMES has lost the offsets 4 to 5" in caplog.text


def test_a_frame_stream_shorter_than_its_seals_is_not_sealed_over(connect: Connect) -> None:
    async def main() -> None:
        async with all_streams(connect) as nc:
            await append_frames(nc, 10)
            await seal_all(nc)
            config = (await nc.jetstream().stream_info(names.FRAMES)).config
            await nc.jetstream().delete_stream(names.FRAMES)
            await nc.jetstream().add_stream(config)
            await append_frames(nc, 4)
            with pytest.raises(StreamError, match="FRAMES ends at offset 4, but was sealed up to 10"):
                await seal_all(nc)

    run_async(main)


def test_what_is_no_seal_does_not_stop_sealing(connect: Connect) -> None:
    async def main() -> None:
        async with all_streams(connect) as nc:
            await nc.jetstream().publish("operation.sealed", b"?")
            await nc.jetstream().publish("operation.commands-sealed", b"[]")
            await append_frames(nc, 10)
            assert await seal_all(nc) == 10
            await nc.jetstream().publish("operation.sealed", b'{"first": 1}')
            await append_frames(nc, 5, first=10)
            await append_event(nc, names.COMMANDS, "command.1.submitted", b"{}")
            assert await seal_all(nc) == 15
            sealed = [event for event in await messages_of(nc, names.OPERATIONS) if len(event.data) > 50]
            seals = [seal_of(operation_of(event)) for event in sealed if event.subject == "operation.sealed"]
            assert [(seal.first, seal.last) for seal in seals] == [(1, 10), (11, 15)]
            assert seals[1].previous == seals[0].digest
            assert sealed[-1].subject == "operation.commands-sealed"

    run_async(main)
