"""The library as a notebook uses it, on a data folder and on a running system."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest
from support import small_mission
from support.program import REPOSITORY, Program

import flightledger
from infra.errors import QueryError, ServerError
from infra.simulator import write_recording

COUNT = 500


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Program:
    return imported(tmp_path_factory.mktemp("notebook"))


def imported(folder: Path) -> Program:
    program, mission = Program(folder / "data"), small_mission.write_mission(folder / "mission")
    program.imported(small_mission.recording(folder / "flight.bin", COUNT), mission)
    return program


@pytest.fixture(scope="module")
def ledger(program: Program) -> Iterator[flightledger.Ledger]:
    with flightledger.open(program.data) as ledger:
        yield ledger


def test_history_is_a_table_of_exact_types_for_arrow_and_pandas(ledger: flightledger.Ledger) -> None:
    rows = ledger.history("NUMBER")
    assert rows.arrow.schema.field("value").type == pa.uint32()
    assert rows.arrow.schema.field("time").type == pa.timestamp("ns", tz="UTC")
    frame = rows.to_pandas()
    assert list(frame["value"]) == list(range(len(rows))) and len(rows) > COUNT / 2
    assert frame["time"].is_monotonic_increasing
    modes = ledger.history("MODE").to_pandas()
    assert set(modes["value"]) == {"SAFE", "NOMINAL"}
    assert len(ledger.history("NUMBER", points=10)) <= 11


def test_times_may_be_texts_datetimes_or_pandas_timestamps(ledger: flightledger.Ledger) -> None:
    every = ledger.history("NUMBER").to_pandas()
    first: pd.Timestamp = every["time"].iloc[100]
    exact = ledger.history("NUMBER", start=first, end=first)
    assert exact.arrow.column("value").to_pylist() == [100]
    assert len(ledger.history("NUMBER", start=first.isoformat())) == len(every) - 100
    assert len(ledger.history("NUMBER", end=datetime(1990, 1, 1, tzinfo=UTC))) == 0


def test_polars_gets_the_same_rows(ledger: flightledger.Ledger) -> None:
    polars = pytest.importorskip("polars")
    frame = ledger.history("ANGLE").to_polars()
    assert isinstance(frame, polars.DataFrame)
    assert frame["value"].to_list() == ledger.history("ANGLE").arrow.column("value").to_pylist()


def test_other_questions_and_their_mistakes(ledger: flightledger.Ledger) -> None:
    assert len(ledger.packets("NOTE")) == COUNT / 10
    assert len(ledger.ask("frames")) == COUNT
    assert ledger.sql("SELECT count() AS n FROM frames").arrow.column("n").to_pylist() == [COUNT]
    (latest,) = ledger.latest("VOLTAGE")
    assert latest["packet"] == "MODE_PACKET" and latest["unit"] == "V"
    with pytest.raises(QueryError, match="there is no parameter 'NIX'"):
        ledger.history("NIX")


def test_it_works_where_an_event_loop_runs_already(program: Program) -> None:
    async def in_a_notebook() -> int:
        with flightledger.open(program.data) as ledger:
            return len(ledger.history("NUMBER"))

    assert asyncio.run(in_a_notebook()) > COUNT / 2


def test_a_running_system_is_joined_by_folder_or_by_address(tmp_path: Path) -> None:
    program = imported(tmp_path)
    with program.up("--only", "query"):
        for ledger in (flightledger.open(program.data), flightledger.connect(program.addresses["nats_url"])):
            with ledger:
                assert len(ledger.history("NUMBER")) > COUNT / 2
    with pytest.raises(ServerError, match="no NATS server answers"):
        flightledger.connect("nats://127.0.0.1:1")


def test_the_example_notebook_runs_on_a_flight_of_the_demo(tmp_path: Path) -> None:
    recording = tmp_path / "flight.bin"
    write_recording(recording, duration=30.0)
    program = Program(tmp_path / "data")
    program.imported(recording, REPOSITORY / "missions" / "demo_rocket")
    notebook = json.loads((REPOSITORY / "docs" / "notebook.ipynb").read_text())
    cells = ["".join(cell["source"]) for cell in notebook["cells"] if cell["cell_type"] == "code"]
    code = "\n".join(cells).replace('"../data"', repr(str(program.data)))
    # Plotting needs matplotlib, which is not installed for one line.
    code = "\n".join(line for line in code.splitlines() if ".plot(" not in line)
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, check=False, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
