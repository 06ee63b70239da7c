"""Links against real sockets on loopback, pseudo-terminals and files; with asyncio's loop and uvloop."""

import asyncio
import contextlib
import os
import socket
import time
import tty
from collections.abc import AsyncIterator, Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest
import uvloop

from infra.errors import LinkError
from streams.framing import Framer, FramingConfig, make_framer
from streams.links import Link, LinkConfig, TcpClientLink, TcpServerLink, UdpLink, make_link, udp

FIXED = FramingConfig("fixed", 4)

Run = Callable[[Coroutine[Any, Any, None]], None]


@pytest.fixture(params=[asyncio.new_event_loop, uvloop.new_event_loop], ids=["asyncio", "uvloop"])
def run(request: pytest.FixtureRequest) -> Run:
    def run_it(test: Coroutine[Any, Any, None]) -> None:
        with asyncio.Runner(loop_factory=request.param) as runner:
            runner.run(test)

    return run_it


class Heard:
    """Events as they came; `gate` closed holds up chunk()."""

    def __init__(self, framing: FramingConfig = FIXED) -> None:
        self.framing = framing
        self.log: list[tuple[int, str]] = []
        self.data: dict[int, bytearray] = {}
        self.chunks: list[tuple[int, bytes, int]] = []
        self.frames: list[tuple[bytes, bool]] = []
        self.framers: dict[int, Framer] = {}
        self.total_lost = 0
        self.asked = 0  # calls of chunk()
        self.gate = asyncio.Event()
        self.gate.set()

    def up(self, connection: int, peer: str) -> None:
        self.log.append((connection, f"up {peer}"))
        self.framers[connection] = make_framer(self.framing)
        self.data[connection] = bytearray()

    def down(self, connection: int, why: str) -> None:
        self.log.append((connection, f"down {why}"))
        if connection in self.framers:
            rest = self.framers.pop(connection).flush(time.time_ns())
            self.frames += [(frame.data, bool(frame.torn)) for frame in rest]

    async def chunk(self, connection: int, data: bytes, received: int) -> None:
        self.asked += 1
        await self.gate.wait()
        self.chunks.append((connection, data, received))
        self.data[connection] += data
        new = self.framers[connection].feed(data, received)
        self.frames += [(frame.data, bool(frame.torn)) for frame in new]

    def lost(self, connection: int, count: int) -> None:
        self.total_lost += count

    def told(self, words: str) -> int:
        return sum(words in text for _, text in self.log)


async def until(condition: Callable[[], Any], seconds: float = 10) -> None:
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - a condition of the outside world
            await asyncio.sleep(0.005)


def chunks_waiting(link: Link) -> int:
    """Chunks that a TCP client read and did not hand over."""
    assert isinstance(link, TcpClientLink)
    return len(link._stream.inbox) if link._stream else 0


@contextlib.asynccontextmanager
async def running(link: Link, heard: Heard) -> AsyncIterator[Any]:
    task = asyncio.create_task(link.run(heard))
    try:
        yield link
        assert not task.done() or task.exception() is None
    finally:
        heard.gate.set()
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


class Device:
    """A TCP server that plays the device for a client link."""

    def __init__(self) -> None:
        self.port = 0
        self.writers: list[asyncio.StreamWriter] = []
        self.got = b""
        self.reads = True

    async def __aenter__(self) -> "Device":
        self.server = await asyncio.start_server(self._talk, "127.0.0.1", self.port)
        self.port = self.server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self.server.close()
        for writer in self.writers:
            writer.transport.abort()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.writers.append(writer)
        with contextlib.suppress(OSError):
            while self.reads and (data := await reader.read(4096)):
                self.got += data


def client(port: int, framing: FramingConfig = FIXED) -> Link:
    return make_link(LinkConfig("radio", "tcp-client", framing, port=port))


async def listening(link: TcpServerLink | UdpLink) -> int:
    return await asyncio.wait_for(link.listening(), 5)


# TCP, the device listens


