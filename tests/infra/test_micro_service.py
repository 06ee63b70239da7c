"""Micro services: discovery with schemas, requests at the same time, errors as answers.

The first test says what in nats-py `infra/micro.py` relies on; it fails first when an upgrade changes that.
"""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import json
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from nats.aio.client import Client
from nats.errors import Error as NatsError
from nats.micro.request import Request, ServiceError
from nats.micro.service import Endpoint
from nats.micro.service import Service as NatsService
from support.waiting import run_async, wait_until_async

from infra.errors import QueryError, ServerError
from infra.micro import CONCURRENCY, MicroService, _ConcurrentEndpoint
from infra.service import Service, start_service

Offer = Callable[..., AbstractAsyncContextManager[tuple[Service, MicroService, Client]]]


@pytest.fixture
def offer(nats_server: Any, tmp_path: Path, connect: Any, unique_name: str) -> Offer:
    """Start a service with a micro service of its name, and a client beside it."""

    @asynccontextmanager
    async def offered(instance: str = "") -> AsyncIterator[tuple[Service, MicroService, Client]]:
        args = [f"--NATS_URL={nats_server.url}", f"--SERVICE_NAME={unique_name}", f"--DATA_DIR={tmp_path}"]
        async with await start_service(args=args, environ={}) as service, connect() as nc:
            yield service, await service.add_micro(unique_name, "1.2.3", "for tests"), nc

    return offered


async def respond_with_data(request: Request) -> None:
    await request.respond(request.data)


def test_nats_py_still_has_what_the_micro_services_are_built_on() -> None:
    """Names that are not public: an upgrade of nats-py that changes one breaks infra/micro.py in silence."""
    handle = inspect.signature(Endpoint._handle_request)
    assert list(handle.parameters) == ["self", "msg"] and inspect.iscoroutinefunction(
        Endpoint._handle_request
    )
    assert list(inspect.signature(Endpoint.__init__).parameters) == ["self", "service", "config"]
    assert inspect.iscoroutinefunction(Endpoint._start) and list(
        inspect.signature(Endpoint._start).parameters
    ) == ["self"]
    assert "self._endpoints" in inspect.getsource(NatsService.__init__)
    assert "self._handle_request" in inspect.getsource(Endpoint._start), "the callback of the subscription"
    assert Endpoint in _ConcurrentEndpoint.__mro__


def test_discovery_shows_name_version_and_the_schemas_of_each_endpoint(
    offer: Offer, unique_name: str
) -> None:
    schema = {"type": "object", "properties": {"a": {"type": "integer"}}}

    async def main() -> None:
        async with offer() as (_, micro, nc):
            await micro.add_endpoint(
                "twice",
                respond_with_data,
                subject=f"{unique_name}.twice",
                request_schema=schema,
                response_schema={"type": "string"},
                metadata={"note": "text"},
            )
            ping = json.loads((await nc.request(f"$SRV.PING.{unique_name}", b"")).data)
            assert (ping["name"], ping["version"], ping["id"]) == (unique_name, "1.2.3", micro.instance_id)
            info = json.loads((await nc.request(f"$SRV.INFO.{unique_name}", b"")).data)
            assert info["description"] == "for tests"
            (endpoint,) = info["endpoints"]
            assert (endpoint["name"], endpoint["subject"]) == ("twice", f"{unique_name}.twice")
            assert endpoint["queue_group"] == unique_name
            assert json.loads(endpoint["metadata"]["request_schema"]) == schema
            assert json.loads(endpoint["metadata"]["response_schema"]) == {"type": "string"}
            assert endpoint["metadata"]["note"] == "text"

    run_async(main)


def test_a_slow_request_does_not_hold_up_the_others_of_its_endpoint(offer: Offer, unique_name: str) -> None:
    async def main() -> None:
        async with offer() as (_, micro, nc):
            go_on = asyncio.Event()

            async def handle(request: Request) -> None:
                if request.data == b"slow":
                    await go_on.wait()
                await request.respond(request.data)

            await micro.add_endpoint("e", handle, subject=unique_name)
            slow = asyncio.create_task(nc.request(unique_name, b"slow", timeout=30))
            for _ in range(3):
                assert (await nc.request(unique_name, b"quick", timeout=30)).data == b"quick"
            assert not slow.done()
            go_on.set()
            assert (await slow).data == b"slow"

    run_async(main)


def test_no_more_requests_than_allowed_are_served_at_the_same_time(offer: Offer, unique_name: str) -> None:
    async def main() -> None:
        async with offer() as (_, micro, nc):
            running, most, go_on = 0, 0, asyncio.Event()

            async def handle(request: Request) -> None:
                nonlocal running, most
                running += 1
                most = max(most, running)
                await go_on.wait()
                running -= 1
                await request.respond(b"")

            await micro.add_endpoint("e", handle, subject=unique_name, concurrency=3)
            asked = [asyncio.create_task(nc.request(unique_name, b"", timeout=30)) for _ in range(10)]
            await wait_until_async(lambda: running == 3)
            await nc.flush()
            assert running == 3
            go_on.set()
            await asyncio.gather(*asked)
            assert most == 3

    assert CONCURRENCY > 1
    run_async(main)


