"""Import of a recording: a file's frames into FRAMES, each once, however often and whenever it is imported.

The server's memory of message ids is minutes long, so it can not be the guarantee. OPERATIONS says that an
import began (and behind which offset); the frames it stored carry the file's digest and their number. What
is there already is found by reading those headers, and only the rest is appended. Proven by
`tests/streams/test_recording_import.py`.
"""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path

from nats.aio.client import Client

from infra.errors import LinkError
from streams import names
from streams.append import Appender
from streams.framing import Frame, FramingConfig, make_framer
from streams.operations import append_operation, read_operations
from streams.read import StreamReader, last_offset
from streams.recorder import frame_messages

STARTED, FINISHED = "import-started", "import-finished"
CHUNK_BYTES = 1024 * 1024

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
    """Append the frames of `file` that FRAMES does not have yet. Raises LinkError when it can not be read."""
    digest = await asyncio.to_thread(_digest, file)
    source = digest[:16]
    session = session or f"file-{digest[:12]}"
    events = await read_operations(nc, kinds=(STARTED, FINISHED))
    mine = [
        event.fields
        for event in events
        if (event.fields["link"], event.fields["session"], event.fields["source"]) == (link, session, source)
    ]
    if finished := [fields for fields in mine if "frames" in fields]:
        return Imported(session, link, finished[0]["frames"], 0, finished[0]["last_offset"])
    if mine:
        present = await _present(nc, link, session, source, mine[0]["after"])
    else:
        after = await last_offset(nc, names.FRAMES)
        identity = {"link": link, "session": session, "source": source, "file": file.name}
        await append_operation(nc, STARTED, {**identity, "after": after})
        present = bytearray()
    frames, added = 0, 0
    async with Appender(nc) as appender:
        async for done, cut in _frames(file, framing):
            messages = frame_messages(link, session, cut, frames, source=source)
            new = [
                message
                for number, message in enumerate(messages, frames)
                if number >= len(present) or not present[number]
            ]
            await appender.append(new)
            frames, added = frames + len(cut), added + len(new)
            progress(done)
    last = appender.last_offset or await last_offset(nc, names.FRAMES)
    fields = {"link": link, "session": session, "source": source, "frames": frames, "last_offset": last}
    await append_operation(nc, FINISHED, fields)
    return Imported(session, link, frames, added - appender.duplicates, last)


async def _frames(file: Path, framing: FramingConfig) -> AsyncIterator[tuple[int, list[Frame]]]:
    """Yield (bytes of the file done, frames), a chunk at a time: memory stays bounded."""
    framer, done = make_framer(framing), 0
    with _opened(file) as content:
        while chunk := await asyncio.to_thread(content.read, CHUNK_BYTES):
            done += len(chunk)
            yield done, framer.feed(chunk, time.time_ns())
    yield done, framer.flush(time.time_ns())


async def _present(nc: Client, link: str, session: str, source: str, after: int) -> bytearray:
    """Return which numbers of the file's frames FRAMES has, one byte each."""
    end, present = await last_offset(nc, names.FRAMES), bytearray()
    prefix = f"{link}:{session}:{source}."
    subject = names.frame_subject(link)
    async with StreamReader(nc, names.FRAMES, start=after + 1, subject=subject, headers_only=True) as reader:
        while reader.next_offset <= end:
            messages = await reader.read(2.0)
            if not messages and not reader.pending:
                break
            for message in messages:
                identity = message.headers.get(names.MESSAGE_ID, "")
                if identity.startswith(prefix):
                    number = int(identity[len(prefix) :])
                    present.extend(bytes(max(0, number + 1 - len(present))))
                    present[number] = 1
    return present


def _opened(file: Path) -> BufferedReader:
    try:
        return file.open("rb")
    except OSError as error:
        raise LinkError(f"the recording can not be read: {error.strerror}", where=str(file)) from error


def _digest(file: Path) -> str:
    with _opened(file) as content:
        return hashlib.file_digest(content, "sha256").hexdigest()
