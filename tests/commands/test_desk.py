import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.telecommand_mission import write_mission
from support.waiting import run_async

from commands.log import parse_event
from commands.schemas import EVENT_SCHEMAS, checker
from streams import names
from streams.read import Message, StreamReader, last_offset

RIGHTS = """
rights = [
  { users = ["anna", "ben", "carla"] },
  { users = ["guest"], may = ["submit"], telecommands = ["NOOP"] },
]"""


@pytest.fixture
def mission(tmp_path: Path) -> Path:
    return write_mission(tmp_path / "mission", 1, commands=RIGHTS)


async def all_events(bus: Any) -> list[Message]:
    found: list[Message] = []
    end = await last_offset(bus.nc, names.COMMANDS)
    async with StreamReader(bus.nc, names.COMMANDS) as reader:
        while len(found) < end:
            found += await reader.read(5.0)
    return found


REFUSED: list[tuple[str, str, dict[str, Any], str]] = [
    ("submit", "anna", {"name": "NOPE"}, "NOPE"),
    ("submit", "anna", {"name": "NOOP", "arguments": {"SIZE": 1}}, "SIZE"),
    ("submit", "anna", {"name": "NOOP", "arguments": {"NUMBER": 2_000_000}}, "NUMBER"),
    ("submit", "anna", {"name": "NOOP", "arguments": {"NUMBER": "many"}}, "NUMBER"),
    ("submit", "anna", {"name": "NOOP", "link": "moon"}, "there is no link 'moon'"),
    ("submit", "anna", {"name": "NOOP", "release_at": 1}, "in the past by the ground's clock"),
    ("submit", "anna", {"name": "NOOP", "release_at": "soon"}, "release_at = 'soon' is no time"),
    ("submit", "anna", {"name": "NOOP", "expires": 1}, "it would expire before it may leave"),
    ("submit", "anna", {"name": 7}, "name: 7 is not of type"),
    ("submit", "anna", {"name": "NOOP", "who": "ben"}, "'who' was unexpected"),
    ("submit", "guest", {"name": "ARM"}, "guest may not submit /T/ARM"),
    ("approve", "anna", {"id": "unknown234"}, "there is no such telecommand"),
    ("approve", "anna", {"id": "*"}, "id: '*' does not match"),
    ("cancel", "guest", {"id": "unknown234"}, "guest may not cancel"),
    ("resolve", "anna", {"id": "unknown234", "arrived": True}, "'why' is a required property"),
    ("hold", "anna", {"link": "moon"}, "there is no link 'moon'"),
    ("hold", "guest", {"link": "radio"}, "guest may not hold"),
    ("resume", "anna", {"link": "radio"}, "the queue is not held"),
]


def test_every_refused_request_is_answered_clearly_and_is_an_event(
    system: Callable[..., Any], mission: Path
) -> None:
    async def main() -> None:
        async with system(mission, "telecommand") as bus:
            for action, user, request, words in REFUSED:
                answer = await bus.ask(action, user, **request)
                assert answer["done"] is False
                said = " ".join([answer["reason"], *answer.get("problems", {})])
                assert words in said, (action, request, answer)
                event = (await bus.life(answer["id"])).steps[0]
                assert (event.name, event.text("who"), event.text("request")) == ("rejected", user, action)
            assert await last_offset(bus.nc, names.COMMANDS) == len(REFUSED)

    run_async(main)


@pytest.mark.parametrize("data", [b"{", b"[]", b"\xff\x00", b"7", b'"x"', b'{"name": "NOOP", "name"}'])
def test_what_is_no_request_at_all_is_kept(system: Callable[..., Any], mission: Path, data: bytes) -> None:
    async def main() -> None:
        async with system(mission, "telecommand") as bus:
            answer = await bus.ask("submit", raw=data)
            assert answer["done"] is False
            event = (await bus.life(answer["id"])).steps[0]
            assert event.fields["payload"] == data.decode("utf-8", "backslashreplace")
            assert (await bus.ask("submit", name="NOOP"))["done"]

    run_async(main)


def test_a_request_id_stands_for_one_telecommand_whatever_instance_is_asked(
    system: Callable[..., Any], mission: Path
) -> None:
    async def main() -> None:
        async with system(mission, "telecommand") as bus:
            await bus.start("telecommand", "second")
            request = {"name": "NOOP", "release_at": "2200-01-01T00:00:00Z", "request_id": "r1"}
            answers = await asyncio.gather(*(bus.ask("submit", **request) for _ in range(8)))
            assert all(answer == answers[0] for answer in answers)
            assert answers[0]["done"]
            await bus.stop("telecommand")
            assert await bus.ask("submit", **request) == answers[0]
            assert await last_offset(bus.nc, names.COMMANDS) == 1
            other = await bus.ask("submit", "ben", **request)
            assert other["id"] != answers[0]["id"]

    run_async(main)


def test_a_request_id_that_stands_for_another_request_is_refused(
    system: Callable[..., Any], mission: Path
) -> None:
    async def main() -> None:
        async with system(mission, "telecommand") as bus:
            first = await bus.ask("submit", name="ARM", request_id="r1")
            for other in ({"name": "ARM", "why": "x"}, {"name": "NOPE"}):
                answer = await bus.ask("submit", **other, request_id="r1")
                assert not answer["done"]
                assert "was used for another request" in answer["reason"]
                assert answer["id"] != first["id"]
            assert len((await bus.life(first["id"])).steps) == 1

    run_async(main)