@pytest.mark.parametrize(
    ("error", "code", "text"),
    [
        (
            QueryError("no such thing", where="here", fix="ask\nfor another"),
            "400",
            "here: no such thing (ask for another)",
        ),
        (ServerError("the server is away"), "500", "the server is away"),
        (ServiceError("404", "not here"), "404", "not here"),
        (ValueError("line one\nline two"), "500", r"internal error: ValueError('line one\\nline two')"),
        (KeyError("x" * 5000), "500", ("internal error: KeyError('" + "x" * 5000)[:2000]),
    ],
)
def test_what_a_handler_raises_is_an_answer_of_one_line_and_the_next_request_is_served(
    offer: Offer, unique_name: str, error: Exception, code: str, text: str
) -> None:
    async def main() -> None:
        async with offer() as (_, micro, nc):

            async def handle(request: Request) -> None:
                if request.data == b"fail":
                    raise error
                await request.respond(b"fine")

            await micro.add_endpoint("e", handle, subject=unique_name)
            answer = await nc.request(unique_name, b"fail")
            headers = answer.headers or {}
            assert headers["Nats-Service-Error-Code"] == code
            assert headers["Nats-Service-Error"] == text.replace("\\\\", "\\")
            assert (await nc.request(unique_name, b"")).data == b"fine"
            stats = json.loads((await nc.request(f"$SRV.STATS.{unique_name}", b"")).data)
            (endpoint,) = stats["endpoints"]
            assert (endpoint["num_requests"], endpoint["num_errors"]) == (2, 1)

    run_async(main)


def test_a_request_that_wants_no_answer_harms_nobody(offer: Offer, unique_name: str) -> None:
    async def main() -> None:
        async with offer() as (_, micro, nc):
            await micro.add_endpoint("e", respond_with_data, subject=unique_name)
            await nc.publish(unique_name, b"nobody waits")
            assert (await nc.request(unique_name, b"x")).data == b"x"

    run_async(main)


def test_instances_share_the_requests_and_each_is_discovered(offer: Offer, unique_name: str) -> None:
    async def main() -> None:
        async with offer() as (_, one, nc), offer() as (_, other, _):
            served = {one.instance_id: 0, other.instance_id: 0}
            for micro in (one, other):

                async def handle(request: Request, micro: MicroService = micro) -> None:
                    served[micro.instance_id] += 1
                    await request.respond(b"")

                await micro.add_endpoint("e", handle, subject=unique_name)
            for _ in range(100):
                await nc.request(unique_name, b"")
            assert sum(served.values()) == 100 and all(served.values())
            inbox = nc.new_inbox()
            answers = await nc.subscribe(inbox)
            await nc.publish(f"$SRV.PING.{unique_name}", b"", reply=inbox)
            found = {json.loads((await answers.next_msg(30)).data)["id"] for _ in served}
            assert found == set(served)

    run_async(main)


def test_requests_under_way_are_answered_before_a_service_ends_and_new_ones_are_not_taken(
    offer: Offer, unique_name: str, connect: Any
) -> None:
    async def main() -> None:
        begun, go_on = asyncio.Event(), asyncio.Event()

        async def handle(request: Request) -> None:
            begun.set()
            await go_on.wait()
            await request.respond(b"done")

        async with connect() as client, offer() as (service, micro, _):
            await micro.add_endpoint("e", handle, subject=unique_name)
            answer = asyncio.create_task(client.request(unique_name, b"", timeout=30))
            await begun.wait()
            closing = asyncio.create_task(service.close())
            await wait_until_async(lambda: nobody_serves(client, unique_name))
            go_on.set()
            assert (await answer).data == b"done"
            await closing

    run_async(main)


async def nobody_serves(client: Client, name: str) -> bool:
    with contextlib.suppress(NatsError, TimeoutError):
        await client.request(f"$SRV.PING.{name}", b"", timeout=0.3)
        return False
    return True


def test_an_answer_that_can_not_be_sent_is_logged_and_the_next_request_is_served(
    offer: Offer, unique_name: str, caplog: pytest.LogCaptureFixture
) -> None:
    async def main() -> None:
        async with offer() as (_, micro, nc):

            async def handle(request: Request) -> None:
                await request.respond(bytes(9 * 1024 * 1024 if request.data == b"much" else 1))

            await micro.add_endpoint("e", handle, subject=unique_name)
            answer = await nc.request(unique_name, b"much")
            assert "internal error" in (answer.headers or {})["Nats-Service-Error"]
            assert len((await nc.request(unique_name, b"little")).data) == 1

    run_async(main)
    assert any(f"a request on {unique_name} failed" in record.message for record in caplog.records)
