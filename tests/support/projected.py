"""A ClickHouse database of a test's own, filled as parser and writer do it, without NATS between them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from projections.clickhouse import ClickHouse, connect
from projections.queries.scope import Scope, scope_of
from projections.schema import create_fixed_tables
from projections.writer import Writer, write_generations
from streams.frame_batch import FrameBatch
from streams.generations import PARSER_VERSION, Generation, Generations
from streams.header_columns import Told
from streams.mission import Mission
from streams.parser import Parser
from streams.telemetry import pack, table_of, unpack
from streams.texts import Pieces, Texts

START_NS = 1_780_000_000 * 10**9
"""Recorded time of the frame with offset 0; each frame is recorded a second after the one before it."""

SECOND = 10**9


@dataclass(frozen=True)
class Sent:
    """One frame as the stream has it."""

    offset: int
    data: bytes
    link: str = "radio"
    session: str = "s1"
    recorded: int = 0

    @property
    def recorded_at(self) -> int:
        return self.recorded or recorded_at(self.offset)


def recorded_at(offset: int) -> int:
    """Return when the frame with this offset is recorded (ns UTC)."""
    return START_NS + offset * SECOND


class Projected:
    """The tables of one database, and how a test fills and asks them."""

    def __init__(self, url: str, database: str) -> None:
        self.clickhouse: ClickHouse = connect(url, database=database)
        create_fixed_tables(self.clickhouse)
        self.state = Generations()
        self.missions: dict[str, Mission] = {}

    def write(self, mission: Mission, frames: Sequence[Sent], generation: str = "g1") -> Writer:
        """Parse frames with a mission into a generation; the first generation is live from the start."""
        self.add_generation(generation, mission)
        writer = Writer(self.clickhouse, self.missions.__getitem__)
        for table, rows, fixed in parsed_rows(mission, frames):
            for message in pack(table, rows):
                name, columns, count = table_of(message)
                schema = writer.schema(generation, name, fixed=fixed)
                writer.add(generation, name, unpack(columns, count, schema), fixed=fixed)
        writer.flush()
        return writer

    def add_generation(self, name: str, mission: Mission) -> None:
        self.missions[name] = mission
        if name not in self.state.known:
            self.state.known[name] = Generation(name, mission.digest, PARSER_VERSION, START_NS)
            if not self.state.promotions:
                self.state.promotions.append((0, name))
            write_generations(self.clickhouse, self.state)

    def promote(self, name: str, at: int) -> None:
        """Make a generation live from `at` on (ns UTC)."""
        self.state.promotions.append((at, name))
        write_generations(self.clickhouse, self.state)

    def scope(self, **request: Any) -> Scope:
        return scope_of(self.clickhouse, request)

    def rows(self, query: str, **parameters: Any) -> list[dict[str, Any]]:
        return self.clickhouse.rows(query, parameters)


def parsed_rows(mission: Mission, frames: Sequence[Sent]) -> Iterable[tuple[str, Any, bool]]:
    """Yield (table, rows, whether it is a fixed table) for a run of frames."""
    if not frames:
        return
    parsed = Parser(mission).parse(batch_of(frames))
    for table in parsed.tables:
        yield table.packet, table.rows, False
    yield "frames", parsed.frames, True
    yield "quarantine", parsed.quarantine, True


def batch_of(frames: Sequence[Sent]) -> FrameBatch:
    recorded = np.array([frame.recorded_at for frame in frames], dtype=np.int64)
    sessions, torn = Texts.of([frame.session for frame in frames]), Texts.of([""] * len(frames))
    return FrameBatch.of_columns(
        np.array([frame.offset for frame in frames], dtype=np.int64),
        recorded,
        Texts.of([frame.link for frame in frames]),
        Told(recorded - SECOND // 2, sessions, torn),
        Pieces.of([frame.data for frame in frames]),
    )
