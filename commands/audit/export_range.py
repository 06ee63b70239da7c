"""Which frames an export has: those asked for by recorded time or session, extended to whole seals."""

from __future__ import annotations

from typing import Any, NamedTuple

from nats.aio.client import Client

from infra.errors import ConfigError, StreamError
from streams import names
from streams.operations import operation_of
from streams.read import last_offset, offset_at_time, read_up_to
from streams.seal import SEALED, seal_of


class Asked(NamedTuple):
    """What is asked for: frames recorded from `start` and before `end` (ns UTC), and of one session."""

    start: int | None = None
    end: int | None = None
    session: str | None = None

    def fields(self) -> dict[str, Any]:
        """Return it as it stands in the export."""
        return {"from": self.start, "to": self.end, "session": self.session}


async def frames_to_export(nc: Client, asked: Asked, told: int) -> tuple[int, int] | None:
    """Return the first and last offset, None when there are no frames at all.

    `told` is the last event of OPERATIONS whose seals count. Raises ConfigError when nothing fits.
    """
    last = await last_offset(nc, names.FRAMES)
    if not last and asked == Asked():
        return None
    first = 1 if asked.start is None else await offset_at_time(nc, names.FRAMES, asked.start)
    if asked.end is not None:
        last = min(last, await offset_at_time(nc, names.FRAMES, asked.end) - 1)
    if asked.session is not None and first <= last:
        first, last = await _session(nc, asked.session, first, last)
    if first > last:
        raise ConfigError(
            "no frame was recorded then, or in that session",
            where=f"FRAMES, {asked.fields()}",
            fix="--from and --to are recorded times, when FRAMES got a frame; see `query frames`",
        )
    return await _whole_seals(nc, first, last, told)


async def _session(nc: Client, session: str, first: int, last: int) -> tuple[int, int]:
    """Return the first and last offset of a session in a run; one past its end and its end if it has none."""
    found = [last + 1, last]
    async for frames in read_up_to(nc, names.FRAMES, last, start=first, headers_only=True):
        mine = [frame.offset for frame in frames if frame.headers.get(names.SESSION) == session]
        if mine:
            found = [min(found[0], mine[0]), mine[-1]]
    return found[0], found[1]


async def _whole_seals(nc: Client, first: int, last: int, told: int) -> tuple[int, int]:
    seals: list[tuple[int, int]] = []
    async for events in read_up_to(nc, names.OPERATIONS, told, subject=names.operation_subject(SEALED)):
        for event in events:
            seal = seal_of(operation_of(event))
            if seal.last >= first and seal.first <= last:
                seals.append((seal.first, seal.last))
    if not seals:
        raise StreamError(
            "no seal covers these frames",
            where=f"FRAMES offset {first} to {last}",
            fix="run the sealer (`up` does), then export again",
        )
    return seals[0][0], seals[-1][1]
