"""Stopping the services of a program."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from infra.program import kept_service
from infra.program.kept_service import KeptService
from infra.program.system import System


def test_a_service_that_swallows_a_cancel_is_stopped_nevertheless(monkeypatch: pytest.MonkeyPatch) -> None:
    async def deaf() -> None:
        for _ in range(2):
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                continue
        await asyncio.sleep(60)

    async def main() -> bool:
        nothing: Any = None
        kept = KeptService("deaf", nothing, [])
        kept.task = asyncio.create_task(deaf())
        await asyncio.sleep(0)
        await asyncio.wait_for(System(nothing, "", services={"deaf": kept}).stop(), 20)
        return kept.task.cancelled()

    monkeypatch.setattr(kept_service, "_STOP_WITHIN_S", 0.05)
    assert asyncio.run(main())
