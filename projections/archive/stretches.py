"""Sealed stretches of the archive: handed out only when their digest is the one in their seal.

A stretch is held until it is proven, so that nothing of a wrong one is ever used; one that is too large to be
held is read twice. Proven by `tests/projections/test_archive.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import numpy as np

from infra.errors import ProjectionError
from projections.archive.read import read_frames
from projections.clickhouse import ClickHouse
from streams.frame_columns import FrameColumns
from streams.seal import COLUMNS, Seal, Sealing, marks_of

HELD_BYTES = 64 * 1024**2
"""Bytes of a stretch that are held at most."""

_FRAMES_PER_QUERY = 100_000

_WORDS = {
    "times": "recorded times",
    "lengths": "lengths",
    "subjects": "subjects",
    "headers": "headers",
    "payloads": "bytes",
}


class Sealed(NamedTuple):
    """A seal and the offset of its event in OPERATIONS."""

    event: int
    seal: Seal


class Wrong(NamedTuple):
    """A stretch of the archive that is not what was sealed; `offset` is the first wrong frame's.

    Where the seal's digest alone tells that something is wrong, that is the first of the stretch.
    """

    event: int
    first: int
    last: int
    offset: int
    what: str


class WrongStretchError(ProjectionError):
    """A stretch was refused."""

    def __init__(self, wrong: Wrong) -> None:
        sealed = f"the seal over {wrong.first} to {wrong.last} (OPERATIONS offset {wrong.event})"
        super().__init__(
            f"the frame archive is not what {sealed} says: {wrong.what}",
            where=f"archive offset {wrong.offset}",
            fix="make it again from FRAMES with `archive rebuild`, or reprocess without --from-archive",
        )


class Stretch(NamedTuple):
    """The frames of a seal; `wrong` says why they must not be used, and then there are none."""

    sealed: Sealed
    frames: Iterable[FrameColumns]
    wrong: Wrong | None = None


def stretches(clickhouse: ClickHouse, sealed: Sequence[Sealed]) -> Iterator[Stretch]:
    """Yield the stretch of each seal, in their order, proven or with what is wrong with it."""
    for group in _groups(sealed):
        batches = _Batches(clickhouse, group[0].seal.first, group[-1].seal.last)
        for one in group:
            yield _proven(clickhouse, one, batches)


def _groups(sealed: Sequence[Sealed]) -> Iterator[Sequence[Sealed]]:
    """Yield seals for which the archive is asked together."""
    begin = frames = 0
    for number, one in enumerate(sealed):
        if frames and frames + one.seal.frames > _FRAMES_PER_QUERY:
            yield sealed[begin:number]
            begin, frames = number, 0
        frames += one.seal.frames
    if sealed:
        yield sealed[begin:]


class _Batches:
    """An answer of the archive, cut where one likes."""

    def __init__(self, clickhouse: ClickHouse, first: int, last: int) -> None:
        self._answer = read_frames(clickhouse, first, last)
        self._rest: FrameColumns | None = None

    def up_to(self, last: int) -> Iterator[FrameColumns]:
        """Yield the frames that are left, up to the offset `last`."""
        while (batch := self._rest or next(self._answer, None)) is not None:
            self._rest, newest = None, int(batch.offsets[-1])
            if newest > last:
                self._rest = batch.cut(last + 1, newest)
                batch = batch.cut(0, last)
            if len(batch.offsets):
                yield batch
            if newest >= last:
                return


def _proven(clickhouse: ClickHouse, one: Sealed, batches: _Batches) -> Stretch:
    """Return a stretch with its frames, when all of them are what was sealed."""
    seal, held, size = one.seal, list[FrameColumns](), 0
    run, missing = Sealing(seal.first, seal.previous), 0
    for frames in batches.up_to(seal.last):
        missing = missing or _missing(frames, run.next_offset)
        if not missing:
            run.add_columns(frames)
        size += frames.size
        held = [*held, frames] if size <= HELD_BYTES else []
    if missing or run.next_offset <= seal.last:
        return Stretch(one, (), _wrong(one, missing or run.next_offset, "the frame is missing"))
    found = run.seal()
    if found.digest != seal.digest:
        return Stretch(one, (), _difference(clickhouse, one, found))
    return Stretch(one, held or _again(clickhouse, one))


def _missing(frames: FrameColumns, first: int) -> int:
    """Return the first offset that frames from `first` on have not; 0 when they have no hole."""
    wanted = np.arange(first, first + len(frames.offsets))
    differ = np.flatnonzero(frames.offsets != wanted)
    return int(wanted[differ[0]]) if len(differ) else 0


def _again(clickhouse: ClickHouse, one: Sealed) -> Iterator[FrameColumns]:
    """Read a stretch that was proven once more, and raise WrongStretchError if it has changed meanwhile."""
    run = Sealing(one.seal.first, one.seal.previous)
    for frames in read_frames(clickhouse, one.seal.first, one.seal.last):
        run.add_columns(frames)
        yield frames
    if run.seal().digest != one.seal.digest:
        raise WrongStretchError(_wrong(one, one.seal.first, "it changed while it was read"))


def _difference(clickhouse: ClickHouse, one: Sealed, found: Seal) -> Wrong:
    """Say which columns are not those that were sealed, and find the first frame by its mark."""
    seal = one.seal
    columns = [_WORDS[name] for name in COLUMNS if found.columns[name] != seal.columns[name]]
    what = f"other {' and '.join(columns)}" if columns else "another seal before it"
    at = seal.first
    for frames in read_frames(clickhouse, seal.first, seal.last):
        row = int(frames.offsets[0]) - seal.first
        marks = seal.marks[row : row + len(frames.offsets)]
        differ = np.flatnonzero(marks_of(frames)[: len(marks)] != marks)
        if len(differ):
            at = int(frames.offsets[differ[0]])
            break
    return _wrong(one, at, what)


def _wrong(one: Sealed, offset: int, what: str) -> Wrong:
    return Wrong(one.event, one.seal.first, one.seal.last, offset, what)
