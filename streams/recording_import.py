"""Import of a recording: a file's frames into FRAMES, each once, however often and whenever it is imported.

The server's memory of message ids is seconds long, so it can not be the guarantee. OPERATIONS says that an
import began (and behind which offset); the frames it stored carry the file's digest and their number. What is
there already is found by reading those headers, and only the rest is appended: in the same batches as at
first, so that what a killed program sent last and the server still stores is in the file's order too.
Proven by `tests/streams/test_recording_import.py` and `tests/faults/test_import_kill.py`.

Known limit: two imports of one file that run at the same time, more than seconds apart, may store a frame
twice.
"""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import asdict, dataclass
from io import BufferedReader
from itertools import zip_longest
from pathlib import Path
from typing import Any

from nats.aio.client import Client

from infra.errors import LinkError
from streams import names
from streams.append import BATCH, HEADER_ROOM, Appender, Outgoing
from streams.framing import Frame, FramingConfig, make_framer
from streams.operations import append_operation, append_surely, read_operations
from streams.read import last_offset, read_up_to
from streams.recorder import frame_messages

STARTED, FINISHED = "import-started", "import-finished"
CHUNK_BYTES = 1024 * 1024
LONGEST_SESSION = 200

Progress = Callable[[int], None]
"""Told the number of the file's bytes that are done."""


@dataclass(frozen=True)
class Imported:
    """What an import did: frames in the file, frames added now, the offset all of them are at or before."""

    session: str
    link: str
    frames: int
    added: int
    last_offset: int


async def import_recording(
    nc: Client,
    file: Path,
    *,
    link: str,
    framing: FramingConfig,
    session: str | None = None,
    progress: Progress = lambda done: None,
) -> Imported:
    """Append the frames of `file` that FRAMES does not have yet.

    Raises LinkError when the file can not be read, changes meanwhile, or was begun with another framing.
    """
    digest = await asyncio.to_thread(_digest, file)
    source = digest[:16]
    session = _checked(session or f"file-{digest[:12]}")
    identity = {"link": link, "session": session, "source": source}
    known = await _known(nc, identity, framing, file)
    if "frames" in known:
        return Imported(session, link, int(known["frames"]), 0, int(known["last_offset"]))
    present = bytearray()
    if known:
        present = await _present(nc, link, session, source, int(known["after"]))
    else:
        begun = {**identity, "file": file.name, "framing": asdict(framing)}
        await append_operation(nc, STARTED, {**begun, "after": await last_offset(nc, names.FRAMES)})
    frames, read = 0, hashlib.sha256()
    limit = nc.max_payload - HEADER_ROOM
    async with Appender(nc) as appender, aclosing(_frames(file, framing)) as steps:
        async for done, chunk, cut in steps:
            read.update(chunk)
            messages = frame_messages(link, session, cut, frames, limit=limit, source=source)
            for start in range(0, len(messages), BATCH):
                block = messages[start : start + BATCH]
                await appender.append(_missing(block, frames + start, present))
            frames += len(messages)
            progress(done)
    if read.hexdigest() != digest:
        raise LinkError(
            "the recording changed while it was imported",
            where=str(file),
            fix="import it again under another --session when it is complete",
        )
    last = appender.last_offset or await last_offset(nc, names.FRAMES)
    await append_surely(nc, FINISHED, {**identity, "frames": frames, "last_offset": last})
    return Imported(session, link, frames, appender.appended, last)


def _checked(session: str) -> str:
    if not session.isprintable() or len(session) > LONGEST_SESSION:
        raise LinkError(
            f"the session {session[:20]!r} has no fit name",
            fix=f"at most {LONGEST_SESSION} printable characters",
        )
    return session


async def _known(nc: Client, identity: dict[str, str], framing: FramingConfig, file: Path) -> dict[str, Any]:
    """Return what OPERATIONS has of this import: with `frames` when it is finished, empty when it is new."""
    mine = [
        event.fields
        for event in await read_operations(nc, kinds=(STARTED, FINISHED))
        if identity.items() <= event.fields.items()
    ]
    started = next((fields for fields in mine if "after" in fields), {})
    if started and started.get("framing", asdict(framing)) != asdict(framing):
        raise LinkError(
            "this recording was imported with another framing of its link",
            where=str(file),
            fix="give it another --session, or the framing that mission.toml had",
        )
    return next((fields for fields in mine if {"frames", "last_offset"} <= fields.keys()), started)


def _missing(messages: list[Outgoing], first: int, present: bytearray) -> list[Outgoing]:
    """Return the messages that are not present; the first one has number `first` in the file."""
    if first >= len(present):
        return messages
    there = present[first : first + len(messages)]
    return [message for message, is_there in zip_longest(messages, there) if not is_there]


async def _frames(file: Path, framing: FramingConfig) -> AsyncGenerator[tuple[int, bytes, list[Frame]], None]:
    """Yield (bytes of the file done, the chunk, its frames), a chunk at a time: memory stays bounded."""
    framer, done = make_framer(framing), 0
    with _opened(file) as content:
        while chunk := await asyncio.to_thread(content.read, CHUNK_BYTES):
            done += len(chunk)
            yield done, chunk, framer.feed(chunk, time.time_ns())
    yield done, b"", framer.flush(time.time_ns())


async def _present(nc: Client, link: str, session: str, source: str, after: int) -> bytearray:
    """Return which numbers of the file's frames FRAMES has, one byte each."""
    end, present = await last_offset(nc, names.FRAMES), bytearray()
    prefix, subject = f"{link}:{session}:{source}.", names.frame_subject(link)
    async for batch in read_up_to(nc, names.FRAMES, end, start=after + 1, subject=subject, headers_only=True):
        for message in batch:
            identity = message.headers.get(names.MESSAGE_ID, "")
            number = identity[len(prefix) :] if identity.startswith(prefix) else ""
            if number.isascii() and number.isdigit() and int(number) < end:
                present.extend(bytes(max(0, int(number) + 1 - len(present))))
                present[int(number)] = 1
    return present


def _opened(file: Path) -> BufferedReader:
    try:
        return file.open("rb")
    except OSError as error:
        raise LinkError(f"the recording can not be read: {error.strerror}", where=str(file)) from error


def _digest(file: Path) -> str:
    with _opened(file) as content:
        return hashlib.file_digest(content, "sha256").hexdigest()
