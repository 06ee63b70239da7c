from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import small_mission
from support.own_nats import own_nats
from support.waiting import run_async

from infra.connection import connect_nats
from infra.errors import StreamError
from streams import generations
from streams.event_log import ensure_streams
from streams.generations import (
    Generations,
    ensure_generation,
    fold,
    generation_name,
    promote,
    read_generations,
)
from streams.mission import bundle, load_mission
from streams.operations import Operation, append_operation, read_operations


def event(offset: int, kind: str, **fields: Any) -> Operation:
    return Operation(offset, 1_000 * offset, kind, fields)


def started(offset: int, name: str) -> Operation:
    return event(offset, "generation-started", generation=name, mission="m", parser_version="1")


def promoted(offset: int, name: str) -> Operation:
    return event(offset, "generation-promoted", generation=name)


def test_the_live_generation_is_the_one_promoted_last_at_that_time() -> None:
    state = fold([started(1, "a"), promoted(2, "a"), started(3, "b"), promoted(5, "b"), promoted(7, "a")])
    assert state.live == "a"
    assert [state.live_at(time) for time in (1_999, 2_000, 4_999, 5_000, 6_999, 7_000, 10**18)] == [
        None, "a", "a", "b", "b", "a", "a"
    ]  # fmt: skip
    assert fold([]).live is None


def test_what_does_not_fit_the_state_is_passed_over() -> None:
    good = [started(1, "a"), promoted(2, "a")]
    wrong = [
        promoted(3, "never started"),
        event(4, "generation-promoted"),
        event(5, "generation-promoted", generation=["a"]),
        event(6, "generation-started", generation="c"),
        event(7, "generation-started", generation="c", mission="m", parser_version="1", segments=[7]),
        event(8, "generation-finished", generation="d", digest="x"),
        event(9, "generation-dropped", generation=None),
        event(10, "mission-loaded", name="m"),
        event(11, "anything", generation=7),
    ]
    assert fold([*good, *wrong]) == fold(good)


json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
)
keys = st.sampled_from(["generation", "mission", "parser_version", "segments", "digest", "name", "bundle"])


@given(st.lists(st.tuples(st.sampled_from(generations.KINDS), st.dictionaries(keys, json)), max_size=8))
def test_no_event_of_any_shape_stops_the_fold(events: list[tuple[str, dict[str, Any]]]) -> None:
    state = fold(Operation(n, n, kind, fields) for n, (kind, fields) in enumerate(events, 1))
    assert isinstance(state, Generations)
    assert state.live is None or state.live in state.known


def test_a_mission_and_its_generation_are_recorded_once_and_found_again(tmp_path: Path) -> None:
    mission = load_mission(small_mission.write_mission(tmp_path / "m"))
    other = load_mission(small_mission.write_mission(tmp_path / "o") / "small.xml")

    async def main() -> None:
        with own_nats(tmp_path / "data", sync_interval=None) as server:
            nc = await connect_nats(server.url, name="test")
            await ensure_streams(nc.jetstream())
            for _ in range(2):
                name = await ensure_generation(nc, mission)
                await promote(nc, name)
            assert [event.kind for event in await read_operations(nc)] == [
                "mission-loaded", "generation-started", "generation-promoted"
            ]  # fmt: skip
            state = await read_generations(nc)
            assert name == generation_name(mission) == state.live
            assert state.mission_of(name).digest == mission.digest
            with pytest.raises(StreamError, match="holds the mission 'small', not 'Small'"):
                await ensure_generation(nc, other)
            with pytest.raises(StreamError, match="'nobody' is not known"):
                state.mission_of("nobody")
            await append_operation(nc, "mission-loaded", {"name": "small", "digest": "x", "bundle": "junk"})
            assert (await read_generations(nc)).mission_of(name).digest == mission.digest
            assert bundle(state.mission_of(name)) == bundle(mission)
            await nc.close()

    run_async(main)
