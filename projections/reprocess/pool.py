"""The worker processes of a reprocess: they share its segments, one at a time each."""

from __future__ import annotations

import asyncio
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import orjson

from infra.errors import ProjectionError
from projections.reprocess.segments import Segment


class Task(NamedTuple):
    """A segment to derive from the offset `start` on; `end` as in `Derivation.run`."""

    segment: Segment
    start: int
    end: int


async def run_workers(
    job: Mapping[str, Any], tasks: Sequence[Task], workers: int, progress: Callable[[Segment, int], None]
) -> None:
    """Derive all tasks by `workers` processes; `progress` hears how far each segment is.

    Raises ProjectionError with a worker's own words when one fails; the others are ended then.
    """
    left = list(reversed(tasks))
    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(min(workers, len(tasks))):
                group.create_task(_run_worker(job, left, progress))
    except ExceptionGroup as failures:
        raise failures.exceptions[0] from failures


async def _run_worker(
    job: Mapping[str, Any], left: list[Task], progress: Callable[[Segment, int], None]
) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "projections.reprocess.worker",
        stdin=PIPE,
        stdout=PIPE,
        start_new_session=True,  # its time is weighed apart from the live path's
    )
    try:
        await _send(process, dict(job))
        while left:
            task = left.pop()
            await _send(process, [*task.segment, task.start, task.end])
            await _listen(process, task.segment, progress)
    finally:
        if process.stdin is not None:
            process.stdin.close()
        if process.returncode is None and left:
            process.terminate()
        await process.wait()


async def _send(process: Process, message: Any) -> None:
    assert process.stdin is not None
    try:
        process.stdin.write(orjson.dumps(message, option=orjson.OPT_APPEND_NEWLINE))
        await process.stdin.drain()
    except OSError:
        pass  # it has ended: what it said, or its exit code, is told by `_listen`


async def _listen(process: Process, segment: Segment, progress: Callable[[Segment, int], None]) -> None:
    assert process.stdout is not None
    while line := await process.stdout.readline():
        answer = orjson.loads(line)
        if "error" in answer:
            raise ProjectionError(answer["error"], where=f"frames {segment.first} to {segment.last}")
        offset = answer.get("done", answer.get("at"))
        progress(segment, int(offset))
        if "done" in answer:
            return
    raise ProjectionError(
        f"a worker process ended with code {await process.wait()}",
        where=f"frames {segment.first} to {segment.last}",
        fix="run the command again: it goes on where it was; with less memory or fewer --workers",
    )
