"""What a running system has noted in OPERATIONS, read with the account of the data folder's owner."""

from __future__ import annotations

from typing import Any

from support.program import Program
from support.waiting import run_async

from infra.program.system import open_system
from streams.operations import read_operations


def operations_of(program: Program) -> list[tuple[str, dict[str, Any]]]:
    """Return kind and fields of all events; the system must run."""

    async def read() -> list[tuple[str, dict[str, Any]]]:
        async with open_system(program.data) as system:
            assert not system.owned
            return [(event.kind, event.fields) for event in await read_operations(system.nc)]

    return run_async(read)
