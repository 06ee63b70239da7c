"""The IO service with devices on real sockets and a server of its own: every byte is in FRAMES, once."""

from __future__ import annotations

import asyncio
import contextlib
import random
import socket
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from nats.aio.client import Client
from nats.js.errors import NotFoundError
from support import small_mission
from support.own_nats import OwnNats, own_nats
from support.waiting import run_async, wait_until_async

from infra.embedded import nats_process
from infra.embedded.ports import choose_ports
from infra.service import Service, start_service
from infra.tasks import end_tasks
from streams import io_service, names
from streams.append import HEADER_ROOM
from streams.io_service import run_io
from streams.mission import Mission, load_mission
from streams.operations import Operation, read_operations
from streams.read import Message, last_offset, read_up_to

PACKETS = small_mission.packets(300)


def mission_with(folder: Path, link: str) -> Mission:
    """The small mission with one link, `radio`."""
    small_mission.write_mission(folder)
    text = (folder / "mission.toml").read_text()
    links = f'[[links]]\nname = "radio"\n{link}'
    (folder / "mission.toml").write_text(text[: text.index("[[links]]")] + links)
    return load_mission(folder)


@asynccontextmanager
async def io(server: OwnNats, folder: Path, mission: Mission) -> AsyncIterator[Service]:
    """The IO service under way; stopped at the end of the block."""
    args = [f"--NATS_URL={server.url}", "--SERVICE_NAME=io", f"--DATA_DIR={folder}"]
    async with await start_service(args=args, environ={}) as service:
        task = asyncio.create_task(run_io(service, mission))
        await wait_until_async(lambda: has_mission(service.nc))
        try:
            yield service
            assert not task.done(), "the service ended by itself"
        finally:
            await end_tasks(task, patience=40)
            with contextlib.suppress(asyncio.CancelledError):
                task.result()


async def has_mission(nc: Client) -> bool:
    with contextlib.suppress(NotFoundError):
        return bool(await read_operations(nc, kinds=["mission-loaded"]))
    return False


