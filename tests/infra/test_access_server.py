"""Access control on a real nats-server: the tables of test_access_roles.py as the server enforces them."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import socket
from collections.abc import Iterator
from pathlib import Path

import nats
import pytest
from nats.aio.msg import Msg
from nats.errors import Error as NatsError
from support.access_tables import MAY_ASK, MAY_HEAR, WRITERS
from support.guarded_server import PASSWORD, PEOPLE, Connection, GuardedServer, guarded_server
from support.waiting import run_async, wait_until_async

from infra.access import Role
from infra.access.services import account_names
from infra.connection import connect_nats
from infra.embedded.reload import Reloaded, reload_access
from infra.errors import ServerError
from infra.micro import start_micro
from infra.program.bus import ensure_bus
from streams.answers import ask_once, send_answer
from streams.append import Appender, Outgoing
from streams.read import last_offset, read_up_to


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GuardedServer]:
    with guarded_server(tmp_path_factory.mktemp("guarded")) as guarded:
        run_async(make_streams, guarded)
        yield guarded


async def make_streams(guarded: GuardedServer) -> None:
    async with guarded.account() as local:
        await ensure_bus(local.nc.jetstream())


async def messages_in(connection: Connection, *streams: str) -> int:
    return sum([await last_offset(connection.nc, stream) for stream in streams])


@pytest.mark.parametrize("name", PEOPLE)
def test_the_server_lets_a_person_publish_and_hear_what_the_role_says(
    server: GuardedServer, name: str
) -> None:
    async def main() -> None:
        async with server.person(name) as person:
            for subject, roles in MAY_ASK.items():
                own = subject.replace(".anna.", f".{name}.").replace(".bob.", ".somebody.")
                assert await person.may_publish(own) == (PEOPLE[name] in roles), own
            for subject, allowed in MAY_HEAR.items():
                assert await person.may_subscribe(subject) == allowed, subject

    run_async(main)


@pytest.mark.parametrize("account", account_names())
def test_the_server_lets_a_service_write_what_is_its_work(server: GuardedServer, account: str) -> None:
    async def main() -> None:
        async with server.account(account) as service:
            for subject, writers in WRITERS.items():
                if subject != "$JS.API.STREAM.DELETE.TELEMETRY":  # other tests need it
                    assert await service.may_publish(subject) == (account in writers), subject

    run_async(main)


def test_nobody_gets_in_without_a_name_or_with_a_wrong_password(server: GuardedServer) -> None:
    async def main() -> None:
        for credentials in (
            {},
            {"user": "anna"},
            {"user": "anna", "password": "wrong horse"},
            {"user": "service-io"},
        ):
            with pytest.raises(NatsError, match="Authorization Violation"):
                await nats.connect(server.url, allow_reconnect=False, **credentials)
        with pytest.raises(ServerError, match="refuses this user name and password"):
            await connect_nats(server.url, name="test", user="anna", password="wrong horse")

    run_async(main)


def test_no_request_brings_anything_into_the_truth_by_the_subject_that_it_wants_its_answer_on(
    server: GuardedServer,
) -> None:
    """An answer is published where the request says: in the account of the person who asks, nowhere else."""
    truth = {"FRAMES": "frame.radio", "COMMANDS": "command.17.sent", "OPERATIONS": "operation.promoted"}

    async def main() -> None:
        async with (
            server.account() as local,
            server.account("query") as service,
            server.person("adam") as adam,
        ):

            async def answer(msg: Msg) -> None:
                heard.append(msg.subject)
                await msg.respond(b"a false frame")

            heard: list[str] = []
            await service.nc.subscribe("query.>", cb=answer)
            await service.nc.subscribe("__telestion__.health", cb=answer)
            await start_micro(service.nc, name="q", version="1.0.0", description="", queue_group="q")
            await service.nc.flush()
            await adam.nc.request("$KV.dashboards.evil", b"a false frame")
            question = json.dumps({"last_by_subj": "$KV.dashboards.evil"}).encode()
            before = await messages_in(local, *truth)
            asked = (
                "query.x",
                "__telestion__.health",
                "$SRV.PING",
                "$KV.dashboards.y",
                "$JS.API.DIRECT.GET.KV_dashboards",
            )
            for subject in asked:
                for wanted in truth.values():
                    assert await adam.may_publish(subject, question, reply=wanted)
            answer_here = (await adam.nc.request("$JS.API.DIRECT.GET.KV_dashboards", question)).data
            assert answer_here == b"a false frame", "the request itself works"
            await wait_until_async(lambda: len(heard) == 2 * len(truth))
            assert await messages_in(local, *truth) == before

    run_async(main)


def test_nobody_listens_to_the_answers_of_others_nor_speaks_in_their_place(server: GuardedServer) -> None:
    async def main() -> None:
        async with (
            server.account("query") as service,
            server.account("writer") as other_service,
            server.person("anna") as anna,
            server.person("vera") as vera,
        ):

            async def answer(msg: Msg) -> None:
                await msg.respond(b"for anna")

            async def overhear(msg: Msg) -> None:
                overheard.append(msg.subject)

            overheard: list[str] = []
            await service.nc.subscribe("query.>", cb=answer)
            await service.nc.flush()
            for inboxes in ("_INBOX.>", "telemetry.>"):
                await vera.nc.subscribe(inboxes, cb=overhear)
            await vera.nc.flush()
            assert (await anna.nc.request("query.latest", b"{}")).data == b"for anna"
            assert not await other_service.may_subscribe("_INBOX.>")
            assert not await other_service.may_subscribe("_INBOX.service-query.>")
            assert not await vera.may_publish("telemetry.g-1.IMU", b"a false value")
            await vera.may_publish("query.latest", b"{}", reply="telemetry.g-1.IMU")  # stays in the account
            async with server.person("anna") as another_page:
                values = await another_page.nc.subscribe("telemetry.>")
                await another_page.nc.flush()
                await vera.may_publish("query.latest", b"{}", reply="telemetry.g-1.IMU")
                with pytest.raises(NatsError):
                    await values.next_msg(0.3)
            assert set(overheard) == {"telemetry.g-1.IMU"}, "nothing but the answers to herself"

    run_async(main)


def test_a_person_gets_live_values_dashboards_and_answers_in_many_pieces(server: GuardedServer) -> None:
    async def main() -> None:
        async with (
            server.account("parser") as parser,
            server.account("query") as query,
            server.person("anna") as anna,
            server.person("vera") as vera,
        ):

            async def pieces():  # type: ignore[no-untyped-def]
                for _ in range(40):
                    yield b"x" * 10_000

            async def answer(msg: Msg) -> None:
                await send_answer(query.nc, msg.reply, pieces())

            await query.nc.subscribe("query.packets", cb=answer)
            await query.nc.flush()
            values = await anna.nc.subscribe("telemetry.>")
            boards = await vera.nc.subscribe("dashboard.>")
            await anna.nc.flush()
            await vera.nc.flush()
            await parser.nc.publish("telemetry.g-1.IMU", b"live")
            assert (await values.next_msg(30)).data == b"live"
            assert b'"seq"' in (await anna.nc.request("$KV.dashboards.anna.main", b"{}")).data
            told = await boards.next_msg(30)
            assert (told.subject, told.data) == ("dashboard.anna.main", b"{}")
            everything = json.dumps({"multi_last": ["$KV.dashboards.anna.>"]}).encode()
            assert (await vera.nc.request("$JS.API.DIRECT.GET.KV_dashboards", everything)).data == b"{}"
            assert len(await ask_once(anna.nc, "query.packets", {}, timeout=60)) == 400_000
            assert not anna.refused and not query.refused

    run_async(main)


def test_browsers_sign_in_like_everybody_else(server: GuardedServer) -> None:
    """NATS over WebSocket (RFC 6455), by hand: one masked frame each way."""

    def said(user: str, password: str) -> bytes:
        connect = json.dumps({"user": user, "pass": password, "verbose": False, "pedantic": False})
        text = f"CONNECT {connect}\r\nPING\r\n".encode()
        masked = bytes(octet ^ mask for octet, mask in zip(text, itertools.cycle(b"mask"), strict=False))
        with socket.create_connection(("127.0.0.1", server.server.websocket_port), 10) as connection:
            head = ["GET / HTTP/1.1", "Host: x", "Upgrade: websocket", "Connection: Upgrade"]
            head += ["Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Version: 13", "", ""]
            connection.sendall("\r\n".join(head).encode())
            heard = connection.recv(65536)
            assert heard.startswith(b"HTTP/1.1 101")  # before it, the server takes nothing else
            connection.sendall(b"\x82\xfe" + len(text).to_bytes(2, "big") + b"mask" + masked)
            with contextlib.suppress(ConnectionResetError):  # how the server may end it
                while b"PONG" not in heard and (more := connection.recv(65536)):
                    heard += more
        return heard

    assert b"PONG" in said("anna", PASSWORD)
    assert b"PONG" not in said("anna", "wrong horse")
    assert b"PONG" not in said("service-io", PASSWORD)


def test_a_service_account_is_enough_to_make_append_and_read_streams(tmp_path: Path) -> None:
    async def main(guarded: GuardedServer) -> None:
        async with guarded.account("io") as io, guarded.account("parser") as parser:
            await ensure_bus(io.nc.jetstream())
            await ensure_bus(parser.nc.jetstream())
            async with Appender(io.nc) as appender:
                await appender.append([Outgoing("frame.radio", b"%d" % number, {}) for number in range(100)])
            found = [message.data async for some in read_up_to(parser.nc, "FRAMES", 100) for message in some]
            assert found == [b"%d" % number for number in range(100)]
            async with Appender(parser.nc) as appender:
                await appender.append([Outgoing("telemetry.g-1.IMU", b"{}", {})])
            assert (await parser.nc.jetstream().get_last_msg("TELEMETRY", "telemetry.>")).data == b"{}"
            assert not io.refused and not parser.refused

    with guarded_server(tmp_path) as guarded:
        run_async(main, guarded)


def test_while_there_is_no_user_everybody_gets_in_and_still_nobody_deletes_from_the_truth(
    tmp_path: Path,
) -> None:
    async def main(guarded: GuardedServer) -> None:
        async with guarded.signed_in() as anyone:
            await ensure_bus(anyone.nc.jetstream())
            assert (await anyone.nc.jetstream().publish("frame.radio", b"x")).seq == 1
            for subject, writers in WRITERS.items():
                if not writers or ".UPDATE." in subject:
                    assert not await anyone.may_publish(subject), subject
            assert (await anyone.nc.jetstream().stream_info("FRAMES")).state.messages == 1

    with guarded_server(tmp_path, {}) as guarded:
        run_async(main, guarded)


def test_changed_users_count_at_once_and_the_services_stay_connected(tmp_path: Path) -> None:
    async def main(guarded: GuardedServer) -> None:
        users = guarded.access.users

        async def change(done: object) -> Reloaded:
            return await asyncio.to_thread(reload_access, tmp_path)

        async with guarded.signed_in() as anyone, guarded.account("query") as query:

            async def answer(msg: Msg) -> None:
                await msg.respond(msg.subject.encode())

            await ensure_bus(anyone.nc.jetstream())
            await query.nc.subscribe("query.>", cb=answer)
            await query.nc.flush()

            assert await change(users.add("anna", Role.VIEWER, PASSWORD, "now")) is Reloaded.IN_FORCE
            await wait_until_async(lambda: anyone.nc.is_closed, what="nobody is in without a name")
            async with guarded.person("anna") as anna:
                assert (await anna.nc.request("query.x")).data == b"query.x", (
                    "a new person is answered at once"
                )
                assert not await anna.may_publish("telecommand.anna.submit")
                await change(users.set_role("anna", Role.OPERATOR))
                assert await anna.may_publish("telecommand.anna.submit"), "signed in all the time"
                assert (await anna.nc.request("query.x")).data == b"query.x"
                await change(users.set_password("anna", "another password"))
                await wait_until_async(lambda: anna.nc.is_closed, what="the old password lets nobody in")
            async with guarded.signed_in("anna", "another password") as anna:
                await change(users.add("vera", Role.VIEWER, PASSWORD, "now"))
                assert anna.nc.is_connected
                await change(users.remove("anna"))
                await wait_until_async(lambda: anna.nc.is_closed, what="a removed person is out")
            assert await change(users.remove("vera")) is Reloaded.STILL_CLOSED
            with pytest.raises(NatsError):
                await nats.connect(guarded.url, allow_reconnect=False)
            assert query.nc.is_connected and not query.refused
        guarded.process.stop()
        guarded.process.start()
        async with guarded.signed_in() as anyone:
            assert anyone.nc.is_connected, "after a start without users everybody gets in again"

    with guarded_server(tmp_path, {}) as guarded:
        run_async(main, guarded)


def test_users_that_change_while_no_server_runs_are_no_error(tmp_path: Path) -> None:
    assert reload_access(tmp_path) is Reloaded.NO_SERVER


def test_a_configuration_that_the_server_does_not_take_is_an_error_that_names_its_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("infra.embedded.reload._TIMEOUT", 0.5)
    with guarded_server(tmp_path) as guarded:
        text = (tmp_path / "run" / "nats-server.conf").read_text()
        (tmp_path / "run" / "nats-server.conf").write_text(text.replace('"server_name"', '"no_such_key"'))
        with pytest.raises(ServerError, match="does not take the changed users over") as caught:
            reload_access(tmp_path)
        assert "nats-server.log" in str(caught.value)
        assert guarded.process.alive()


def test_the_servers_files_hold_no_persons_password(server: GuardedServer) -> None:
    for file in server.folder.path.rglob("*"):
        if file.is_file():
            assert PASSWORD.encode() not in file.read_bytes(), file
    assert (server.folder.run / "nats-server.conf").stat().st_mode & 0o777 == 0o600
