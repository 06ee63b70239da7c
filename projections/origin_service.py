"""Origin: the frames' bytes come from FRAMES itself, the fields' bits from the generation's own decoder."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from typing import Any, NamedTuple

import pyarrow as pa
from nats.aio.client import Client

from infra.errors import QueryError
from projections.clickhouse import ClickHouse
from projections.frame_messages import link_of, next_frame, read_frame, shown
from projections.packet_places import Frame, PlacedPacket, place_packet
from projections.queries.answer import Row, iso_time, plain
from projections.queries.catalog import find_parameter
from projections.queries.origin import find_packet_at, frame_row, generation_row, packets_of_frame
from projections.queries.scope import Scope, parse_time, scope_of
from projections.writer import position
from projections.writer_flow import CONSUMER
from streams import names
from streams.decode import Decoder, FieldPlace
from streams.framing.space_packet import MAX_PACKET
from streams.generations import read_generations
from streams.mission import Mission
from streams.read import Message

_MOST_FRAMES = MAX_PACKET // 8
"""Frames that are looked through for the end of one packet: other channels' frames lie between its own."""

_FRESH_NS, _WAIT_S, _POLL_S = 30 * 10**9, 5.0, 0.1
"""For a frame that was recorded just now, the tables are waited for so long."""


class _Place(NamedTuple):
    """Which packets are asked for: those that start in a frame, or of them one type or one number."""

    scope: Scope
    frame_offset: int
    packet: str | None = None
    number: int | None = None
    parameters: frozenset[str] | None = None
    """Qualified names."""


class OriginFinder:
    """Answers `query.origin`; keeps the decoders of the generations it was asked about."""

    def __init__(self, nc: Client, clickhouse: ClickHouse) -> None:
        self._nc, self._clickhouse = nc, clickhouse
        self._known: dict[str, tuple[Mission, Decoder]] = {}

    async def find(self, question: dict[str, Any]) -> Row:
        """Return frames, packets with their fields' bits, generation. Raises QueryError."""
        place = await asyncio.to_thread(self._place, question)
        frame = await self._frame(place)
        generation = await asyncio.to_thread(generation_row, self._clickhouse, place.scope.generation)
        if generation.get("live"):
            await self._until_projected(place.scope.generation, frame)
        rows = await asyncio.to_thread(
            packets_of_frame,
            self._clickhouse,
            place.scope,
            place.frame_offset,
            packet=place.packet,
            index=place.number,
        )
        if place.packet is not None and not rows:
            raise QueryError(
                f"no packet {place.packet!r} starts in this frame of generation {place.scope.generation}",
                where=f"FRAMES offset {place.frame_offset}",
                fix="leave --packet out to see what is there, or see `query quarantine`",
            )
        frames = {frame.offset: frame}
        packets = [await self._packet(place, frames, frame, row) for row in rows]
        fate = await asyncio.to_thread(
            frame_row, self._clickhouse, place.scope.generation, place.frame_offset
        )
        return {
            "frame": {**shown(frame), **(fate or {"result": "not parsed yet"})},
            "frames": [shown(frames[offset]) for offset in sorted(frames)],
            "generation": generation,
            "packets": packets,
        }

    def _place(self, question: dict[str, Any]) -> _Place:
        scope = scope_of(self._clickhouse, question)
        name, at = question.get("parameter"), parse_time(question.get("at"), "at")
        named = None
        if name is not None:
            found = find_parameter(self._clickhouse, scope.generation, name)
            named = frozenset(one.parameter for one in found)
        if "frame_offset" in question:
            return _Place(scope, question["frame_offset"], question.get("packet"), parameters=named)
        if name is None or at is None:
            raise QueryError(
                "an origin needs a frame's offset, or a parameter and a time",
                fix="--packet NAME --offset N, or --param P --at T",
            )
        packet, offset, index = find_packet_at(self._clickhouse, scope, name, at)
        return _Place(scope, offset, packet, index, named)

    async def _frame(self, place: _Place) -> Message:
        frame = await read_frame(self._nc, place.frame_offset)
        if place.scope.as_of is not None and frame.recorded > place.scope.as_of:
            raise QueryError(
                "this frame was recorded after that time",
                where=f"FRAMES offset {place.frame_offset}",
                fix="name a later time",
            )
        return frame

    async def _until_projected(self, generation: str, frame: Message) -> None:
        """Wait a moment for the writer: what is seen live is asked about before it is in the tables."""
        if time.time_ns() - frame.recorded > _FRESH_NS:
            return
        give_up = time.monotonic() + _WAIT_S
        while time.monotonic() < give_up:
            asked = self._clickhouse, CONSUMER, names.FRAMES, generation
            if await asyncio.to_thread(position, *asked) >= frame.offset:
                return
            await asyncio.sleep(_POLL_S)

    async def _packet(self, place: _Place, frames: dict[int, Message], frame: Message, row: Row) -> Row:
        """Return a packet with its pieces and fields; the frames that it goes on in are added to `frames`."""
        mission, decoder = await self._decoder(place.scope.generation)
        placed = await self._placed(mission, frame, row["packet_index"], frames)
        if placed is None:
            return {**row, "hex": None, "pieces": [], "fields": []}
        fields = await asyncio.to_thread(decoder.locate, placed.data)
        times = _time_columns(decoder, row["packet"])
        return {
            **row,
            "hex": placed.data.hex(),
            "pieces": [piece._asdict() for piece in placed.pieces],
            "fields": [
                _field(mission, placed, field, is_time=field.column in times)
                for field in fields
                if place.parameters is None or field.parameter in place.parameters
            ],
        }

    async def _placed(
        self, mission: Mission, first: Message, index: int, frames: dict[int, Message]
    ) -> PlacedPacket | None:
        config, read, more = mission.framing(link_of(first)), [first], True
        placed = place_packet(config, _bytes_of(read), index)
        while placed is None and more and config.kind == "transfer-frames" and len(read) < _MOST_FRAMES:
            for _ in range(len(read)):
                following = await next_frame(self._nc, read[-1])
                if more := following is not None:
                    read.append(following)
                else:
                    break
            placed = place_packet(config, _bytes_of(read), index)
        used = {piece.frame_offset for piece in placed.pieces} if placed else set()
        frames.update({frame.offset: frame for frame in read if frame.offset in used})
        return placed

    async def _decoder(self, generation: str) -> tuple[Mission, Decoder]:
        if generation not in self._known:
            state = await read_generations(self._nc)
            mission = await asyncio.to_thread(state.mission_of, generation)
            self._known[generation] = mission, await asyncio.to_thread(mission.decoder)
        return self._known[generation]


def _bytes_of(messages: Sequence[Message]) -> list[Frame]:
    return [Frame(message.offset, message.data) for message in messages]


def _time_columns(decoder: Decoder, packet: str) -> set[str]:
    columns = (column for kind in decoder.packet_types if kind.name == packet for column in kind.columns)
    return {column.name for column in columns if pa.types.is_timestamp(column.arrow_type)}


def _field(mission: Mission, placed: PlacedPacket, field: FieldPlace, *, is_time: bool) -> Row:
    definition = mission.database.parameters[field.parameter]
    places = placed.bits(field.bit_offset, field.bit_size)
    return {
        "parameter": field.label,
        "qualified": field.parameter,
        "first_bit": places[0].first_bit if places else None,
        "bits": field.bit_size,
        "places": [place._asdict() for place in places],
        "raw": plain(field.raw),
        "value": iso_time(field.value) if is_time and field.value is not None else plain(field.value),
        "unit": definition.unit,
        "definition": f"{definition.file}:{definition.line}",
    }
