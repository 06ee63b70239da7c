"""start_service: ways of configuration, failures of a start, health, shared work, clean ends, reconnects."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import nats
import pytest
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import NoRespondersError
from nats.micro.request import Request
from support.guarded_server import PASSWORD, guarded_server
from support.program import environment
from support.waiting import run_async, wait_until, wait_until_async

from infra.embedded.folder import DataFolder
from infra.embedded.nats_process import NatsServer
from infra.embedded.ports import choose_ports
from infra.embedded.process import ServerProcess
from infra.errors import ConfigError, ServerError
from infra.service import HEALTH_SUBJECT, Service, start_service

SCRIPT = Path(__file__).parents[1] / "support" / "service_program.py"


class Process:
    """`service_program.py` under way."""

    def __init__(self, *arguments: str, environ: dict[str, str] | None = None) -> None:
        self._child = subprocess.Popen(
            [sys.executable, str(SCRIPT), *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environment() | (environ or {}),
        )

    @property
    def pid(self) -> int:
        return self._child.pid

    def ready(self) -> dict[str, Any]:
        """Wait for the line by which it says that it is ready."""
        assert self._child.stdout is not None
        line = self._child.stdout.readline()
        assert line, self.ended()
        return dict(json.loads(line))

    def signal(self, number: int) -> None:
        self._child.send_signal(number)

    def ended(self) -> tuple[int, str, str]:
        """Wait for its end: exit code, what it printed, its errors without log lines."""
        out, err = self._child.communicate(timeout=40)
        return (
            self._child.returncode,
            out,
            "\n".join(line for line in err.splitlines() if not line.startswith("time=")),
        )

    def kill(self) -> None:
        if self._child.poll() is None:
            self._child.kill()
            self._child.communicate()


@contextmanager
def process(*arguments: str, environ: dict[str, str] | None = None) -> Iterator[Process]:
    one = Process(*arguments, environ=environ)
    try:
        yield one
    finally:
        one.kill()


def options(url: str, folder: Path, name: str = "worker") -> list[str]:
    return [f"--NATS_URL={url}", f"--SERVICE_NAME={name}", f"--DATA_DIR={folder / 'data'}"]


def failed_start(*arguments: str, environ: dict[str, str] | None = None) -> str:
    """Return the one line by which a start fails, with exit code 2."""
    with process(*arguments, environ=environ) as one:
        code, out, errors = one.ended()
    assert code == 2 and out == "", errors
    assert errors.startswith("error: ") and "\n" not in errors, errors
    return errors


# ways of configuration


def test_arguments_environment_and_file_are_all_ways_to_start_a_service(
    nats_server: Any, tmp_path: Path, unique_name: str
) -> None:
    file = tmp_path / "services.json"
    file.write_text(
        json.dumps({"worker": {"NATS_URL": nats_server.url, "SERVICE_NAME": "from-file", "EXTRA": 7}})
    )
    environ = {"CONFIG_FILE": str(file), "CONFIG_KEY": "worker", "SERVICE_NAME": "from-environment"}

    async def main() -> None:
        async with await start_service(
            args=[f"--data-dir={tmp_path / 'a' / 'b'}"], environ=environ
        ) as service:
            assert service.name == "from-environment"
            assert service.config["extra"] == 7
            assert service.data_dir == tmp_path / "a" / "b" and service.data_dir.is_dir()
            assert service.nc.is_connected

    run_async(main)
    with process(f"--DATA_DIR={tmp_path}", f"--SUBJECT={unique_name}", environ=environ) as one:
        assert one.ready()["name"] == "from-environment"


def test_dev_fills_in_what_is_missing_but_not_what_is_given(nats_server: Any, tmp_path: Path) -> None:
    async def main() -> None:
        given = [f"--NATS_URL={nats_server.url}", f"--DATA_DIR={tmp_path}"]
        async with await start_service(args=["--dev", *given], environ={}) as service:
            assert (service.name, service.data_dir) == ("dev", tmp_path)

    run_async(main)


def test_a_service_without_nats_needs_no_server_and_says_so_when_it_is_asked_for_one(tmp_path: Path) -> None:
    async def main() -> None:
        service = await start_service(
            nats=False, args=["--SERVICE_NAME=s", f"--DATA_DIR={tmp_path}"], environ={}
        )
        async with service:
            with pytest.raises(ConfigError, match="has no NATS connection"):
                _ = service.nc

    run_async(main)


# failures of a start, as a process


def test_missing_keys_are_named_all_at_once(tmp_path: Path) -> None:
    text = failed_start("--SERVICE_NAME=worker")
    assert "missing configuration: NATS_URL, DATA_DIR" in text and "--dev" in text


def test_a_malformed_file_is_named_with_line_and_column(tmp_path: Path) -> None:
    file = tmp_path / "broken.json"
    file.write_text('{"NATS_URL":\n  nonsense}')
    text = failed_start(*options("nats://127.0.0.1:1", tmp_path), environ={"CONFIG_FILE": str(file)})
    assert f"{file}:2:3" in text and "not JSON" in text


@pytest.mark.parametrize("name", ["has space", "has\ttab"])
def test_a_name_that_is_no_queue_group_is_refused(tmp_path: Path, name: str) -> None:
    assert "has a space" in failed_start(*options("nats://127.0.0.1:1", tmp_path, name))


def test_a_data_folder_that_can_not_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file")
    text = failed_start(*options("nats://127.0.0.1:1", tmp_path))
    assert "data folder cannot be made" in text and str(tmp_path / "data") in text


def test_an_unreachable_server_is_named_without_its_password(tmp_path: Path) -> None:
    (port,) = choose_ports((0,))
    text = failed_start(*options(f"nats://someone:secret@127.0.0.1:{port}", tmp_path))
    assert f"nats://127.0.0.1:{port}: no NATS server answers within 2 s" in text
    assert "secret" not in text


def test_a_server_that_accepts_and_then_says_nothing_is_given_up(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        held: list[socket.socket] = []

        def accept() -> None:
            with contextlib.suppress(OSError):
                while True:
                    held.append(silent.accept()[0])

        threading.Thread(target=accept, daemon=True).start()
        text = failed_start(*options(f"nats://127.0.0.1:{silent.getsockname()[1]}", tmp_path))
        assert "no NATS server answers within 2 s" in text and held
        silent.shutdown(socket.SHUT_RDWR)
        for connection in held:
            connection.close()


def test_a_server_that_speaks_another_language_is_given_up(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:

        def speak() -> None:
            with contextlib.suppress(OSError):
                while True:
                    other.accept()[0].sendall(b"220 mail.example ESMTP\r\n")

        threading.Thread(target=speak, daemon=True).start()
        assert "no NATS server answers" in failed_start(
            *options(f"nats://127.0.0.1:{other.getsockname()[1]}", tmp_path)
        )
        other.shutdown(socket.SHUT_RDWR)


def test_a_wrong_password_is_refused_and_not_shown(tmp_path: Path) -> None:
    with guarded_server(tmp_path / "server") as guarded:
        good = options(guarded.url, tmp_path)
        for more in (["--NATS_USER=anna", "--NATS_PASSWORD=wrong horse"], []):
            text = failed_start(*good, *more)
            assert "refuses this user name and password" in text and "wrong horse" not in text
        with process(*good, environ={"NATS_USER": "service-io", "NATS_PASSWORD": PASSWORD}) as one:
            assert one.ended()[0] == 2
        user, secret = guarded.access.credentials("query") or ("", "")
        with process(*good, "--SUBJECT=query", environ={"NATS_USER": user, "NATS_PASSWORD": secret}) as one:
            assert one.ready()["name"] == "worker"


def test_a_password_without_a_name_is_refused(tmp_path: Path) -> None:
    assert "without NATS_USER" in failed_start(*options("nats://127.0.0.1:1", tmp_path), "--NATS_PASSWORD=x")


# health, shared work, errors


def test_every_instance_answers_the_health_question_with_its_name(
    connect: Any, nats_server: Any, tmp_path: Path
) -> None:
    names = ["twin", "twin", "single"]

    async def main() -> None:
        async with contextlib.AsyncExitStack() as stack:
            for name in names:
                await stack.enter_async_context(
                    await start_service(args=options(nats_server.url, tmp_path, name), environ={})
                )
            nc = await stack.enter_async_context(connect())
            inbox = nc.new_inbox()
            answers = await nc.subscribe(inbox)
            await nc.publish(HEALTH_SUBJECT, b"", reply=inbox)
            found = [json.loads((await answers.next_msg(30)).data) for _ in names]
            assert Counter(answer["name"] for answer in found if answer["name"] in names) == Counter(names)
            assert all(answer["errors"] == 0 for answer in found)
            await nc.publish(HEALTH_SUBJECT, b"")  # a question without a reply subject harms nobody
            assert (await nc.request(HEALTH_SUBJECT, b"")).data

    run_async(main)


def test_a_service_tells_its_figures_in_the_health_answer_and_in_the_statistics_of_its_endpoints(
    connect: Any, nats_server: Any, tmp_path: Path, unique_name: str
) -> None:
    async def main() -> None:
        async with (
            await start_service(args=options(nats_server.url, tmp_path, unique_name), environ={}) as service,
            connect() as nc,
        ):
            micro = await service.add_micro(unique_name, "1.0.0", "")

            async def answer(request: Request) -> None:
                service.figures["offset"] = lambda: 42
                await request.respond(json.dumps(service._figures()).encode())

            await micro.add_endpoint("e", answer, subject=unique_name)
            assert json.loads((await nc.request(unique_name, b"")).data) == {"offset": 42}
            stats = json.loads((await nc.request(f"$SRV.STATS.{unique_name}", b"")).data)
            assert [endpoint["data"] for endpoint in stats["endpoints"]] == [{"offset": 42}]
            told = await health_of(nc, unique_name)
            assert (told["figures"], told["ready"]) == ({"offset": 42}, False)
            service.ready.set()
            assert (await health_of(nc, unique_name))["ready"]

    run_async(main)


async def health_of(nc: Client, name: str) -> dict[str, Any]:
    """Ask for the health of all, and return the answer of the service of this name."""
    inbox = nc.new_inbox()
    answers = await nc.subscribe(inbox)
    await nc.publish(HEALTH_SUBJECT, b"", reply=inbox)
    while (answer := dict(json.loads((await answers.next_msg(30)).data)))["name"] != name:
        pass
    return answer


def test_instances_of_one_name_share_work_and_each_of_two_names_gets_all_of_it(
    connect: Any, nats_server: Any, tmp_path: Path, unique_name: str
) -> None:
    async def main() -> None:
        seen: Counter[str] = Counter()
        async with contextlib.AsyncExitStack() as stack:
            for instance, name in (("a1", "a"), ("a2", "a"), ("b1", "b")):
                service: Service = await stack.enter_async_context(
                    await start_service(
                        args=options(nats_server.url, tmp_path, unique_name + name), environ={}
                    )
                )

                async def count(message: Msg, instance: str = instance) -> None:
                    seen[instance] += 1

                await service.subscribe(f"{unique_name}.>", count)
                await service.nc.flush()
            nc = await stack.enter_async_context(connect())
            for number in range(200):
                await nc.publish(f"{unique_name}.{number}", b"")
            await wait_until_async(lambda: seen["b1"] == 200 and seen["a1"] + seen["a2"] == 200)
            assert seen["a1"] > 0 and seen["a2"] > 0

    run_async(main)


def test_a_handler_that_raises_is_counted_and_the_next_message_is_handled(
    connect: Any, nats_server: Any, tmp_path: Path, unique_name: str, caplog: pytest.LogCaptureFixture
) -> None:
    async def main() -> None:
        async with (
            await start_service(args=options(nats_server.url, tmp_path, unique_name), environ={}) as service,
            connect() as nc,
        ):

            async def fragile(message: Msg) -> None:
                await message.respond(b"%d" % (10 // int(message.data)))

            await service.subscribe(unique_name, fragile)
            await service.nc.flush()
            for bad in (b"0", b"no number"):
                await nc.publish(unique_name, bad)
            assert (await nc.request(unique_name, b"5")).data == b"2"
            assert (await health_of(nc, unique_name))["errors"] == 2

    run_async(main)
    assert [record.message for record in caplog.records if record.name == "infra.service"].count(
        f"a message on {unique_name} could not be handled"
    ) == 2


# ends


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("nats", [True, False])
def test_a_signal_ends_a_service_cleanly(nats_server: Any, tmp_path: Path, number: int, nats: bool) -> None:
    with process(*options(nats_server.url, tmp_path), *([] if nats else ["--no-nats"])) as one:
        one.ready()
        one.signal(number)
        assert one.ended() == (0, "", "")


def test_a_signal_ends_a_service_whose_server_is_away(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path / "server")
    server = ServerProcess(NatsServer(folder, sync_interval=None), folder, threading.Event())
    server.start()
    with process(*options(f"nats://127.0.0.1:{server.server.port}", tmp_path)) as one:
        one.ready()
        server.stop()
        one.signal(signal.SIGTERM)
        code, _, errors = one.ended()
        assert (code, errors) == (0, "")


def test_messages_under_way_are_finished_before_a_service_ends(
    connect: Any, nats_server: Any, tmp_path: Path, unique_name: str
) -> None:
    async def main() -> None:
        async with connect() as nc:
            service = await start_service(args=options(nats_server.url, tmp_path, unique_name), environ={})
            begun, go_on = asyncio.Event(), asyncio.Event()

            async def slow(message: Msg) -> None:
                begun.set()
                await go_on.wait()
                await message.respond(b"done")

            await service.subscribe(unique_name, slow)
            await service.nc.flush()
            answer = asyncio.create_task(nc.request(unique_name, b"", timeout=20))
            await begun.wait()
            closing = asyncio.create_task(service.close())
            await wait_until_async(lambda: service._client is None)
            go_on.set()
            assert (await answer).data == b"done"
            await closing
            await service.stopped()
            with pytest.raises(NoRespondersError):
                await nc.request(unique_name, b"")

    run_async(main)


# reconnects


def test_a_service_works_on_after_its_server_was_restarted(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path / "server")
    server = ServerProcess(NatsServer(folder, sync_interval=None), folder, threading.Event())
    server.start()
    url = f"nats://127.0.0.1:{server.server.port}"

    async def ask() -> bytes:
        nc = await nats.connect(url)
        with contextlib.suppress(NoRespondersError):
            try:
                return (await nc.request("work.x", b"")).data
            finally:
                await nc.close()
        return b""

    with process(*options(url, tmp_path)) as one:
        one.ready()
        assert run_async(ask) == str(one.pid).encode()
        for _ in range(2):
            server.stop()
            server.start_again()
            wait_until(lambda: run_async(ask) == str(one.pid).encode(), 30, "it answers again")
        os.kill(one.pid, signal.SIGTERM)
        assert one.ended()[0] == 0
    server.stop()


def test_a_first_connect_waits_for_a_server_that_is_just_starting(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path / "server")
    (port,) = choose_ports((0,))
    server = ServerProcess(NatsServer(folder, port=port, sync_interval=None), folder, threading.Event())

    async def main() -> None:
        starting = asyncio.create_task(
            start_service(
                args=options(f"nats://127.0.0.1:{port}", tmp_path), environ={}, connect_timeout=30.0
            )
        )
        await asyncio.to_thread(server.start)
        async with await starting as service:
            assert service.nc.is_connected
        await asyncio.to_thread(server.stop)

    run_async(main)


def test_a_start_that_fails_leaves_no_task_and_no_connection_behind(tmp_path: Path) -> None:
    (port,) = choose_ports((0,))

    async def main() -> None:
        before = len(asyncio.all_tasks())
        with pytest.raises(ServerError):
            await start_service(
                args=options(f"nats://127.0.0.1:{port}", tmp_path), environ={}, connect_timeout=0.3
            )
        await wait_until_async(lambda: len(asyncio.all_tasks()) == before)

    run_async(main)
