"""`flightledger audit export`, `audit key`, `audit verifier`: the record that is handed out, and its key."""

from __future__ import annotations

import argparse
import hashlib
import inspect
import sys
from pathlib import Path
from typing import Any

import orjson
from nats.aio.client import Client

from commands.audit import verify_export
from commands.audit.export import export, new_file
from commands.audit.export_range import Asked
from commands.audit.key import KEY_FILE, fingerprint, load_or_make_key, public_hex
from infra.cli.output import print_json
from infra.cli.progress import stream_bars
from infra.cli.target import target_of
from infra.embedded.folder import DataFolder
from infra.errors import StreamError
from infra.program.system import System, open_system
from infra.program.target import asker
from projections.queries.scope import parse_time
from streams.answers import ask
from streams.sealer import seal_all


async def run_export(options: argparse.Namespace) -> int:
    """Export, then verify the file as its reader will; 1 when it tells of something broken."""
    times = [
        parse_time(getattr(options, name), f"--{word}") for name, word in (("start", "from"), ("end", "to"))
    ]
    asked, remark = Asked(times[0], times[1], options.session), ""
    async with open_system(target_of(options)) as system:
        if target_of(options).password:
            await _fetch(system.nc, options.out, asked)
        else:
            key = load_or_make_key(system.servers.data_dir)
            remark = await _seal_first(system)
            with stream_bars() as tell:
                await export(system.nc, key, options.out, asked, tell)
    document = _described(options.out)
    if options.json:
        print_json(document)
    else:
        _show_export(document, remark)
    return 1 if document["broken"] else 0


async def _fetch(nc: Client, file: Path, asked: Asked) -> None:
    """Let the audit service make the export, for a person who may not read the streams."""
    question = {"from": asked.start, "to": asked.end, "session": asked.session}
    given = {key: value for key, value in question.items() if value is not None}
    with new_file(file) as out:
        async for chunk in ask(nc, f"audit.{asker(nc)}.export", given):
            out.write(chunk)


def _described(file: Path) -> dict[str, Any]:
    """Return what an export says of itself, and whether it holds."""
    with file.open("rb") as content:
        header = orjson.loads(content.readline())
        content.seek(0)
        sha256 = hashlib.file_digest(content, "sha256").hexdigest()
    return {
        "file": str(file),
        "bytes": file.stat().st_size,
        "events": header["events"],
        "frames": header["frames"],
        "sha256": sha256,
        "public_key": header["public_key"],
        "fingerprint": fingerprint(header["public_key"]),
        "broken": _broken(file),
    }


async def _seal_first(system: System) -> str:
    """Seal what is not sealed yet; return why not, where that can not be: what is sealed can be exported."""
    try:
        await seal_all(system.nc)
    except StreamError as error:
        return str(error)
    return ""


def _broken(file: Path) -> str:
    """Return what the stand-alone verifier finds in an export; nothing when it is good."""
    try:
        with file.open("rb") as content:
            verify_export.verify(verify_export.lines_of(content))
    except verify_export.BrokenError as error:
        return str(error)
    return ""


def _show_export(document: dict[str, Any], remark: str) -> None:
    events = ", ".join(f"{number} events of {stream}" for stream, number in document["events"].items())
    frames = document["frames"]
    run = f"offsets {frames['first']} to {frames['last']}" if frames else "none"
    print(f"file        {document['file']}, {document['bytes']} bytes")
    print(f"chains      {events}")
    print(f"frames      {run}")
    print(f"signed by   {document['public_key']}, fingerprint {document['fingerprint']}")
    if remark:
        print(f"remark      {remark}")
    if document["broken"]:
        print(f"BROKEN      the record tells of something broken: {document['broken']}")


async def run_key(options: argparse.Namespace) -> int:
    """Print the public key, making the key if there is none."""
    folder = DataFolder(options.data).path
    public = public_hex(load_or_make_key(folder))
    if options.json:
        print_json({"public_key": public, "fingerprint": fingerprint(public), "file": str(folder / KEY_FILE)})
    else:
        print(f"public key  {public}")
        print(f"fingerprint {fingerprint(public)}")
        print(f"private key {folder / KEY_FILE} (keep it safe, and a copy of the public one elsewhere)")
    return 0


async def run_verifier(options: argparse.Namespace) -> int:
    """Print the stand-alone verifier's source."""
    source = inspect.getsource(verify_export)
    if options.json:
        print_json({"name": "verify.py", "source": source})
    else:
        sys.stdout.write(source)
    return 0
