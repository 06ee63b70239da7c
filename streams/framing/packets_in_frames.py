"""Find the space packets (CCSDS 133.0-B-2 section 4.1) in a batch of frames, vectorised over the batch.

Round k finds the packet with index k of every frame that has one, all frames at once; a batch of frames with
one packet each takes one round. When few frames with many packets are left, they are walked one by one.

Transfer frames are not for this module: their packets span frames, see `transfer_frames`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from streams.framing.config import FramingConfig
from streams.framing.space_packet import IDLE_APID, MIN_PACKET, packet_length, wrong_packet

Octets = npt.NDArray[np.uint8]
Integers = npt.NDArray[np.int64]

_FEW = 32  # frames for which walking them is faster than another round


@dataclass(frozen=True)
class FoundPackets:
    """The packets of a batch of frames, in the order of frames and of bytes in a frame; k packets.

    Packet i is `data[starts[i] : starts[i] + lengths[i]]`; it starts in frame `frame[i]` of the batch, as
    number `index[i]` of that frame (from 0, idle packets included). `idle` idle packets were found and
    dropped.
    """

    data: Octets
    starts: Integers
    lengths: Integers
    frame: Integers
    index: npt.NDArray[np.int32]
    idle: int

    def __len__(self) -> int:
        return len(self.starts)

    def packet(self, number: int) -> bytes:
        """Return the bytes of one packet."""
        start = int(self.starts[number])
        return self.data[start : start + int(self.lengths[number])].tobytes()


class FrameFault(NamedTuple):
    """A piece of a frame that is no packet: bytes `start` to `end` of frame number `frame` of the batch."""

    frame: int
    stage: Literal["frame"]
    reason: str
    start: int
    end: int


@dataclass
class _Batch:
    """A batch of frames while its packets are being found; `cursor` is where each frame's next one starts."""

    data: Octets
    starts: Integers
    ends: Integers
    cursor: Integers
    rounds: list[tuple[Integers, Integers, Integers, Integers]] = field(default_factory=list)
    faults: list[FrameFault] = field(default_factory=list)

    def fault(self, frame: int, reason: str) -> None:
        """Note that the rest of a frame is no packet."""
        start, at, end = int(self.starts[frame]), int(self.cursor[frame]), int(self.ends[frame])
        self.faults.append(FrameFault(frame, "frame", reason, min(at, end) - start, end - start))

    def found(self, frames: Integers, index: Integers, starts: Integers, lengths: Integers) -> None:
        """Note packets, one per element."""
        self.rounds.append((frames, index, starts, lengths))


def packets_in_frames(
    config: FramingConfig, data: Octets, starts: Integers, lengths: Integers
) -> tuple[FoundPackets, list[FrameFault]]:
    """Find the packets of the frames `data[starts[i] : starts[i] + lengths[i]]`.

    `data` is uint8 and is not copied; `starts` and `lengths` are int64, of one length. Each frame starts with
    `config.header` bytes that are skipped. With content "single" the rest is one packet as it is; with
    "packets" it is cut by the length fields of the packets, and what cannot be one is a fault. A frame
    without a byte for a packet is a fault too.
    """
    if config.kind == "transfer-frames":
        raise ValueError("packets span transfer frames: use TransferFrameReader")
    cursor = starts.astype(np.int64) + config.header
    ends = starts + lengths
    batch = _Batch(data, starts, ends, cursor)
    holds_some = cursor < ends
    for frame in np.flatnonzero(~holds_some).tolist():
        batch.fault(frame, _why_empty(int(lengths[frame]), config.header))
    frames = np.flatnonzero(holds_some)
    if config.content == "single":
        batch.found(frames, np.zeros_like(frames), cursor[frames], (ends - cursor)[frames])
    else:
        _find_packets(batch, frames)
    return _collect(batch, drop_idle=config.content == "packets"), sorted(batch.faults)


def _why_empty(length: int, header: int) -> str:
    if length == 0:
        return "the frame is empty"
    return f"the frame has {length} bytes, its header alone has {header}: there is no packet"


def _find_packets(batch: _Batch, frames: Integers) -> None:
    """Find the packets of `frames` round by round; then walk through the few that have more."""
    index = 0
    while len(frames) > _FEW or (index == 0 and len(frames)):
        frames = _find_next(batch, frames, index)
        index += 1
    for frame in frames.tolist():
        _walk(batch, frame, index)


def _find_next(batch: _Batch, frames: Integers, index: int) -> Integers:
    """Find packet number `index` of each of `frames`; return the frames that have bytes after it."""
    data = batch.data
    starts = batch.cursor[frames]
    left = batch.ends[frames] - starts
    heads = np.where(left >= MIN_PACKET, starts, 0)  # where no header fits, any place in data does
    lengths = MIN_PACKET + (_octet(data, heads + 4) << 8 | _octet(data, heads + 5))
    whole = (left >= MIN_PACKET) & (data[heads] < 0x20) & (lengths <= left)
    if not whole.all():
        for frame, at, rest in zip(*(_.tolist() for _ in _where(~whole, frames, starts, left)), strict=True):
            batch.fault(frame, wrong_packet(data[at : at + MIN_PACKET].tobytes(), 0, rest))
        frames, starts, left, lengths = _where(whole, frames, starts, left, lengths)
    batch.found(frames, np.full(len(frames), index), starts, lengths)
    batch.cursor[frames] += lengths
    return frames[lengths < left]


def _octet(data: Octets, at: Integers) -> Integers:
    """Read one byte per element; past the end it reads the last one (of frames that are too short)."""
    return data[np.minimum(at, len(data) - 1)].astype(np.int64)


def _where(mask: npt.NDArray[np.bool_], *columns: Integers) -> tuple[Integers, ...]:
    return tuple(column[mask] for column in columns)


def _walk(batch: _Batch, frame: int, index: int) -> None:
    """Find all packets of one frame from number `index` on."""
    base = int(batch.cursor[frame])
    data = batch.data[base : int(batch.ends[frame])].tobytes()
    at, found = 0, []
    while at < len(data):
        if wrong := wrong_packet(data, at, len(data) - at):
            batch.cursor[frame] = base + at
            batch.fault(frame, wrong)
            break
        found.append((base + at, packet_length(data, at)))
        at += found[-1][1]
    if found:
        starts, lengths = np.array(found, np.int64).T
        batch.found(np.full(len(found), frame), np.arange(index, index + len(found)), starts, lengths)


def _collect(batch: _Batch, drop_idle: bool) -> FoundPackets:
    """Put the packets of all rounds in the order of the frames."""
    nothing = np.empty(0, np.int64)
    columns = [np.concatenate(column) for column in zip(*batch.rounds, strict=True)] or [nothing] * 4
    if len(batch.rounds) > 1:
        columns = list(_where_order(columns))
    frames, index, starts, lengths = columns
    idle = 0
    if drop_idle and len(starts):
        is_idle = ((_octet(batch.data, starts) & 7) << 8 | _octet(batch.data, starts + 1)) == IDLE_APID
        idle = int(is_idle.sum())
        if idle:
            frames, index, starts, lengths = _where(~is_idle, frames, index, starts, lengths)
    return FoundPackets(batch.data, starts, lengths, frames, index.astype(np.int32), idle)


def _where_order(columns: list[Integers]) -> tuple[Integers, ...]:
    order = np.lexsort((columns[1], columns[0]))
    return tuple(column[order] for column in columns)
