"""The services: which answer, what went wrong in them, and how far behind the projections are."""

from __future__ import annotations

import asyncio
from typing import Any

import orjson
from nats.aio.client import Client

from infra.program.checks.finding import Finding, ok, problem, remark
from infra.program.service_names import SERVICE_NAMES
from infra.service import HEALTH_SUBJECT
from streams import names
from streams.answers import ask_once, ask_rows
from streams.generations import read_generations
from streams.read import last_offset

ANSWER_WITHIN_S = 1.5
WATCH_S = 3.0
"""Seconds in which a projection that is behind has to come nearer."""

_UP = "start it: `flightledger up`, or `flightledger service NAME`"


async def check_services(nc: Client, *, owned: bool) -> list[Finding]:
    """Look which services answer; those of this program alone say nothing about a running system."""
    if owned:
        return [
            remark(
                "services", "no program runs on this data folder", "nothing to do, unless a flight is on: up"
            )
        ]
    answers = await ask_health(nc)
    found = []
    for name in SERVICE_NAMES:
        mine = [answer for answer in answers if answer["name"] == name]
        if not mine:
            found.append(remark("services", f"{name} does not answer", _UP))
        for answer in mine:
            figures = ", ".join(f"{key} {value}" for key, value in answer.get("figures", {}).items())
            if answer["errors"]:
                text = f"{name} could not handle {answer['errors']} messages"
                found.append(remark("services", text, "see its log lines with level=error"))
            text = f"{name} answers" + (f": {figures}" if figures else "")
            if answer.get("ready", True):  # a service in another language need not tell
                found.append(ok("services", text))
            else:
                found.append(remark("services", f"{text}, but is not ready", "see its log lines"))
    return found


async def ask_health(nc: Client) -> list[dict[str, Any]]:
    """Return what all instances of all services answer to the health question."""
    inbox, loop = nc.new_inbox(), asyncio.get_running_loop()
    subscription = await nc.subscribe(inbox)
    await nc.publish(HEALTH_SUBJECT, b"", reply=inbox)
    answers, end = [], loop.time() + ANSWER_WITHIN_S
    while (left := end - loop.time()) > 0:
        try:
            data = (await subscription.next_msg(left)).data
        except TimeoutError:
            break
        answers += [orjson.loads(data)] if data else []  # empty: no responders
    await subscription.unsubscribe()
    return answers


async def check_lag(nc: Client, *, owned: bool) -> list[Finding]:
    """Look how far the live generation's rows are behind FRAMES, and whether they come nearer."""
    live = (await read_generations(nc)).live
    if live is None:
        return [ok("projections", "nothing has been parsed yet")]
    done, end = await _projected(nc, live), await last_offset(nc, names.FRAMES)
    if done >= end:
        return [ok("projections", f"{live} has all frames, up to offset {end}")]
    text = f"{live} is at frame {done} of {end}"
    if owned:
        return [remark("projections", text, "`flightledger up` or the next import parses the rest")]
    await asyncio.sleep(WATCH_S)
    now = await _projected(nc, live)
    if now > done:
        return [ok("projections", f"{text}, and coming nearer: {(now - done) / WATCH_S:.0f} frames/s")]
    fix = "are parser and writer running? see their log lines; `parser restart --from-offset` parses again"
    return [problem("projections", f"{text}, and stands still", fix)]


async def _projected(nc: Client, generation: str) -> int:
    rows = await ask_rows(nc, "query.offsets", {}, timeout=10.0)
    wanted = (names.FRAMES, generation)
    return max((row["offset"] for row in rows if (row["stream"], row["generation"]) == wanted), default=0)


async def check_clickhouse(nc: Client) -> list[Finding]:
    """Ask ClickHouse for its version, by way of the query service."""
    answer = await ask_once(nc, "query.sql", {"query": "SELECT version() AS version"}, timeout=10.0)
    return [ok("clickhouse", f"ClickHouse {orjson.loads(answer)['version']}")]
