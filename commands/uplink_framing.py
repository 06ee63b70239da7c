"""The `[links.uplink]` table of mission.toml: how packets leave on a link, and the way back.

"packets" leave as they are, "transfer-frames" in TC transfer frames (CCSDS 232.0-B-4), "cltu" with each frame
in a CLTU of its own (CCSDS 231.0-B-4).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Any, Literal, get_args

from commands.cltu import decode_cltu, encode_cltu
from commands.transfer_frame import (
    MAX_FRAME,
    MAX_MAP,
    MAX_SCID,
    MAX_VCID,
    PRIMARY_HEADER,
    SEGMENT_HEADER,
    SegmentHeader,
    SequenceFlags,
    TransferFrame,
)
from infra.errors import CommandError, ConfigError
from streams.framing.channel_coding import FECF_LENGTH

Kind = Literal["packets", "transfer-frames", "cltu"]

_NUMBERS = {
    "scid": (0, MAX_SCID),
    "vcid": (0, MAX_VCID),
    "map_id": (0, MAX_MAP),
    "max_frame": (PRIMARY_HEADER + SEGMENT_HEADER + 1 + FECF_LENGTH, MAX_FRAME),
}
_SEQUENCES = 256


@dataclass(frozen=True)
class UplinkFraming:
    """How telecommand packets leave.

    - `scid`, `vcid`: spacecraft and virtual channel; `scid` is needed for frames.
    - `bypass`: Type-BD frames, which the device takes in any case. False: Type-AD, numbered from `sequence`
      on; nothing here waits for the device's acceptance or repeats a frame (COP-1).
    - `map_id`: frames have a segment header with this multiplexer access point; long packets are segmented.
    - `fecf`: frames have an error control field. `max_frame`: bytes of the longest frame.
    - `randomised`: CLTUs are randomised.
    """

    kind: Kind = "packets"
    scid: int | None = None
    vcid: int = 0
    bypass: bool = True
    map_id: int | None = None
    fecf: bool = True
    max_frame: int = MAX_FRAME
    randomised: bool = False

    @classmethod
    def from_mapping(cls, mapping: Mapping[str, Any], where: str) -> UplinkFraming:
        """Read the table as TOML or JSON gives it; `where` names its place in messages.

        Raises ConfigError for a missing or unknown key, a wrong type, or a value out of range.
        """
        known = [entry.name for entry in fields(cls)]
        for key, value in mapping.items():
            if key not in known:
                raise ConfigError(f"unknown key {key!r}", where=where, fix=f"known keys: {', '.join(known)}")
            _check(key, value, where)
        framing = cls(**mapping)
        unfit = [key for key in mapping if key != "kind"] if framing.kind == "packets" else []
        if framing.kind == "transfer-frames" and "randomised" in mapping:
            unfit = ["randomised"]
        if unfit:
            what = f"`{unfit[0]}` has no meaning with kind {framing.kind!r}"
            raise ConfigError(what, where=where, fix=f"remove `{unfit[0]}`")
        if framing.kind != "packets" and framing.scid is None:
            raise ConfigError(
                f"`scid` is missing: kind {framing.kind!r} needs it", where=where, fix="add `scid`"
            )
        return framing

    def frame(self, packet: bytes, sequence: int = 0) -> list[bytes]:
        """What leaves for one packet, in order: itself, or its frames.

        `sequence` is the number of the first Type-AD frame; each takes one, 255 is followed by 0. Raises
        CommandError for a packet that is too long.
        """
        if self.kind == "packets":
            return [packet]
        frames = [frame.pack(self.fecf) for frame in self._frames(packet, sequence)]
        return frames if self.kind == "transfer-frames" else [self._cltu(frame) for frame in frames]

    def unframe(self, units: Iterable[bytes]) -> list[bytes]:
        """The packets in what left, in order: the inverse of `frame`.

        Raises ValueError for what is damaged or of another channel, and for segments out of order.
        """
        if self.kind == "packets":
            return list(units)
        packets, parts = [], list[bytes]()
        for unit in units:
            frame = self._read(unit)
            flags = frame.segment.flags if frame.segment else SequenceFlags.UNSEGMENTED
            if bool(parts) != (flags in {SequenceFlags.CONTINUING, SequenceFlags.LAST}):
                raise ValueError(f"a segment {flags.name.lower()} after {len(parts)} segments of a packet")
            parts.append(frame.data)
            if flags in {SequenceFlags.LAST, SequenceFlags.UNSEGMENTED}:
                packets.append(b"".join(parts))
                parts = []
        return packets

    def _frames(self, packet: bytes, sequence: int) -> list[TransferFrame]:
        room = self.max_frame - PRIMARY_HEADER - FECF_LENGTH * self.fecf
        if self.map_id is not None:
            room -= SEGMENT_HEADER
        elif len(packet) > room:
            raise CommandError(
                f"a packet of {len(packet)} bytes does not fit into a transfer frame: {room} do",
                fix="give the uplink a map_id, so that packets are segmented, or a larger max_frame",
            )
        parts = [packet[at : at + room] for at in range(0, len(packet), room)]
        return [
            TransferFrame(
                scid=self.scid or 0,
                vcid=self.vcid,
                data=part,
                sequence=0 if self.bypass else (sequence + number) % _SEQUENCES,
                bypass=self.bypass,
                segment=None
                if self.map_id is None
                else SegmentHeader(_flags(number, len(parts)), self.map_id),
            )
            for number, part in enumerate(parts)
        ]

    def _cltu(self, frame: bytes) -> bytes:
        return encode_cltu(frame, randomised=self.randomised)

    def _read(self, unit: bytes) -> TransferFrame:
        if self.kind == "cltu":
            unit = decode_cltu(unit, randomised=self.randomised).data
        frame = TransferFrame.unpack(unit, fecf=self.fecf, segments=self.map_id is not None)
        if (frame.scid, frame.vcid) != (self.scid, self.vcid):
            raise ValueError(f"the frame is for spacecraft {frame.scid}, virtual channel {frame.vcid}")
        return frame


def _flags(number: int, count: int) -> SequenceFlags:
    if count == 1:
        return SequenceFlags.UNSEGMENTED
    if number == 0:
        return SequenceFlags.FIRST
    return SequenceFlags.LAST if number == count - 1 else SequenceFlags.CONTINUING


def _check(key: str, value: Any, where: str) -> None:
    if key == "kind":
        if value not in get_args(Kind):
            choices = ", ".join(f'"{choice}"' for choice in get_args(Kind))
            raise ConfigError(f"`kind` is {value!r}", where=where, fix=f"one of {choices}")
    elif key in _NUMBERS:
        least, most = _NUMBERS[key]
        if type(value) is not int or not least <= value <= most:
            raise ConfigError(f"`{key}` is {value!r}", where=where, fix=f"a whole number, {least} to {most}")
    elif type(value) is not bool:
        raise ConfigError(f"`{key}` is {value!r}", where=where, fix="true or false")
