"""Decode rate beside a bare numpy structured array: JPSS packets, the fastest that numpy itself can do.

The baseline is written by hand for this one packet: the bytes seen as big-endian records, and every value
made a native, contiguous column, which is what the decoder's table has: bit fields cut out, times as float64
beside their raw integers.
"""

from __future__ import annotations

from functools import partial

import numpy as np
import numpy.typing as npt

from benchmarks.figures import Outcome, Rate, expect
from benchmarks.options import Options
from benchmarks.recordings import batch_of, recording
from benchmarks.timing import best_in_turns
from streams.decode import Decoded

AIM = 0.5
REPEATS = 14
"""100,800 packets in a batch."""

_WORDS = {"u1": "u1", "u2": ">u2", "u4": ">u4", "f4": ">f4"}
_FIELDS = {
    "FIRST": "u2", "SECOND": "u2", "PKT_LEN": "u2", "DOY": "u2", "MSEC": "u4", "USEC": "u2",
    "ADAESCID": "u1", "ADAET1DAY": "u2", "ADAET1MS": "u4", "ADAET1US": "u2",
    "ADGPSPOSX": "f4", "ADGPSPOSY": "f4", "ADGPSPOSZ": "f4",
    "ADGPSVELX": "f4", "ADGPSVELY": "f4", "ADGPSVELZ": "f4",
    "ADAET2DAY": "u2", "ADAET2MS": "u4", "ADAET2US": "u2",
    "ADCFAQ1": "f4", "ADCFAQ2": "f4", "ADCFAQ3": "f4", "ADCFAQ4": "f4",
}  # fmt: skip
RECORD = np.dtype([(name, _WORDS[code]) for name, code in _FIELDS.items()])
_TIMES = ("DOY", "MSEC", "USEC")

Columns = dict[str, npt.NDArray[np.generic]]


def bare(data: bytes) -> Columns:
    """Decode JPSS packets, back to back, to native contiguous columns."""
    records = np.frombuffer(data, RECORD)
    first, second = records["FIRST"].astype("u2"), records["SECOND"].astype("u2")
    columns: Columns = {
        "VERSION": (first >> 13).astype("u1"),
        "TYPE": (first >> 12 & 1).astype("u1"),
        "SEC_HDR_FLG": (first >> 11 & 1).astype("u1"),
        "PKT_APID": first & 0x7FF,
        "SEQ_FLGS": (second >> 14).astype("u1"),
        "SRC_SEQ_CTR": second & 0x3FFF,
    }
    for name, code in list(_FIELDS.items())[2:]:
        if name in _TIMES:
            columns[f"{name}__raw"] = records[name].astype(code)
            columns[name] = columns[f"{name}__raw"].astype("f8")
        else:
            columns[name] = records[name].astype(code)
    return columns


def run(options: Options) -> Outcome:
    """Measure both on the same bytes."""
    source = recording("jpss")
    packets = source.packets * REPEATS
    batch, data = batch_of(packets), b"".join(packets)
    decode = partial(source.mission.decoder().decode, batch.data, batch.starts, batch.lengths)
    _check(decode(), bare(data))
    best = best_in_turns(options.rounds, {"ours": decode, "numpy": partial(bare, data)})
    here, baseline = (len(packets) / best[name] for name in ("ours", "numpy"))
    return Outcome([Rate("jpss: packets", "packets/s", here, baseline, "bare numpy structured array", AIM)])


def _check(ours: Decoded, theirs: Columns) -> None:
    (table,) = ours.tables
    names = set(table.batch.schema.names)
    expect(names == set(theirs), f"the columns differ: {sorted(names ^ set(theirs))}")
    for name, column in theirs.items():
        found = table.batch.column(name).to_numpy()
        expect(found.dtype == column.dtype, f"{name} is {found.dtype}, not {column.dtype}")
        expect(np.array_equal(found, column, equal_nan=column.dtype.kind == "f"), f"{name} has other values")
