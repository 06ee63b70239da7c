import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from nats.aio.client import Client
from support import small_mission
from support.own_nats import own_nats
from support.programs import program
from support.waiting import run_async

from infra.connection import connect_nats
from infra.embedded import nats_process
from infra.errors import LinkError
from streams import event_log, names, recording_import
from streams.append import HEADER_ROOM
from streams.event_log import ensure_streams
from streams.framing import Frame, FramingConfig
from streams.operations import append_operation, read_operations
from streams.read import Message, last_offset, read_up_to
from streams.recorder import frame_messages
from streams.recording_import import FINISHED, STARTED, Imported, import_recording

PACKETS = FramingConfig("packets", 300)


@asynccontextmanager
async def ground(folder: Path) -> AsyncIterator[Client]:
    """A server of its own, with streams that forget message ids at once."""
    with own_nats(folder, sync_interval=None) as server:
        nc = await connect_nats(server.url, name="test")
        await ensure_streams(nc.jetstream())
        yield nc
        await nc.close()


@pytest.fixture(autouse=True)
def forgetful(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_log, "DUPLICATE_WINDOW_S", 0.1)


async def frames_of(nc: Client) -> list[Message]:
    end = await last_offset(nc, names.FRAMES)
    return [message async for batch in read_up_to(nc, names.FRAMES, end) for message in batch]


async def imported(nc: Client, file: Path, framing: FramingConfig = PACKETS, **more: Any) -> Imported:
    return await import_recording(nc, file, link="radio", framing=framing, **more)


def test_every_byte_of_a_recording_is_in_frames_with_its_place_in_the_file(tmp_path: Path) -> None:
    file = small_mission.recording(tmp_path / "r", 1_000)
    file.write_bytes(file.read_bytes() + b"\x08\x01\x02")
    told: list[int] = []

    async def main() -> tuple[Imported, list[Message]]:
        async with ground(tmp_path / "data") as nc:
            return await imported(nc, file, progress=told.append), await frames_of(nc)

    done, frames = run_async(main)
    assert b"".join(frame.data for frame in frames) == file.read_bytes()
    assert (done.frames, done.added, done.last_offset, done.link) == (1_001, 1_001, 1_001, "radio")
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    assert {frame.headers[names.SESSION] for frame in frames} == {done.session} == {f"file-{digest[:12]}"}
    assert {frame.headers[names.SOURCE] for frame in frames} == {digest[:16]}
    ids = [f"radio:{done.session}:{digest[:16]}.{number}" for number in range(1_001)]
    assert [frame.headers[names.MESSAGE_ID] for frame in frames] == ids
    assert frames[-1].headers[names.TORN] == "connection ended inside a frame"
    assert told[-1] == file.stat().st_size


def test_what_a_stopped_import_left_is_cut_into_the_same_batches_as_at_the_first_time(tmp_path: Path) -> None:
    file = small_mission.recording(tmp_path / "r", 5_000)

    async def batches(folder: str, stored: int) -> list[int]:
        """Return the numbers of frames that begin a batch, when so many had been stored one by one before."""
        async with ground(tmp_path / folder) as nc:
            digest = hashlib.sha256(file.read_bytes()).hexdigest()
            frames = [Frame(packet, 1, "") for packet in small_mission.packets(stored)]
            begun = {"link": "radio", "session": f"file-{digest[:12]}", "source": digest[:16], "after": 0}
            await append_operation(nc, STARTED, begun)
            for message in frame_messages(
                "radio", f"file-{digest[:12]}", frames, 0, limit=10_000, source=digest[:16]
            ):
                await nc.jetstream().publish(message.subject, message.data, headers=dict(message.headers))
            assert (await imported(nc, file)).added == 5_000 - stored
            found = await frames_of(nc)
        assert [message.data for message in found] == small_mission.packets(5_000)
        return [number for number, one in enumerate(found) if one.headers.get("Nats-Batch-Sequence") == "1"]

    whole, rest = run_async(lambda: batches("first", 0)), run_async(lambda: batches("again", 1_500))
    assert (whole[:3], rest) == ([0, 1_000, 2_000], [1_500, *whole[2:]])