def test_a_tcp_client_reads_and_sends(run: Run) -> None:
    async def test() -> None:
        heard, before = Heard(), time.time_ns()
        async with Device() as device, running(client(device.port), heard) as link:
            await until(lambda: device.writers)
            device.writers[0].write(b"abcdefgh")
            await until(lambda: heard.frames)
            assert heard.frames == [(b"abcd", False), (b"efgh", False)]
            assert heard.log == [(1, f"up 127.0.0.1:{device.port}")]
            assert before < heard.chunks[0][2] <= time.time_ns()
            assert link.is_up
            await link.send(b"telecommand")
            await until(lambda: device.got == b"telecommand")
        assert heard.log[1:] == [(1, "down the link was stopped")]
        assert not link.is_up

    run(test())


def test_a_tcp_client_connects_again_and_the_torn_rest_is_kept(run: Run) -> None:
    async def test() -> None:
        heard = Heard()
        async with Device() as device, running(client(device.port), heard):
            await until(lambda: heard.told("up") == 1)
            device.writers[0].write(b"abcdef")
            device.writers[0].close()
            await until(lambda: heard.told("up") == 2)
            device.writers[1].write(b"ghij")
            await until(lambda: len(heard.frames) == 3)
        assert heard.frames == [(b"abcd", False), (b"ef", True), (b"ghij", False)]
        assert heard.log[1] == (1, "down the device closed the connection")

    run(test())


def test_a_tcp_client_waits_for_its_device_and_says_so_once(run: Run) -> None:
    async def test() -> None:
        async with Device() as device:
            pass
        heard = Heard()
        async with running(client(device.port), heard) as link:
            await until(lambda: heard.log)
            with pytest.raises(LinkError, match="nothing was sent"):
                await link.send(b"x")
            await asyncio.sleep(0.5)  # some more attempts
            assert len(heard.log) == 1
            assert heard.log[0][1].startswith(f"down cannot connect to 127.0.0.1:{device.port}")
            async with device:
                await until(lambda: link.is_up)

    run(test())


def test_a_host_that_is_none_is_told_and_tried_again(run: Run) -> None:
    async def test() -> None:
        heard = Heard()
        config = LinkConfig("radio", "tcp-client", FIXED, host="x" * 80, port=7001)
        async with running(make_link(config), heard):
            await until(lambda: heard.told("down cannot connect"))

    run(test())


def test_a_slow_reader_holds_the_device_back_and_loses_nothing(run: Run) -> None:
    async def test() -> None:
        heard, data = Heard(FramingConfig("fixed", 1 << 16)), os.urandom(1 << 20) * 32
        async with Device() as device, running(client(device.port), heard):
            await until(lambda: device.writers)
            heard.gate.clear()
            device.writers[0].write(data)
            unsent = device.writers[0].transport.get_write_buffer_size
            settled = [0, -1]
            while settled[-1] != settled[-2]:
                settled.append(unsent())
                await asyncio.sleep(0.1)
            assert unsent() > len(data) // 4  # what was taken: the sockets' buffers and the inbox
            assert not heard.chunks
            heard.gate.set()
            await until(lambda: len(heard.data[1]) == len(data))
            assert heard.data[1] == data

    run(test())


def test_what_was_read_is_handed_over_after_the_device_went_and_after_a_stop(run: Run) -> None:
    async def test(stop: bool) -> None:
        heard = Heard()
        heard.gate.clear()
        async with Device() as device:
            link = client(device.port)
            task = asyncio.create_task(link.run(heard))
            await until(lambda: device.writers)
            for number, text in enumerate((b"abcd", b"efgh", b"ij"), 1):
                device.writers[0].write(text)
                await until(lambda n=number: heard.asked == 1 and chunks_waiting(link) == n - 1)
            if stop:
                task.cancel()
            else:
                device.writers[0].close()
                await until(lambda: not link.is_up)
            await asyncio.sleep(0)
            assert heard.told("down") == 0
            heard.gate.set()
            await until(lambda: heard.told("down") == 1)
            assert heard.frames == [(b"abcd", False), (b"efgh", False), (b"ij", True)]
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task

    run(test(stop=True))
    run(test(stop=False))


