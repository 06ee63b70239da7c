"""Strings: the text inside of a raw buffer (XTCE 1.2, StringDataEncodingType).

A raw buffer holds the text with its size tag or terminator. Bytes that are no text of the encoding stand as
backslash escapes in the value, and the packet gets a fault.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from streams.decode.raw import Mask
from streams.xtce.encodings import StringEncoding

NOT_TEXT = "not text of its encoding"
TAG_TOO_LARGE = "its size tag is larger than its buffer"

_SINGLE_BYTE = {"ascii", "utf-8", "latin-1", "cp1252"}


def content(raw: bytes, bits: int, encoding: StringEncoding) -> tuple[bytes, bool]:
    """The bytes of text in a raw buffer of so many bits; and whether its size tag fitted."""
    if encoding.tag_bits is not None:
        available = max(bits - encoding.tag_bits, 0) // 8
        size = int.from_bytes(raw, "big") >> max(len(raw) * 8 - encoding.tag_bits, 0)
        text = _after_tag(raw, encoding.tag_bits, min(size, available))
        return text, size <= available and bits >= encoding.tag_bits
    if encoding.terminator is None:
        return raw, True
    end = find_terminator(raw, encoding.terminator, encoding.charset)
    return (raw if end is None else raw[:end]), True


def find_terminator(raw: bytes, terminator: bytes, charset: str) -> int | None:
    """Where the terminator starts, in whole characters; None when there is none."""
    unit = 1 if charset in _SINGLE_BYTE else 4 if charset.startswith("utf-32") else 2
    end = raw.find(terminator)
    while end >= 0 and end % unit:
        end = raw.find(terminator, end + 1)
    return None if end < 0 else end


def _after_tag(raw: bytes, tag_bits: int, size: int) -> bytes:
    if tag_bits % 8 == 0:
        return raw[tag_bits // 8 : tag_bits // 8 + size]
    rest = len(raw) * 8 - tag_bits
    number = (int.from_bytes(raw, "big") & ((1 << rest) - 1)) >> (rest - 8 * size)
    return number.to_bytes(size, "big")


def to_text(raw: bytes, charset: str) -> tuple[str, bool]:
    """The text of some bytes, and whether all of them were text."""
    try:
        return raw.decode(charset), True
    except UnicodeDecodeError:
        return raw.decode(charset, "backslashreplace"), False


def texts(raws: pa.Array, bits: int | None, encoding: StringEncoding) -> tuple[pa.Array, dict[str, Mask]]:
    """The texts of raw buffers (null stays null), and which were wrong in what way.

    `bits` is the size of every buffer where it is fixed.
    """
    if encoding.terminator is None and encoding.tag_bits is None and _all_ascii(raws, encoding.charset):
        return raws.cast(pa.string()), {}
    wrong = {NOT_TEXT: np.zeros(len(raws), np.bool_), TAG_TOO_LARGE: np.zeros(len(raws), np.bool_)}
    found: list[str | None] = []
    for row, raw in enumerate(raws.to_pylist()):
        if raw is None:
            found.append(None)
            continue
        inner, fitted = content(raw, len(raw) * 8 if bits is None else bits, encoding)
        text, good = to_text(inner, encoding.charset)
        found.append(text)
        wrong[NOT_TEXT][row] = not good
        wrong[TAG_TOO_LARGE][row] = not fitted
    return pa.array(found, pa.string()), {what: rows for what, rows in wrong.items() if rows.any()}


def _all_ascii(raws: pa.Array, charset: str) -> bool:
    """Whether the buffers hold nothing but ASCII, in an encoding that has ASCII as it is."""
    data = raws.buffers()[2]
    return charset in _SINGLE_BYTE and (data is None or not (np.frombuffer(data, np.uint8) > 0x7F).any())