def test_a_second_import_adds_nothing_after_the_servers_memory_of_ids_and_after_a_restart(
    tmp_path: Path,
) -> None:
    file = small_mission.recording(tmp_path / "r", 500)
    copy = tmp_path / "another-name"
    copy.write_bytes(file.read_bytes())

    async def main() -> list[Imported]:
        found = []
        for again in (file, file, copy):
            async with ground(tmp_path / "data") as nc:
                found.append(await imported(nc, again))
                await asyncio.sleep(0.3)
                found.append(await imported(nc, again))
                assert await last_offset(nc, names.FRAMES) == 500
                events = [event.kind for event in await read_operations(nc)]
                assert events == [STARTED, FINISHED]
        return found

    first, *later = run_async(main)
    assert first.added == 500
    assert later == [replace(first, added=0)] * 5


def test_another_session_or_link_is_another_import_of_the_same_file(tmp_path: Path) -> None:
    file = small_mission.recording(tmp_path / "r", 20)

    async def main() -> list[tuple[str, str]]:
        async with ground(tmp_path / "data") as nc:
            await imported(nc, file)
            assert (await imported(nc, file, session="sd-card")).added == 20
            assert (await import_recording(nc, file, link="other", framing=PACKETS)).added == 20
            return [(frame.subject, frame.headers[names.SESSION]) for frame in await frames_of(nc)]

    found = run_async(main)
    assert len(found) == 60
    assert len(set(found)) == 3


class BrokenOffError(Exception):
    """What breaks an import off."""


@pytest.mark.parametrize("breaks", [[0], [1], [3, 1, 2]])
def test_an_interrupted_import_goes_on_where_it_was_and_stores_nothing_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, breaks: list[int]
) -> None:
    monkeypatch.setattr(recording_import, "CHUNK_BYTES", 5_000)
    file = small_mission.recording(tmp_path / "r", 800)

    def stop_after(chunks: int) -> Callable[[int], None]:
        left = iter(range(chunks))

        def progress(_: int) -> None:
            if next(left, None) is None:
                raise BrokenOffError

        return progress

    async def main() -> list[bytes]:
        for chunks in breaks:
            async with ground(tmp_path / "data") as nc:
                with pytest.raises(BrokenOffError):
                    await imported(nc, file, progress=stop_after(chunks))
                await asyncio.sleep(0.3)
        async with ground(tmp_path / "data") as nc:
            # Not earlier: what was under way may still be stored.
            before = await last_offset(nc, names.FRAMES)
            assert before < 800
            done = await imported(nc, file)
            assert (done.frames, done.added) == (800, 800 - before)
            assert [event.kind for event in await read_operations(nc)] == [STARTED, FINISHED]
            return [frame.data for frame in await frames_of(nc)]

    assert run_async(main) == small_mission.packets(800)


def test_frames_of_others_between_do_not_count_as_those_of_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recording_import, "CHUNK_BYTES", 2_000)
    file = small_mission.recording(tmp_path / "r", 100)

    async def main() -> None:
        async with ground(tmp_path / "data") as nc:
            publish = nc.jetstream().publish
            for identity in ("3", "radio:s:1.5", "radio:s:x.99999999999999999", "", "radio:s:x.²"):
                await publish("frame.radio", b"foreign", headers={names.MESSAGE_ID: identity})

            def stop(_: int) -> None:
                raise BrokenOffError

            with pytest.raises(BrokenOffError):
                await imported(nc, file, session="s", progress=stop)
            await publish("frame.radio", b"foreign")
            await imported(nc, file, session="s")
            mine = [frame.data for frame in await frames_of(nc) if frame.data != b"foreign"]
            assert mine == small_mission.packets(100)

    run_async(main)


def test_two_imports_of_one_file_at_the_same_time_store_each_frame_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_log, "DUPLICATE_WINDOW_S", 30.0)
    file = small_mission.recording(tmp_path / "r", 3_000)

    async def main() -> list[bytes]:
        async with ground(tmp_path / "data") as nc:
            both = await asyncio.gather(imported(nc, file), imported(nc, file))
            assert {one.frames for one in both} == {3_000}
            assert (await imported(nc, file)).added == 0
            return [frame.data for frame in await frames_of(nc)]

    assert sorted(run_async(main)) == sorted(small_mission.packets(3_000))


