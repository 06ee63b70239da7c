"""Verifications and exports in a process of their own (`commands/audit/worker.py`), seen from the service."""

from __future__ import annotations

import asyncio
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

import orjson

from infra.errors import StreamError
from infra.jobs import Progress
from streams.answers import CHUNK_BYTES

Json = dict[str, Any]

_LONGEST_LINE = 16 * 1024**2


async def verified(task: Mapping[str, Any], progress: Progress) -> Json:
    """Verify and return the report; raises StreamError with the worker's own words."""
    async with _worker({**task, "what": "verify"}) as process:
        return await _result(process, progress)


async def exported(
    task: Mapping[str, Any], then: Callable[[Json], Awaitable[None]]
) -> AsyncGenerator[bytes, None]:
    """Yield an export in pieces while it is made; `then` is awaited with its result before the last piece.

    Raises StreamError with the worker's own words.
    """
    async with _worker({**task, "what": "export"}) as process:
        assert process.stdout is not None
        result = asyncio.create_task(_result(process, lambda done, total: None))
        try:
            held = b""
            while piece := await _piece(process.stdout):
                if held:
                    yield held
                held = piece
            await then(await result)
            yield held
        finally:
            result.cancel()


async def _piece(stdout: asyncio.StreamReader) -> bytes:
    """Return the next piece of the size that a message may have; empty at the end."""
    try:
        return await stdout.readexactly(CHUNK_BYTES)
    except asyncio.IncompleteReadError as end:
        return end.partial


@asynccontextmanager
async def _worker(task: Json) -> AsyncIterator[Process]:
    """Start a worker on a task; it is killed if it still runs at the end of the block."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "commands.audit.worker",
        stdin=PIPE,
        stdout=PIPE,
        stderr=PIPE,
        limit=_LONGEST_LINE,
        start_new_session=True,  # its time is weighed apart from the live path's
    )
    try:
        assert process.stdin is not None
        process.stdin.write(orjson.dumps(task, option=orjson.OPT_APPEND_NEWLINE))
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def _result(process: Process, progress: Progress) -> Json:
    """Hear a worker to its end."""
    assert process.stderr is not None
    async for line in process.stderr:
        said = _json(line)
        if "error" in said:
            raise StreamError(said["error"])
        if "result" in said:
            result: Json = said["result"]
            return result
        if "done" in said:
            progress(int(said["done"]), int(said["total"]))
    raise StreamError(
        f"the worker process ended with code {await process.wait()} and no result",
        fix="try again; see its log",
    )


def _json(line: bytes) -> Json:
    """What a line says; nothing for one that the interpreter or a library wrote."""
    try:
        said = orjson.loads(line)
    except orjson.JSONDecodeError:
        return {}
    return said if isinstance(said, dict) else {}
