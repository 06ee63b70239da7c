"""The life of one embedded server as a child process: start, wait until it answers, stop, start again."""

from __future__ import annotations

import contextlib
import http.client
import os
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from threading import Event
from typing import Protocol

from infra.embedded.folder import DataFolder, FileLock
from infra.embedded.ports import LOOPBACK
from infra.embedded.server_log import ServerLog
from infra.errors import ServerError

START_TIMEOUT = 60.0
"""Seconds that a server has to answer; reading a large store back takes its time."""

STOP_TIMEOUT = 15.0
"""Seconds for a clean stop; longer than the guard and the ClickHouse child give their server."""

_LOCK_TIMEOUT = 20.0  # a server left by a program killed with -9 is gone well before
_PORT_ATTEMPTS = 5
_POLL = 0.02


class Server(Protocol):
    """What differs between the two servers."""

    name: str
    environment: Mapping[str, str]
    """Variables for the child; those of this program win."""

    def choose_ports(self) -> None:
        """Settle on a port wherever 0 was given."""

    def ports_are_free_choice(self) -> bool:
        """Say whether another choice of ports may be made when one turns out to be taken."""

    def prepare(self) -> Path:
        """Write the configuration; return the working folder."""

    def command(self) -> list[str]:
        """Return the module that runs the server as a child process, and its arguments."""

    def answers(self) -> bool:
        """Ask the server once whether it is ready."""


class ServerProcess:
    """One server of a data folder. All methods block; none but `stop` may be called twice at a time.

    The child holds the lock file `<data>/run/<name>.lock`, so two servers never work on the same files, even
    where the first one has outlived its program by a moment.
    """

    def __init__(self, server: Server, folder: DataFolder, cancelled: Event) -> None:
        """`cancelled` ends every wait early."""
        self.server = server
        self._log = ServerLog(folder.logs / f"{server.name}.log")
        self._lock = FileLock(folder.run / f"{server.name}.lock")
        self._cancelled = cancelled
        self._child: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """The child's process id; raises ServerError where none runs."""
        if self._child is None:
            raise ServerError("the server is not running", where=self.server.name, fix="start it first")
        return self._child.pid

    def alive(self) -> bool:
        """Say whether the child runs."""
        return self._child is not None and self._child.poll() is None

    def start(self) -> None:
        """Choose ports, start the server and wait until it answers.

        Raises ServerError, with the last lines of its log, when it ends before or does not answer in time.
        """
        for attempt in range(1, _PORT_ATTEMPTS + 1):
            self.server.choose_ports()
            try:
                self.start_again()
                return
            except PortTakenError:
                if attempt == _PORT_ATTEMPTS or not self.server.ports_are_free_choice():
                    raise

    def start_again(self) -> None:
        """Start the server on the ports that it has and wait until it answers."""
        working_folder = self.server.prepare()
        if not self._lock.wait(_LOCK_TIMEOUT, self._cancelled):
            raise self._error(
                f"another {self.server.name} still works on this folder"
                f" (started by the process {self._lock.holder()})",
                fix="wait until it has ended, or end it",
            )
        try:
            self._spawn(working_folder)
        finally:
            self._lock.release()  # the child holds it now
        try:
            self._wait_until_ready()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Let the server end cleanly by closing the pipe that it watches; kill it when it takes too long."""
        child, self._child = self._child, None
        if child is None:
            return
        with contextlib.suppress(OSError):
            if child.stdin is not None:
                child.stdin.close()
        try:
            child.wait(STOP_TIMEOUT)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()

    def _spawn(self, working_folder: Path) -> None:
        module, *arguments = self.server.command()
        with self._log.open() as output:
            self._child = subprocess.Popen(
                # -P: the working folder is no place to import from.
                [sys.executable, "-P", "-m", module, str(os.getpid()), str(self._lock.fd), *arguments],
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=working_folder,
                env={**self.server.environment, **os.environ},
                pass_fds=(self._lock.fd,),
                start_new_session=True,  # Ctrl-C is for the program, which then stops its servers
            )

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + START_TIMEOUT
        while not self.server.answers():
            if not self.alive():
                tail = self._log.tail()
                taken = "address already in use" in tail.lower()
                raise self._error("the server ended while starting", kind=PortTakenError if taken else None)
            if time.monotonic() > deadline:
                raise self._error(f"the server does not answer after {START_TIMEOUT:g} s")
            if self._cancelled.wait(_POLL):
                raise self._error("the start was cancelled", fix="start again")

    def _error(self, what: str, *, fix: str = "", kind: type[ServerError] | None = None) -> ServerError:
        tail = self._log.tail()
        return (kind or ServerError)(
            f"{what}; last lines of its log:\n{tail}\n" if tail else what,
            where=self.server.name,
            fix=fix or f"see {self._log.path}",
        )


class PortTakenError(ServerError):
    """A server ended at its start because another program listens on one of its ports."""


def http_ok(port: int, path: str, timeout: float = 1.0) -> bool:
    """Say whether a GET on the loopback address is answered with status 200."""
    connection = http.client.HTTPConnection(LOOPBACK, port, timeout=timeout)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def accepts(port: int, timeout: float = 1.0) -> bool:
    """Say whether something accepts TCP connections on a port of the loopback address."""
    try:
        with socket.create_connection((LOOPBACK, port), timeout):
            return True
    except OSError:
        return False
