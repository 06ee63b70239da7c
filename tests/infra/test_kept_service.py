"""A service inside a program: started again when it fails, ended clearly when another start can not help."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from support.guarded_server import guarded_server
from support.waiting import run_async, wait_until_async

from infra.errors import ConfigError, LinkError, MissionError, ServerError
from infra.program import kept_service
from infra.program.kept_service import KeptService
from infra.service import Service

Make = Callable[[Callable[[Service], Awaitable[None]]], KeptService]


@pytest.fixture
def keep(nats_server: Any, tmp_path: Path, unique_name: str, monkeypatch: pytest.MonkeyPatch) -> Make:
    monkeypatch.setattr(kept_service, "FIRST_PAUSE_S", 0.01)
    args = [f"--NATS_URL={nats_server.url}", f"--SERVICE_NAME={unique_name}", f"--DATA_DIR={tmp_path}"]
    return lambda runner: KeptService("kept", runner, args)


async def run_until_stopped(service: Service) -> None:
    service.ready.set()
    await service.stopped()


@pytest.mark.parametrize(
    "error", [LinkError("the cable is out"), OSError("disk"), ZeroDivisionError("a mistake")]
)
def test_a_service_that_fails_is_reported_and_started_again_with_growing_pauses(
    keep: Make, error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    async def main() -> None:
        services: list[Service] = []

        async def fails_three_times(service: Service) -> None:
            services.append(service)
            service.ready.set()
            if len(services) <= 3:
                await asyncio.sleep(0)
                raise error
            await service.stopped()

        kept = keep(fails_three_times)
        await kept.start()
        await wait_until_async(lambda: kept.restarts == 3 and len(services) == 4)
        assert services[-1].nc.is_connected
        for failed in services[:-1]:
            with pytest.raises(ConfigError):
                _ = failed.nc  # each was closed before the next began
        await kept.stop()
        assert kept.task is not None and kept.task.cancelled()

    run_async(main)
    reports = [record.message for record in caplog.records if record.name == kept_service.__name__]
    assert len(reports) == 3
    assert all("the service kept failed:" in report and str(error.args[0]) in report for report in reports)
    pauses = [float(report.rsplit(" ", 2)[1]) for report in reports]
    assert pauses == sorted(pauses)


def test_a_service_that_ends_by_itself_is_started_again(keep: Make) -> None:
    async def main() -> None:
        runs = 0

        async def ends(service: Service) -> None:
            nonlocal runs
            runs += 1
            service.ready.set()

        kept = keep(ends)
        await kept.start()
        await wait_until_async(lambda: runs > 2)
        await kept.stop()

    run_async(main)


@pytest.mark.parametrize("error", [ConfigError("a wrong key"), MissionError("a wrong file", where="x.xml:3")])
def test_what_another_start_can_not_mend_ends_the_service_with_its_reason(
    keep: Make, error: Exception
) -> None:
    async def main() -> None:
        fail = asyncio.Event()

        async def fails_later(service: Service) -> None:
            service.ready.set()
            await fail.wait()
            raise error

        kept = keep(fails_later)
        await kept.start()
        fail.set()
        assert kept.task is not None
        with pytest.raises(type(error), match=str(error.args[0])):
            await kept.task
        assert kept.restarts == 0
        await kept.stop()

    run_async(main)


def test_a_service_that_fails_before_it_is_ready_fails_the_start(keep: Make) -> None:
    async def main() -> None:
        async def fails_at_once(service: Service) -> None:
            raise ServerError("no database")

        with pytest.raises(ServerError, match="no database"):
            await keep(fails_at_once).start()

    run_async(main)


def test_of_several_errors_at_once_the_one_that_says_what_to_do_is_raised(keep: Make) -> None:
    async def main() -> None:
        async def fails_twice_at_once(service: Service) -> None:
            raise ExceptionGroup("several", [ValueError("x"), ConfigError("a wrong key", fix="correct it")])

        with pytest.raises(ConfigError, match="correct it"):
            await keep(fails_twice_at_once).start()

    run_async(main)


def test_a_service_that_never_gets_ready_is_given_up(keep: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept_service, "READY_WITHIN_S", 0.1)

    async def main() -> None:
        async def hangs(service: Service) -> None:
            await service.stopped()

        kept = keep(hangs)
        with pytest.raises(ServerError, match="does not get ready"):
            await kept.start()
        await kept.stop()

    run_async(main)


def test_a_service_works_on_when_its_server_is_away_for_a_while(tmp_path: Path) -> None:
    """Not a failure of the service: its connection comes back by itself."""

    async def main() -> None:
        with guarded_server(tmp_path, {}) as guarded:
            args = [f"--NATS_URL={guarded.url}", "--SERVICE_NAME=s", f"--DATA_DIR={tmp_path / 'd'}"]
            services: list[Service] = []

            async def run(service: Service) -> None:
                services.append(service)
                await run_until_stopped(service)

            kept = KeptService("kept", run, args)
            await kept.start()
            await asyncio.to_thread(guarded.process.stop)
            await wait_until_async(lambda: not services[0].nc.is_connected)
            await asyncio.to_thread(guarded.process.start_again)
            await wait_until_async(lambda: services[0].nc.is_connected)
            assert (kept.restarts, len(services)) == (0, 1)
            await kept.stop()

    run_async(main)
