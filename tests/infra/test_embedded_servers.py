"""Embedded servers: start, addresses, joining, errors, clean stops."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path
from threading import Event

import clickhouse_connect
import nats
import pytest
from support.processes import kill_hard, running
from support.programs import program
from support.waiting import run_async, wait_until, wait_until_async

from infra.access import AccessFolder, Role
from infra.embedded import EmbeddedServers, connect_or_start, embedded_servers
from infra.embedded.folder import DataFolder, FileLock
from infra.embedded.nats_process import NatsServer, find_nats_server
from infra.embedded.ports import choose_ports
from infra.embedded.process import ServerProcess
from infra.errors import ServerError


def test_both_servers_answer_keep_their_data_and_stop(tmp_path: Path) -> None:
    async def main() -> tuple[int, int]:
        async with embedded_servers(tmp_path / "new" / "data") as servers:
            assert servers.owned
            nc = await nats.connect(servers.nats_url)
            assert nc.max_payload == 8 * 1024 * 1024
            await nc.jetstream().add_stream(name="S", subjects=["s"])
            assert (await nc.jetstream().publish("s", b"x")).seq == 1
            await nc.close()
            client = clickhouse_connect.get_client(dsn=servers.clickhouse_url)
            client.command("CREATE TABLE t (a Int64) ENGINE = MergeTree ORDER BY a")
            client.command("INSERT INTO t SELECT number FROM numbers(10)")
            environment = await asyncio.to_thread(Path(f"/proc/{servers.nats_pid}/environ").read_bytes)
            assert b"GOMEMLIMIT=1GiB" in environment.split(b"\0")
            return servers.nats_pid, servers.clickhouse_pid

    async def again() -> None:
        async with embedded_servers(tmp_path / "new" / "data") as servers:
            nc = await nats.connect(servers.nats_url)
            assert (await nc.jetstream().stream_info("S")).state.messages == 1
            await nc.close()
            client = clickhouse_connect.get_client(dsn=servers.clickhouse_url)
            assert client.command("SELECT count() FROM t") == 10

    pids = run_async(main)
    assert not any(running(pid) for pid in pids)
    assert not (tmp_path / "new" / "data" / "servers.json").exists()
    run_async(again)


def test_the_database_gives_way_to_the_event_log(tmp_path: Path) -> None:
    async def main() -> tuple[int, int]:
        async with embedded_servers(tmp_path) as servers:
            pids = servers.nats_pid, servers.clickhouse_pid
            return tuple(os.getpriority(os.PRIO_PROCESS, pid) for pid in pids)

    nats_nice, clickhouse_nice = run_async(main)
    own = os.getpriority(os.PRIO_PROCESS, 0)
    assert (nats_nice, clickhouse_nice) == (own, min(own + 5, 19))


def test_jetstream_syncs_always_unless_told_otherwise(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path)
    assert NatsServer(folder).config()["jetstream"]["sync_interval"] == "always"
    assert NatsServer(folder, sync_interval="1s").config()["jetstream"]["sync_interval"] == "1s"
    assert "sync_interval" not in NatsServer(folder, sync_interval=None).config()["jetstream"]
    with EmbeddedServers(tmp_path) as servers:
        text = urllib.request.urlopen(f"{servers.monitoring_url}/varz").read()
    assert json.loads(text)["jetstream"]["config"]["sync_always"] is True


def test_a_browser_can_connect_by_websocket_without_tls(nats_server) -> None:
    port = int(nats_server.websocket_url.rpartition(":")[2])
    answer = handshake(port, None)
    assert answer.startswith(b"HTTP/1.1 101")
    assert b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" in answer


def handshake(port: int, origin: str | None) -> bytes:
    """Ask for a WebSocket as a browser does for a page of this origin; the key is RFC 6455's, section 1.3."""
    lines = ["GET / HTTP/1.1", "Host: x", "Upgrade: websocket", "Connection: Upgrade"]
    lines += ["Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Version: 13"]
    lines += [f"Origin: {origin}"] if origin is not None else []
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall("\r\n".join([*lines, "", ""]).encode())
        return connection.recv(1024)


def shaken_hands(port: int, origin: str | None) -> int:
    """Return the status of the answer: 101 when the server agreed."""
    return int(handshake(port, origin).split()[1])


def test_with_users_in_the_data_folder_everyone_has_to_sign_in(tmp_path: Path) -> None:
    AccessFolder(tmp_path).users.add("vera", Role.VIEWER, "correct horse", "now")

    async def main() -> str:
        with EmbeddedServers(tmp_path) as servers:
            nc = await nats.connect(servers.nats_url, user="vera", password="correct horse")
            await nc.close()
            with pytest.raises(nats.errors.Error) as caught:
                await nats.connect(servers.nats_url, allow_reconnect=False)
        return str(caught.value)

    assert "Authorization" in run_async(main)
    assert (tmp_path / "run" / "nats-server.conf").stat().st_mode & 0o077 == 0


def test_a_server_that_is_restarted_after_its_death_has_the_users_of_that_time(tmp_path: Path) -> None:
    async def main() -> None:
        with EmbeddedServers(tmp_path) as servers:
            AccessFolder(tmp_path).users.add("vera", Role.VIEWER, "correct horse", "now")
            kill_hard(servers.nats_pid)
            await wait_until_async(lambda: servers.restarts == 1)
            with pytest.raises(nats.errors.Error):
                await nats.connect(servers.nats_url, allow_reconnect=False)

    run_async(main)


