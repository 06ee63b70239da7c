"""`flightledger` as a user runs it: a process of its own on a data folder of its own.

Every wait has a deadline, and only processes that were started here are ended, by their id.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from support.processes import kill_hard, running
from support.waiting import wait_until

REPOSITORY = Path(__file__).resolve().parents[2]
RECORDINGS = REPOSITORY.parent / "shared" / "data"

_SCRIPT = Path(sys.executable).parent / "flightledger"
COMMAND = [str(_SCRIPT)] if _SCRIPT.exists() else [sys.executable, "-m", "infra.cli.main"]
DEADLINE = 90.0

Row = dict[str, Any]


@dataclass(frozen=True)
class Ended:
    """What a command left behind."""

    code: int
    stdout: bytes
    stderr: str

    @property
    def rows(self) -> list[Row]:
        """Standard output as JSON lines."""
        return [json.loads(line) for line in self.stdout.splitlines()]

    @property
    def row(self) -> Row:
        """Standard output as the one JSON document it is."""
        (only,) = self.rows
        return only

    @property
    def error(self) -> str:
        """The last line of standard error, where the one message of a failed command stands."""
        lines = [line for line in self.stderr.splitlines() if not line.startswith("time=")]
        return lines[-1] if lines else ""


class Running:
    """A command under way; its output goes to files beside the data folder."""

    def __init__(self, arguments: list[str], log: Path) -> None:
        self._log = log
        with log.with_suffix(".out").open("wb") as out, log.with_suffix(".err").open("wb") as err:
            self._child = subprocess.Popen(
                [*COMMAND, *arguments], stdin=subprocess.DEVNULL, stdout=out, stderr=err, env=environment()
            )

    @property
    def pid(self) -> int:
        return self._child.pid

    @property
    def alive(self) -> bool:
        return self._child.poll() is None

    @property
    def output(self) -> str:
        return self._log.with_suffix(".out").read_text()

    @property
    def errors(self) -> str:
        return self._log.with_suffix(".err").read_text()

    def until(self, condition: Callable[[], Any], what: str, deadline: float = DEADLINE) -> Any:
        """Wait for a condition; fails with the program's own words when it ends before."""

        def met() -> Any:
            found = condition()
            assert found or self.alive, f"ended with {self._child.returncode} before {what}:\n{self.errors}"
            return found

        return wait_until(met, deadline, what)

    def wait(self, deadline: float = DEADLINE) -> Ended:
        """Wait until the command ends by itself."""
        code = self._child.wait(deadline)
        return Ended(code, self._log.with_suffix(".out").read_bytes(), self.errors)

    def kill(self) -> None:
        """kill -9."""
        if self.alive:
            kill_hard(self._child.pid)
        self._child.wait()

    def stop(self, signal_number: int = signal.SIGTERM) -> Ended:
        """Ask it to stop; kill it when it does not within the deadline."""
        if self.alive:
            self._child.send_signal(signal_number)
        try:
            return self.wait(30)
        finally:
            self.kill()


