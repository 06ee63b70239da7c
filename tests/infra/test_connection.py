"""Connections that no message can stop, and connections that end when they break."""

from __future__ import annotations

import asyncio
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from nats.aio.msg import Msg
from nats.errors import ConnectionClosedError
from support.cable import Cable
from support.raw_nats import HOSTILE_HEADERS, publish_raw
from support.waiting import run_async, wait_until_async

from infra.connection import connect_nats, connect_once
from infra.embedded.folder import DataFolder
from infra.embedded.nats_process import NatsServer
from infra.embedded.process import ServerProcess


def test_no_headers_and_no_subject_stop_a_connection(nats_server: Any, unique_name: str) -> None:
    async def main() -> list[Msg]:
        nc = await connect_nats(nats_server.url, name="test")
        found: list[Msg] = []

        async def keep(message: Msg) -> None:
            found.append(message)

        await nc.subscribe(f"{unique_name}.*", cb=keep)
        await nc.flush()
        subject = f"{unique_name}.x".encode()
        for headers in HOSTILE_HEADERS:
            publish_raw(nats_server.port, subject, b"data", headers)
        publish_raw(nats_server.port, subject + b"\xff", b"data")
        publish_raw(nats_server.port, subject, b"last", b"NATS/1.0\r\nA: b\r\n\r\n")
        await wait_until_async(lambda: len(found) == len(HOSTILE_HEADERS) + 2)
        await nc.close()
        return found

    *_, odd, last = run_async(main)
    assert odd.subject == f"{unique_name}.x\\xff"
    assert (last.data, last.headers) == (b"last", {"A": "b"})


def test_after_a_flush_the_server_knows_every_subscription(nats_server: Any, unique_name: str) -> None:
    async def respond(message: Msg) -> None:
        await message.respond(b"")

    async def main() -> None:
        asker = await connect_nats(nats_server.url, name="asker")
        for number in range(200):
            service = await connect_nats(nats_server.url, name="service")
            await service.subscribe(f"{unique_name}.{number}", cb=respond)
            await service.flush()
            await asker.request(f"{unique_name}.{number}", b"", timeout=30)  # raises when nobody responds
            await service.close()
        await asker.close()

    run_async(main)


def test_a_connection_of_one_life_ends_when_it_breaks(nats_server: Any) -> None:
    async def main() -> None:
        async with Cable(nats_server.port) as cable:
            nc = await connect_nats(cable.url, name="test")
            ended = asyncio.Event()
            one = await connect_once(nc, ended.set)
            await one.flush()
            cable.cut()
            await asyncio.wait_for(ended.wait(), 20)
            with pytest.raises(ConnectionClosedError):
                await one.publish("x", b"")
            await wait_until_async(lambda: nc.is_connected)
            await nc.close()

    run_async(main)


def test_a_connection_of_one_life_signs_in_as_the_one_it_is_made_like(tmp_path: Path) -> None:
    users = {"authorization": {"users": [{"user": "ground", "password": "secret"}]}}
    folder = DataFolder(tmp_path)
    server = NatsServer(folder, sync_interval=None, access=lambda: users)
    process = ServerProcess(server, folder, Event())
    process.start()

    async def main() -> None:
        url = f"nats://127.0.0.1:{server.port}"
        nc = await connect_nats(url, name="test", user="ground", password="secret")
        one = await connect_once(nc, lambda: None)
        await one.flush()
        await one.close()
        await nc.close()

    try:
        run_async(main)
    finally:
        process.stop()


def test_a_connection_of_one_life_that_can_not_be_made_is_an_error(nats_server: Any) -> None:
    async def main() -> None:
        async with Cable(nats_server.port) as cable:
            nc = await connect_nats(cable.url, name="test")
            cable.is_cut = True
            with pytest.raises(Exception, match=r".") as caught:
                await connect_once(nc, lambda: None)
            assert not isinstance(caught.value, asyncio.CancelledError)
            await nc.close()

    run_async(main)
