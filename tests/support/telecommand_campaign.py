"""Many telecommands through the whole path while the telecommand and the IO service are killed at random.

Both are processes of their own, ended with SIGKILL and started again; the device's own log says in the end
what left. `benchmarks/telecommands.py` runs the same with 1,000 telecommands.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import subprocess
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from nats.aio.client import Client
from nats.errors import Error as NatsError
from support.program import COMMAND, environment
from support.telecommand_mission import Device, accept_and_complete, write_mission

from commands.fold import apply
from commands.log import follow
from commands.telecommand import Telecommand
from infra.connection import connect_nats
from streams.event_log import ensure_streams

_ENDS = ("completed", "failed", "expired", "timed-out", "uncertain")
_QUIET_S = 120.0


@dataclass
class Campaign:
    """What came of it: how many telecommands ended in which state, and what is wrong with that."""

    states: Counter[str] = field(default_factory=Counter)
    kills: int = 0
    wrong: list[str] = field(default_factory=list)


class KilledService:
    """A service as a process that can be killed and started again."""

    def __init__(self, name: str, url: str, folder: Path, mission: Path) -> None:
        self._arguments = [
            *COMMAND, "service", name, f"--NATS_URL={url}", f"--DATA_DIR={folder / name}",
            f"--MISSION={mission}",
        ]  # fmt: skip
        self._log = (folder / f"{name}.log").open("ab")
        self._child: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self._child = subprocess.Popen(
            self._arguments, stdin=subprocess.DEVNULL, stdout=self._log, stderr=self._log, env=environment()
        )

    def kill(self) -> None:
        if self._child is not None:
            self._child.kill()
            self._child.wait()


async def run_campaign(url: str, folder: Path, *, count: int, kills: int, seed: int) -> Campaign:
    """Send `count` telecommands while services are killed `kills` times; compare with the device's log."""
    with Device(accept_and_complete) as device:
        settings = "claim_within_s = 20\naccept_within_s = 20\ncomplete_within_s = 20"
        mission = write_mission(folder / "mission", device.port, commands=settings)
        nc = await connect_nats(url, name="campaign")
        await ensure_streams(nc.jetstream())
        services = [KilledService(name, url, folder, mission) for name in ("parser", "telecommand", "io")]
        for service in services:
            service.start()
        found, dice = Campaign(), random.Random(seed)
        try:
            identities = await _under_fire(nc, services[1:], dice, count=count, kills=kills, found=found)
            lives = await _settled(nc, identities)
        finally:
            for service in services:
                service.kill()
            await nc.close()
    _judge(found, lives, device)
    return found


async def _under_fire(
    nc: Client, victims: list[KilledService], dice: random.Random, *, count: int, kills: int, found: Campaign
) -> list[str]:
    """Submit in bursts, one for each kill, which comes while the burst is on its way; return the ids."""
    identities: list[str] = []
    bursts = [range(count * at // kills, count * (at + 1) // kills) for at in range(kills)]
    for burst in bursts:
        submitting = asyncio.gather(*(_submit(nc, number) for number in burst))
        await asyncio.sleep(dice.uniform(0.0, 0.3))
        victim = dice.choice(victims)
        victim.kill()
        found.kills += 1
        await asyncio.sleep(dice.uniform(0.0, 0.3))
        victim.start()
        identities += await submitting
    return identities


async def _submit(nc: Client, number: int) -> str:
    """Submit one, again and again with the same request id until there is an answer; return its id."""
    request = {"name": "NOOP", "arguments": {"NUMBER": number}, "request_id": f"campaign-{number}"}
    while True:
        with contextlib.suppress(NatsError, TimeoutError):
            answer = await nc.request("telecommand.anna.submit", json.dumps(request).encode(), timeout=3.0)
            if "Nats-Service-Error" not in (answer.headers or {}):
                return str(json.loads(answer.data)["id"])
        await asyncio.sleep(0.05)


async def _settled(nc: Client, identities: list[str]) -> list[Telecommand]:
    """Wait until every telecommand has come to an end, or to a person's desk."""
    lives: dict[str, Telecommand] = {identity: Telecommand(identity) for identity in identities}
    async with asyncio.timeout(_QUIET_S + len(identities)):
        async for events in follow(nc):
            for event in events:
                before = lives.get(event.telecommand, Telecommand(event.telecommand))
                lives[event.telecommand] = apply(before, event)
            if not events and all(lives[identity].state in _ENDS for identity in identities):
                break
    return list(lives.values())


def _judge(found: Campaign, lives: list[Telecommand], device: Device) -> None:
    got = Counter(device.numbers)
    found.states.update(str(one.state) for one in lives)
    found.wrong += [f"{number} was received {times} times" for number, times in got.items() if times > 1]
    if device.leftovers:
        found.wrong.append(f"bytes of half a telecommand: {device.leftovers}")
    for one in lives:
        number = one.request["arguments"]["NUMBER"]
        if one.misfits:
            found.wrong.append(f"{number} has events that do not fit: {one.misfits}")
        if one.state in ("completed", "timed-out") and not got[number]:
            found.wrong.append(f"{number} is {one.state} and was not received")
        if one.state in ("expired", "failed") and got[number]:
            found.wrong.append(f"{number} is {one.state} and was received")
