from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from nats.errors import Error as NatsError
from nats.js import JetStreamContext
from nats.js.api import StreamConfig
from support.own_nats import own_nats
from support.waiting import run_async

from infra.connection import connect_nats
from infra.errors import StreamError
from streams import names
from streams.event_log import ensure_streams

TRUTH = (names.FRAMES, names.COMMANDS, names.OPERATIONS)
SUBJECTS = {names.FRAMES: "frame.radio", names.COMMANDS: "command.7.sent", names.OPERATIONS: "operation.x"}


def with_streams(folder: Path, act: Callable[[JetStreamContext], Awaitable[None]]) -> None:
    async def main() -> None:
        with own_nats(folder, sync_interval=None) as server:
            nc = await connect_nats(server.url, name="test")
            js = nc.jetstream()
            await ensure_streams(js)
            await act(js)
            await nc.close()

    run_async(main)


def test_nothing_in_the_streams_of_the_truth_can_be_deleted_purged_replaced_or_made_to_expire(
    tmp_path: Path,
) -> None:
    async def act(js: JetStreamContext) -> None:
        for stream in TRUTH:
            for _ in range(3):
                await js.publish(SUBJECTS[stream], b"kept")
            config = (await js.stream_info(stream)).config
            attempts: dict[str, Awaitable[Any]] = {
                "delete": js.delete_msg(stream, 2),
                "purge": js.purge_stream(stream),
                "purge of a subject": js.purge_stream(stream, subject=SUBJECTS[stream]),
                "roll-up": js.publish(SUBJECTS[stream], b"x", headers={"Nats-Rollup": "all"}),
                "roll-up of a subject": js.publish(SUBJECTS[stream], b"x", headers={"Nats-Rollup": "sub"}),
                "expiry": js.publish(SUBJECTS[stream], b"x", headers={"Nats-TTL": "1s"}),
                "allow delete": js.update_stream(config.evolve(deny_delete=False)),
                "allow purge": js.update_stream(config.evolve(deny_purge=False)),
            }
            for attempt, doing in attempts.items():
                with pytest.raises(NatsError):
                    await doing
                    pytest.fail(f"{stream} took a {attempt}")
            for offset in (1, 2, 3):
                assert (await js.get_msg(stream, offset)).data == b"kept"

    with_streams(tmp_path, act)


def test_making_the_streams_again_changes_nothing(tmp_path: Path) -> None:
    async def act(js: JetStreamContext) -> None:
        for subject in (*SUBJECTS.values(), "telemetry.g.NAV", "parsed.g.frames"):
            await js.publish(subject, b"kept")
        before = [await js.stream_info(stream) for stream in (*TRUTH, names.TELEMETRY)]
        await ensure_streams(js)
        after = [await js.stream_info(stream) for stream in (*TRUTH, names.TELEMETRY)]
        assert [info.config for info in before] == [info.config for info in after]
        assert [info.state.messages for info in after] == [1, 1, 1, 2]

    with_streams(tmp_path, act)


def test_what_was_acknowledged_is_there_after_a_restart_on_the_folder(tmp_path: Path) -> None:
    async def first(js: JetStreamContext) -> None:
        for number in range(10):
            await js.publish("frame.radio", b"%d" % number, headers={names.SESSION: "s"})

    async def second(js: JetStreamContext) -> None:
        for number in range(10):
            message = await js.get_msg(names.FRAMES, number + 1)
            assert (message.data, message.headers) == (b"%d" % number, {names.SESSION: "s"})

    with_streams(tmp_path, first)
    with_streams(tmp_path, second)


@pytest.mark.parametrize(
    ("setting", "value"), [("max_age", 60), ("max_msgs", 10), ("deny_purge", False), ("deny_delete", False)]
)
def test_a_stream_that_somebody_made_so_that_it_may_lose_messages_is_refused(
    tmp_path: Path, setting: str, value: Any
) -> None:
    settings = {"deny_delete": True, "deny_purge": True} | {setting: value}

    async def main() -> None:
        with own_nats(tmp_path, sync_interval=None) as server:
            nc = await connect_nats(server.url, name="test")
            await nc.jetstream().add_stream(StreamConfig(name=names.FRAMES, subjects=["frame.*"], **settings))
            with pytest.raises(StreamError, match=f"FRAMES: the stream may lose messages: its {setting}"):
                await ensure_streams(nc.jetstream())
            await nc.close()

    run_async(main)


def test_a_server_that_can_not_store_is_named(tmp_path: Path) -> None:
    """The subjects are taken already: the server refuses a second stream on them."""

    async def main() -> None:
        with own_nats(tmp_path, sync_interval=None) as server:
            nc = await connect_nats(server.url, name="test")
            await nc.jetstream().add_stream(name="OTHER", subjects=["frame.>"])
            with pytest.raises(StreamError, match="FRAMES: the stream could not be created"):
                await ensure_streams(nc.jetstream())
            await nc.close()

    run_async(main)
