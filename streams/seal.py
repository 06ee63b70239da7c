"""Seals over FRAMES: one digest for a run of frames without a hole, bound to the seal before it.

**The digest** is the SHA-256, in small hexadecimal digits, of these nine lines of text, each ended by a line
feed; `<column>` is the SHA-256 of a column of the run, whose n frames are in the order of their offsets:

    flightledger seal 1
    previous <digest of the seal before; 64 zeros for the first>
    first <offset of the first frame>
    last <offset of the last frame>
    times <column: each recorded time, ns UTC, as 8 bytes>
    lengths <column: for each frame the lengths of its subject, header text and payload, 8 bytes each>
    subjects <column: the subjects, one behind the other>
    headers <column: the header texts (`streams.chain.header_text`), one behind the other>
    payloads <column: the payloads, one behind the other>

Numbers are big-endian without sign; text is UTF-8. Because of the lengths no byte can move from one frame to
the next unseen. A digest by columns costs no Python call for each frame where the frames are columns already.

**Marks** prove nothing, they only help to find the frame when a digest is wrong: two bytes for each frame,
the low half of the CRC-32 of subject, header text and payload, XOR the four 16-bit parts of the recorded
time.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import zlib
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from infra.errors import StreamError
from streams.chain import GENESIS, header_text
from streams.frame_columns import FrameColumns
from streams.operations import Operation
from streams.read import Message
from streams.texts import Pieces

SEALED = "sealed"
"""Kind of the event in OPERATIONS that holds a seal."""

COLUMNS = ("times", "lengths", "subjects", "headers", "payloads")

Marks = npt.NDArray[np.uint16]


class Seal(NamedTuple):
    """A seal over the frames `first` to `last`; `columns` are hex digests, `marks` is uint16[n]."""

    first: int
    last: int
    previous: str
    columns: Mapping[str, str]
    marks: Marks
    digest: str

    @property
    def frames(self) -> int:
        """How many frames the run has: as many as offsets."""
        return self.last - self.first + 1

    def fields(self) -> dict[str, Any]:
        """Return the seal as the fields of an event."""
        marks = base64.b64encode(self.marks.astype(">u2").tobytes()).decode()
        return {
            "first": self.first,
            "last": self.last,
            "count": self.frames,
            "previous": self.previous,
            "columns": dict(self.columns),
            "digest": self.digest,
            "marks": marks,
        }


def seal_of(event: Operation) -> Seal:
    """Return the seal that an event holds. Raises StreamError when it is none."""
    fields = event.fields
    try:
        marks = np.frombuffer(base64.b64decode(fields["marks"], validate=True), ">u2").astype(np.uint16)
        columns = {name: str(fields["columns"][name]) for name in COLUMNS}
        first, last = int(fields["first"]), int(fields["last"])
        return Seal(first, last, str(fields["previous"]), columns, marks, str(fields["digest"]))
    except (KeyError, TypeError, ValueError, binascii.Error) as error:
        raise StreamError(
            f"not a seal: {error!r}", where=f"OPERATIONS offset {event.offset}", fix="run `audit verify`"
        ) from error


def seal_digest(previous: str, first: int, last: int, columns: Mapping[str, str]) -> str:
    """Return the digest of a seal from the digests of its columns."""
    lines = ["flightledger seal 1", f"previous {previous}", f"first {first}", f"last {last}"]
    lines += [f"{name} {columns[name]}" for name in COLUMNS]
    return hashlib.sha256("".join(f"{line}\n" for line in lines).encode()).hexdigest()


def following(frames: Sequence[Message]) -> int:
    """Return how many of the frames, one at least, have offsets that follow each other from the first on."""
    offsets = [frame.offset for frame in frames]
    wanted = range(offsets[0], offsets[0] + len(offsets))
    if offsets == list(wanted):
        return len(offsets)
    return next(n for n, pair in enumerate(zip(offsets, wanted, strict=True)) if pair[0] != pair[1])


class Sealing:
    """A run of frames that grows batch by batch; how it is cut into batches makes no difference."""

    def __init__(self, first: int, previous: str = GENESIS) -> None:
        self.first, self.previous = first, previous
        self.next_offset = first
        self._columns = {name: hashlib.sha256() for name in COLUMNS}
        self._marks: list[Marks] = []

    def __len__(self) -> int:
        return self.next_offset - self.first

    def add(self, frames: Sequence[Message]) -> None:
        """Add the frames that follow. Raises StreamError, and adds none, where an offset is missing."""
        if not frames:
            return
        offsets, recorded, subject_texts, headers, payloads = zip(*frames, strict=True)
        if offsets != tuple(range(self.next_offset, self.next_offset + len(frames))):
            raise StreamError(
                f"a seal has no holes: the offsets {offsets[0]} to {offsets[-1]} do not follow each other",
                where=f"FRAMES offset {self.next_offset}",
            )
        times = np.array(recorded, dtype=np.int64)
        subjects, texts = list(map(str.encode, subject_texts)), list(map(header_text, headers))
        self._add(times, [Pieces.of(column) for column in (subjects, texts, payloads)])
        self._marks.append(_marks(times, subjects, texts, payloads))

    def add_columns(self, frames: FrameColumns) -> None:
        """Add the frames that follow, without their marks: no call for each frame.

        Raises StreamError, and adds none, where an offset is missing.
        """
        wanted = np.arange(self.next_offset, self.next_offset + len(frames.offsets))
        if not np.array_equal(frames.offsets, wanted):
            missing = int(np.setdiff1d(wanted, frames.offsets)[0])
            raise StreamError(f"the offset {missing} is missing", where=f"frames from {self.next_offset}")
        self._add(frames.recorded, frames[2:])

    def _add(self, times: npt.NDArray[np.int64], pieces: Sequence[Pieces]) -> None:
        lengths = np.stack([one.lengths for one in pieces], axis=1)
        self._columns["times"].update(times.astype(">i8").tobytes())
        self._columns["lengths"].update(lengths.astype(">i8").tobytes())
        for name, one in zip(COLUMNS[2:], pieces, strict=True):
            self._columns[name].update(one.joined().data)
        self.next_offset += len(times)

    def seal(self) -> Seal:
        """Return the seal over what was added so far, at least one frame; marks only of what `add` got."""
        columns = {name: column.hexdigest() for name, column in self._columns.items()}
        last = self.next_offset - 1
        digest = seal_digest(self.previous, self.first, last, columns)
        marks = np.concatenate([np.zeros(0, np.uint16), *self._marks])
        return Seal(self.first, last, self.previous, columns, marks, digest)


def marks_of(frames: FrameColumns) -> Marks:
    """Return the marks of frames, which point to those that are not what was sealed."""
    rows = range(len(frames.offsets))
    return _marks(frames.recorded, *([one.at(row) for row in rows] for one in frames[2:]))


def _marks(
    times: npt.NDArray[np.int64], subjects: list[bytes], texts: list[bytes], payloads: Sequence[bytes]
) -> Marks:
    crc32 = zlib.crc32
    sums = [
        crc32(payload, crc32(text, crc32(subject)))
        for subject, text, payload in zip(subjects, texts, payloads, strict=True)
    ]
    parts = times.astype("<i8").view("<u2").reshape(-1, 4)
    marks: Marks = np.array(sums, dtype=np.uint32).astype(np.uint16) ^ np.bitwise_xor.reduce(parts, axis=1)
    return marks