def test_a_second_cancellation_does_not_wait_for_the_events(run: Run) -> None:
    async def test() -> None:
        heard = Heard()
        heard.gate.clear()
        async with Device() as device:
            task = asyncio.create_task(client(device.port).run(heard))
            await until(lambda: device.writers)
            device.writers[0].write(b"abcd")
            await until(lambda: heard.asked)
            task.cancel()
            done, _ = await asyncio.wait([task], timeout=0.05)
            assert not done
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await asyncio.wait_for(task, 30)
            assert heard.log[1:] == [(1, "down the link was stopped; up to 4 bytes that were read are lost")]

    run(test())


def test_a_send_waits_for_the_system_and_fails_when_the_link_breaks(run: Run) -> None:
    async def test() -> None:
        heard = Heard()
        async with Device() as device:
            device.reads = False
            async with running(client(device.port), heard) as link:
                await until(lambda: device.writers)
                device.writers[0].transport.pause_reading()
                sending = asyncio.create_task(link.send(bytes(64 << 20)))
                done, _ = await asyncio.wait([sending], timeout=0.3)
                assert not done
                device.writers[0].transport.abort()
                with pytest.raises(LinkError, match="some bytes may have left"):
                    await asyncio.wait_for(sending, 30)

    run(test())


def test_what_the_events_raise_ends_the_link(run: Run) -> None:
    class Broken(Heard):
        async def chunk(self, connection: int, data: bytes, received: int) -> None:
            raise RuntimeError("stream is full")

    async def test() -> None:
        heard = Broken()
        server = TcpServerLink(LinkConfig("radio", "tcp-server", FIXED))
        async with Device() as device:
            serving = asyncio.create_task(server.run(heard))
            client_task = asyncio.create_task(client(device.port).run(heard))
            await until(lambda: device.writers)
            device.writers[0].write(b"abcd")
            _, writer = await asyncio.open_connection("127.0.0.1", await listening(server))
            writer.write(b"abcd")
            for task in (serving, client_task):
                with pytest.raises(RuntimeError, match="stream is full"):
                    await asyncio.wait_for(task, 30)
            assert heard.told("stream is full; up to 4 bytes that were read are lost") == 2
            writer.close()

    run(test())


# TCP, the device connects


def test_a_tcp_server_takes_several_devices_and_sends_to_the_last(run: Run) -> None:
    async def test() -> None:
        heard, link = Heard(), TcpServerLink(LinkConfig("radio", "tcp-server", FIXED))
        async with running(link, heard):
            port = await listening(link)
            assert link.port == port
            with pytest.raises(LinkError, match="no device is connected"):
                await link.send(b"x")
            read_one, one = await asyncio.open_connection("127.0.0.1", port)
            await until(lambda: heard.told("up") == 1)
            read_two, two = await asyncio.open_connection("127.0.0.1", port)
            await until(lambda: heard.told("up") == 2)
            one.write(b"ab")
            two.write(b"12345")
            one.write(b"cd")
            await until(lambda: heard.data == {1: b"abcd", 2: b"12345"})
            await link.send(b"to two")
            assert await read_two.readexactly(6) == b"to two"
            two.close()
            await until(lambda: heard.told("down") == 1)
            await link.send(b"to one")
            assert await read_one.readexactly(6) == b"to one"
        assert sorted(heard.frames) == [(b"1234", False), (b"5", True), (b"abcd", False)]
        assert heard.log[-1] == (1, "down the link was stopped")
        assert await read_one.read() == b""
        one.close()

    run(test())


def test_a_tcp_server_waits_for_its_port(run: Run) -> None:
    async def test() -> None:
        heard = Heard()
        with socket.create_server(("127.0.0.1", 0)) as taken:
            link = TcpServerLink(LinkConfig("radio", "tcp-server", FIXED, port=taken.getsockname()[1]))
            task = asyncio.create_task(link.run(heard))
            await until(lambda: heard.told("down cannot listen on"))
        await asyncio.wait_for(link.listening(), 5)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    run(test())


# UDP


