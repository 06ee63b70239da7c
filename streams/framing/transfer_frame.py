"""One TM transfer frame, CCSDS 132.0-B-3 section 4.1: its fields, and its coding on and off."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from streams.framing.channel_coding import FECF_LENGTH, error_control, is_intact, randomise
from streams.framing.config import FramingConfig
from streams.framing.sync_marker import ASM

PRIMARY_HEADER = 6
OCF_LENGTH = 4

NO_START = 0x7FF
"""First header pointer: no packet starts in this frame (section 4.1.2.7.6.4)."""

ONLY_IDLE = 0x7FE
"""First header pointer: the data field holds only idle data (section 4.1.2.7.6.5)."""


class FrameCounts(NamedTuple):
    """What numbers a frame: spacecraft, virtual channel, and the channel's frame count (0 to 255)."""

    scid: int
    vcid: int
    vc_count: int


@dataclass(frozen=True)
class TransferFrame:
    """The fields of a transfer frame (section 4.1.2 to 4.1.5).

    `secondary` is the secondary header with its first byte (1 to 64 bytes in all, empty for none), `ocf` the
    operational control field (4 bytes, empty for none).
    """

    scid: int
    vcid: int
    mc_count: int
    vc_count: int
    first_header: int
    data: bytes
    secondary: bytes = b""
    ocf: bytes = b""
    synchronised: bool = False  # synchronisation flag 1: the data field holds no packets

    def pack(self) -> bytes:
        """Return the frame's bytes, without error control and sync marker."""
        identification = self.scid << 4 | self.vcid << 1 | bool(self.ocf)
        status = bool(self.secondary) << 15 | self.synchronised << 14 | 0b11 << 11 | self.first_header
        head = identification.to_bytes(2, "big") + bytes((self.mc_count, self.vc_count))
        return head + status.to_bytes(2, "big") + self.secondary + self.data + self.ocf

    @classmethod
    def unpack(cls, body: bytes) -> TransferFrame:
        """Read a frame without error control and sync marker; raises ValueError for what is none."""
        if body[0] >> 6:
            raise ValueError(f"transfer frame version is {body[0] >> 6}, must be 0 for TM")
        status = body[4] << 8 | body[5]
        start = PRIMARY_HEADER
        if status >> 15:
            if len(body) <= start or body[start] >> 6:
                raise ValueError("the secondary header's version is not 0")
            start += (body[start] & 0x3F) + 1
        end = len(body) - OCF_LENGTH * (body[1] & 1)
        if end < start:
            raise ValueError(
                f"{len(body)} bytes are too few for the headers and the operational control field"
            )
        return cls(
            scid=(body[0] & 0x3F) << 4 | body[1] >> 4,
            vcid=body[1] >> 1 & 0x07,
            mc_count=body[2],
            vc_count=body[3],
            first_header=status & 0x7FF,
            data=body[start:end],
            secondary=body[PRIMARY_HEADER:start],
            ocf=body[end:],
            synchronised=bool(status >> 14 & 1),
        )


def encode_frame(config: FramingConfig, frame: TransferFrame) -> bytes:
    """Return the bytes of a frame as they leave the device: error control, randomiser, sync marker.

    Raises ValueError when the frame does not have the configured length.
    """
    body = frame.pack()
    if config.fecf:
        body += error_control(body)
    if len(body) != config.length:
        raise ValueError(f"the transfer frame has {len(body)} bytes, {config.length} are configured")
    if config.randomised:
        body = randomise(body)
    return ASM + body if config.asm else body


def decode_frame(config: FramingConfig, frame: bytes) -> TransferFrame:
    """Read a frame as it was received; raises ValueError that says why it cannot be used."""
    body = _strip(config, frame)
    if config.fecf:
        if not is_intact(body):
            wanted, is_there = error_control(body[:-FECF_LENGTH]), body[-FECF_LENGTH:]
            raise ValueError(
                f"frame error control is {is_there.hex()}, the frame's bytes give {wanted.hex()}"
            )
        body = body[:-FECF_LENGTH]
    return TransferFrame.unpack(body)


def frame_counts(config: FramingConfig, frame: bytes) -> FrameCounts | None:
    """Return what numbers a received frame, from its header alone; None for what is no transfer frame."""
    try:
        body = _strip(config, frame, only=PRIMARY_HEADER)
    except ValueError:
        return None
    if body[0] >> 6:
        return None
    return FrameCounts((body[0] & 0x3F) << 4 | body[1] >> 4, body[1] >> 1 & 0x07, body[3])


def _strip(config: FramingConfig, frame: bytes, only: int | None = None) -> bytes:
    """Take sync marker and randomiser off; `only` so many bytes are wanted."""
    start = len(ASM) if config.asm else 0
    if len(frame) != start + (config.length or 0):
        raise ValueError(f"the frame has {len(frame)} bytes, {start + (config.length or 0)} are expected")
    if config.asm and not frame.startswith(ASM):
        raise ValueError(f"the frame starts with {frame[:4].hex()}, not with the sync marker {ASM.hex()}")
    body = frame[start:] if only is None else frame[start : start + only]
    return randomise(body) if config.randomised else body
