import asyncio
from pathlib import Path
from typing import Any

import pytest
from support.waiting import run_async

from commands.procedure import Procedure, load_procedure
from commands.procedure_run import ProcedureRun, Progress
from infra.errors import CommandError

GOOD = """\
title = "Test"
link = "radio"
[[steps]]
send = "NOOP"
arguments = { NUMBER = 1 }
wait = "sent"
[[steps]]
check = "LEVEL > 3"
[[steps]]
pause = 0.01
[[steps]]
until = 2020-01-01T00:00:00Z
[[steps]]
send = "ARM"
link = "other"
wait = "none"
"""


def procedure(folder: Path, text: str = GOOD) -> Procedure:
    file = folder / "procedure.toml"
    file.write_text(text)
    return load_procedure(file)


class Ground:
    """A telecommand service that answers as the test wants."""

    def __init__(self, **answers: Any) -> None:
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.answers = {
            "submit": {"done": True, "id": "t1"},
            "log": {"state": "sent", "settled": False, "reason": ""},
            "holds": {"holds": True, "seen": "LEVEL is 4"},
            "note": {"done": True},
            **answers,
        }

    async def ask(self, action: str, request: dict[str, Any]) -> Any:
        self.asked.append((action, request))
        answer = self.answers[action]
        return answer(request) if callable(answer) else answer

    def run(self, made: Procedure) -> tuple[bool, list[tuple[int, str]]]:
        told: list[Progress] = []
        done = run_async(ProcedureRun(made, self.ask, told.append).run)
        return done, [(one.step.number if one.step else 0, one.result) for one in told]


def test_steps_are_done_in_order_and_each_is_noted(tmp_path: Path) -> None:
    ground = Ground()
    done, told = ground.run(procedure(tmp_path))
    assert done
    steps = [(number, result) for number in range(1, 6) for result in ("begun", "done")]
    assert told == [(0, "begun"), *steps, (0, "done")]
    submitted = [request for action, request in ground.asked if action == "submit"]
    assert [(one["name"], one["link"]) for one in submitted] == [("NOOP", "radio"), ("ARM", "other")]
    assert submitted[0]["request_id"] != submitted[1]["request_id"]
    notes = [request for action, request in ground.asked if action == "note"]
    assert len(notes) == len(told)
    assert notes[2]["telecommand"] == "t1"


@pytest.mark.parametrize(
    ("answers", "step"),
    [
        ({"submit": {"done": False, "reason": "no"}}, 1),
        ({"log": {"state": "uncertain", "settled": False, "reason": "?"}}, 1),
        ({"log": {"state": "failed", "settled": True, "reason": "?"}}, 1),
        ({"holds": {"holds": False, "seen": "LEVEL is 1"}}, 2),
    ],
)
def test_the_first_step_that_fails_ends_it(tmp_path: Path, answers: dict[str, Any], step: int) -> None:
    ground = Ground(**answers)
    done, told = ground.run(procedure(tmp_path))
    assert not done
    assert told[-2:] == [(step, "failed"), (0, "failed")]
    assert sum(action == "submit" for action, _ in ground.asked) == 1


def test_a_step_that_can_not_be_kept_is_not_done(tmp_path: Path) -> None:
    ground = Ground(note={"done": False, "reason": "guest may not note procedures"})
    done, _ = ground.run(procedure(tmp_path))
    assert not done
    assert not any(action == "submit" for action, _ in ground.asked)


def test_a_person_who_stops_it_is_noted_and_nothing_more_is_sent(tmp_path: Path) -> None:
    text = '[[steps]]\npause = 1000\n[[steps]]\nsend = "NOOP"\n'
    ground, told = Ground(), list[Progress]()

    async def main() -> None:
        begun = asyncio.Event()

        def tell(progress: Progress) -> None:
            told.append(progress)
            if progress.step:
                begun.set()

        task = asyncio.create_task(ProcedureRun(procedure(tmp_path, text), ground.ask, tell).run())
        await begun.wait()
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task])
        assert task.cancelled()

    run_async(main)
    assert told[-1].result == "stopped"
    assert not any(action == "submit" for action, _ in ground.asked)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("steps = 3", "no steps"),
        ("[[steps]]", "a step is one of send, check, pause, until"),
        ('[[steps]]\nsend = "A"\npause = 3', "a step is one of"),
        ('[[steps]]\nsend = "A"\nwait = "gone"', "wait = 'gone'"),
        ('[[steps]]\nsend = "A"\ncolour = 3', "colour = 3 does not fit"),
        ("[[steps]]\nsend = 3", "send = 3 does not fit"),
        ('[[steps]]\ncheck = "LEVEL"', "no check"),
        ("[[steps]]\npause = -1", "a time is out of range"),
        ("colour = 1\n[[steps]]\npause = 1", "unknown key 'colour'"),
        ("steps = [", "not TOML"),
    ],
)
def test_a_procedure_that_makes_no_sense_is_refused_before_its_first_step(
    tmp_path: Path, text: str, words: str
) -> None:
    with pytest.raises(CommandError) as raised:
        procedure(tmp_path, text)
    assert words in str(raised.value)
