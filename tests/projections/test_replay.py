"""A flight played again: the same packets in the same order, paused, sought, stepped, several at once."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import nats
import pytest
from support import small_mission
from support.program import Program, Row
from support.waiting import run_async, wait_until_async

COUNT = 2_600


@pytest.fixture(scope="module")
def flight(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    folder = tmp_path_factory.mktemp("replay")
    program, mission = Program(folder / "data"), small_mission.write_mission(folder / "mission")
    program.imported(small_mission.recording(folder / "flight.bin", COUNT), mission)
    with program.up("--only", "query,replay"):
        yield program


class Follower:
    """Follows one replay as any NATS client would."""

    def __init__(self, nc: Any, status: Row) -> None:
        self.nc, self.replay, self.started = nc, status["replay"], status
        self.seen: list[tuple[str, int]] = []

    async def listen(self) -> Follower:
        await self.nc.subscribe(f"replay.{self.replay}.telemetry.>", cb=self._take)
        await self.nc.flush()
        return self

    async def _take(self, msg: Any) -> None:
        message = json.loads(msg.data)
        assert msg.subject.split(".")[-1] == message["table"]
        for row in range(message["rows"]):
            offsets = message["columns"]["frame_offset"]
            self.seen.append((message["table"], offsets[row] if isinstance(offsets, list) else offsets))
        if msg.reply:
            await self.nc.publish(msg.reply, b"")

    async def control(self, action: str, **fields: Any) -> Row:
        data = json.dumps({"action": action, **fields}).encode()
        answer = await self.nc.request(f"replay.{self.replay}.control", data, timeout=30)
        if answer.headers and "Nats-Service-Error" in answer.headers:
            raise ValueError(answer.headers["Nats-Service-Error"])
        return dict(json.loads(answer.data))

    async def until(self, state: str) -> Row:
        async def reached() -> Row | None:
            status = await self.control("status")
            return status if status["state"] == state else None

        return await wait_until_async(reached, 60, state)  # type: ignore[return-value]


@asynccontextmanager
async def following(program: Program, **question: Any) -> AsyncIterator[Follower]:
    nc = await nats.connect(program.addresses["nats_url"])
    try:
        data = json.dumps({"paused": True, **question}).encode()
        answer = await nc.request("replay.start", data, timeout=30)
        assert not (answer.headers or {}).get("Nats-Service-Error"), answer.headers
        follower = await Follower(nc, json.loads(answer.data)).listen()
        yield follower
        await follower.control("stop")
    finally:
        await nc.close()


def in_order(program: Program) -> list[tuple[str, int]]:
    rows = program.query("packets")
    rows.sort(key=lambda row: (row["time"], row["frame_offset"], row["packet_index"]))
    return [(row["packet"], row["frame_offset"]) for row in rows]


def test_every_packet_is_played_once_and_those_of_a_type_in_the_order_of_time(flight: Program) -> None:
    async def main() -> Follower:
        async with following(flight, speed=20) as follower:
            await follower.control("resume")
            await follower.until("finished")
            await wait_until_async(lambda: len(follower.seen) >= COUNT, 30)
            return follower

    seen, order = run_async(main).seen, in_order(flight)
    assert len(seen) == COUNT
    # On a busy machine a late replay joins packets of a type into one message: types may change places.
    for packet in ("ATTITUDE", "MODE_PACKET", "NOTE"):
        assert [one for one in seen if one[0] == packet] == [one for one in order if one[0] == packet]


def test_as_fast_as_it_is_taken_every_packet_is_played_once(flight: Program) -> None:
    async def main() -> Follower:
        async with following(flight, speed=0) as follower:
            await follower.control("resume")
            await follower.until("finished")
            await wait_until_async(lambda: len(follower.seen) >= COUNT, 30)
            return follower

    assert sorted(run_async(main).seen) == sorted(in_order(flight))


def test_a_replay_steps_to_the_next_packet_of_a_name_and_seeks_back(flight: Program) -> None:
    async def main() -> None:
        order = in_order(flight)
        async with following(flight) as follower:
            stepped = await follower.control("step", packet="NOTE")
            await wait_until_async(lambda: len(follower.seen) >= 2)
            upto = [name for name, _ in order].index("NOTE") + 1
            assert follower.seen == order[:upto]
            assert stepped["sent"] == upto
            await follower.control("step", packet="NOTE")
            await follower.control("seek", to=follower.started["from"])
            follower.seen.clear()
            await follower.control("step", packet="NOTE")
            await wait_until_async(lambda: len(follower.seen) >= upto)
            assert follower.seen == order[:upto]
            with pytest.raises(ValueError, match="there is no packet"):
                await follower.control("step", packet="NIX")
            with pytest.raises(ValueError, match="is no request"):
                await follower.control("fly")

    run_async(main)


def test_pause_holds_and_a_new_speed_takes_effect_while_it_plays(flight: Program) -> None:
    async def main() -> None:
        async with following(flight, speed=0.01) as follower:
            await follower.control("resume")
            await wait_until_async(lambda: follower.seen, 30, "the first packet")
            paused = await follower.control("pause")
            assert paused["state"] == "paused"
            assert (await follower.control("status"))["position"] == paused["position"]
            count = len(follower.seen)
            assert count < COUNT / 2
            await follower.control("speed", speed=1000)
            assert (await follower.control("status"))["sent"] == paused["sent"]
            await follower.control("resume")
            assert (await follower.until("finished"))["sent"] == COUNT

    run_async(main)


def test_several_replays_play_at_once_on_their_own_subjects(flight: Program) -> None:
    async def main() -> None:
        async with following(flight, speed=100) as one, following(flight, speed=50) as other:
            await asyncio.gather(one.control("resume"), other.control("resume"))
            await asyncio.gather(one.until("finished"), other.until("finished"))
            await wait_until_async(lambda: len(one.seen) == len(other.seen) == COUNT, 30)
            listed = json.loads((await one.nc.request("replay.list", b"", timeout=30)).data)
            assert {one.replay, other.replay} <= {row["replay"] for row in listed}

    run_async(main)


def test_the_command_plays_a_stretch_with_the_values_of_the_packets(flight: Program) -> None:
    packets = flight.query("packets", "--packet", "MODE_PACKET")
    some = packets[10:20]
    times = [row["time"] for row in packets]
    assert len(set(times)) == len(times)
    *messages, status = flight.run(
        "replay", "--from", some[0]["time"], "--to", some[-1]["time"], "--speed", "max", "--json"
    ).rows
    assert status["state"] == "finished"
    mode = [message for message in messages if message["table"] == "MODE_PACKET"]
    assert sum(message["rows"] for message in mode) == 10
    volts = [value for message in mode for value in as_list(message["columns"]["VOLTAGE"], message["rows"])]
    assert volts == [row["values"]["VOLTAGE"]["value"] for row in some]
    assert flight.run("replay", "--from", "2100-01-01", code=2).error.endswith(
        "name another --from and --to)"
    )


def as_list(values: Any, rows: int) -> list[Any]:
    return values if isinstance(values, list) else [values] * rows
