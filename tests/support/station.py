"""A ground station with people: the program with users, the page, and the demo rocket on its pad."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page
from support.kestrel import mission_on_a_free_port
from support.page import address_of, in_thread, signed_in
from support.program import Program, Row

from infra.access import AccessFolder, Role
from infra.program.system import open_system
from streams import names
from streams.chain import append_event

PASSWORD = "correct horse"
PEOPLE = {
    "vera": Role.VIEWER,
    "oscar": Role.OPERATOR,
    "anna": Role.APPROVER,
    "ben": Role.APPROVER,
    "ada": Role.ADMIN,
}
RIGHTS = "\n[commands]\napprovals = { distress = 1, critical = 1, severe = 2 }\n"
"""Of the rocket's telecommands, those that the pad takes are distress at most: here they need an approval."""


@dataclass
class Station:
    program: Program
    address: str

    def as_person(
        self, browser: Browser, name: str, place: str = "#/telecommands", **options: Any
    ) -> Any:  # a context manager that gives a Page
        """A tab in which a person is signed in."""
        return signed_in(browser, self.address, place, user=name, password=PASSWORD, **options)

    def log(self, identity: str) -> Row:
        """The life of a telecommand, as the command line has it."""
        return self.program.run("command", "log", identity, "--json").row

    def lose(self, identity: str) -> None:
        """Append the life of a telecommand whose uplink claimed it and died: it becomes uncertain."""
        in_thread(_append_claimed, self.program.data, identity)

    def forge(self, kind: str) -> None:
        """Append an event to OPERATIONS past its hash chain."""
        in_thread(_forge, self.program.data, kind)


@contextmanager
def station(folder: Path) -> Iterator[Station]:
    """Run it for as long as the block lasts; no telecommand is lost on its way up."""
    mission, port = mission_on_a_free_port(folder / "mission", uplink_loss=0.0)
    with (mission / "mission.toml").open("a") as settings:
        settings.write(RIGHTS)
    program = Program(folder / "data")
    access = AccessFolder(program.data)
    for name, role in PEOPLE.items():
        access.users.add(name, role, PASSWORD, "2026-11-24T00:00:00+00:00")
    flight = ("--port", port, "--speed", 1, "--countdown", 3600)
    with program.up(mission) as up, program.started("simulate", mission, *flight):
        up.until(lambda: program.rows_in("frames"), "the rocket is heard")
        yield Station(program, address_of(up))


def open_panel(page: Page) -> Any:
    """The panel beside the page."""
    return page.get_by_label("Details", exact=True)


async def _append_claimed(data: Path, identity: str) -> None:
    now = time.time_ns()
    stamp = {"who": "oscar", "authenticated": True, "from": "a test", "at": now, "why": ""}
    ghost = {"link": "ghost", "name": "/Kestrel/PING"}
    later = now + 10**13
    events: dict[str, dict[str, Any]] = {
        "submitted": {**ghost, "arguments": {}, "release_at": later, "expires": later + 1},
        "released": {**ghost, "packet": "18c8c00000052f11010000", "until": later, "expects": ["accepted"]},
        "claimed": {**ghost, "instance": "uplink-that-died"},
    }
    async with open_system(data) as system:
        for name, fields in events.items():
            payload = json.dumps({**fields, **stamp}).encode()
            await append_event(system.nc, names.COMMANDS, names.command_subject(identity, name), payload)


async def _forge(data: Path, kind: str) -> None:
    async with open_system(data) as system:
        await system.nc.jetstream().publish(names.operation_subject(kind), b"{}")