def test_streams_of_before_there_were_accounts_are_still_there(tmp_path: Path) -> None:
    async def main() -> None:
        folder = DataFolder(tmp_path)
        without_accounts = ServerProcess(NatsServer(folder), folder, Event())
        without_accounts.start()
        nc = await nats.connect(f"nats://127.0.0.1:{without_accounts.server.port}")
        await nc.jetstream().add_stream(name="FRAMES", subjects=["frame.*"])
        await nc.jetstream().publish("frame.radio", b"x")
        await nc.close()
        without_accounts.stop()
        with EmbeddedServers(tmp_path) as servers:
            nc = await nats.connect(servers.nats_url)
            assert (await nc.jetstream().get_msg("FRAMES", 1)).data == b"x"
            await nc.close()

    run_async(main)


def test_only_the_programs_own_page_may_connect_from_a_browser(tmp_path: Path) -> None:
    with EmbeddedServers(tmp_path) as servers:
        port, page = (int(url.rpartition(":")[2]) for url in (servers.websocket_url, servers.page_url))
        own = [f"http://127.0.0.1:{page}", f"http://localhost:{page}"]
        assert [shaken_hands(port, origin) for origin in own] == [101, 101]
        others = [f"http://127.0.0.1:{page + 1}", f"https://127.0.0.1:{page}", "https://evil.example", "null"]
        assert [shaken_hands(port, origin) for origin in others] == [403] * 4
        assert shaken_hands(port, None) == 101, "what is no browser says no origin"


def test_a_second_program_joins_the_first_and_leaves_its_servers_running(tmp_path: Path) -> None:
    async def join(url: str) -> bool:
        async with connect_or_start(tmp_path) as servers:
            assert servers.nats_url == url
            nc = await nats.connect(servers.nats_url)
            await nc.close()
            return servers.owned

    with program("owner_program", str(tmp_path)) as (owner, said):
        assert said["owned"] and said["pid"] == owner.pid
        assert run_async(join, said["nats_url"]) is False
        assert running(said["nats_pid"]) and running(said["clickhouse_pid"])
        with pytest.raises(ServerError, match=f"process {owner.pid} runs the servers"):
            EmbeddedServers(tmp_path).start()
        owner.terminate()
        assert owner.wait(20) == 0
        assert not running(said["nats_pid"]) and not running(said["clickhouse_pid"])


def test_programs_that_start_together_end_up_on_the_same_servers(tmp_path: Path) -> None:
    async def one() -> tuple[str, bool]:
        async with connect_or_start(tmp_path) as servers:
            seen.append(servers.nats_url)
            await wait_until_async(lambda: len(seen) == 3)
            return servers.nats_url, servers.owned

    async def all_three() -> list[tuple[str, bool]]:
        return await asyncio.gather(one(), one(), one())

    seen: list[str] = []
    results = run_async(all_three)
    assert len({url for url, _ in results}) == 1
    assert sorted(owned for _, owned in results) == [False, False, True]


def test_a_held_folder_without_servers_is_an_error_that_names_the_holder(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path)
    lock = FileLock(folder.lock_file)
    assert lock.acquire()
    with pytest.raises(ServerError, match=r"process \d+ holds this data folder.*kill \d+"):
        EmbeddedServers(tmp_path).join_or_start(timeout=0.3)
    lock.release()


def test_a_cancelled_start_leaves_no_server_behind(tmp_path: Path) -> None:
    async def enter() -> None:
        async with embedded_servers(tmp_path):
            raise AssertionError("not reached")

    async def main() -> None:
        task = asyncio.create_task(enter())
        await wait_until_async((tmp_path / "run" / "nats-server.pid").exists)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    run_async(main)
    lock = FileLock(tmp_path / "run" / "nats-server.lock")
    assert lock.acquire(), "the nats-server still holds its lock"
    lock.release()


def test_a_folder_that_cannot_be_written_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ServerError, match="cannot be written") as caught:
        EmbeddedServers(tmp_path / "file" / "data")
    assert str(tmp_path / "file" / "data") in str(caught.value)


@pytest.mark.parametrize(
    "which", ["nats_port", "websocket_port", "monitoring_port", "clickhouse_port", "page_port"]
)
def test_a_port_in_use_is_a_clear_error(tmp_path: Path, which: str) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(ServerError, match=f"port {port} cannot be used: Address already in use"):
            EmbeddedServers(tmp_path, **{which: port}).start()
    with EmbeddedServers(tmp_path):
        pass  # the failed start left nothing behind


def test_free_ports_differ() -> None:
    ports = choose_ports([0] * 50)
    assert len(set(ports)) == 50


def test_a_failed_start_shows_the_last_lines_of_the_server_log(tmp_path: Path) -> None:
    with pytest.raises(ServerError, match="ended while starting") as caught:
        EmbeddedServers(tmp_path, sync_interval="nonsense").start()
    assert "sync_interval" in str(caught.value) and "nats-server.log" in str(caught.value)


def test_the_nats_server_beside_this_python_is_found() -> None:
    found = subprocess.run([find_nats_server(), "--version"], capture_output=True, text=True, check=True)
    assert found.stdout.startswith("nats-server: v2.")
    assert Path(find_nats_server()).parent == Path(sys.executable).parent


def test_the_engine_prints_why_it_cannot_start(tmp_path: Path) -> None:
    (tmp_path / "clickhouse").write_text("a file where the folder of the tables should be")
    with pytest.raises(ServerError, match=r"clickhouse: .*last lines of its log"):
        EmbeddedServers(tmp_path).start()
    wait_until(lambda: FileLock(tmp_path / "run" / "nats-server.lock").acquire())