class Device:
    """A device that listens: the ground connects to it."""

    def __init__(self) -> None:
        self.connected: asyncio.Queue[asyncio.StreamWriter] = asyncio.Queue()

    async def __aenter__(self) -> Device:
        self._server = await asyncio.start_server(self._take, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()

    async def _take(self, _: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await self.connected.put(writer)


async def send(writer: asyncio.StreamWriter, data: bytes, chance: random.Random) -> None:
    """Send bytes in chunks that have nothing to do with the packets in them."""
    at = 0
    while at < len(data):
        size = chance.randrange(1, 400)
        writer.write(data[at : at + size])
        await writer.drain()
        at += size
        await asyncio.sleep(0)


async def frames_of(nc: Client) -> list[Message]:
    end = await last_offset(nc, names.FRAMES)
    return [message async for batch in read_up_to(nc, names.FRAMES, end) for message in batch]


async def events_of(nc: Client, kind: str, count: int) -> list[Operation]:
    """Wait until OPERATIONS has so many events of a kind."""

    async def enough() -> list[Operation] | None:
        found = await read_operations(nc, kinds=[kind])
        return found if len(found) >= count else None

    found = await wait_until_async(enough, 60, f"{count} events {kind}")
    assert found is not None
    return found


def by_session(frames: list[Message]) -> dict[str, list[Message]]:
    found: dict[str, list[Message]] = defaultdict(list)
    for frame in frames:
        found[frame.headers[names.SESSION]].append(frame)
    return found


PACKET_FRAMING = '[links.framing]\nkind = "packets"\nlength = 300\n'


def test_each_connection_of_a_device_is_a_session_whose_bytes_are_all_kept_torn_ones_too(
    tmp_path: Path,
) -> None:
    async def main() -> None:
        with own_nats(tmp_path / "data", sync_interval=None) as server:
            async with Device() as device:
                link = f'transport = "tcp-client"\nport = {device.port}\n{PACKET_FRAMING}'
                async with io(server, tmp_path, mission_with(tmp_path / "m", link)) as service:
                    chance, sent = random.Random(1), []
                    for count, rest in ((50, PACKETS[50][:9]), (30, b""), (0, b"\xff" * 100)):
                        writer = await asyncio.wait_for(device.connected.get(), 30)
                        sent.append(b"".join(PACKETS[:count]) + rest)
                        await send(writer, sent[-1], chance)
                        writer.close()
                    closed = await events_of(service.nc, "session-closed", 3)
                    opened = await events_of(service.nc, "session-opened", 3)
                    frames = by_session(await frames_of(service.nc))
        sessions = [event.fields["session"] for event in opened[:3]]
        assert [event.fields["session"] for event in closed] == sessions
        assert all(f"127.0.0.1:{device.port}" in event.fields["peer"] for event in opened)
        assert all("closed the connection" in event.fields["why"] for event in closed)
        assert [b"".join(frame.data for frame in frames[session]) for session in sessions] == sent
        assert [event.fields["frames"] for event in closed] == [len(frames[name]) for name in sessions]
        assert [frame.data for frame in frames[sessions[0]]] == [*PACKETS[:50], PACKETS[50][:9]]
        torn = [[f.headers.get(names.TORN, "") for f in frames[name]] for name in sessions]
        assert torn[0] == [*[""] * 50, "connection ended inside a frame"]
        assert torn[1] == [""] * 30
        assert all("version is 7" in why for why in torn[2])
        for session in sessions:
            ids = [frame.headers[names.MESSAGE_ID] for frame in frames[session]]
            assert ids == [f"radio:{session}:{number}" for number in range(len(ids))]
            received = [int(frame.headers[names.RECEIVED]) for frame in frames[session]]
            assert received == sorted(received)
            assert all(at <= frame.recorded for at, frame in zip(received, frames[session], strict=True))

    run_async(main)


def test_devices_that_connect_at_the_same_time_have_sessions_of_their_own(tmp_path: Path) -> None:
    async def main() -> None:
        (port,) = choose_ports([0])
        with own_nats(tmp_path / "data", sync_interval=None) as server:
            link = f'transport = "tcp-server"\nport = {port}\n{PACKET_FRAMING}'
            async with io(server, tmp_path, mission_with(tmp_path / "m", link)) as service:

                async def device(seed: int) -> bytes:
                    async def connected() -> asyncio.StreamWriter | None:
                        with contextlib.suppress(OSError):
                            return (await asyncio.open_connection("127.0.0.1", port))[1]
                        return None

                    writer = await wait_until_async(connected, 30)
                    assert writer is not None
                    data = b"".join(PACKETS[seed * 50 : seed * 50 + 50]) + b"\x08\x01"
                    await send(writer, data, random.Random(seed))
                    writer.close()
                    return data

                sent = await asyncio.gather(*(device(seed) for seed in range(3)))
                await events_of(service.nc, "session-closed", 3)
                frames = by_session(await frames_of(service.nc))
        found = [b"".join(frame.data for frame in session) for session in frames.values()]
        assert sorted(found) == sorted(sent)

    run_async(main)


def test_each_datagram_is_a_frame_an_empty_one_too(tmp_path: Path) -> None:
    async def main() -> None:
        (port,) = choose_ports([0])
        with own_nats(tmp_path / "data", sync_interval=None) as server:
            mission = mission_with(tmp_path / "m", f'transport = "udp"\nport = {port}\n')
            async with io(server, tmp_path, mission) as service:
                await events_of(service.nc, "session-opened", 1)
                sent = [*PACKETS[:40], b"", bytes(9_000), *PACKETS[40:80]]
                with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as device:
                    for data in sent:
                        device.sendto(data, ("127.0.0.1", port))
                        await asyncio.sleep(0.001)

                async def there() -> bool:
                    return await last_offset(service.nc, names.FRAMES) == len(sent)

                await wait_until_async(there, 30)
                frames = await frames_of(service.nc)
                nc = service.nc
                assert [frame.data for frame in frames] == sent
                assert len(by_session(frames)) == 1
                assert len(await read_operations(nc, kinds=["session-closed"])) == 0

    run_async(main)


def test_a_device_that_is_not_there_is_an_event_once_and_is_found_when_it_comes(tmp_path: Path) -> None:
    async def main() -> None:
        (port,) = choose_ports([0])
        with own_nats(tmp_path / "data", sync_interval=None) as server:
            link = f'transport = "tcp-client"\nport = {port}\n{PACKET_FRAMING}'
            async with io(server, tmp_path, mission_with(tmp_path / "m", link)) as service:
                (away,) = await events_of(service.nc, "link-down", 1)
                assert f"cannot connect to 127.0.0.1:{port}" in away.fields["why"]
                listening = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", port)
                await events_of(service.nc, "session-opened", 1)
                assert len(await read_operations(service.nc, kinds=["link-down"])) == 1
                listening.close()

    run_async(main)


@pytest.mark.faults
def test_nothing_is_lost_when_the_server_is_killed_while_a_device_sends_and_leaves(tmp_path: Path) -> None:
    """The device sends on, breaks off and comes back while the nats-server is away."""

    async def main() -> None:
        with own_nats(tmp_path / "data") as server:
            async with Device() as device:
                link = f'transport = "tcp-client"\nport = {device.port}\n{PACKET_FRAMING}'
                async with io(server, tmp_path, mission_with(tmp_path / "m", link)) as service:
                    chance, sent = random.Random(1), []
                    for number in range(3):
                        writer = await asyncio.wait_for(device.connected.get(), 60)
                        first, second = b"".join(PACKETS), b"".join(PACKETS[:150]) + b"\x08"
                        sent.append(first + second)
                        await send(writer, first, chance)
                        if number < 2:
                            server.kill()
                        await send(writer, second, chance)
                        writer.close()
                    closed = await events_of(service.nc, "session-closed", 3)
                    opened = await read_operations(service.nc, kinds=["session-opened"])
                    frames = by_session(await frames_of(service.nc))
        assert server.supervisor.restarts >= 1
        sessions = [event.fields["session"] for event in closed]
        assert [event.fields["session"] for event in opened[:3]] == sessions
        assert [b"".join(frame.data for frame in frames[name]) for name in sessions] == sent
        assert [event.fields["frames"] for event in closed] == [len(frames[name]) for name in sessions]

    run_async(main, deadline=180.0)


def test_a_frame_above_the_servers_limit_is_kept_in_torn_pieces_and_the_link_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(nats_process, "MAX_PAYLOAD", 64 * 1024)
    limit, size = 64 * 1024 - HEADER_ROOM, 200_000
    big = random.Random(3).randbytes(size)

    async def main() -> list[Message]:
        with own_nats(tmp_path / "data", sync_interval=None) as server:
            async with Device() as device:
                framing = f'[links.framing]\nkind = "fixed"\nlength = {size}\n'
                link = f'transport = "tcp-client"\nport = {device.port}\n{framing}'
                async with io(server, tmp_path, mission_with(tmp_path / "m", link)) as service:
                    writer = await asyncio.wait_for(device.connected.get(), 30)
                    writer.write(big + b"rest")
                    writer.close()
                    await events_of(service.nc, "session-closed", 1)
                    return await frames_of(service.nc)

    *pieces, rest = run_async(main)
    assert b"".join(piece.data for piece in pieces) == big
    assert [len(piece.data) for piece in pieces] == [limit] * (size // limit) + [size % limit]
    assert all(
        piece.headers[names.TORN]
        == f"too large: a frame of {size} bytes, a message of the server holds {limit}"
        for piece in pieces
    )
    assert (rest.data, rest.headers[names.TORN]) == (b"rest", "connection ended inside a frame")


@pytest.mark.faults
def test_the_service_can_be_stopped_while_the_server_stays_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(io_service, "_FINISH_S", 1.0)

    async def main() -> None:
        with own_nats(tmp_path / "data") as server:
            async with Device() as device:
                link = f'transport = "tcp-client"\nport = {device.port}\n{PACKET_FRAMING}'
                async with io(server, tmp_path, mission_with(tmp_path / "m", link)) as service:
                    writer = await asyncio.wait_for(device.connected.get(), 30)
                    await events_of(service.nc, "session-opened", 1)
                    await asyncio.to_thread(server.stop)
                    await send(writer, b"".join(PACKETS), random.Random(1))
                    await asyncio.sleep(0.2)
                    writer.close()

    run_async(main)
    assert "frames: they are lost" in caplog.text


def test_a_file_link_comes_to_its_end_and_the_service_goes_on(tmp_path: Path) -> None:
    recording = small_mission.recording(tmp_path / "recording", 100)

    async def main() -> None:
        with own_nats(tmp_path / "data", sync_interval=None) as server:
            mission = mission_with(
                tmp_path / "m", f'transport = "file"\npath = "{recording}"\n{PACKET_FRAMING}'
            )
            async with io(server, tmp_path, mission) as service:
                (closed,) = await events_of(service.nc, "session-closed", 1)
                assert closed.fields["frames"] == 100
                assert [frame.data for frame in await frames_of(service.nc)] == small_mission.packets(100)
                await asyncio.sleep(0.3)
                assert await last_offset(service.nc, names.FRAMES) == 100

    run_async(main)
