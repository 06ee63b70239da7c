"""TC transfer frames (CCSDS 232.0-B-4, section 4.1)."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commands.transfer_frame import MAX_FRAME, SegmentHeader, SequenceFlags, TransferFrame, frame_size

FRAMES = st.builds(
    TransferFrame,
    scid=st.integers(0, 0x3FF),
    vcid=st.integers(0, 0x3F),
    data=st.binary(min_size=1, max_size=1016),
    sequence=st.integers(0, 255),
    bypass=st.booleans(),
    segment=st.none() | st.builds(SegmentHeader, st.sampled_from(SequenceFlags), st.integers(0, 0x3F)),
)


@given(frame=FRAMES, fecf=st.booleans(), fill=st.binary(max_size=7))
def test_a_frame_is_read_as_it_was_packed_whatever_follows_it(
    frame: TransferFrame, fecf: bool, fill: bytes
) -> None:
    packed = frame.pack(fecf)
    assert frame_size(packed + fill) == len(packed)
    assert TransferFrame.unpack(packed + fill, fecf=fecf, segments=frame.segment is not None) == frame


def test_the_fields_stand_where_the_standard_has_them() -> None:
    segment = SegmentHeader(SequenceFlags.UNSEGMENTED, 5)
    frame = TransferFrame(
        scid=0x2AB, vcid=0x15, data=b"\x01\x02", sequence=0x7E, bypass=True, segment=segment
    )
    packed = frame.pack(fecf=False)
    bits = f"{int.from_bytes(packed, 'big'):0{8 * len(packed)}b}"
    fields = {
        "version": 2, "bypass": 1, "control": 1, "reserved": 2, "scid": 10, "vcid": 6, "length": 10,
        "sequence": 8, "flags": 2, "map": 6,
    }  # fmt: skip
    found, at = {}, 0
    for name, size in fields.items():
        found[name] = int(bits[at : at + size], 2)
        at += size
    assert found == {
        "version": 0, "bypass": 1, "control": 0, "reserved": 0, "scid": 0x2AB, "vcid": 0x15, "length": 7,
        "sequence": 0x7E, "flags": 3, "map": 5,
    }  # fmt: skip
    assert packed[6:] == b"\x01\x02"


def test_the_length_counts_the_error_control_too() -> None:
    frame = TransferFrame(scid=1, vcid=0, data=b"abc")
    assert frame.pack()[3] == 5 + 3 + 2 - 1
    assert len(frame.pack()) == 10


def test_control_commands_have_no_segment_header() -> None:
    unlock = TransferFrame(scid=1, vcid=0, data=b"\x00", control=True)
    assert TransferFrame.unpack(unlock.pack(), segments=True) == unlock


@given(frame=FRAMES, data=st.data())
def test_a_wrong_bit_is_found(frame: TransferFrame, data: st.DataObject) -> None:
    packed = bytearray(frame.pack())
    bit = data.draw(st.integers(0, 8 * len(packed) - 1))
    packed[bit // 8] ^= 0x80 >> bit % 8
    with pytest.raises(ValueError, match=r"error control|version|length field"):
        TransferFrame.unpack(bytes(packed), segments=frame.segment is not None)


def test_frames_that_are_empty_or_too_long_are_not_made() -> None:
    frame = TransferFrame(scid=1, vcid=0, data=bytes(MAX_FRAME - 7))
    assert len(frame.pack()) == MAX_FRAME
    for data in (b"", bytes(MAX_FRAME - 6)):
        with pytest.raises(ValueError, match="at most 1024 bytes"):
            replace(frame, data=data).pack()


@pytest.mark.parametrize(
    ("frame", "expected"),
    [
        (b"\x20\x01", "2 bytes are no transfer frame"),
        (b"\x60\x01\x00\x07\x00abc", "transfer frame version is 1"),
        (b"\x20\x01\x00\x08\x00abc", "length field says 9 bytes, 8 are there"),
        (b"\x20\x01\x00\x02\x00abc", "length field says 3 bytes"),
        (b"\x20\x01\x00\x07\x00abc", "frame error control is 6263"),
    ],
)
def test_what_is_no_frame_is_refused_with_the_reason(frame: bytes, expected: str) -> None:
    with pytest.raises(ValueError, match=expected):
        TransferFrame.unpack(frame)


@given(noise=st.binary(max_size=64), fecf=st.booleans(), segments=st.booleans())
def test_any_bytes_are_read_or_refused(noise: bytes, fecf: bool, segments: bool) -> None:
    try:
        frame = TransferFrame.unpack(noise, fecf=fecf, segments=segments)
    except ValueError:
        return
    packed = frame.pack(fecf)
    assert packed[1:] == noise[1 : len(packed)]
    assert packed[0] == noise[0] & 0b11110011  # but for the reserved bits
