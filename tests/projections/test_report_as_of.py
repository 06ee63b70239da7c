"""`report --as-of T` is the report that was made at T, whatever has happened since."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from support.kestrel import mission_on_a_free_port
from support.program import Program, Running

from infra.simulator import Fate
from infra.simulator.flight import flight_model
from infra.simulator.recording import DEFAULT_START_NS
from infra.simulator.rocket import Rocket
from projections.queries.answer import iso_time

SERVICES = "parser,writer,query,telecommand,generation,sealer"
DURATION_S = 20.0


@dataclass(frozen=True)
class History:
    """A report that was made at a time, and the program after much has happened since."""

    program: Program
    first: str
    """The generation that was live then."""

    then: int
    made_then: str
    today: str
    as_of: Path
    """The report as of then that was made today."""


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> Iterator[History]:
    """Then: the radio's recording and a telecommand that waits. Since: its end, the card, another generation.

    Nothing listens to the link, so nothing happens by itself.
    """
    folder = tmp_path_factory.mktemp("as-of")
    mission, _ = mission_on_a_free_port(folder / "mission")
    radio, card = recordings(folder)
    program = Program(folder / "data")
    with program.up(mission, "--only", SERVICES) as up:
        program.imported(radio, mission, "--session", "pass-1")
        (first,) = (row["generation"] for row in program.run("generations", "list", "--json").rows)
        waiting = submit(program, up)
        program.run("report", "--out", folder / "then.html")
        then = time.time_ns()
        program.run("command", "cancel", waiting)
        up.until(lambda: state_of(program, waiting) == "cancelled", "its end is projected")
        submit(program, up)
        program.imported(card, mission, "--link", "recorder", "--session", "card-1")
        program.run("reprocess", "--name", "again")
        program.run("generations", "promote", "again")
        up.until(lambda: live(program) == "again", "the promotion is projected")
        program.run("report", "--out", folder / "today.html")
        program.run("report", "--as-of", then, "--out", folder / "as-of.html")
        pages = [(folder / f"{name}.html").read_text() for name in ("then", "today")]
        yield History(program, first, then, *pages, folder / "as-of.html")


def recordings(folder: Path) -> tuple[Path, Path]:
    """What the radio brought down, and the recorder's card beside it."""
    kept: list[bytes] = []
    sent = Rocket(flight_model(1), DEFAULT_START_NS, keep=kept.append).advance(DURATION_S)
    radio, card = folder / "radio.bin", folder / "card.bin"
    radio.write_bytes(b"".join(item.data for item in sent if item.fate is not Fate.LOST))
    card.write_bytes(b"".join(kept))
    return radio, card


def submit(program: Program, up: Running) -> str:
    """Submit a telecommand that waits for its time."""
    identity = str(program.run("command", "send", "PING", "--at", "+3600", "--json").row["id"])
    up.until(lambda: state_of(program, identity), "it is projected")
    return identity


def state_of(program: Program, identity: str) -> str:
    return program.select(
        f"SELECT argMax(state, event_offset) FROM telecommands WHERE telecommand = '{identity}'"
    )


def live(program: Program) -> str:
    return program.select("SELECT generation FROM generations WHERE live")


def told(page: str) -> str:
    """What a report says about the flight: all but its head, hints at other commands, and the digests."""
    body = page[page.index('<ul class="tiles">') : page.index('<h2 id="digests">')]
    return re.sub(r"<code>flightledger query .*?</code>", "", body)


def content(page: str) -> str:
    found = re.search(r'<th scope="row">content of .*?<code>([0-9a-f]{64})</code>', page, re.S)
    assert found
    return found[1]


def test_everything_in_it_is_what_the_report_said_that_was_made_then(history: History) -> None:
    page = history.as_of.read_text()
    assert told(page) == told(history.made_then)
    assert content(page) == content(history.made_then)
    assert page.count("<tr><td") > 10


def test_it_differs_from_the_report_of_today_in_each_of_them(history: History) -> None:
    today, page = history.today, history.as_of.read_text()
    assert "As known at" not in today
    assert "<dd>again, the live one</dd>" in today
    assert "card-1 (imported)" in today
    assert "card-1" not in page
    assert "cancelled" in today
    assert "cancelled" not in page
    assert content(today) != content(page)
    missing = sum(row["missing"] for row in history.program.query("gaps", "--as-of", history.then))
    assert f"{missing} packets missing; 0 of them are known from another session" in page
    assert f"{missing} packets missing; {missing} of them are known from another session" in today


def test_its_head_says_of_when_it_is_and_which_generation_was_live_then(
    history: History, tmp_path: Path
) -> None:
    page = history.as_of.read_text()
    head = page[: page.index('<ul class="tiles">')]
    moment = iso_time(history.then).replace("T", " ").rstrip("Z")
    assert f"As known at {moment} UTC, not today." in head
    assert f"as known at {moment[:19]} UTC</title>" in head
    assert f"<dd>{history.first}, the live one then</dd>" in head
    assert f"--as-of {history.then}" in page[page.index("<footer>") :]
    named = tmp_path / "named.html"
    history.program.run("report", "--as-of", history.then, "--generation", "again", "--out", named)
    assert "<dd>again, not the live one then</dd>" in named.read_text()


def test_the_heads_of_now_prove_it(history: History) -> None:
    history.program.run("audit", "verify", "--head", history.as_of)


def test_a_time_before_everything_is_a_clear_word(history: History, tmp_path: Path) -> None:
    wrong = history.program.run("report", "--as-of", "1999-01-01", "--out", tmp_path / "no.html", code=2)
    assert "no generation was live at that time" in wrong.error
    wrong = history.program.run("report", "--as-of", "noon", "--out", tmp_path / "no.html", code=2)
    assert "'noon' is not a time" in wrong.error
