"""NATS micro services (ADR-32): discovery, statistics and the schema of each endpoint.

A thin layer over `nats.micro`, which answers `$SRV.PING`, `$SRV.INFO` and `$SRV.STATS`. Added here:
requests of one endpoint are served at the same time (nats-py alone serves them one after the other), and
whatever a handler raises becomes an error answer on one line, never a crash.

Known limit: nats-py has no hook for serving at the same time, so `_ConcurrentEndpoint` overrides its
`Endpoint._handle_request`; tests/infra/test_micro_service.py says so when an upgrade changes that.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.micro import add_service
from nats.micro.request import Request, ServiceError
from nats.micro.service import Endpoint, EndpointConfig
from nats.micro.service import Service as NatsService

from infra.errors import FlightLedgerError, QueryError

Handler = Callable[[Request], Awaitable[None]]
"""Serves one request: reads `request.data`, answers with `await request.respond(bytes)`."""

CONCURRENCY = 16
"""Requests of one endpoint that are served at the same time by one instance."""

_MAX_ERROR_LENGTH = 2000
_STOP_TIMEOUT = 10.0

log = logging.getLogger(__name__)


class MicroService:
    """One micro service of this process; made by `Service.add_micro`."""

    def __init__(self, client: Client, service: NatsService, queue_group: str) -> None:
        self._client = client
        self._service = service
        self._queue_group = queue_group
        self._endpoints: list[_ConcurrentEndpoint] = []

    @property
    def instance_id(self) -> str:
        """The id of this instance, as `$SRV.PING` answers it."""
        return self._service.id

    async def add_endpoint(
        self,
        name: str,
        handler: Handler,
        *,
        subject: str | None = None,
        request_schema: Mapping[str, Any] | None = None,
        response_schema: Mapping[str, Any] | None = None,
        metadata: Mapping[str, str] | None = None,
        concurrency: int = CONCURRENCY,
    ) -> None:
        """Serve requests on `subject` (default: `name`), shared with the other instances of this service.

        The JSON schemas appear as text in the endpoint's metadata, under `request_schema` and
        `response_schema`. Returns when the server knows the subscription.
        """
        described = dict(metadata or {})
        if request_schema is not None:
            described["request_schema"] = json.dumps(request_schema)
        if response_schema is not None:
            described["response_schema"] = json.dumps(response_schema)
        config = EndpointConfig(
            name=name,
            handler=answering_errors(handler),
            queue_group=self._queue_group,
            subject=subject or name,
            metadata=described,
        )
        endpoint = _ConcurrentEndpoint(self._service, config, concurrency)
        await endpoint._start()
        self._service._endpoints.append(endpoint)
        self._endpoints.append(endpoint)
        await self._client.flush()

    async def stop(self) -> None:
        """Take no more requests and wait for those under way, at most 10 s."""
        await self._service.stop()
        running = [task for endpoint in self._endpoints for task in endpoint.running]
        if running:
            await asyncio.wait(running, timeout=_STOP_TIMEOUT)


async def start_micro(
    client: Client,
    *,
    name: str,
    version: str,
    description: str,
    queue_group: str,
    figures: Callable[[], Mapping[str, Any]] = dict,
) -> MicroService:
    """Make a micro service known on `client`; `version` is a semantic version such as `1.0.0`.

    `figures` are those of the whole service, which each of its endpoints has as `data` in `$SRV.STATS`.
    """
    service = await add_service(
        client,
        name=name,
        version=version,
        description=description,
        queue_group=queue_group,
        metadata={},
        stats_handler=lambda endpoint: dict(figures()),
    )
    return MicroService(client, service, queue_group)


class _ConcurrentEndpoint(Endpoint):
    """An endpoint whose requests run as tasks, at most `concurrency` at once."""

    def __init__(self, service: NatsService, config: EndpointConfig, concurrency: int) -> None:
        super().__init__(service, config)
        self._slots = asyncio.Semaphore(concurrency)
        self.running: set[asyncio.Task[None]] = set()

    async def _handle_request(self, msg: Msg) -> None:
        await self._slots.acquire()
        task = asyncio.create_task(self._serve(msg))
        self.running.add(task)
        task.add_done_callback(self.running.discard)

    async def _serve(self, msg: Msg) -> None:
        try:
            await super()._handle_request(msg)
        except Exception as error:  # the answer itself could not be sent
            log.warning("a request on %s got no answer: %s", msg.subject, error)
        finally:
            self._slots.release()


def answering_errors(handler: Handler) -> Handler:
    """Turn what `handler` raises into a ServiceError, which nats.micro answers and counts.

    400 for a question that cannot be answered as asked, 500 for the rest; an error that was not foreseen is
    also logged with its traceback.
    """

    async def guarded(request: Request) -> None:
        try:
            await handler(request)
        except ServiceError:
            raise
        except FlightLedgerError as error:
            code = "400" if isinstance(error, QueryError) else "500"
            raise ServiceError(code, _one_line(str(error))) from error
        except Exception as error:
            log.exception("a request on %s failed", request.subject)
            raise ServiceError("500", _one_line(f"internal error: {error!r}")) from error

    return guarded


def _one_line(text: str) -> str:
    """Fit an error text into a header, which ends at the first line break."""
    return " ".join(text.split())[:_MAX_ERROR_LENGTH]
