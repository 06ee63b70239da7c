"""How fast the audit is: hashing, sealing, verifying and exporting, beside bare reading of the same stream.

    python -m benchmarks.audit [FRAMES] [EVENTS]

The servers run in a temporary folder with durable sync, as always; appending is not measured here.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import uvloop
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from nats.aio.client import Client

from commands.audit import verify_export
from commands.audit.chain_check import ChainCheck
from commands.audit.export import export
from commands.audit.export_range import Asked
from commands.audit.heads import Pins
from commands.audit.verify import verify
from infra.connection import connect_nats
from infra.embedded import embedded_servers
from streams import names
from streams.append import Appender
from streams.chain import append_event, event_hash
from streams.event_log import ensure_streams
from streams.framing import Frame
from streams.framing.frame import MAX_FRAME
from streams.read import Message, read_up_to
from streams.recorder import frame_messages
from streams.seal import Sealing
from streams.sealer import seal_all

FRAMES, EVENTS, PAYLOAD = 300_000, 3_000, 256
_BATCH = 5_000


class Figures:
    """What was measured, printed as it comes."""

    def __init__(self) -> None:
        self.rates: dict[str, float] = {}

    @contextmanager
    def measured(self, what: str, messages: int, size: int) -> Iterator[None]:
        begin = time.perf_counter()
        yield
        self.show(what, messages, size, time.perf_counter() - begin)

    def show(self, what: str, messages: int, size: int, seconds: float) -> None:
        self.rates[what] = messages / seconds
        megabytes = size / 1e6 / seconds
        print(f"{what:<44} {messages / seconds:>12,.0f}/s {megabytes:>9,.1f} MB/s", flush=True)


def made_up(count: int) -> list[Message]:
    frames = [Frame(number.to_bytes(PAYLOAD, "big"), 10**18 + number, "") for number in range(count)]
    outgoing = frame_messages("radio", "20260101T000000Z-radio-abcdef", frames, 0, limit=MAX_FRAME)
    return [
        Message(row, 10**18 + row, one.subject, one.headers, one.data) for row, one in enumerate(outgoing, 1)
    ]


def pure(figures: Figures, frames: list[Message]) -> None:
    """The digests alone, in one thread, without a server."""
    size = sum(len(frame.data) for frame in frames)
    run, chain = Sealing(1), ChainCheck("OPERATIONS", Pins())
    with figures.measured("digest of a seal, no server", len(frames), size):
        for at in range(0, len(frames), _BATCH):
            run.add(frames[at : at + _BATCH])
        run.seal()
    with figures.measured("hash of an event, no server", len(frames), size):
        for frame in frames:
            event_hash(frame)
    with figures.measured("check of a chain, no server", len(frames), size):
        chain.add(frames)


async def on_streams(figures: Figures, nc: Client, folder: Path, frames: list[Message], events: int) -> None:
    await ensure_streams(nc.jetstream())
    async with Appender(nc) as appender:
        for at in range(0, len(frames), _BATCH):
            made = [Frame(frame.data, 10**18, "") for frame in frames[at : at + _BATCH]]
            session = "20260101T000000Z-radio-abcdef"
            await appender.append(frame_messages("radio", session, made, at, limit=MAX_FRAME))
    for number in range(events):
        await append_event(nc, names.COMMANDS, f"command.{number}.submitted", b'{"name":"PING"}' * 10)
    size = int((await nc.jetstream().stream_info(names.FRAMES)).state.bytes)
    with figures.measured("bare reading of FRAMES", len(frames), size):
        async for _ in read_up_to(nc, names.FRAMES, len(frames)):
            pass
    with figures.measured("sealing FRAMES", len(frames), size):
        assert await seal_all(nc) == len(frames)
    report = await verify(nc)
    assert report.good
    for one in report.streams:
        figures.show(f"audit verify, {one.extent.stream}", one.messages, one.extent.bytes, one.seconds)
    file = folder / "flight.jsonl"
    with figures.measured("audit export", len(frames), size):
        await export(nc, Ed25519PrivateKey.generate(), file, Asked())
    check(figures, file, len(frames))


def check(figures: Figures, file: Path, frames: int) -> None:
    size = file.stat().st_size
    with figures.measured("stand-alone verification of the export", frames, size), file.open("rb") as lines:
        verify_export.verify(verify_export.lines_of(lines))


async def measure(frames: int, events: int) -> Figures:
    figures, made = Figures(), made_up(frames)
    pure(figures, made)
    with tempfile.TemporaryDirectory(prefix="flightledger-bench-") as folder:
        async with embedded_servers(Path(folder) / "data") as servers:
            nc = await connect_nats(servers.nats_url, name="benchmark")
            try:
                await on_streams(figures, nc, Path(folder), made, events)
            finally:
                await nc.close()
    for what in ("sealing FRAMES", "audit verify, FRAMES"):
        ratio = figures.rates[what] / figures.rates["bare reading of FRAMES"]
        print(f"{what}: {ratio:.2f} of bare reading")
    return figures


def main(arguments: list[str] | None = None) -> int:
    """Measure and print."""
    given = [int(word) for word in (sys.argv[1:] if arguments is None else arguments)]
    frames, events = (*given, *(FRAMES, EVENTS)[len(given) :])
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(measure(frames, events))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
