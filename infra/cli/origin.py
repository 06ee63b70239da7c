"""`flightledger origin`: from a value back to its packet, its frames' bytes and its generation."""

from __future__ import annotations

import argparse
from typing import Any

import orjson

from infra.cli.hex_dump import hex_dump
from infra.cli.output import Row, console, print_json, print_table
from infra.cli.target import target_of
from infra.errors import QueryError
from infra.program.system import open_system
from streams.answers import ask_once

_FIELDS = ("parameter", "value", "raw", "unit", "first_bit", "bits", "definition")


def add_commands(commands: Any, common: argparse.ArgumentParser) -> None:
    """Add `origin`."""
    command = commands.add_parser(
        "origin", parents=[common], help="from a value back to its packet, frames and generation"
    )
    command.add_argument("--packet", metavar="NAME", help="packet type, with --offset")
    command.add_argument("--offset", type=int, metavar="N", help="offset of the frame in FRAMES")
    command.add_argument("--param", metavar="P", help="parameter, with --at (or with --offset: its bits)")
    command.add_argument("--at", metavar="T", help="its newest sample at or before T: ISO 8601, UTC")
    command.add_argument("--as-of", metavar="T", help="what was known at T")
    command.add_argument("--generation", metavar="G", help="default: the live one (at T with --as-of)")
    command.set_defaults(run=run_origin)


async def run_origin(options: argparse.Namespace) -> int:
    """Ask for an origin and show it."""
    given = {
        "packet": options.packet,
        "frame_offset": options.offset,
        "parameter": options.param,
        "at": options.at,
        "as_of": options.as_of,
        "generation": options.generation,
    }
    if options.offset is None and not (options.param and options.at):
        raise QueryError("nothing is named", fix="give --packet NAME --offset N, or --param P --at T")
    request = {key: value for key, value in given.items() if value is not None}
    async with open_system(target_of(options), services=("query",)) as system:
        answer = orjson.loads(await ask_once(system.nc, "query.origin", request))
    if options.json:
        print_json(answer)
    else:
        _show(answer, marked=options.param is not None)
    return 0


def _show(answer: dict[str, Any], *, marked: bool) -> None:
    """Show packets with their fields, then the bytes of all frames; `marked`: with the fields' bits."""
    out = console()
    frame, generation = answer["frame"], answer["generation"]
    out.print(f"frame      {frame['frame_offset']} on link {frame['link']}, session {frame['session']}")
    out.print(f"received   {frame['received']}, {frame['size']} bytes, {frame['result']}")
    out.print(f"generation {generation['generation']}, mission {generation.get('mission', '')[:16]}")
    for packet in answer["packets"]:
        out.print(f"\npacket     {packet['packet']}, number {packet['packet_index']} of the frame")
        out.print(f"generated  {packet['generated']}   recorded {packet['recorded']}")
        print_table(({name: field[name] for name in _FIELDS} for field in packet["fields"]), _FIELDS)
    for one in answer["frames"]:
        bits = _bits(answer["packets"], one["frame_offset"]) if marked else []
        out.print(f"frame {one['frame_offset']}, received {one['received']}")
        out.print(hex_dump(bytes.fromhex(one["hex"]), bits))


def _bits(packets: list[Row], frame_offset: int) -> list[tuple[int, int]]:
    """Return first bit and number of bits of each field's places in a frame."""
    places = (place for packet in packets for field in packet["fields"] for place in field["places"])
    return [(place["first_bit"], place["bits"]) for place in places if place["frame_offset"] == frame_offset]