def test_a_refused_request_gets_the_same_answer_again_also_when_it_could_be_done_now(
    system: Callable[..., Any], mission: Path
) -> None:
    async def main() -> None:
        async with system(mission, "telecommand") as bus:
            resume = {"link": "radio", "request_id": "r1"}
            refused = await bus.ask("resume", **resume)
            hold = await bus.ask("hold", link="radio", request_id="r2")
            assert hold["done"]
            assert await bus.ask("resume", **resume) == refused
            assert await bus.ask("hold", link="radio", request_id="r2") == hold
            assert (await bus.ask("resume", link="radio"))["done"]

    run_async(main)


def test_critical_ones_wait_for_a_second_person_and_severe_ones_for_two(
    system: Callable[..., Any], mission: Path
) -> None:
    async def main() -> None:
        async with system(mission, "telecommand") as bus:
            arm, fire = await bus.submit("ARM"), await bus.submit("FIRE")
            refused = await bus.ask("approve", "anna", id=arm)
            assert "another person has to approve" in refused["reason"]
            assert refused["telecommand"] == arm
            assert (await bus.ask("approve", "ben", id=arm))["state"] == "approved"
            first = await bus.ask("approve", "ben", id=fire, request_id="once")
            assert (first["state"], first["approvals_needed"]) == ("submitted", 1)
            assert await bus.ask("approve", "ben", id=fire, request_id="once") == first
            assert not (await bus.ask("approve", "ben", id=fire))["done"]
            assert (await bus.ask("approve", "carla", id=fire))["state"] == "approved"
            assert (await bus.life(fire)).approvers == ("ben", "carla")

    run_async(main)


def test_of_two_operators_who_act_at_once_one_wins_and_the_other_is_told_who(
    system: Callable[..., Any], mission: Path
) -> None:
    async def main() -> None:
        async with system(mission, "telecommand") as bus:
            await bus.start("telecommand", "second")
            for _ in range(5):
                arm = await bus.submit("ARM")
                answers = await asyncio.gather(
                    bus.ask("cancel", "ben", id=arm, why="no"), bus.ask("cancel", "carla", id=arm, why="no")
                )
                (loser,) = [answer for answer in answers if not answer["done"]]
                winner = (await bus.life(arm)).steps[-1].text("who")
                assert f"it was cancelled by {winner} (no)" in loser["reason"]

    run_async(main)


def test_one_that_waits_too_long_expires(system: Callable[..., Any], mission: Path) -> None:
    async def main() -> None:
        async with system(mission, "telecommand") as bus:
            arm = await bus.submit("ARM", expires=time.time_ns() + 10**9)
            expired = await bus.until(arm, "expired")
            assert expired.steps[-1].text("why") == "1 approvals were missing"
            assert "it was expired" in (await bus.ask("approve", "ben", id=arm))["reason"]

    run_async(main)


def test_every_event_is_as_its_schema_says_and_names_who_when_where_and_why(
    system: Callable[..., Any], mission: Path
) -> None:
    async def main() -> None:
        async with system(mission, "telecommand") as bus:
            arm = await bus.submit("ARM", client="a test", why="to see")
            await bus.ask("approve", "ben", id=arm, why="I looked")
            await bus.ask("cancel", "ben", id=arm)
            await bus.ask("submit", name="NOPE")
            for message in await all_events(bus):
                event = parse_event(message)
                assert checker(EVENT_SCHEMAS[event.name])(dict(event.fields)) == ""
                assert event.fields["authenticated"] is False
                assert event.text("who") in {"anna", "ben", "telecommand"}
                assert event.text("from").startswith("telecommand-")

    run_async(main)


def test_who_only_asks_gets_an_answer_or_a_reason_and_makes_no_event(
    system: Callable[..., Any], mission: Path
) -> None:
    async def main() -> None:
        async with system(mission, "telecommand") as bus:
            arm = await bus.submit("ARM", number=7)
            assert [one["name"] for one in await bus.ask("definitions")][:2] == ["NOOP", "ARM"]
            (one,) = await bus.ask("definitions", name="FIRE")
            assert one["approvals_needed"] == 2
            assert {"submit", "approve", "cancel"} <= set(one["may"])
            checked = await bus.ask("check", name="NOOP", arguments={"NUMBER": 5})
            assert checked["packet"].endswith("00000005")
            assert checked["constraints"] == []
            deploy = await bus.ask("check", name="DEPLOY")
            assert deploy["constraints"] == [
                {"condition": "LEVEL > 100", "holds": False, "seen": "LEVEL has no sample"}
            ]
            assert [life["id"] for life in await bus.ask("log", limit=1)] == [arm]
            assert (await bus.ask("log", id=arm))["request"]["arguments"] == {"NUMBER": 7}
            assert (await bus.ask("queues"))["open"][0]["state"] == "submitted"
            assert (await bus.ask("holds", condition="LEVEL > 3"))["seen"] == "LEVEL has no sample"
            for question, request in (
                ("log", {"id": "unknown234"}),
                ("check", {"name": "NOPE"}),
                ("holds", {"condition": "LEVEL"}),
                ("holds", {"condition": "NOTHING > 3"}),
                ("values", {"parameters": ["NOTHING"]}),
                ("definitions", {"colour": "red"}),
            ):
                assert "error" in await bus.ask(question, **request)
            assert await last_offset(bus.nc, names.COMMANDS) == 1

    run_async(main)
