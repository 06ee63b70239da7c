"""The latest sample of each parameter: what a console shows, now or as of a time.

Latest is what was recorded last (the highest frame offset), not what the device's clock says: a late packet
shows when it comes in, and a clock that jumped ahead does not hide what follows. With an end (`to`) it is the
one recorded last of those whose time is not behind it. A parameter that the newest packet of its type does
not have keeps its sample of an earlier one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from projections.clickhouse import ClickHouse
from projections.queries.alarms import alarm_level
from projections.queries.answer import Row
from projections.queries.catalog import ParameterColumns, find_parameter
from projections.queries.generation_reader import MANY_COLUMNS, GenerationReader, GenerationReaders
from projections.queries.newest import newest_packets, newest_samples
from projections.queries.packet_values import Wanted
from projections.queries.packets import packet_types
from projections.queries.scope import Scope


class Sample(NamedTuple):
    """A sample as JSON has it, and the origin of its packet."""

    value: Any
    raw: Any
    origin: Mapping[str, Any]
    context: int | None = None
    """Which of its alarm contexts holds in that packet (`queries/catalog.py`)."""


def latest(
    clickhouse: ClickHouse,
    scope: Scope,
    *,
    packet: str | None = None,
    parameters: Sequence[str] = (),
    readers: GenerationReaders | None = None,
) -> Iterator[Row]:
    """Yield each parameter's newest sample with its alarm level. Raises QueryError for an unknown name."""
    wanted = _wanted(clickhouse, scope.generation, packet, parameters)
    reader = GenerationReader(clickhouse, scope.generation, wanted)
    if readers is not None and len(wanted) >= MANY_COLUMNS:
        reader = readers.of(scope.generation)
    for one, sample in zip(wanted, newest_of(clickhouse, scope, wanted, reader), strict=True):
        if sample is not None:
            yield sample_row(scope.generation, one, sample)


def _wanted(
    clickhouse: ClickHouse, generation: str, packet: str | None, names: Sequence[str]
) -> list[ParameterColumns]:
    catalog = [one for mine in packet_types(clickhouse, generation, packet) for one in mine]
    if names:
        named = [one for name in names for one in find_parameter(clickhouse, generation, name)]
        catalog = [one for one in named if packet in (None, one.packet)]
    return sorted(catalog, key=lambda one: one.packet)


def newest_of(
    clickhouse: ClickHouse, scope: Scope, parameters: Sequence[ParameterColumns], reader: GenerationReader
) -> list[Sample | None]:
    """Return the newest sample of each of these parameters, None where there is none, in their order."""
    by_packet: dict[str, list[ParameterColumns]] = {}
    for one in parameters:
        by_packet.setdefault(one.packet, []).append(one)
    places = newest_packets(clickhouse, scope, list(by_packet))
    wanted = [Wanted(place, by_packet[name]) for name, place in places.items()]
    samples = _samples(reader, wanted)
    absent = [one for name in places for one in by_packet[name] if _key(one) not in samples]
    earlier = newest_samples(clickhouse, scope, absent)
    lone = [Wanted(earlier[_key(one)], [one]) for one in absent if _key(one) in earlier]
    samples |= _samples(reader, lone)
    return [samples.get(_key(one)) for one in parameters]


def _samples(reader: GenerationReader, wanted: Sequence[Wanted]) -> dict[tuple[str, str], Sample]:
    return {
        _key(one): Sample(values[one.value], values[one.raw], each.place.origin, values.get(one.context))
        for each, values in zip(wanted, reader.read(wanted), strict=True)
        for one in each.parameters
        if values[one.value] is not None or values[one.raw] is not None
    }


def _key(one: ParameterColumns) -> tuple[str, str]:
    return one.packet, one.label


def sample_row(generation: str, one: ParameterColumns, sample: Sample) -> Row:
    """Return a sample with its unit, alarm level and origin."""
    alarms, contexts = one.limits
    return {
        "parameter": one.label,
        "packet": one.packet,
        "value": sample.value,
        "raw": sample.raw,
        "unit": one.unit,
        "alarm": alarm_level(alarms, sample.value, contexts, sample.context),
        "generation": generation,
        **sample.origin,
    }
