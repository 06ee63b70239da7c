"""kill -9 of the program and of its servers: nothing outlives, nothing acknowledged is lost."""

from __future__ import annotations

import contextlib
import os
import time
from pathlib import Path

import clickhouse_connect
import nats
import pytest
from nats.js.api import StreamConfig
from support.processes import kill_hard, running
from support.programs import program
from support.waiting import run_async, wait_until, wait_until_async

from infra.embedded import EmbeddedServers, connect_or_start

pytestmark = pytest.mark.faults


def test_servers_are_gone_soon_after_their_program_was_killed(tmp_path: Path) -> None:
    with program("owner_program", str(tmp_path)) as (owner, said):
        kill_hard(owner.pid)
        owner.wait()
        wait_until(lambda: not running(said["nats_pid"]) and not running(said["clickhouse_pid"]), 10)
    assert (tmp_path / "servers.json").exists(), "the killed program could not clean up"

    async def restart() -> bool:
        async with connect_or_start(tmp_path) as servers:
            return servers.owned

    assert run_async(restart), "a stale servers.json must not be joined"


def test_a_start_right_after_a_kill_waits_for_the_old_servers(tmp_path: Path) -> None:
    with program("owner_program", str(tmp_path)) as (owner, _):
        kill_hard(owner.pid)
        owner.wait()
        with EmbeddedServers(tmp_path) as servers:
            assert running(servers.nats_pid)
            assert servers.restarts == 0


def test_a_forked_child_of_the_killed_program_does_not_keep_its_servers(tmp_path: Path) -> None:
    """A fork holds the pipe open; the servers see that their parent is another one."""
    reader, writer = os.pipe()
    middle = os.fork()
    if middle == 0:  # the program: starts servers, forks, tells the ids, is killed
        os.close(reader)
        servers = EmbeddedServers(tmp_path)
        servers.start()
        child = os.fork()
        if child == 0:
            time.sleep(60)
            os._exit(0)
        os.write(writer, f"{servers.nats_pid} {servers.clickhouse_pid} {child}".encode())
        time.sleep(60)
        os._exit(0)
    os.close(writer)
    nats_pid, clickhouse_pid, child = map(int, os.read(reader, 100).split())
    try:
        kill_hard(middle)
        os.waitpid(middle, 0)
        assert running(child)
        wait_until(lambda: not running(nats_pid) and not running(clickhouse_pid), 10)
    finally:
        kill_hard(child)
        os.close(reader)


def test_a_killed_guard_takes_its_nats_server_along(tmp_path: Path) -> None:
    with EmbeddedServers(tmp_path) as servers:
        server = servers.nats_pid
        guard = int(Path(f"/proc/{server}/stat").read_text().rpartition(")")[2].split()[1])
        kill_hard(guard)
        wait_until(lambda: not running(server), 10)
        wait_until(lambda: servers.restarts == 1, 20)


@pytest.mark.parametrize("sync_interval", ["always", None])
def test_a_killed_nats_server_comes_back_on_its_port_with_all_acknowledged(
    tmp_path: Path, sync_interval: str | None
) -> None:
    async def main() -> None:
        with EmbeddedServers(tmp_path, sync_interval=sync_interval) as servers:
            nc = await nats.connect(servers.nats_url, reconnect_time_wait=0.05, max_reconnect_attempts=-1)
            js = nc.jetstream()
            await js.add_stream(StreamConfig(name="S", subjects=["s"], duplicate_window=120))
            acknowledged = 0
            killed = servers.nats_pid
            for number in range(100_000):
                if number == 300:
                    kill_hard(killed)
                try:
                    ack = await js.publish("s", b"%d" % number, timeout=1)
                except Exception:
                    break
                acknowledged = ack.seq
            await wait_until_async(lambda: servers.restarts == 1)
            assert servers.nats_pid != killed
            await wait_until_async(lambda: nc.is_connected)
            state = (await js.stream_info("S")).state
            assert state.last_seq >= acknowledged >= 300
            assert (await js.get_msg("S", acknowledged)).data == b"%d" % (acknowledged - 1)
            await nc.close()

    run_async(main)


def test_a_killed_clickhouse_comes_back_on_its_port_with_all_acknowledged(tmp_path: Path) -> None:
    with EmbeddedServers(tmp_path) as servers:
        url = servers.clickhouse_url
        client = clickhouse_connect.get_client(dsn=url)
        client.command("CREATE DATABASE flight ENGINE = Atomic")
        client.command("CREATE TABLE flight.t (a UInt64) ENGINE = MergeTree ORDER BY a")
        for number in range(20):
            client.command(f"INSERT INTO flight.t SELECT number FROM numbers({number * 1000}, 1000)")
        with contextlib.suppress(Exception):  # an insert that the kill cuts off is not acknowledged
            kill_hard(servers.clickhouse_pid)
            client.command("INSERT INTO flight.t VALUES (0)")
        wait_until(lambda: servers.restarts == 1)
        client = clickhouse_connect.get_client(dsn=url)
        assert client.command("SELECT uniqExact(a) FROM flight.t") == 20_000


def test_a_server_that_dies_again_and_again_is_started_each_time(tmp_path: Path) -> None:
    with EmbeddedServers(tmp_path) as servers:
        for times in (1, 2):
            kill_hard(servers.nats_pid)
            wait_until(lambda times=times: servers.restarts == times)
