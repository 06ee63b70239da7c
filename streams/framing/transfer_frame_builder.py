"""Pack space packets into TM transfer frames, CCSDS 132.0-B-3 section 4.2: what a device does."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from streams.framing.channel_coding import FECF_LENGTH
from streams.framing.config import FramingConfig
from streams.framing.space_packet import MAX_PACKET, MIN_PACKET, idle_packet
from streams.framing.transfer_frame import (
    NO_START,
    OCF_LENGTH,
    ONLY_IDLE,
    PRIMARY_HEADER,
    TransferFrame,
    encode_frame,
)


def build_transfer_frames(
    packets: Iterable[bytes],
    config: FramingConfig,
    *,
    scid: int = 0,
    vcid: int = 0,
    mc_count: int = 0,
    vc_count: int = 0,
    secondary: bytes = b"",
    ocf: bytes = b"",
) -> list[bytes]:
    """Return the frames of one virtual channel that carry `packets`; idle packets fill the last one.

    Packets span frames where they do not fit. `mc_count` and `vc_count` number the first frame. Raises
    ValueError when the configured length leaves no room for data.
    """
    room = _room(config, secondary, ocf)
    field = list(packets)
    field += _fill(sum(map(len, field)), room)
    data, pointers = b"".join(field), _first_headers(field, room)
    return [
        encode_frame(
            config,
            TransferFrame(
                scid=scid,
                vcid=vcid,
                mc_count=(mc_count + number) % 256,
                vc_count=(vc_count + number) % 256,
                first_header=pointer,
                data=data[number * room : (number + 1) * room],
                secondary=secondary,
                ocf=ocf,
            ),
        )
        for number, pointer in enumerate(pointers)
    ]


def _room(config: FramingConfig, secondary: bytes, ocf: bytes) -> int:
    if config.length is None or len(ocf) not in (0, OCF_LENGTH):
        raise ValueError("transfer frames need a length, an operational control field has 4 bytes")
    if secondary and secondary[0] != len(secondary) - 1:
        raise ValueError("a secondary header's first byte is its length minus 1 (section 4.1.3.2)")
    room = config.length - PRIMARY_HEADER - len(secondary) - len(ocf) - FECF_LENGTH * config.fecf
    if not 0 < room <= ONLY_IDLE:
        raise ValueError(f"a data field of {room} bytes: the first header pointer needs 1 to {ONLY_IDLE}")
    return room


def _fill(size: int, room: int) -> list[bytes]:
    """Return idle packets that fill up the last frame; a gap too small for one goes into further frames."""
    gap = -size % room
    while 0 < gap < MIN_PACKET:
        gap += room
    assert gap <= MAX_PACKET
    return [idle_packet(gap)] if gap else []


def _first_headers(packets: Sequence[bytes], room: int) -> list[int]:
    """Return the first header pointer of each frame."""
    pointers = [NO_START] * (sum(map(len, packets)) // room)
    start = 0
    for packet in packets:
        frame = start // room
        if pointers[frame] == NO_START:
            pointers[frame] = start % room
        start += len(packet)
    return pointers
