"""All checks, one after the other; one that fails is a finding itself."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from inspect import isawaitable
from pathlib import Path

from nats.errors import Error as NatsError

from infra.embedded.folder import read_addresses
from infra.errors import AccessError, FlightLedgerError
from infra.program.checks import folder, machine, mission, services, streams
from infra.program.checks.finding import Finding, problem
from infra.program.system import System, open_system
from infra.program.target import Target

Check = Callable[[], list[Finding] | Awaitable[list[Finding]]]


async def examine(target: Target) -> list[Finding]:
    """Check a system: the running one that is joined or reached, or servers started for this alone.

    Raises AccessError for a person: who examines a system needs the account of its owner.
    """
    found = await _all(_local_checks(None if target.nats_url else target.data))
    try:
        async with open_system(target, services=("query",)) as system:
            found += await _all(_system_checks(system))
    except AccessError:
        raise
    except FlightLedgerError as error:
        found.append(problem("servers", error.problem, error.fix))
    return found


def _local_checks(data_dir: Path | None) -> Iterator[tuple[str, Check]]:
    yield "versions", machine.check_versions
    yield "clock", machine.check_clock
    if data_dir is not None and data_dir.is_dir():
        yield "disk", lambda: machine.check_disk(data_dir)
        yield "files", lambda: folder.check_files(data_dir)
        yield "users", lambda: folder.check_users(data_dir)


def _system_checks(system: System) -> Iterator[tuple[str, Check]]:
    nc, owned = system.nc, system.owned
    if system.running is not None:
        addresses = read_addresses(system.running.data_dir)
        if addresses is not None:
            yield "ports", lambda: folder.check_ports(addresses)
    yield "nats", lambda: streams.check_bus(nc)
    yield "clickhouse", lambda: services.check_clickhouse(nc)
    yield "streams", lambda: streams.check_streams(nc)
    yield "mission", lambda: mission.check_mission(nc)
    yield "services", lambda: services.check_services(nc, owned=owned)
    yield "projections", lambda: services.check_lag(nc, owned=owned)


async def _all(checks: Iterator[tuple[str, Check]]) -> list[Finding]:
    found: list[Finding] = []
    for name, check in checks:
        try:
            result = check()
            found += await result if isawaitable(result) else result
        except FlightLedgerError as error:
            found.append(problem(name, error.problem, error.fix))
        except (NatsError, OSError) as error:
            text = f"this could not be checked: {str(error) or repr(error)}"
            found.append(problem(name, text, "look at the server's log, then run this again"))
    return found
