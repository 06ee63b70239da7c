"""`audit export`: one self-contained, signed file, which `verify_export.py` verifies without anything else.

JSON lines in this order: what it is; every event of OPERATIONS from the first on, each loaded mission with
its files; every event of COMMANDS; the frames; the signature over all of it. It is written as it is read, in
bounded memory, whatever state the streams are in: a damaged record is a record, and its verifier says so.
Proven by `tests/commands/test_export.py`.
"""

from __future__ import annotations

import hashlib
import os
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, NamedTuple

import orjson
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from nats.aio.client import Client

from commands.audit.export_lines import (
    event_line,
    export_line,
    frame_line,
    mission_line,
    signature_line,
    signed_bytes,
)
from commands.audit.export_range import Asked, frames_to_export
from commands.audit.key import public_hex
from infra.errors import ConfigError
from streams import names
from streams.generations import MISSION_LOADED
from streams.mission import bundled_files
from streams.read import Message, last_offset, read_up_to

Progress = Callable[[str, int, int], None]
"""Told the stream, the offset that is done and the last one."""


class Exported(NamedTuple):
    """What an export has: events by stream, first and last offset of the frames (if any), and its digest."""

    events: dict[str, int]
    frames: tuple[int, int] | None
    bytes: int
    sha256: str


async def export(
    nc: Client,
    key: Ed25519PrivateKey,
    file: Path,
    asked: Asked,
    progress: Progress = lambda stream, done, end: None,
) -> Exported:
    """Write an export to `file`. Raises ConfigError when it exists or no frame fits what is asked for."""
    with new_file(file) as out:
        return await write_export(nc, key, out, asked, progress)


async def write_export(
    nc: Client,
    key: Ed25519PrivateKey,
    out: BinaryIO,
    asked: Asked,
    progress: Progress = lambda stream, done, end: None,
) -> Exported:
    """Write an export to an open file. Raises ConfigError, with nothing written, when no frame fits."""
    # OPERATIONS is measured first: what it says of COMMANDS is in COMMANDS by then
    ends = {stream: await last_offset(nc, stream) for stream in (names.OPERATIONS, names.COMMANDS)}
    frames = await frames_to_export(nc, asked, ends[names.OPERATIONS])
    writer = _Writer(out)
    writer.write(export_line(public_hex(key), time.time_ns(), ends, frames, asked.fields()))
    for stream, end in ends.items():
        await _write_events(nc, writer, stream, end, progress)
    if frames is not None:
        await _write_frames(nc, writer, frames, progress)
    sha256 = writer.digest.hexdigest()
    writer.write(signature_line(sha256, key.sign(signed_bytes(sha256))))
    return Exported(ends, frames, writer.bytes, writer.digest.hexdigest())


class _Writer:
    def __init__(self, out: BinaryIO) -> None:
        self._out = out
        self.digest = hashlib.sha256()
        self.bytes = 0

    def write(self, data: bytes) -> None:
        self._out.write(data)
        self.digest.update(data)
        self.bytes += len(data)


@contextmanager
def new_file(file: Path) -> Iterator[BinaryIO]:
    """Give a file that appears, whole and on the disk, at the end of the block, or not at all."""
    part = file.with_name(f"{file.name}.part")
    try:
        if file.exists():
            raise ConfigError("this file exists, and an export overwrites nothing", where=str(file))
        with part.open("wb") as out:
            yield out
            out.flush()
            os.fsync(out.fileno())
        part.rename(file)
    except OSError as error:
        if isinstance(error, (TimeoutError, ConnectionError)):  # of the bus, not of the file
            raise
        raise ConfigError(f"the export can not be written: {error.strerror}", where=str(file)) from error
    finally:
        part.unlink(missing_ok=True)


async def _write_events(nc: Client, writer: _Writer, stream: str, end: int, progress: Progress) -> None:
    mission = names.operation_subject(MISSION_LOADED)
    async for events in read_up_to(nc, stream, end):
        for event in events:
            writer.write(event_line(stream, event))
            if event.subject == mission and (files := _files(event)) is not None:
                writer.write(mission_line(event.offset, files))
        if events:
            progress(stream, events[-1].offset, end)


async def _write_frames(nc: Client, writer: _Writer, run: tuple[int, int], progress: Progress) -> None:
    first, last = run
    async for frames in read_up_to(nc, names.FRAMES, last, start=first):
        writer.write(b"".join(map(frame_line, frames)))
        if frames:
            progress(names.FRAMES, frames[-1].offset - first + 1, last - first + 1)


def _files(event: Message) -> dict[str, bytes] | None:
    """Return the files of a loaded mission; None where the event is damaged, which the verifier tells."""
    try:
        return bundled_files(orjson.loads(event.data)["bundle"])
    except (ValueError, KeyError, TypeError, zlib.error):
        return None
