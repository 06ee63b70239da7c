"""Decode rate beside `space_packet_parser`: the same packets of each recording, every value compared."""

from __future__ import annotations

import math
import warnings
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import space_packet_parser

from benchmarks.figures import Outcome, Rate, SkippedError, expect
from benchmarks.options import Options
from benchmarks.recordings import Recording, batch_of, recording
from benchmarks.timing import best_in_turns
from streams.decode import Decoded, Decoder

AIM = 100.0
AGAINST = "space_packet_parser"

_UNKNOWN_TO_IT = {("rocket", "POWER"), ("rocket", "EVENT")}
"""Containers with gaps between their entries, which it does not leave out, and texts of any length."""

Values = Mapping[str, Any]


def run(options: Options) -> Outcome:
    """Measure all recordings that are there."""
    outcome = Outcome()
    for name in ("jpss", "ctim", "rocket"):
        try:
            _compare(recording(name), options.rounds, outcome)
        except SkippedError as reason:
            outcome.facts[name] = f"skipped: {reason}"
    return outcome


def _compare(source: Recording, rounds: int, outcome: Outcome) -> None:
    warnings.simplefilter("ignore")  # the other one warns of every packet that is longer than its container
    definition = space_packet_parser.load_xtce(source.database)
    root = source.mission.root or next(iter(source.mission.database.containers.values())).name
    parse = partial(definition.parse_bytes, root_container_name=root)
    decoder = source.mission.decoder()
    packets = _known_to_both(source, decoder)
    if left_out := len(source.packets) - len(packets):
        outcome.facts[source.name] = f"without {left_out} packets of types that {AGAINST} does not know"
    batch = batch_of(packets)
    ours = partial(decoder.decode, batch.data, batch.starts, batch.lengths)

    def theirs() -> list[Values]:
        return [parse(packet) for packet in packets]

    values = _check(ours(), theirs(), source.name)
    best = best_in_turns(rounds, {"ours": ours, "theirs": theirs})
    for unit, count in (("packets", len(packets)), ("values", values)):
        here, baseline = count / best["ours"], count / best["theirs"]
        outcome.rates.append(Rate(f"{source.name}: {unit}", f"{unit}/s", here, baseline, AGAINST, AIM))


def _known_to_both(source: Recording, decoder: Decoder) -> tuple[bytes, ...]:
    """The packets of the types that the other parser decodes too."""
    batch = batch_of(source.packets)
    rows: list[int] = []
    for table in decoder.decode(batch.data, batch.starts, batch.lengths).tables:
        if (source.name, table.packet_type.name) not in _UNKNOWN_TO_IT:
            rows += table.rows.tolist()
    return tuple(source.packets[row] for row in sorted(rows))


def _check(ours: Decoded, theirs: Sequence[Values], name: str) -> int:
    """Compare every raw and calibrated value; return how many parameters have one."""
    wrong: Counter[str] = Counter()
    compared = 0
    for table in ours.tables:
        columns = {
            (column.label, role): array.to_pylist()
            for column, array in zip(table.packet_type.columns, table.batch.columns, strict=True)
            for role in (("raw", "value") if column.role == "both" else (column.role,))
        }
        for place, row in enumerate(table.rows.tolist()):
            for label, value in theirs[row].items():
                good = _same(columns[label, "raw"][place], value.raw_value)
                good = good and _same(columns[label, "value"][place], value)
                wrong[label] += not good
                compared += 1
    total = sum(map(len, theirs))
    expect(compared == total, f"{name}: {compared} of {total} values were decoded")
    expect(not +wrong, f"{name}: other values than {AGAINST} for {dict(+wrong)}")
    return total


def _same(ours: Any, theirs: Any) -> bool:
    if isinstance(ours, float) and math.isnan(ours):
        return isinstance(theirs, float) and math.isnan(theirs)
    return bool(ours == theirs)
