"""The page under load: how often Chromium draws the console while 1,000 parameters move at 10 Hz.

The whole path: packets by UDP -> IO service -> FRAMES -> parser -> TELEMETRY -> WebSocket -> the console. On
two cores or more the browser has one, with all of its processes and Playwright's driver, and everything else
another. What counts is the slowest second of all; each value on the page is compared with what was sent last.
"""

from __future__ import annotations

import itertools
import json
import socket
import struct
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from playwright.sync_api import Browser, Page, expect
from support.made_mission import EPOCH_NS, FIRST_APID, floating, integer, made_mission, packet
from support.page import BUILT, CHROMIUM, address_of, running_browser, signed_in
from support.program import Program

from benchmarks.cores import CoreUse, expect_alone, on_core
from benchmarks.figures import Outcome, Rate, SkippedError
from benchmarks.figures import expect as expect_result
from benchmarks.options import Options
from infra.embedded.ports import choose_ports

AIM = 50
"""Frames in every second."""

PACKETS, PARAMETERS, RATE_HZ = 20, 50, 10
SECONDS = 20
_BROWSERS_CORE = 0

_LINK = """
[[links]]
name = "radio"
transport = "udp"
port = {port}
"""
_WATCH = """
() => {
  if (!window.drawn) {
    const note = (time) => { window.drawn.push(time); requestAnimationFrame(note); };
    requestAnimationFrame(note);
  }
  window.drawn = [];
}
"""
_SHOWN = """
() => JSON.stringify([...document.querySelectorAll("tr[data-key]")]
  .map((row) => [row.dataset.key, row.querySelector(".value").textContent]))
"""


def run(_options: Options) -> Outcome:
    """Measure an idle console, then the one under load."""
    if not CHROMIUM.exists() or not BUILT.exists():
        raise SkippedError("there is no chromium, or the page is not built: make web")
    with (
        tempfile.TemporaryDirectory(prefix="flightledger-bench-") as name,
        on_core(1),
        _up(Path(name)) as (address, port),
        _browser() as browser,
        signed_in(browser, address) as page,
    ):
        expect(page.locator("tr[data-key]")).to_have_count(PACKETS * PARAMETERS)
        expect_alone(_BROWSERS_CORE, b"/chromium")
        idle = _drawn(page, 5)
        with _sending(port) as sender:
            page.wait_for_timeout(2000)
            use = CoreUse(_BROWSERS_CORE)
            busy = _drawn(page, SECONDS)
            own, every = use.of("browser"), use.of_all()
        _check(page, sender.last)
    outcome = _outcome(idle, busy, sender.behind)
    outcome.facts["the browser's core"] = (
        f"{own:.2f} of it for the browser, {max(0.0, every - own):.2f} for others"
    )
    return outcome


def _outcome(idle: list[float], busy: list[float], behind: float) -> Outcome:
    gaps = sorted(after - before for before, after in itertools.pairwise(busy))
    mean = 1000 * len(gaps) / (busy[-1] - busy[0])
    slowest = Rate(
        "slowest second of the console", "frames/s", slowest_second(busy), AIM, "what may not be missed", 1.0
    )
    return Outcome(
        rates=[slowest],
        facts={
            "parameters": f"{PACKETS * PARAMETERS}, each {RATE_HZ} times a second, for {SECONDS} s",
            "frames/s": f"{mean:.1f}; in the slowest second with nothing sent {slowest_second(idle)}",
            "ms between frames": (
                f"p50 {_at(gaps, 0.5):.1f}, p99 {_at(gaps, 0.99):.1f}, longest {gaps[-1]:.1f}"
            ),
            "sender behind its time": f"{behind * 1000:.0f} ms at most",
        },
    )


def slowest_second(drawn: list[float]) -> int:
    """Return the least number of frames within any second; `drawn` are their times in ms, in order."""
    fewest, first = len(drawn), 0
    for last, end in enumerate(drawn):
        while drawn[first] <= end - 1000:
            first += 1
        if end - drawn[0] >= 1000:
            fewest = min(fewest, last - first + 1)
    return fewest


def _at(ordered: list[float], part: float) -> float:
    return ordered[min(len(ordered) - 1, int(part * len(ordered)))]


def _drawn(page: Page, seconds: float) -> list[float]:
    """When the page was drawn within some seconds, ms."""
    page.evaluate(_WATCH)
    page.wait_for_timeout(seconds * 1000)
    found: list[float] = page.evaluate(
        "() => { const found = window.drawn; window.drawn = []; return found; }"
    )
    return found


def _check(page: Page, last: int) -> None:
    """Compare every value on the page with what was sent last."""
    wanted = {
        f"P{number}.V{number}_{field}": str(last + field)
        for number in range(PACKETS)
        for field in range(PARAMETERS)
    }
    for _ in range(100):
        shown = dict(json.loads(page.evaluate(_SHOWN)))
        if shown == wanted:
            return
        page.wait_for_timeout(100)
    wrong = next(key for key in wanted if shown.get(key) != wanted[key])
    expect_result(False, f"{wrong} shows {shown.get(wrong)}, sent was {wanted[wrong]}")


class _Sender:
    """Sends all packets ten times a second; each value is the number of the turn and its own place."""

    def __init__(self, port: int) -> None:
        self.last, self.behind = 0, 0.0
        self._port, self._stop = port, threading.Event()
        self._thread = threading.Thread(target=self._run)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        begun, turn = time.monotonic(), 0
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
            while not self._stop.wait(max(0.0, begun + turn / RATE_HZ - time.monotonic())):
                self.behind = max(self.behind, time.monotonic() - begun - turn / RATE_HZ)
                turn += 1
                self.last = turn
                for number in range(PACKETS):
                    out.sendto(_packet(number, turn), ("127.0.0.1", self._port))


def _packet(number: int, turn: int) -> bytes:
    """One packet: floats and integers in turns, each the number of the turn and of its own place."""
    body = b"".join(struct.pack(">I" if field % 2 else ">f", turn + field) for field in range(PARAMETERS))
    generated = EPOCH_NS + turn * 10**9 // RATE_HZ
    made: bytes = packet(body, count=turn, generated=generated, apid=FIRST_APID + number)
    return made


@contextmanager
def _sending(port: int) -> Iterator[_Sender]:
    sender = _Sender(port)
    sender.start()
    try:
        yield sender
    finally:
        sender.stop()


@contextmanager
def _up(folder: Path) -> Iterator[tuple[str, int]]:
    """The program with a mission of a thousand parameters; gives the page's address and the link's port."""
    (port,) = choose_ports((0,))
    fields = {
        f"P{number}": {
            f"V{number}_{field}": integer(32) if field % 2 else floating(32) for field in range(PARAMETERS)
        }
        for number in range(PACKETS)
    }
    made_mission(folder / "mission", fields)
    with (folder / "mission" / "mission.toml").open("a") as settings:
        settings.write(_LINK.format(port=port))
    with Program(folder / "data").up(folder / "mission") as up:
        yield address_of(up), port


@contextmanager
def _browser() -> Iterator[Browser]:
    """The browser on a core of its own; what this thread starts later is not."""
    with ExitStack() as stack:
        with on_core(_BROWSERS_CORE):
            browser = stack.enter_context(running_browser())
        yield browser
