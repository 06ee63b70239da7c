"""Import rate: acknowledged frames a second from a file into FRAMES, beside bare publishing of the same ones.

The import hashes the file, cuts it, numbers the frames and writes its events; the baselines only publish.
Both go to streams of the same configuration on one server, which syncs to the disk before it acknowledges.
"""

from __future__ import annotations

import hashlib
import tempfile
from dataclasses import replace
from itertools import count
from pathlib import Path

from nats.aio.client import Client

from benchmarks.bare_publish import publish_batches, publish_singly, with_batch_marks
from benchmarks.figures import Outcome, Rate, SkippedError, expect
from benchmarks.options import Options
from benchmarks.recordings import LINK, Recording, recording
from benchmarks.systems import run_async, temporary_system
from benchmarks.timing import best_in_turns_async, seconds_of
from streams import names
from streams.append import Outgoing
from streams.event_log import stream_configs
from streams.framing import make_framer
from streams.framing.frame import MAX_FRAME
from streams.read import StreamReader, last_offset
from streams.recorder import frame_messages
from streams.recording_import import import_recording

AIM = 0.7
FRAMES = 100_000
"""About so many frames in the file, whole recordings."""

SINGLY = 10_000
"""Messages that are published one by one: each waits for the disk, which takes its time."""

BARE = "BARE"


def run(options: Options) -> Outcome:
    """Measure on each recording that is there."""
    outcome = Outcome()
    for name in ("jpss", "rocket"):
        try:
            outcome.rates += run_async(_measure(recording(name), options.rounds))
        except SkippedError as reason:
            outcome.facts[name] = f"skipped: {reason}"
    return outcome


async def _measure(source: Recording, rounds: int) -> list[Rate]:
    content = source.data * (FRAMES // len(source.packets) + 1)
    with tempfile.TemporaryDirectory(prefix="flightledger-bench-") as folder:
        file = Path(folder) / "recording"
        file.write_bytes(content)
        async with temporary_system() as system:
            return await _side_by_side(system.nc, source, file, content, rounds)


async def _side_by_side(nc: Client, source: Recording, file: Path, content: bytes, rounds: int) -> list[Rate]:
    await nc.jetstream().add_stream(replace(stream_configs()[0], name=BARE, subjects=["bare.*"]))
    framing, numbers = source.mission.framing(LINK), count()
    framer = make_framer(framing)
    frames = framer.feed(content, 0) + framer.flush(0)

    def messages() -> list[Outgoing]:
        session = f"bare-{next(numbers)}"
        made = frame_messages(LINK, session, frames, 0, limit=MAX_FRAME, source="0123456789abcdef")
        return [message._replace(subject=f"bare.{LINK}") for message in made]

    async def imported() -> float:
        start, session = await last_offset(nc, names.FRAMES) + 1, f"session-{next(numbers)}"
        work = import_recording(nc, file, link=LINK, framing=framing, session=session)
        seconds = await seconds_of(work)
        await _check(nc, start, content, len(frames))
        return seconds

    async def singly() -> float:
        return await seconds_of(publish_singly(nc, messages()[:SINGLY])) * len(frames) / SINGLY

    async def in_batches() -> float:
        return await seconds_of(publish_batches(nc, with_batch_marks(messages())))

    best = await best_in_turns_async(rounds, {"import": imported, "singly": singly, "batches": in_batches})
    bare = rounds * (len(frames) + SINGLY)
    expect(await last_offset(nc, BARE) == bare, "a bare message is missing")
    here = len(frames) / best["import"]
    return [
        Rate(f"{source.name}: import", "frames/s", here, len(frames) / best[name], against, aim)
        for name, against, aim in (
            ("batches", "bare publishing in atomic batches of 1,000", AIM),
            ("singly", "bare publishing message by message", None),
        )
    ]


async def _check(nc: Client, start: int, content: bytes, frames: int) -> None:
    """FRAMES must have the file's bytes, in order and once."""
    digest, found = hashlib.sha256(), 0
    async with StreamReader(nc, names.FRAMES, start=start) as reader:
        while found < frames and (batch := await reader.read(10)):
            found += len(batch)
            for message in batch:
                digest.update(message.data)
    expect(await last_offset(nc, names.FRAMES) == start + frames - 1, f"{found} of {frames} frames arrived")
    expect(digest.digest() == hashlib.sha256(content).digest(), "FRAMES has other bytes than the file")
