"""A flight procedure: telecommands, checks and pauses one after the other, as a TOML file.

    title = "Before launch"
    link = "radio"

    [[steps]]
    send = "ARM_RECOVERY"
    arguments = { CODE = "1234" }
    wait = "completed"          # the default; accepted, started, sent, or none
    within = 30                 # seconds; the default is 60

    [[steps]]
    check = "BATTERY_VOLTAGE > 11.1"
    within = 10                 # seconds for which it may fail to hold; the default is 0

    [[steps]]
    pause = 5                   # seconds

    [[steps]]
    until = 2026-12-01T12:00:00Z

Every step may have a text `say`, and `send` also `why` and `link`.
"""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from commands.conditions import parse_comparison
from infra.errors import CommandError

WAITS = ("completed", "started", "accepted", "sent", "none")
"""What a step may wait for: that the telecommand gets so far, or further."""

_KINDS: dict[str, dict[str, type | tuple[type, ...]]] = {
    "send": {"send": str, "arguments": dict, "link": str, "why": str, "wait": str, "within": (int, float)},
    "check": {"check": str, "within": (int, float)},
    "pause": {"pause": (int, float)},
    "until": {"until": datetime},
}
_LONGEST_S = 10**7


@dataclass(frozen=True)
class Step:
    """One step: `kind` is send, check, pause or until; `number` counts from 1."""

    number: int
    kind: str
    what: str
    within: float
    say: str = ""
    arguments: Mapping[str, Any] = field(default_factory=dict)
    link: str = ""
    why: str = ""
    wait: str = "completed"
    seconds: float = 0.0
    until: int = 0


@dataclass(frozen=True)
class Procedure:
    """A procedure as its file has it; `digest` is the SHA-256 of the file."""

    title: str
    digest: str
    steps: tuple[Step, ...]


def load_procedure(file: Path) -> Procedure:
    """Read a procedure; raises CommandError, naming file and step, before anything of it is done."""
    try:
        content = file.read_bytes()
        table = tomllib.loads(content.decode())
    except OSError as error:
        raise CommandError(f"the procedure can not be read: {error.strerror}", where=str(file)) from error
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise CommandError(f"the procedure is not TOML: {error}", where=str(file)) from error
    steps, link = table.get("steps"), table.get("link", "")
    if unknown := sorted(set(table) - {"title", "link", "steps"}):
        raise CommandError(f"unknown key {unknown[0]!r}", where=str(file), fix="known are title, link, steps")
    if not isinstance(steps, list) or not steps or not isinstance(link, str):
        raise CommandError("the procedure has no steps", where=str(file), fix="write [[steps]]")
    made = tuple(_step(number, step, link, f"{file}, step {number}") for number, step in enumerate(steps, 1))
    return Procedure(str(table.get("title", file.stem)), hashlib.sha256(content).hexdigest(), made)


def _step(number: int, table: Any, link: str, where: str) -> Step:
    kinds = [kind for kind in _KINDS if isinstance(table, Mapping) and kind in table]
    if len(kinds) != 1:
        raise CommandError("a step is one of send, check, pause, until", where=where, fix="give one of them")
    (kind,) = kinds
    for key, value in table.items():
        known = {**_KINDS[kind], "say": str}
        if key not in known or isinstance(value, bool) or not isinstance(value, known[key]):
            raise CommandError(
                f"{key} = {value!r} does not fit", where=where, fix=f"keys: {', '.join(known)}"
            )
    within = float(table.get("within", 60.0 if kind == "send" else 0.0))
    seconds = float(table["pause"]) if kind == "pause" else 0.0
    if not 0 <= within <= _LONGEST_S or not 0 <= seconds <= _LONGEST_S:
        raise CommandError("a time is out of range", where=where, fix=f"0 to {_LONGEST_S} seconds")
    wait = table.get("wait", "completed")
    if wait not in WAITS:
        raise CommandError(f"wait = {wait!r}", where=where, fix=f"one of {', '.join(WAITS)}")
    if kind == "check":
        parse_comparison(table["check"])
    return Step(
        number=number,
        kind=kind,
        what=str(table[kind]),
        within=within,
        say=table.get("say", ""),
        arguments=table.get("arguments", {}),
        link=table.get("link", link),
        why=table.get("why", ""),
        wait=wait,
        seconds=seconds,
        until=_nanoseconds(table["until"]) if kind == "until" else 0,
    )


def _nanoseconds(moment: datetime) -> int:
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    since = aware - datetime(1970, 1, 1, tzinfo=UTC)
    return (since.days * 86_400 + since.seconds) * 10**9 + since.microseconds * 1_000
