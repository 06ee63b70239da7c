"""Tampering with the files of a stopped server: what `audit verify` says when it runs again.

The server keeps a checksum of each message. Somebody who does not mend it makes the server drop the message;
somebody who does is found by chain and seals alone.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from threading import Event

import nats
import pytest
from nats.aio.client import Client
from support.message_blocks import Block
from support.real_streams import append_frames, messages_of
from support.waiting import run_async

from commands.audit.verify import Report, verify
from infra.embedded.folder import DataFolder
from infra.embedded.nats_process import NatsServer
from infra.embedded.process import ServerProcess
from streams import names
from streams.append import Appender, Outgoing
from streams.chain import append_event
from streams.event_log import ensure_streams
from streams.heads import Head, read_heads
from streams.operations import append_operation
from streams.sealer import Sealer

pytestmark = pytest.mark.faults

FRAMES, EVENTS = 60, 6


@contextmanager
def server(data: Path) -> Iterator[str]:
    """A nats-server on this data folder."""
    folder = DataFolder(data)
    settings = NatsServer(folder, sync_interval=None)
    process = ServerProcess(settings, folder, Event())
    process.start()
    try:
        yield f"nats://127.0.0.1:{settings.port}"
    finally:
        process.stop()


def with_server(data: Path, work):  # type: ignore[no-untyped-def]
    """Run a coroutine function that takes a connection, on a server of this folder."""

    async def main() -> object:
        async with await nats.connect(url) as nc:
            return await work(nc)

    with server(data) as url:
        return run_async(main)


async def fly(nc: Client) -> list[Head]:
    """Frames one by one and in batches, events of both chains, everything sealed."""
    await ensure_streams(nc.jetstream())
    for number in range(EVENTS):
        await append_operation(nc, "session-opened", {"number": number})
        await append_event(nc, names.COMMANDS, f"command.{number}.submitted", b'{"name":"PING"}')
        await append_frames(nc, FRAMES // EVENTS, first=FRAMES // EVENTS * number)
    await Sealer(nc, frames=25).catch_up()
    return await read_heads(nc)


class Flown:
    """A data folder with a flight, to be copied, and its heads."""

    def __init__(self, data: Path) -> None:
        self.data = data
        self.heads: list[Head] = with_server(data, fly)

    def copy(self, folder: Path) -> Path:
        return Path(shutil.copytree(self.data, folder / "copy"))


@pytest.fixture(scope="module")
def flown(tmp_path_factory: pytest.TempPathFactory) -> Flown:
    return Flown(tmp_path_factory.mktemp("flown"))


def verified(data: Path, heads: list[Head] | tuple[()] = ()) -> Report:
    found: Report = with_server(data, lambda nc: verify(nc, heads))
    return found


def places(report: Report) -> list[tuple[str, int]]:
    return [(finding.stream, finding.offset) for finding in report.findings]


def flipped(data: bytes, place: int = -1) -> bytes:
    """Text with one bit of it flipped."""
    changed = bytearray(data)
    changed[place] ^= 1
    return bytes(changed)


def test_an_untouched_flight_is_good_and_its_heads_are_part_of_it(flown: Flown, tmp_path: Path) -> None:
    data = flown.copy(tmp_path)
    Block(data, names.FRAMES).save()  # read and written back without a change
    report = verified(data, flown.heads)
    assert report.findings == []
    assert (report.good, report.sealed_to, report.unsealed) == (True, FRAMES, 0)
    assert [one.stream for one in flown.heads] == [names.OPERATIONS, names.COMMANDS, names.FRAMES]


def test_the_server_drops_a_frame_with_a_flipped_bit_and_its_offset_is_named(
    flown: Flown, tmp_path: Path
) -> None:
    data = flown.copy(tmp_path)
    block = Block(data, names.FRAMES)
    block.change(17, mend=False, data=flipped(block.records[block.row(17)].data))
    block.save(forget_index=False)
    report = verified(data)
    assert [str(finding) for finding in report.findings] == ["FRAMES offset 17: is missing"]


def test_a_server_that_reads_its_files_anew_drops_all_behind_a_flipped_bit_which_the_seals_tell(
    flown: Flown, tmp_path: Path
) -> None:
    data = flown.copy(tmp_path)
    block = Block(data, names.FRAMES)
    block.change(17, mend=False, data=flipped(block.records[block.row(17)].data))
    block.save()
    report = verified(data)
    assert places(report) == [(names.FRAMES, 17)]
    assert "all up to 60 at least" in report.findings[0].what


@pytest.mark.parametrize("offset", [1, 17, 25, 26, FRAMES])
@pytest.mark.parametrize("what", ["payload", "recorded time", "headers", "subject"])
def test_a_changed_frame_whose_checksum_was_mended_is_named(
    flown: Flown, tmp_path: Path, offset: int, what: str
) -> None:
    data = flown.copy(tmp_path)
    block = Block(data, names.FRAMES)
    frame = block.records[block.row(offset)]
    changes: dict[str, dict[str, object]] = {
        "payload": {"data": flipped(frame.data)},
        "recorded time": {"recorded": frame.recorded + 1},
        "headers": {"headers": frame.headers.replace(b"s1", b"s2")},
        "subject": {"subject": flipped(frame.subject)},
    }
    block.change(offset, **changes[what])
    block.save()
    report = verified(data)
    assert places(report) == [(names.FRAMES, offset)]
    assert what in report.findings[0].what


@pytest.mark.parametrize("stream", [names.OPERATIONS, names.COMMANDS])
@pytest.mark.parametrize("offset", [1, 3, EVENTS - 1])
def test_a_changed_event_whose_checksum_was_mended_is_named(
    flown: Flown, tmp_path: Path, stream: str, offset: int
) -> None:
    data = flown.copy(tmp_path)
    block = Block(data, stream)
    block.change(offset, data=flipped(block.records[block.row(offset)].data))
    block.save()
    assert places(verified(data)) == [(stream, offset)]


def test_the_last_command_event_is_vouched_for_by_operations(flown: Flown, tmp_path: Path) -> None:
    data = flown.copy(tmp_path)
    block = Block(data, names.COMMANDS)
    block.change(EVENTS, data=flipped(block.records[-1].data))
    block.save()
    report = verified(data)
    assert places(report) == [(names.COMMANDS, EVENTS)]
    assert "noted at OPERATIONS offset" in report.findings[0].what


@pytest.mark.parametrize("stream", [names.OPERATIONS, names.COMMANDS, names.FRAMES])
@pytest.mark.parametrize("offset", [2, 5])
def test_a_missing_message_is_named(flown: Flown, tmp_path: Path, stream: str, offset: int) -> None:
    data = flown.copy(tmp_path)
    block = Block(data, stream)
    del block.records[block.row(offset)]
    block.save()
    assert places(verified(data)) == [(stream, offset)]


@pytest.mark.parametrize("stream", [names.OPERATIONS, names.COMMANDS, names.FRAMES])
def test_an_end_that_was_cut_off_is_found_against_the_heads(
    flown: Flown, tmp_path: Path, stream: str
) -> None:
    data = flown.copy(tmp_path)
    block = Block(data, stream)
    last = block.records.pop().offset
    block.save()
    report = verified(data, flown.heads)
    assert (stream, last) in places(report)
    if stream != names.OPERATIONS:  # what vouches for the others' ends is in OPERATIONS
        assert (stream, last) in places(verified(data))


@pytest.mark.parametrize("stream", [names.OPERATIONS, names.COMMANDS, names.FRAMES])
def test_two_messages_in_each_others_place_are_found(flown: Flown, tmp_path: Path, stream: str) -> None:
    data = flown.copy(tmp_path)
    block = Block(data, stream)
    third, fourth = block.records[2:4]
    block.change(3, **vars(replace(fourth, offset=3)))
    block.change(4, **vars(replace(third, offset=4)))
    block.save()
    assert places(verified(data)) == [(stream, 3)]


@pytest.mark.parametrize("stream", [names.OPERATIONS, names.COMMANDS, names.FRAMES])
def test_an_inserted_message_is_named(flown: Flown, tmp_path: Path, stream: str) -> None:
    data = flown.copy(tmp_path)
    block = Block(data, stream)
    forged = replace(block.records[3], data=b"{}")
    moved = [replace(record, offset=record.offset + 1).mended(block.key) for record in block.records[3:]]
    block.records[3:] = [forged.mended(block.key), *moved]
    block.save()
    assert places(verified(data))[0] == (stream, 4)


def test_streams_that_were_appended_anew_to_another_server_are_found(flown: Flown, tmp_path: Path) -> None:
    """The same messages with the same offsets; only the recorded times are those of the copying."""

    async def read(nc: Client) -> dict[str, list]:
        return {
            stream: await messages_of(nc, stream)
            for stream in (names.OPERATIONS, names.COMMANDS, names.FRAMES)
        }

    async def write(nc: Client) -> None:
        await ensure_streams(nc.jetstream())
        for stream, messages in copies.items():
            async with Appender(nc) as appender:
                await appender.append(
                    [Outgoing(one.subject, one.data, dict(one.headers)) for one in messages]
                )
            assert len(await messages_of(nc, stream)) == len(messages)

    copies = with_server(flown.copy(tmp_path), read)
    with_server(tmp_path / "other", write)
    report = verified(tmp_path / "other")
    assert [one.proven_to for one in report.streams] == [0, 0, 0]
    assert (names.FRAMES, 1) in places(report)
    against = verified(tmp_path / "other", flown.heads)
    assert len(against.findings) > len(report.findings)
