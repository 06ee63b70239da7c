"""`flightledger origin`: from a value back to its packet, its frame's bytes and its generation."""

from __future__ import annotations

import argparse
from typing import Any

import orjson
from rich.text import Text

from infra.cli.output import console, print_json, print_table, shown
from infra.errors import QueryError
from infra.program.system import open_system
from streams.answers import ask_once

_ROW = 16


def add_commands(commands: Any, common: argparse.ArgumentParser) -> None:
    """Add `origin`."""
    command = commands.add_parser(
        "origin", parents=[common], help="from a value back to its packet, frame and generation"
    )
    command.add_argument("--packet", metavar="NAME", help="packet type, with --offset")
    command.add_argument("--offset", type=int, metavar="N", help="offset of the frame in FRAMES")
    command.add_argument("--param", metavar="P", help="parameter, with --at")
    command.add_argument("--at", metavar="T", help="its newest sample at or before T")
    command.add_argument("--as-of", metavar="T")
    command.add_argument("--generation", metavar="G")
    command.set_defaults(run=run_origin)


async def run_origin(options: argparse.Namespace) -> int:
    """Ask for an origin and show it."""
    request = {
        "packet": options.packet,
        "frame_offset": options.offset,
        "parameter": options.param,
        "at": options.at,
        "as_of": options.as_of,
        "generation": options.generation,
    }
    if options.offset is None and not (options.param and options.at):
        raise QueryError("nothing is named", fix="give --packet NAME --offset N, or --param P --at T")
    async with open_system(options.data, services=("query",)) as system:
        answer = orjson.loads(
            await ask_once(
                system.nc, "query.origin", {key: value for key, value in request.items() if value is not None}
            )
        )
    if options.json:
        print_json(answer)
    else:
        _show(answer, options.param)
    return 0


def _show(answer: dict[str, Any], parameter: str | None) -> None:
    out = console()
    frame, generation = answer["frame"], answer["generation"]
    out.print(f"frame      {frame['frame_offset']} on link {frame['link']}, session {frame['session']}")
    out.print(f"received   {frame['received']}, {frame['size']} bytes, {frame['result']}")
    out.print(f"generation {generation['generation']}, mission {generation.get('mission', '')[:16]}")
    marked: set[int] = set()
    for packet in answer["packets"]:
        out.print(f"\npacket     {packet['packet']}, number {packet['packet_index']} of the frame")
        out.print(f"generated  {packet['generated']}   recorded {packet['recorded']}")
        if parameter:
            for field in packet["fields"]:
                first, last = field["first_bit"] // 8, (field["first_bit"] + field["bits"] - 1) // 8
                marked.update(range(first, last + 1))
        names = ("parameter", "value", "raw", "unit", "first_bit", "bits", "definition")
        print_table(({name: shown(field[name]) for name in names} for field in packet["fields"]), names)
    out.print(_hex_dump(bytes.fromhex(frame["hex"]), marked))


def _hex_dump(data: bytes, marked: set[int]) -> Text:
    """Return offset, hex and ASCII, 16 bytes a line; `marked` bytes stand in reverse."""
    text = Text()
    for start in range(0, len(data), _ROW):
        text.append(f"{start:06x}  ")
        for place in range(start, min(start + _ROW, len(data))):
            text.append(f"{data[place]:02x}", style="reverse" if place in marked else "")
            text.append(" ")
        line = data[start : start + _ROW]
        text.append("   " * (_ROW - len(line)))
        text.append(" " + "".join(chr(octet) if 32 <= octet < 127 else "." for octet in line) + "\n")
    return text
