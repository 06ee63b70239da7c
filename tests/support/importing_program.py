"""A program that imports a recording and says how much memory that took.

    python importing_program.py NATS_URL FILE [packets]

The file has frames of 1,024 bytes, or space packets, which are imported in small steps.
Prints one JSON line: frames added, the progress told, and by how many MB its largest size grew.
"""

from __future__ import annotations

import asyncio
import json
import resource
import sys
from pathlib import Path

from infra.connection import connect_nats
from streams import recording_import
from streams.event_log import ensure_streams
from streams.framing import FramingConfig
from streams.recording_import import import_recording


def largest_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


async def main(url: str, file: str, kind: str = "fixed") -> None:
    nc = await connect_nats(url, name="import")
    await ensure_streams(nc.jetstream())
    before, told = largest_mb(), list[int]()
    framing = FramingConfig("fixed", 1_024)
    if kind == "packets":
        framing, recording_import.CHUNK_BYTES = FramingConfig("packets", 300), 20_000
    done = await import_recording(nc, Path(file), link="radio", framing=framing, progress=told.append)
    print(json.dumps({"added": done.added, "told": told, "grown_mb": largest_mb() - before}), flush=True)
    await nc.close()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
