"""Starts a server again that has died while the program runs."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from threading import Event, Thread

from infra.embedded.process import ServerProcess
from infra.errors import ServerError

FIRST_DELAY, LONGEST_DELAY = 0.2, 10.0
"""Seconds before the first and before every late attempt; doubled in between."""

_STEADY = 60.0  # a server that ran this long has earned a fresh start of its delays
_LOOK_INTERVAL = 0.2

log = logging.getLogger(__name__)


class Supervisor:
    """A thread that watches servers and restarts each on its ports and its folder, with growing delays.

    A thread, so that it works on while the program's event loop is busy.
    """

    def __init__(self, processes: Sequence[ServerProcess], cancelled: Event) -> None:
        self._watches = [_Watch(process) for process in processes]
        self._cancelled = cancelled
        self._thread = Thread(target=self._run, name="embedded-servers", daemon=True)

    @property
    def restarts(self) -> int:
        """How often a server was started again."""
        return sum(watch.restarts for watch in self._watches)

    def start(self) -> None:
        """Begin to watch."""
        self._thread.start()

    def join(self) -> None:
        """Wait until the thread has ended, after `cancelled` was set."""
        if self._thread.ident is not None:
            self._thread.join()

    def _run(self) -> None:
        while not self._cancelled.wait(_LOOK_INTERVAL):
            for watch in self._watches:
                watch.look(self._cancelled)


class _Watch:
    """What is known of one server: how it has fared and when it may be tried again."""

    def __init__(self, process: ServerProcess) -> None:
        self.restarts = 0
        self._process = process
        self._delay = FIRST_DELAY
        self._not_before = 0.0
        self._up_since = time.monotonic()
        self._down = False

    def look(self, cancelled: Event) -> None:
        """Note a death; restart the server when its delay is over."""
        now = time.monotonic()
        name = self._process.server.name
        if not self._down and not self._process.alive():
            self._down = True
            if now - self._up_since > _STEADY:
                self._delay = FIRST_DELAY
            log.error("%s has died; it is started again in %.1f s", name, self._delay)
            self._wait_longer(now)
        if self._down and now >= self._not_before:
            self._restart(name, cancelled)

    def _restart(self, name: str, cancelled: Event) -> None:
        self._process.stop()
        try:
            self._process.start_again()
        except ServerError as error:
            if not cancelled.is_set():
                log.error(
                    "%s could not be started again; next attempt in %.1f s: %s", name, self._delay, error
                )
                self._wait_longer(time.monotonic())
            return
        self._down = False
        self._up_since = time.monotonic()
        self.restarts += 1
        log.warning("%s runs again", name)

    def _wait_longer(self, now: float) -> None:
        self._not_before = now + self._delay
        self._delay = min(LONGEST_DELAY, self._delay * 2)
