"""The values of single packets: decoded once more from their frames where that is quicker than the tables.

ClickHouse pays 0.2 ms for each column that a question names, however few rows it reads; the parser decodes
forty packets of a thousand parameters in some 20 ms. The same mission, parser version and bytes give the same
values (law 2); `tests/projections/test_generation_reader.py` compares the two ways.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import NamedTuple

from projections.clickhouse import ClickHouse
from projections.queries.catalog import ParameterColumns, read_catalog
from projections.queries.frame_values import FrameDecoder
from projections.queries.packet_values import Values, Wanted, read_packets
from streams.generations import PARSER_VERSION
from streams.mission import Mission

MissionOf = Callable[[str], Mission | None]
"""The mission of a generation, None when it can not be had now; may block."""

MANY_COLUMNS = 100
"""From here on decoding is quicker than asking the tables."""

_MOST_KEPT = 4
"""Generations that are remembered: more are rarely asked about at the same time."""


class _State(NamedTuple):
    """What a generation's catalog and decoder are made of."""

    mission: str
    parser_version: str
    columns: int


@dataclass(frozen=True)
class GenerationReader:
    """One generation's parameters, in the mission database's order, and its packets' values."""

    clickhouse: ClickHouse
    generation: str
    catalog: list[ParameterColumns]
    decoder: FrameDecoder | None = None

    def read(self, wanted: Sequence[Wanted]) -> list[Values]:
        """Return the packets' values in the order of `wanted`, by column, as JSON has them."""
        found: list[Values | None] = [None] * len(wanted)
        columns = sum(len(parameter.columns) for one in wanted for parameter in one.parameters)
        if self.decoder is not None and columns >= MANY_COLUMNS:
            found = self.decoder.read(self.clickhouse, wanted)
        missing = [one for one, values in zip(wanted, found, strict=True) if values is None]
        rest = read_packets(self.clickhouse, self.generation, missing)
        return [next(rest) if values is None else values for values in found]


class GenerationReaders:
    """Gives readers, and keeps their catalogs and decoders from one question to the next."""

    def __init__(self, clickhouse: ClickHouse, mission_of: MissionOf = lambda generation: None) -> None:
        self._clickhouse, self._mission_of = clickhouse, mission_of
        self._known: dict[str, tuple[_State, GenerationReader]] = {}
        self._lock = Lock()

    def of(self, generation: str) -> GenerationReader:
        """Return the reader of a generation, made anew when its tables changed.

        One whose mission could not be had answers from the tables, and is not kept.
        """
        state = self._state(generation)
        with self._lock:
            known = self._known.get(generation)
        if known is not None and known[0] == state:
            self._keep(generation, known)
            return known[1]
        is_ours = state.parser_version == PARSER_VERSION
        mission = self._mission_of(generation) if is_ours else None
        decoder = FrameDecoder(mission) if mission is not None and mission.digest == state.mission else None
        catalog = read_catalog(self._clickhouse, generation)
        reader = GenerationReader(self._clickhouse, generation, catalog, decoder)
        if mission is not None or not is_ours:
            self._keep(generation, (state, reader))
        return reader

    def _keep(self, generation: str, known: tuple[_State, GenerationReader]) -> None:
        """Keep a reader as the last one to be forgotten."""
        with self._lock:
            self._known.pop(generation, None)
            self._known[generation] = known
            while len(self._known) > _MOST_KEPT:
                self._known.pop(next(iter(self._known)))

    def _state(self, generation: str) -> _State:
        rows = self._clickhouse.rows(
            "SELECT mission, parser_version, (SELECT sum(cityHash64(table, column)) FROM columns "
            "WHERE generation = {generation:String}) AS columns "
            "FROM generations WHERE generation = {generation:String}",
            {"generation": generation},
        )
        return _State(**rows[0]) if rows else _State("", "", 0)
