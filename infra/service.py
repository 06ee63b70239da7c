"""The service toolkit: configuration, connection, health, shared subscriptions, micro services.

    async def main() -> None:
        async with await start_service() as service:
            await service.subscribe("telemetry.>", handle)
            await service.stopped()

    raise SystemExit(run(main()))

Only `start_service` reads `sys.argv` and `os.environ`, and only when they are not handed in.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import uvloop
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription
from nats.js.client import JetStreamContext

from infra.collector import collect_rarely
from infra.config import Config, load_config
from infra.connection import CONNECT_TIMEOUT, connect_nats, without_password
from infra.errors import ConfigError, FlightLedgerError
from infra.log_lines import log_to_stderr
from infra.micro import MicroService, start_micro

HEALTH_SUBJECT = "__telestion__.health"
"""Each instance of each service answers here, from its start: name, whether it is ready, errors, figures."""

MessageHandler = Callable[[Msg], Awaitable[None]]
"""Handles one message of a subscription."""

_JETSTREAM_TIMEOUT = 10.0
_DRAIN_TIMEOUT = 10.0

log = logging.getLogger(__name__)


class Service:
    """A running service; made by `start_service`, left by `close` or the end of `async with`."""

    def __init__(self, config: Config, name: str, data_dir: Path) -> None:
        self.config: Mapping[str, Any] = config
        """All configured keys; look-ups ignore case and the difference of `-` and `_`."""
        self.name = name
        """SERVICE_NAME: shared by the instances of one service, also their queue group."""
        self.data_dir = data_dir
        """DATA_DIR, which exists."""
        self._client: Client | None = None
        self._js: JetStreamContext | None = None
        self._micros: list[MicroService] = []
        self._errors = 0
        self._stopped = asyncio.Event()
        self.figures: dict[str, Callable[[], Any]] = {}
        """What the service tells of its work (counts, rates, how far behind), in the health answer and in
        `$SRV.STATS`: functions that return at once."""
        self.ready = asyncio.Event()
        """Set by what runs the service when it answers, or takes what it is fed with; told in the health
        answer."""

    @property
    def nc(self) -> Client:
        """The NATS connection; raises ConfigError where the service was started with `nats=False`."""
        if self._client is None:
            raise ConfigError(
                "this service has no NATS connection",
                where=self.name,
                fix="start it with start_service(nats=True)",
            )
        return self._client

    @property
    def js(self) -> JetStreamContext:
        """JetStream on the service's connection."""
        if self._js is None:
            self._js = self.nc.jetstream(timeout=_JETSTREAM_TIMEOUT)
        return self._js

    async def subscribe(self, subject: str, handler: MessageHandler) -> Subscription:
        """Subscribe with SERVICE_NAME as queue group: each message goes to one instance of this service.

        A handler that raises is logged with the subject and counted in the health answer; the
        subscription goes on.
        """

        async def guarded(message: Msg) -> None:
            try:
                await handler(message)
            except Exception:
                self._errors += 1
                log.exception("a message on %s could not be handled", message.subject)

        return await self.nc.subscribe(subject, queue=self.name, cb=guarded)

    async def add_micro(self, name: str, version: str, description: str) -> MicroService:
        """Make a NATS micro service known; its endpoints share work by SERVICE_NAME as queue group."""
        micro = await start_micro(
            self.nc,
            name=name,
            version=version,
            description=description,
            queue_group=self.name,
            figures=self._figures,
        )
        self._micros.append(micro)
        return micro

    async def stopped(self) -> None:
        """Wait until the service is closed, by `close` or because its connection was closed for good."""
        await self._stopped.wait()

    async def close(self) -> None:
        """Take no more messages, finish those under way (at most 10 s) and close the connection."""
        for micro in self._micros:
            with contextlib.suppress(Exception):
                await micro.stop()
        self._micros.clear()
        client, self._client = self._client, None
        if client is not None and not client.is_closed:
            await _drain(client)
        self._stopped.set()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def _connect(self, config: Config, timeout: float) -> None:
        url = config.text("NATS_URL")
        client = await connect_nats(
            url,
            name=self.name,
            user=config.text("NATS_USER") or None,
            password=config.text("NATS_PASSWORD") or None,
            timeout=timeout,
            on_closed=self._on_closed,
        )
        self._client = client
        await client.subscribe(HEALTH_SUBJECT, cb=self._answer_health)
        await client.flush()
        log.info("connected to %s", without_password(url))

    def _on_closed(self) -> None:
        if self._client is not None:
            log.error("the connection to NATS is closed for good")
        self._stopped.set()

    async def _answer_health(self, message: Msg) -> None:
        if message.reply:
            answer = {
                "name": self.name,
                "ready": self.ready.is_set(),
                "errors": self._errors,
                "figures": self._figures(),
            }
            await message.respond(json.dumps(answer).encode())

    def _figures(self) -> dict[str, Any]:
        return {name: value() for name, value in self.figures.items()}


