"""The parser as a service on a server of its own."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson
import pytest
from nats.aio.client import Client
from support import small_mission
from support.own_nats import OwnNats, own_nats
from support.parsed import message
from support.raw_nats import HOSTILE_HEADERS, publish_raw
from support.telemetry import (
    check_nothing_lost_or_wrong,
    parsed_up_to,
    quarantine_of,
    telemetry_rows,
    until_parsed,
)
from support.waiting import run_async, wait_until_async

from infra.connection import connect_nats
from infra.service import start_service
from infra.tasks import end_tasks
from streams import names, parser_service
from streams.append import Appender, Outgoing
from streams.event_log import ensure_streams
from streams.mission import Mission, load_mission
from streams.operations import read_operations
from streams.parser_service import ParserService
from streams.read import last_offset, read_up_to

PACKETS = small_mission.packets(600)


@dataclass
class Ground:
    """A running system: server, connection, mission; `gate` closed holds the parser up before it parses."""

    server: OwnNats
    nc: Client
    mission: Mission
    folder: Path
    gate: asyncio.Event = field(default_factory=asyncio.Event)

    async def frames(self, *frames: bytes, link: str = "radio") -> int:
        """Append frames; return the offset of the last one."""
        async with Appender(self.nc) as appender:
            sent = [message(number, data, link=link) for number, data in enumerate(frames, 1)]
            await appender.append([Outgoing(one.subject, one.data, one.headers) for one in sent])
        return await last_offset(self.nc, names.FRAMES)

    async def ask(self, subject: str, **question: Any) -> dict[str, Any]:
        answer = await self.nc.request(subject, orjson.dumps(question), timeout=30)
        error = (answer.headers or {}).get("Nats-Service-Error")
        return {"error": error} if error else orjson.loads(answer.data)

    @asynccontextmanager
    async def parser(self) -> AsyncIterator[None]:
        """The parser service, ready; ended at the end of the block."""
        args = [f"--NATS_URL={self.server.url}", "--SERVICE_NAME=parser", f"--DATA_DIR={self.folder}"]
        async with await start_service(args=args, environ={}) as service:
            task = asyncio.create_task(ParserService(service, self.mission).run())
            try:
                await asyncio.wait_for(service.ready.wait(), 60)
                yield
                assert not task.done(), "the service ended by itself"
            finally:
                await end_tasks(task, patience=20)
                with contextlib.suppress(asyncio.CancelledError):
                    task.result()


@asynccontextmanager
async def ground(folder: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Ground]:
    mission = load_mission(small_mission.write_mission(folder / "m"))
    with own_nats(folder / "data", sync_interval=None) as server:
        nc = await connect_nats(server.url, name="test")
        await ensure_streams(nc.jetstream())
        made = Ground(server, nc, mission, folder)
        made.gate.set()
        run_parser = parser_service.run_parser

        async def held_up(*arguments: Any, **options: Any) -> None:
            await made.gate.wait()
            await run_parser(*arguments, **options)

        monkeypatch.setattr(parser_service, "run_parser", held_up)
        yield made
        await nc.close()


def test_frames_that_come_are_parsed_at_once_and_the_status_says_how_far(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def main() -> None:
        async with ground(tmp_path, monkeypatch) as made, made.parser():
            empty = await made.ask("parser.status")
            assert (empty["offset"], empty["last_offset"], empty["lag"]) == (0, 0, 0)
            for _ in range(3):
                end = await made.frames(*PACKETS[:100])
                await until_parsed(made.nc, made.mission, end)
            status: dict[str, Any] = {}

            async def is_through() -> bool:  # the status may come a moment behind the stored position
                status.update(await made.ask("parser.status"))
                return bool(status["offset"] == 300)

            await wait_until_async(is_through, what="the status says 300")
            assert (status["last_offset"], status["lag"]) == (300, 0)
            assert status["mission"] == made.mission.digest
            assert max((await check_nothing_lost_or_wrong(made.nc, made.mission)).values()) == 1

    run_async(main)


def test_a_restart_goes_back_and_forwards_and_shows_its_lag_until_it_has_caught_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def main() -> None:
        async with ground(tmp_path, monkeypatch) as made, made.parser():
            end = await made.frames(*PACKETS)
            await until_parsed(made.nc, made.mission, end)
            for start, lag in ((1, 600), (450, 151), (601, 0)):
                made.gate.clear()
                answer = await made.ask("parser.restart", from_offset=start)
                assert (answer["from_offset"], answer["was_at"]) == (start, end)
                assert await parsed_up_to(made.nc, made.mission) == start - 1, "stored before it is answered"
                assert (await made.ask("parser.status"))["lag"] == lag
                made.gate.set()
                await until_parsed(made.nc, made.mission, end)
                await wait_until_async(lambda: caught_up(made), 30)
            assert max((await check_nothing_lost_or_wrong(made.nc, made.mission)).values()) == 3
            events = await read_operations(made.nc, kinds=["parser-restarted"])
            assert [event.fields["from_offset"] for event in events] == [1, 450, 601]

    async def caught_up(made: Ground) -> bool:
        return (await made.ask("parser.status"))["lag"] == 0

    run_async(main)


def test_a_restart_by_time_begins_at_the_first_frame_recorded_then(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def main() -> None:
        async with ground(tmp_path, monkeypatch) as made, made.parser():
            end = await made.frames(*PACKETS[:50])
            frames = [one async for batch in read_up_to(made.nc, names.FRAMES, end) for one in batch]
            recorded = [one.recorded for one in frames]
            for time, offset in ((recorded[19], 20), (recorded[19] + 1, 21), (0, 1), (2**62, 51), (-5, 1)):
                assert (await made.ask("parser.restart", from_time=time))["from_offset"] == offset
            await until_parsed(made.nc, made.mission, end)
            await check_nothing_lost_or_wrong(made.nc, made.mission)

    run_async(main)


def test_a_restart_that_was_answered_counts_after_the_parser_was_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def main() -> None:
        async with ground(tmp_path, monkeypatch) as made:
            async with made.parser():
                end = await made.frames(*PACKETS[:200])
                await until_parsed(made.nc, made.mission, end)
                made.gate.clear()
                await made.ask("parser.restart", from_offset=120)
            made.gate.set()
            async with made.parser():
                await until_parsed(made.nc, made.mission, end)
                found = await check_nothing_lost_or_wrong(made.nc, made.mission)
            twice = {row for row, count in found.items() if count == 2 and row.startswith("frames")}
            assert len(twice) == 81

    run_async(main)


def test_many_restarts_at_once_are_all_answered_and_the_rows_stay_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def main() -> None:
        async with ground(tmp_path, monkeypatch) as made, made.parser():
            end = await made.frames(*PACKETS[:200])
            await until_parsed(made.nc, made.mission, end)  # a restart further on leaves out what is not
            starts = list(range(1, 200, 20))
            answers = await asyncio.gather(*(made.ask("parser.restart", from_offset=at) for at in starts))
            assert [answer["from_offset"] for answer in answers] == starts
            await until_parsed(made.nc, made.mission, end)
            await check_nothing_lost_or_wrong(made.nc, made.mission)

    run_async(main)


def test_a_restart_that_makes_no_sense_is_refused_with_a_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    questions: list[tuple[bytes, str]] = [
        (b"{", "not JSON"),
        (b"7", "give from_offset or from_time"),
        (b"{}", "give from_offset or from_time"),
        (b'{"from_offset": true}', "a whole number"),
        (b'{"from_offset": "1"}', "a whole number"),
        (b'{"from_offset": 1, "from_time": 1}', "give from_offset or from_time"),
        (b'{"from_offset": 0}', "FRAMES has the offsets 1 to 5, not 0"),
        (b'{"from_offset": 7}', "FRAMES has the offsets 1 to 5, not 7"),
    ]

    async def main() -> None:
        async with ground(tmp_path, monkeypatch) as made, made.parser():
            await made.frames(*PACKETS[:5])
            for question, words in questions:
                answer = await made.nc.request("parser.restart", question, timeout=30)
                assert words in (answer.headers or {})["Nats-Service-Error"]
            assert await read_operations(made.nc, kinds=["parser-restarted"]) == []
            await until_parsed(made.nc, made.mission, 5)

    run_async(main)


def test_whatever_anybody_publishes_as_a_frame_is_kept_reported_and_followed_by_the_next_good_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    good, big = PACKETS[5], bytes(range(256)) * 20_480

    async def main() -> None:
        async with ground(tmp_path, monkeypatch) as made, made.parser():
            port = made.server.port
            for headers in HOSTILE_HEADERS:
                publish_raw(port, b"frame.radio", b"junk", headers)
            for subject, data in (
                (b"frame.\xff\xfe", b"junk"),
                (b"frame.nobody", b""),
                (b"frame.frames", good),
                (b"frame.radio", good[:-1]),
                (b"frame.radio", big),
                (b"frame.radio", big + bytes(3 * 2**20 - 5)),
            ):
                publish_raw(port, subject, data)
            bad = await last_offset(made.nc, names.FRAMES)
            end = await made.frames(good)
            await until_parsed(made.nc, made.mission, end)
            assert bad == len(HOSTILE_HEADERS) + 6
            rows = await quarantine_of(made.nc, made.mission)
            undecoded = {row["frame_offset"] for row in rows if not row["decoded"]}
            assert undecoded == set(range(1, bad + 1))
            assert all(row["stage"] and row["reason"] for row in rows)
            results = {
                row["frame_offset"]: row["result"]
                for table, batch in await telemetry_rows(made.nc, made.mission)
                if table == "frames"
                for row in batch.select(["frame_offset", "result"]).to_pylist()
            }
            assert results[end] == "parsed"
            assert len(results) == end

    run_async(main, deadline=120.0)