class Program:
    """The program on one data folder."""

    def __init__(self, data: Path) -> None:
        self.data = data
        self._started = 0

    def run(self, *arguments: object, code: int = 0, deadline: float = DEADLINE) -> Ended:
        """Run a command to its end; fails the test unless it ends with `code`."""
        ended = run_command("--data", self.data, *arguments, deadline=deadline)
        assert ended.code == code, f"{arguments}: exit code {ended.code}\n{ended.stderr}"
        return ended

    def query(self, *arguments: object, deadline: float = DEADLINE) -> list[Row]:
        """Ask a question and return its rows."""
        return self.run("query", *arguments, "--json", deadline=deadline).rows

    def imported(self, file: Path, mission: Path, *more: object, deadline: float = DEADLINE) -> Row:
        """Import a recording and return the counts."""
        return self.run("import", file, "--mission", mission, *more, "--json", deadline=deadline).row

    @contextmanager
    def started(self, *arguments: object) -> Iterator[Running]:
        """Start a command that goes on; at the end of the block it is stopped, if it still runs."""
        self._started += 1
        self.data.parent.mkdir(parents=True, exist_ok=True)
        log = self.data.with_name(f"{self.data.name}-{self._started}-{arguments[0]}")
        running_one = Running(["--data", str(self.data), *map(str, arguments)], log)
        try:
            yield running_one
        finally:
            running_one.stop()

    @contextmanager
    def up(self, *arguments: object) -> Iterator[Running]:
        """`flightledger up`, ready to be joined."""
        with self.started("up", *arguments) as up:
            up.until(lambda: "Ctrl-C stops them" in up.output, "it is up")
            yield up

    @property
    def addresses(self) -> dict[str, Any]:
        """What servers.json says; empty when there is none."""
        try:
            return dict(json.loads((self.data / "servers.json").read_text()))
        except (OSError, ValueError):
            return {}

    def messages(self, stream: str) -> int:
        """How many messages a stream has, by the monitoring port; 0 when that does not answer."""
        try:
            url = f"{self.addresses['monitoring_url']}/jsz?streams=true"
            with urllib.request.urlopen(url, timeout=2) as answer:
                account = json.load(answer)["account_details"][0]
        except (KeyError, IndexError, OSError, ValueError):
            return 0
        found = [one for one in account.get("stream_detail", []) if one["name"] == stream]
        return int(found[0]["state"]["messages"]) if found else 0

    def select(self, query: str) -> str:
        """Ask ClickHouse itself; an empty text when it does not answer or does not know the table yet."""
        try:
            address = f"{self.addresses['clickhouse_url']}/?database=flightledger&final=1"
            with urllib.request.urlopen(address, query.encode(), timeout=5) as answer:
                return str(answer.read().decode().strip())
        except (KeyError, OSError, ValueError):
            return ""

    def rows_in(self, table: str) -> int:
        """How many rows a table has, 0 when it is not there."""
        return int(self.select(f"SELECT count() FROM {table}") or 0)

    def content(self) -> dict[str, str]:
        """A digest over all rows of each table that packets become rows of, each row counted once."""
        packets = self.select("SELECT DISTINCT table FROM columns").split()
        return {
            table: self.select(f"SELECT count(), sum(cityHash64(tuple(*))) FROM {table}")
            for table in ("packets", "frames", "quarantine", *packets)
        }

    def server_pids(self) -> dict[str, int]:
        """The process ids of the embedded servers by name, found as holders of this folder's lock files."""
        found = {}
        for name in ("nats-server", "clickhouse"):
            lock = (self.data / "run" / f"{name}.lock").resolve()
            holders = [pid for pid in _pids() if _holds(pid, lock)]
            servers = [pid for pid in holders if not _is_guard(pid)]
            if servers:
                found[name] = servers[-1]
        return found

    def wait_until_gone(self, pids: dict[str, int], deadline: float = 15.0) -> None:
        """Wait until none of the processes runs."""
        wait_until(lambda: not any(map(running, pids.values())), deadline, f"{pids} are gone")


def run_command(*arguments: object, deadline: float = DEADLINE, **variables: str) -> Ended:
    """Run `flightledger` with these arguments to its end."""
    done = subprocess.run(
        [*COMMAND, *map(str, arguments)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=deadline,
        check=False,
        env=environment() | variables,
    )
    return Ended(done.returncode, done.stdout, done.stderr.decode())


def environment() -> dict[str, str]:
    """The environment without anything that configures a service."""
    names = ("NATS_", "CLICKHOUSE_", "SERVICE_NAME", "DATA_DIR", "CONFIG_", "MISSION", "LOG_LEVEL")
    return {key: value for key, value in os.environ.items() if not key.startswith(names)}


def within(seconds: float) -> Callable[[], bool]:
    """Return a function that says whether the time is not over yet."""
    end = time.monotonic() + seconds
    return lambda: time.monotonic() < end


def _pids() -> Iterator[int]:
    return (int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit())


def _holds(pid: int, file: Path) -> bool:
    try:
        return any(link.resolve() == file for link in Path(f"/proc/{pid}/fd").iterdir())
    except OSError:
        return False


def _is_guard(pid: int) -> bool:
    try:
        return b"infra.embedded.guard" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return True