async def start_service(
    nats: bool = True,
    args: Sequence[str] | None = None,
    environ: Mapping[str, str] | None = None,
    *,
    connect_timeout: float = CONNECT_TIMEOUT,
) -> Service:
    """Configure a service, connect it to NATS and let it answer on `__telestion__.health`.

    Required: SERVICE_NAME, DATA_DIR and, with `nats`, NATS_URL; optional: NATS_USER, NATS_PASSWORD,
    LOG_LEVEL. `args` and `environ` default to the program's own. Raises ConfigError for what is missing or
    malformed, ServerError when no server answers within `connect_timeout` seconds or refuses the user.
    """
    config = load_config(
        sys.argv[1:] if args is None else args,
        os.environ if environ is None else environ,
        required=("NATS_URL", "SERVICE_NAME", "DATA_DIR") if nats else ("SERVICE_NAME", "DATA_DIR"),
    )
    _check_credentials(config)
    name = config.text("SERVICE_NAME")
    if any(character.isspace() for character in name):
        raise ConfigError(f"SERVICE_NAME {name!r} has a space", fix="use letters, digits, - and _")
    log_to_stderr(name, config.text("LOG_LEVEL", "INFO"))
    service = Service(config, name, _data_dir(config))
    if nats:
        await service._connect(config, connect_timeout)
    return service


def run(main: Coroutine[Any, Any, int | None]) -> int:
    """Run a program's main coroutine on uvloop and return its exit code.

    Ctrl-C and SIGTERM cancel `main`, so that its `finally` and `async with` blocks clean up, and count as
    done (0). A FlightLedgerError is printed on standard error and gives its own exit code.
    """
    collect_rarely()
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            return runner.run(_until_terminated(main)) or 0
    except KeyboardInterrupt:
        return 0
    except FlightLedgerError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code


async def _until_terminated(main: Coroutine[Any, Any, int | None]) -> int | None:
    task = asyncio.ensure_future(main)
    terminated = False

    def terminate() -> None:
        nonlocal terminated
        terminated = True
        task.cancel()

    loop = asyncio.get_running_loop()
    with contextlib.suppress(ValueError, RuntimeError):  # only the main thread may handle signals
        loop.add_signal_handler(signal.SIGTERM, terminate)
    try:
        return await task
    except asyncio.CancelledError:
        if terminated:
            return 0
        raise


def _check_credentials(config: Config) -> None:
    if config.text("NATS_PASSWORD") and not config.text("NATS_USER"):
        raise ConfigError("NATS_PASSWORD is given without NATS_USER", fix="give both or neither")


def _data_dir(config: Config) -> Path:
    path = Path(config.text("DATA_DIR"))
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(
            f"the data folder cannot be made: {error.strerror or error}",
            where=str(path),
            fix="correct DATA_DIR, or the permissions of the folder above it",
        ) from error
    return path


async def _drain(client: Client) -> None:
    try:
        await asyncio.wait_for(client.drain(), _DRAIN_TIMEOUT)
    except Exception:  # not connected at the moment: nothing can be drained
        with contextlib.suppress(Exception):
            await client.close()