def test_each_datagram_is_a_chunk_and_telecommands_go_to_the_remote(run: Run) -> None:
    async def test() -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as device:
            device.bind(("127.0.0.1", 0))
            device.setblocking(False)
            heard = Heard(FramingConfig("datagram"))
            remote = device.getsockname()[1]
            config = LinkConfig("radio", "udp", remote_host="127.0.0.1", remote_port=remote)
            link, before = UdpLink(config), time.time_ns()
            async with running(link, heard):
                address = ("127.0.0.1", await listening(link))
                datagrams = [b"abc", b"", os.urandom(65_507)]
                for datagram in datagrams:
                    device.sendto(datagram, address)
                await until(lambda: len(heard.frames) == 3)
                assert heard.frames == [(datagram, False) for datagram in datagrams]
                times = [received for _, _, received in heard.chunks]
                assert before - 10**9 < times[0] <= times[1] <= times[2] <= time.time_ns()
                await link.send(b"telecommand")
                got = await asyncio.wait_for(asyncio.get_running_loop().sock_recv(device, 100), 5)
                assert got == b"telecommand"
                with pytest.raises(LinkError, match="more than a datagram"):
                    await link.send(bytes(70_000))

    run(test())


def test_udp_without_remote_sends_nothing(run: Run) -> None:
    async def test() -> None:
        link = UdpLink(LinkConfig("radio", "udp"))
        async with running(link, Heard()):
            await listening(link)
            assert not link.is_up
            with pytest.raises(LinkError, match="no remote_host"):
                await link.send(b"x")

    run(test())


