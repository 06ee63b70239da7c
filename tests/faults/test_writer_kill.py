"""The database writer and its database are killed in every way: nothing is double, nothing is missing.

Each test empties the tables and lets disturbed writers fill them again from the same TELEMETRY; the content
must be that of the writer that was left alone.
"""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest
from support import small_mission
from support.ground import Ground, ground
from support.processes import kill_hard
from support.programs import program
from support.waiting import wait_until

from infra.errors import FlightLedgerError
from projections.clickhouse import ClickHouse, connect
from projections.generations.digest import Content, content_of
from projections.schema import create_fixed_tables, drop_all_tables
from projections.writer import position
from projections.writer_flow import CONSUMER
from streams import names

pytestmark = pytest.mark.faults

FRAMES, AT_ONCE = 1_200, 40
DEADLINE = 120.0


class Flight:
    """A flight in the streams, what the undisturbed writer made of it, and ways to write it again."""

    def __init__(self, system: Ground) -> None:
        self.system = system
        good = small_mission.packets(FRAMES)
        damaged = [frame if number % 97 else frame[:-1] for number, frame in enumerate(good)]
        for start in range(0, FRAMES, AT_ONCE):
            system.append(damaged[start : start + AT_ONCE], session=f"s{start // 400}")
        self.generation = system.ask("generations")[0]["generation"]
        self.clickhouse: ClickHouse = connect(system.system.servers.clickhouse_url)
        self.undisturbed = self.content()
        self.positions = self._positions()
        system.run(self._stop_writer())

    async def _stop_writer(self) -> None:
        await self.system.system.services.pop("writer").stop()

    def content(self) -> Content:
        return content_of(self.clickhouse, self.generation)

    def empty(self) -> None:
        drop_all_tables(self.clickhouse)
        create_fixed_tables(self.clickhouse)

    def _positions(self) -> tuple[int, int]:
        frames = position(self.clickhouse, CONSUMER, names.FRAMES, self.generation)
        return frames, position(self.clickhouse, CONSUMER, names.TELEMETRY)

    def done(self) -> bool:
        try:
            return self._positions() == self.positions
        except FlightLedgerError:  # the database is being restarted
            return False

    @contextmanager
    def writer(self, die_at: int = 0) -> Iterator[Any]:
        servers = self.system.system.servers
        addresses = (servers.nats_url, servers.clickhouse_url, str(servers.data_dir))
        with program("writer_program", *addresses, str(die_at)) as (child, _):
            yield child

    def check(self) -> None:
        assert self.content() == self.undisturbed
        double = "SELECT count() AS n FROM {table} WHERE generation = {{g:String}}"
        for table, wanted in (("frames", FRAMES), ("packets", FRAMES - (FRAMES + 96) // 97)):
            rows = self.clickhouse.rows(double.format(table=table), {"g": self.generation})
            assert rows == [{"n": wanted}]


@pytest.fixture(scope="module")
def flight(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flight]:
    folder = tmp_path_factory.mktemp("flight")
    mission = small_mission.write_mission(folder / "mission")
    with ground(folder / "data", mission) as system:
        yield Flight(system)


def wait(condition: Callable[[], Any], what: str) -> None:
    wait_until(condition, DEADLINE, what)


def test_a_writer_that_writes_everything_twice_changes_nothing(flight: Flight) -> None:
    flight.empty()
    for _ in range(2):
        flight.clickhouse.command("TRUNCATE TABLE offsets")
        with flight.writer():
            wait(flight.done, "everything is written")
        flight.check()


def test_a_writer_that_is_killed_between_rows_and_position_goes_on_without_loss(flight: Flight) -> None:
    flight.empty()
    for die_at in (1, 2, 4, 9):
        with flight.writer(die_at) as child:
            wait(lambda child=child: child.poll() is not None, "the writer died")
            assert child.returncode == -signal.SIGKILL and not flight.done()
    with flight.writer():
        wait(flight.done, "everything is written")
    flight.check()


def test_writers_that_are_killed_at_any_moment_lose_nothing(flight: Flight) -> None:
    flight.empty()
    for pause in (0.0, 0.05, 0.2, 0.5, 1.0):
        with flight.writer() as child:
            time.sleep(pause)  # anywhere in its work: any moment must do
            kill_hard(child.pid)
            child.wait()
    with flight.writer():
        wait(flight.done, "everything is written")
    flight.check()


def test_two_writers_at_once_count_nothing_twice(flight: Flight) -> None:
    flight.empty()
    with ExitStack() as stack:
        for _ in range(2):
            stack.enter_context(flight.writer())
        wait(flight.done, "everything is written")
    with flight.writer():
        wait(flight.done, "the slower one's position is made up for")
    flight.check()


def test_a_database_that_is_killed_under_load_loses_nothing_acknowledged(flight: Flight) -> None:
    flight.empty()
    servers = flight.system.system.servers
    before = servers.restarts
    with flight.writer():
        for rows in (100, 400, 800):
            wait(lambda rows=rows: flight.done() or written(flight) >= rows, f"{rows} frames are written")
            kill_hard(servers.clickhouse_pid)
            wait(lambda: written(flight) >= 0, "the database answers again")
        wait(flight.done, "everything is written")
    assert servers.restarts == before + 3
    flight.check()


def written(flight: Flight) -> int:
    """Frames in the tables; -1 while the database does not answer."""
    try:
        return int(flight.clickhouse.rows("SELECT count() AS n FROM frames")[0]["n"])
    except FlightLedgerError:
        return -1
