"""Telecommands as of T are a fold over the events recorded by T, whoever projected them in whatever runs."""

from __future__ import annotations

import asyncio
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.projected import SECOND, START_NS, Projected

from commands.fold import fold
from commands.log import parse_event
from commands.rows import TelecommandRows, state_row
from commands.state import EVENTS
from projections.queries.answer import flat_rows
from projections.telecommands.projector import _write
from projections.telecommands.queries import telecommand_events, telecommands
from streams.read import Message

IDS = ("t1", "t2", "t3")
PERSONS = ("anna", "ben")
EVENT = st.tuples(
    st.sampled_from(IDS),
    st.sampled_from(["submitted", "submitted", "approved", "released", *EVENTS]),
    st.sampled_from(PERSONS),
    st.booleans(),
)


@pytest.fixture(scope="module")
def shared(clickhouse_server: Any) -> Projected:
    return Projected(clickhouse_server.url, "telecommands_as_of")


def messages(events: list[tuple[str, str, str, bool]], world: str) -> list[Message]:
    """One second lies between an event and the next, none where it is recorded at the same time."""
    found, recorded = [], START_NS
    for offset, (identity, name, who, later) in enumerate(events, 1):
        recorded += SECOND if later else 0
        fields = {
            "who": who,
            "link": "radio",
            "name": f"/M/{identity}",
            "instance": "u",
            "approvals_needed": 1,
        }
        subject = f"command.{world}{identity}.{name}"
        found.append(Message(offset, recorded, subject, {}, orjson.dumps(fields)))
    return found


def project(projected: Projected, run: list[Message]) -> None:
    maker = TelecommandRows(None, 1)  # type: ignore[arg-type]  # it sees every event itself
    rows = asyncio.run(maker.rows(run))
    _write(projected.clickhouse, tuple(rows), run[-1].offset)


def as_of(projected: Projected, world: str, time: int | None, **narrowed: str) -> dict[str, dict[str, Any]]:
    question = {**({} if time is None else {"as_of": time}), **narrowed}
    batches = telecommands(projected.clickhouse, question).batches
    rows = [row for batch in batches for row in flat_rows(batch)]
    return {row["telecommand"]: row for row in rows if row["telecommand"].startswith(world)}


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(EVENT, min_size=1, max_size=20), st.integers(0, 19), st.lists(st.integers(-1, 20), max_size=3)
)
def test_the_states_at_a_time_are_the_fold_over_what_was_recorded_by_then(
    shared: Projected, events: list[tuple[str, str, str, bool]], again: int, seconds: list[int]
) -> None:
    shared.clickhouse.command("TRUNCATE TABLE telecommands")
    shared.clickhouse.command("TRUNCATE TABLE telecommand_events")
    log = messages(events, "w")
    project(shared, log[: again + 1])  # a projector that was killed before it stored its position
    project(shared, log)
    for time in (None, *(START_NS + second * SECOND for second in seconds)):
        known = [parse_event(one) for one in log if time is None or one.recorded <= time]
        found = as_of(shared, "w", time)
        wanted = {}
        for identity in {event.telecommand for event in known}:
            mine = [event for event in known if event.telecommand == identity]
            wanted[identity] = state_row(fold(identity, mine), mine[-1])
        assert set(found) == set(wanted)
        for identity, row in wanted.items():
            for name in ("event_offset", "state", "settled", "issuer", "approvers", "reason", "missing"):
                assert found[identity][name] == row[name], (identity, name)
        for state in {row["state"] for row in wanted.values()}:
            chosen = {key for key, row in wanted.items() if row["state"] == state}
            assert set(as_of(shared, "w", time, state=state)) == chosen
        question = {} if time is None else {"as_of": time}
        told = [row["event_offset"] for row in telecommand_events(shared.clickhouse, question).rows()]
        assert told == [event.offset for event in known]
