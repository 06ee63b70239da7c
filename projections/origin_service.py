"""Origin: the frame's bytes come from FRAMES itself, the fields' bits from the generation's own decoder."""

from __future__ import annotations

import asyncio
from typing import Any

import numpy as np
from nats.aio.client import Client
from nats.js.errors import NotFoundError

from infra.errors import QueryError
from projections.clickhouse import ClickHouse
from projections.queries.answer import Row, iso_time
from projections.queries.origin import find_packet_at, frame_row, generation_row, packets_of_frame
from projections.queries.scope import Scope, parse_time, scope_of
from streams import names
from streams.decode import Decoder, FieldPlace
from streams.framing.packets_in_frames import packets_in_frames
from streams.generations import read_generations
from streams.mission import Mission
from streams.telemetry import float_name


class OriginFinder:
    """Answers `query.origin`; keeps the decoders of the generations it was asked about."""

    def __init__(self, nc: Client, clickhouse: ClickHouse) -> None:
        self._nc, self._clickhouse = nc, clickhouse
        self._known: dict[str, tuple[Mission, Decoder]] = {}

    async def find(self, question: dict[str, Any]) -> Row:
        """Return frame, packets with their fields' bits, generation. Raises QueryError."""
        scope, packet, offset, index = await asyncio.to_thread(self._place, question)
        frame = await self._frame(offset)
        rows = await asyncio.to_thread(packets_of_frame, self._clickhouse, scope, offset, packet=packet)
        if index is not None:
            rows = [row for row in rows if row["packet_index"] == index]
        if packet is not None and not rows:
            raise QueryError(
                f"no packet {packet!r} starts in frame {offset} of generation {scope.generation}",
                where=f"FRAMES offset {offset}",
                fix="leave --packet out to see what is there, or see `query quarantine`",
            )
        mission, decoder = await self._decoder(scope.generation)
        fate = await asyncio.to_thread(frame_row, self._clickhouse, scope.generation, offset)
        return {
            "frame": {**frame["shown"], **(fate or {"result": "not parsed yet"})},
            "generation": await asyncio.to_thread(generation_row, self._clickhouse, scope.generation),
            "packets": [
                {**row, "fields": _fields(mission, decoder, frame, row, question.get("parameter"))}
                for row in rows
            ],
        }

    def _place(self, question: dict[str, Any]) -> tuple[Scope, str | None, int, int | None]:
        scope = scope_of(self._clickhouse, question)
        if "frame_offset" in question:
            return scope, question.get("packet"), int(question["frame_offset"]), None
        at = parse_time(question.get("at"), "at")
        if "parameter" not in question or at is None:
            raise QueryError(
                "an origin needs a frame's offset, or a parameter and a time",
                fix="--packet NAME --offset N, or --param P --at T",
            )
        return scope, *find_packet_at(self._clickhouse, scope, question["parameter"], at)

    async def _frame(self, offset: int) -> dict[str, Any]:
        try:
            message = await self._nc.jetstream().get_msg(names.FRAMES, offset)
        except NotFoundError as error:
            raise QueryError(
                "there is no frame with this offset",
                where=f"FRAMES offset {offset}",
                fix="see `query frames`",
            ) from error
        headers, data = message.headers or {}, message.data or b""
        received = headers.get(names.RECEIVED, "")
        return {
            "data": data,
            "link": (message.subject or "").split(".", 1)[-1],
            "shown": {
                "frame_offset": offset,
                "link": (message.subject or "").split(".", 1)[-1],
                "session": headers.get(names.SESSION),
                "received": iso_time(int(received)) if received.isdigit() else None,
                "message_id": headers.get(names.MESSAGE_ID),
                "size": len(data),
                "hex": data.hex(),
            },
        }

    async def _decoder(self, generation: str) -> tuple[Mission, Decoder]:
        if generation not in self._known:
            state = await read_generations(self._nc)
            mission = await asyncio.to_thread(state.mission_of, generation)
            self._known[generation] = mission, await asyncio.to_thread(mission.decoder)
        return self._known[generation]


def _fields(
    mission: Mission, decoder: Decoder, frame: dict[str, Any], row: Row, parameter: str | None
) -> list[Row]:
    """Return the bits of each field; for transfer frames, whose packets span, bits within the packet."""
    data: bytes = frame["data"]
    config = mission.framing(frame["link"])
    if config.kind == "transfer-frames":
        return []
    found, _ = packets_in_frames(
        config, np.frombuffer(data, dtype=np.uint8), np.array([0]), np.array([len(data)])
    )
    for number, index in enumerate(found.index.tolist()):
        if index == row["packet_index"]:
            start = int(found.starts[number])
            places = decoder.locate(found.packet(number))
            return [
                _field(mission, place, start)
                for place in places
                if parameter is None or parameter.split(".")[-1] in (place.label, place.parameter)
            ]
    return []


def _field(mission: Mission, place: FieldPlace, start: int) -> Row:
    definition = mission.database.parameters[place.parameter]
    return {
        "parameter": place.label,
        "qualified": place.parameter,
        "first_bit": start * 8 + place.bit_offset,
        "bits": place.bit_size,
        "raw": _plain(place.raw),
        "value": _plain(place.value),
        "unit": definition.unit,
        "definition": f"{definition.file}:{definition.line}",
    }


def _plain(value: Any) -> Any:
    if isinstance(value, bytes | bytearray):
        return bytes(value).hex()
    return float_name(value) if isinstance(value, float) else value
