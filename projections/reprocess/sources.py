"""Where the frames of a segment come from: sealed stretches out of the archive, all others out of FRAMES."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from projections.archive.stretches import Sealed, WrongStretchError, stretches
from projections.clickhouse import ClickHouse
from streams.frame_batch import FrameBatch


class Part(NamedTuple):
    """The frames `first` to `last`, which come out of the archive where they are `sealed`."""

    first: int
    last: int
    sealed: tuple[Sealed, ...] = ()


def parts(first: int, last: int, sealed: Sequence[Sealed]) -> list[Part]:
    """Share the frames `first` to `last` out between archive and stream.

    `sealed` are the seals over frames that the archive has, in their order.
    """
    found, at = list[Part](), first
    for one in sealed:
        if at <= last and at <= one.seal.last and one.seal.first <= last:
            if at < one.seal.first:
                found.append(Part(at, one.seal.first - 1))
                at = one.seal.first
            end = min(last, one.seal.last)
            if found and found[-1].sealed:
                found[-1] = Part(found[-1].first, end, (*found[-1].sealed, one))
            else:
                found.append(Part(at, end, (one,)))
            at = end + 1
    return [*found, Part(at, last)] if at <= last else found


def archived_frames(clickhouse: ClickHouse, part: Part) -> Iterator[FrameBatch]:
    """Yield the frames of a part out of the archive, each proven before it is handed out.

    Raises WrongStretchError for a stretch that is not what was sealed.
    """
    for stretch in stretches(clickhouse, part.sealed):
        if stretch.wrong is not None:
            raise WrongStretchError(stretch.wrong)
        for frames in stretch.frames:
            wanted = frames.cut(part.first, part.last)
            if len(wanted.offsets):
                yield FrameBatch.from_columns(wanted)
