"""How telecommands, their lives and definitions are shown to people."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from infra.cli.output import Row, console, print_json, print_table
from projections.queries.answer import iso_time

_DONE = ("id", "event", "offset", "state", "name", "link", "approvals_needed", "release_at", "expires")
_REFUSED = ("id", "event", "telecommand", "reason", "fix")
_EVENTS = ("offset", "recorded", "event", "who", "why", "frame_offset", "packet")


def show_answer(answer: Row, *, as_json: bool) -> int:
    """Show what became of a request; return the exit code."""
    if as_json:
        print_json(answer)
    else:
        for name in _DONE if answer["done"] else _REFUSED:
            if answer.get(name) not in (None, "", 0):
                value = iso_time(answer[name]) if name in ("expires", "release_at") else answer[name]
                console().print(f"{name:<17} {value}", markup=False)
    return 0 if answer["done"] else 1


def show_life(found: Row) -> None:
    """Show a telecommand with all its events."""
    console().print(f"{found['id']}  {found['name']}  {found['state']}", markup=False)
    for argument in found["request"].get("resolved", []):
        unit = f" {argument['unit']}" if argument.get("unit") else ""
        console().print(f"  {argument['name']} = {argument['value']}{unit}", markup=False)
    if found["packet"]:
        console().print(f"  packet {found['packet']}")
    rows = ({**event, "recorded": iso_time(event["recorded"])} for event in found["events"])
    print_table(rows, _EVENTS)
    for misfit in found["misfits"]:
        console().print(
            f"does not fit: {misfit['event']} at {misfit['offset']}: {misfit['misfit']}", markup=False
        )


def show_definition(found: Row) -> None:
    """Show all about one telecommand that can be sent."""
    for key in ("qualified_name", "description", "significance", "significance_reason", "apid"):
        if found.get(key) not in (None, ""):
            console().print(f"{key}: {found[key]}", markup=False)
    print_table(found["arguments"], ("name", "type", "unit", "required", "default", "description"))
    for constraint in found["constraints"]:
        console().print(f"needs: {constraint['condition']}", markup=False)


def show_definitions(found: Iterable[Row]) -> None:
    """Show what can be sent, a line for each."""
    print_table(map(_definition, found), ("name", "arguments", "significance", "description"))


def show_telecommands(found: Iterable[Row]) -> None:
    """Show telecommands, a line for each."""
    columns = ("id", "name", "state", "issuer", "link", "arguments", "reason")
    print_table(map(_short, found), columns)


def _definition(found: Row) -> Row:
    arguments = " ".join(argument["name"] for argument in found["arguments"] if argument["assigned"] is None)
    return {**found, "arguments": arguments}


def _short(found: Mapping[str, Any]) -> Row:
    arguments = " ".join(f"{name}={value}" for name, value in found["arguments"].items())
    return {**found, "arguments": arguments}
