"""Pictures with at most 256 colours (PNG, colour type 3): a third of the size, and no difference to see.

Reads what Chromium writes: eight bits a sample, RGB or RGBA, not interlaced (PNG, third edition).
"""

from __future__ import annotations

import struct
import zlib
from typing import Any

import numpy as np

Pixels = Any  # numpy array: rows, columns, red green blue

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_SAMPLES = {2: 3, 6: 4}
"""Colour type -> samples of a pixel."""


def with_few_colours(png: bytes, most: int = 256) -> bytes:
    """Return the picture with its most frequent colours; each other one becomes the nearest of them."""
    pixels = _pixels(png)
    height, width, _ = pixels.shape
    packed = pixels.astype(np.uint32) @ np.array([65536, 256, 1], np.uint32)
    colours, places, counts = np.unique(packed, return_inverse=True, return_counts=True)
    kept = colours[np.argsort(counts)[::-1][:most]]
    nearest = np.array([_nearest(colour, kept) for colour in colours], np.uint8)
    rows = nearest[places].reshape(height, width)
    lines = np.hstack([np.zeros((height, 1), np.uint8), rows]).tobytes()
    palette = np.stack([kept >> 16, kept >> 8 & 255, kept & 255], axis=1).astype(np.uint8).tobytes()
    head = struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)
    parts = ((b"IHDR", head), (b"PLTE", palette), (b"IDAT", zlib.compress(lines, 9)), (b"IEND", b""))
    return _SIGNATURE + b"".join(_chunk(name, data) for name, data in parts)


def _nearest(colour: Any, kept: Any) -> int:
    shifts = (16, 8, 0)
    distance = sum(((kept >> s & 255).astype(int) - int(colour >> s & 255)) ** 2 for s in shifts)
    return int(np.argmin(distance))


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def _pixels(png: bytes) -> Pixels:
    assert png.startswith(_SIGNATURE)
    at, head, packed = len(_SIGNATURE), b"", b""
    while at < len(png):
        (size,) = struct.unpack(">I", png[at : at + 4])
        name, data = png[at + 4 : at + 8], png[at + 8 : at + 8 + size]
        head, packed, at = (
            data if name == b"IHDR" else head,
            packed + data * (name == b"IDAT"),
            at + 12 + size,
        )
    width, height, depth, kind, _, _, interlaced = struct.unpack(">IIBBBBB", head)
    assert (depth, interlaced) == (8, 0)
    samples = _SAMPLES[kind]
    lines = np.frombuffer(zlib.decompress(packed), np.uint8).reshape(height, 1 + width * samples)
    return _unfiltered(lines, samples).reshape(height, width, samples)[:, :, :3]


def _unfiltered(lines: Any, samples: int) -> Any:
    """Undo the filter of each line (section 9)."""
    found = np.zeros((lines.shape[0], lines.shape[1] - 1), np.uint8)
    above = np.zeros(lines.shape[1] - 1, np.uint8)
    for number, line in enumerate(lines):
        kind, data = int(line[0]), line[1:]
        if kind == 0:
            above = data
        elif kind == 1:
            above = np.cumsum(data.reshape(-1, samples), axis=0, dtype=np.uint8).reshape(-1)
        elif kind == 2:
            above = data + above
        else:
            above = _by_pixel(kind, data, above, samples)
        found[number] = above
    return found


def _by_pixel(kind: int, data: Any, above: Any, samples: int) -> Any:
    """The filters 3 (average) and 4 (Paeth), which need the pixel to the left."""
    line, before = bytearray(data.tobytes()), bytes(above.tobytes())
    for at, value in enumerate(line):
        left = line[at - samples] if at >= samples else 0
        corner = before[at - samples] if at >= samples else 0
        guess = (left + before[at]) // 2 if kind == 3 else _paeth(left, before[at], corner)
        line[at] = (value + guess) & 255
    return np.frombuffer(bytes(line), np.uint8)


def _paeth(left: int, above: int, corner: int) -> int:
    guess = left + above - corner
    return min((left, above, corner), key=lambda one: abs(guess - one))
