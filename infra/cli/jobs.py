"""Long work of a service, seen from the command line: ask, show progress, return the result."""

from __future__ import annotations

import secrets
from typing import Any

import orjson
from nats.aio.client import Client
from nats.errors import TimeoutError as NatsTimeoutError

from infra.cli.progress import frames_bar
from infra.errors import ProjectionError, ServerError
from infra.program.target import asker
from streams.answers import ask_once

_SILENCE_S = 60.0


async def request(
    nc: Client, verb: str, question: dict[str, Any], *, service: str = "generation"
) -> dict[str, Any]:
    """Ask a service, in the name of whoever is connected."""
    answer = await ask_once(nc, f"{service}.{asker(nc)}.{verb}", question)
    found: dict[str, Any] = orjson.loads(answer)
    return found


async def run_job(
    nc: Client, verb: str, question: dict[str, Any], text: str, *, service: str = "generation"
) -> dict[str, Any]:
    """Let a service do long work; raises ProjectionError with its words when it fails."""
    job = secrets.token_hex(6)
    subscription = await nc.subscribe(f"progress.{job}")
    try:
        await request(nc, verb, {**question, "job": job}, service=service)
        with frames_bar(text) as tell:
            while True:
                message = orjson.loads((await _next(subscription, service)).data)
                if message["state"] == "failed":
                    raise ProjectionError(message["error"])
                if message["state"] == "finished":
                    result: dict[str, Any] = message["result"]
                    return result
                tell(message["done"], message["total"])
    finally:
        await subscription.unsubscribe()


async def _next(subscription: Any, service: str) -> Any:
    try:
        return await subscription.next_msg(_SILENCE_S)
    except (TimeoutError, NatsTimeoutError) as error:
        raise ServerError(
            f"the {service} service has not been heard for {_SILENCE_S:.0f} s",
            fix="what was done is kept: run the command again to go on",
        ) from error