def test_lost_datagrams_are_counted(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(udp, "INBOX", 10_000)
    monkeypatch.setattr(udp, "TOGETHER", 0.02)

    async def test() -> None:
        heard, link = Heard(FramingConfig("datagram")), UdpLink(LinkConfig("radio", "udp"))
        heard.gate.clear()
        async with running(link, heard):
            address = ("127.0.0.1", await listening(link))
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as device:
                for number in range(500):
                    device.sendto(number.to_bytes(2, "big") * 50, address)
                    await asyncio.sleep(0)
            await until(lambda: heard.total_lost > 300)
            heard.gate.set()
            await until(lambda: len(heard.chunks) + heard.total_lost == 500)
            assert len(heard.chunks) >= 10_000 // 200

    run(test())


@pytest.mark.skipif(not hasattr(socket, "CMSG_SPACE"), reason="the kernel's count is known on Linux only")
def test_what_the_kernel_had_no_room_for_is_counted(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("streams.links.udp_socket.KERNEL_BUFFER", 20_000)

    async def test() -> None:
        heard, link = Heard(FramingConfig("datagram")), UdpLink(LinkConfig("radio", "udp"))
        async with running(link, heard):
            address = ("127.0.0.1", await listening(link))
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as device:
                for _ in range(1000):  # the loop has no turn meanwhile
                    device.sendto(bytes(100), address)
                await until(lambda: heard.chunks)
                device.sendto(b"one more, it carries the count", address)
            await until(lambda: len(heard.chunks) + heard.total_lost == 1001)
            assert heard.total_lost > 0

    run(test())


# Serial lines


class Line:
    """A pseudo-terminal behind a path that stays the same, as udev's names do."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.plug()

    def plug(self) -> None:
        self.device, end = os.openpty()
        tty.setraw(end)
        self.path.unlink(missing_ok=True)
        self.path.symlink_to(os.ttyname(end))
        os.set_blocking(self.device, False)
        self.end = end

    def unplug(self) -> None:
        os.close(self.device)
        os.close(self.end)

    def read(self) -> bytes:
        with contextlib.suppress(BlockingIOError):
            return os.read(self.device, 65_536)
        return b""


def test_a_serial_line_reads_and_sends_and_comes_back_after_it_was_unplugged(
    run: Run, tmp_path: Path
) -> None:
    async def test() -> None:
        line, heard = Line(tmp_path / "ttyRadio"), Heard()
        link = make_link(LinkConfig("radio", "serial", FIXED, device=str(line.path)))
        async with running(link, heard):
            await until(lambda: link.is_up)
            os.write(line.device, b"\x00\x11\x13\x03ef")
            await until(lambda: heard.data[1] == b"\x00\x11\x13\x03ef")
            await link.send(b"\x0a\x0d\x04x")
            assert line.read() == b"\x0a\x0d\x04x"
            line.unplug()
            await until(lambda: heard.told("down") == 1)
            with pytest.raises(LinkError, match="nothing was sent"):
                await link.send(b"x")
            line.plug()
            await until(lambda: link.is_up)
            os.write(line.device, b"ghij")
            await until(lambda: len(heard.frames) == 3)
        assert heard.frames == [(b"\x00\x11\x13\x03", False), (b"ef", True), (b"ghij", False)]
        line.unplug()

    run(test())


def test_a_serial_send_waits_until_the_line_takes_all(run: Run, tmp_path: Path) -> None:
    async def test() -> None:
        line = Line(tmp_path / "ttyRadio")
        link = make_link(LinkConfig("radio", "serial", FIXED, device=str(line.path)))
        data, got = os.urandom(200_000), bytearray()
        async with running(link, Heard()):
            await until(lambda: link.is_up)
            sending = asyncio.create_task(link.send(data))
            done, _ = await asyncio.wait([sending], timeout=0.1)
            assert not done
            async with asyncio.timeout(10):
                while len(got) < len(data):
                    got += line.read()
                    await asyncio.sleep(0)
            await sending
            assert got == data
            broken = asyncio.create_task(link.send(data))
            done, _ = await asyncio.wait([broken], timeout=0.05)
            assert not done
            line.unplug()
            with pytest.raises(LinkError, match="some bytes may have left"):
                await asyncio.wait_for(broken, 30)

    run(test())


def test_a_missing_serial_device_is_waited_for(run: Run, tmp_path: Path) -> None:
    async def test() -> None:
        heard = Heard()
        link = make_link(LinkConfig("radio", "serial", FIXED, device=str(tmp_path / "ttyRadio")))
        async with running(link, heard):
            await until(lambda: heard.told("down cannot open"))
            line = Line(tmp_path / "ttyRadio")
            await until(lambda: link.is_up)
        line.unplug()

    run(test())


# Files


def test_a_file_is_read_to_its_end(run: Run, tmp_path: Path) -> None:
    async def test() -> None:
        path, data = tmp_path / "pass.bin", os.urandom(2_500_003)
        path.write_bytes(data)
        heard, link = Heard(), make_link(LinkConfig("pass", "file", FIXED, path=str(path)))
        await asyncio.wait_for(link.run(heard), 10)
        assert heard.data == {1: data}
        assert [len(chunk) for _, chunk, _ in heard.chunks] == [1 << 20, 1 << 20, 2_500_003 - (2 << 20)]
        assert heard.log == [(1, f"up {path}"), (1, "down the file ended")]
        assert heard.frames[-1] == (data[-3:], True)
        with pytest.raises(LinkError, match="takes no telecommands"):
            await link.send(b"x")

    run(test())


def test_a_file_that_cannot_be_read_is_an_error(run: Run, tmp_path: Path) -> None:
    async def test() -> None:
        for path in (tmp_path / "absent", tmp_path):
            with pytest.raises(LinkError, match="cannot read the file"):
                await make_link(LinkConfig("pass", "file", FIXED, path=str(path))).run(Heard())

    run(test())


def test_a_file_that_is_followed_brings_what_is_added_and_starts_anew_when_replaced(
    run: Run, tmp_path: Path
) -> None:
    async def test() -> None:
        path, heard = tmp_path / "growing", Heard()
        link = make_link(LinkConfig("pass", "file", FIXED, path=str(path), follow=True))
        async with running(link, heard):
            await until(lambda: heard.told("down cannot open"))
            path.write_bytes(b"abc")
            await until(lambda: b"abc" in heard.data.values())
            with path.open("ab") as file:
                file.write(b"defg")
            await until(lambda: heard.frames == [(b"abcd", False)])
            path.write_bytes(b"1")
            await until(lambda: b"1" in heard.data.values())
            assert heard.frames[1:] == [(b"efg", True)]
            (tmp_path / "new").write_bytes(b"2222")
            (tmp_path / "new").rename(path)
            await until(lambda: b"2222" in heard.data.values())
        assert heard.told("became shorter") == heard.told("was replaced") == 1

    run(test())