def test_another_framing_of_a_recording_that_was_begun_is_refused(tmp_path: Path) -> None:
    """The frames would have other numbers: some bytes would be stored twice, others never."""
    file = small_mission.recording(tmp_path / "r", 20)

    async def main() -> None:
        async with ground(tmp_path / "data") as nc:
            await imported(nc, file)
            with pytest.raises(LinkError, match=r"another framing.*--session"):
                await imported(nc, file, FramingConfig("fixed", 100))
            assert (await imported(nc, file, FramingConfig("fixed", 100), session="again")).added > 0

    run_async(main)


def test_a_recording_that_changes_while_it_is_imported_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recording_import, "CHUNK_BYTES", 1_000)
    file = small_mission.recording(tmp_path / "r", 100)

    def grow(_: int) -> None:
        with file.open("ab") as growing:
            growing.write(small_mission.attitude(1) if file.stat().st_size < 9_000 else b"")

    async def main() -> None:
        async with ground(tmp_path / "data") as nc:
            with pytest.raises(LinkError, match="the recording changed while it was imported"):
                await imported(nc, file, progress=grow)
            assert [event.kind for event in await read_operations(nc)] == [STARTED]

    run_async(main)


@pytest.mark.parametrize("session", ["two\nlines", "x" * 201, "\x00"])
def test_a_session_that_fits_no_header_is_refused(tmp_path: Path, session: str) -> None:
    file = small_mission.recording(tmp_path / "r", 1)

    async def main() -> None:
        async with ground(tmp_path / "data") as nc:
            with pytest.raises(LinkError, match="no fit name"):
                await imported(nc, file, session=session)
            assert await last_offset(nc, names.FRAMES) == 0

    run_async(main)


def test_a_recording_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    async def main() -> None:
        async with ground(tmp_path / "data") as nc:
            with pytest.raises(LinkError, match="can not be read: No such file"):
                await imported(nc, tmp_path / "nothing")

    run_async(main)


def test_an_empty_recording_is_an_import_of_nothing(tmp_path: Path) -> None:
    (tmp_path / "r").write_bytes(b"")

    async def main() -> tuple[int, int]:
        async with ground(tmp_path / "data") as nc:
            done = await imported(nc, tmp_path / "r")
            return done.frames, done.added

    assert run_async(main) == (0, 0)


def test_frames_above_the_servers_limit_are_kept_in_pieces_and_found_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(nats_process, "MAX_PAYLOAD", 64 * 1024)
    content = bytes(range(256)) * 1_000
    (tmp_path / "r").write_bytes(content)
    framing = FramingConfig("fixed", 100_000)

    async def main() -> None:
        async with ground(tmp_path / "data") as nc:

            def stop(_: int) -> None:
                raise BrokenOffError

            with pytest.raises(BrokenOffError):
                await imported(nc, tmp_path / "r", framing, progress=stop)
            done = await imported(nc, tmp_path / "r", framing)
            frames = await frames_of(nc)
            assert b"".join(frame.data for frame in frames) == content
            assert max(len(frame.data) for frame in frames) == 64 * 1024 - HEADER_ROOM
            assert done.frames == len(frames)
            assert all(names.TORN in frame.headers for frame in frames)

    run_async(main)


def test_a_recording_of_any_size_needs_little_memory(tmp_path: Path) -> None:
    """Of 128 MB no more than a fraction is held at any time; the limit is far below the file's size."""
    file = tmp_path / "r"
    with file.open("wb") as content:
        for number in range(128):
            content.write(bytes([number]) * 2**20)
    with (
        own_nats(tmp_path / "data", sync_interval=None) as server,
        program("importing_program", server.url, str(file)) as (_, said),
    ):
        assert said["added"] == 128 * 1024
        assert said["told"] == [*range(2**20, 129 * 2**20, 2**20), 128 * 2**20]
        assert said["grown_mb"] < 64
