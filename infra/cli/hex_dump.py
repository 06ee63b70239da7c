"""A hex dump in which some bits are marked: in a terminal in reverse, everywhere in brackets.

A byte of which only some bits are marked has a line of its own below, with those bits and dots for the rest.
"""

from __future__ import annotations

from collections.abc import Iterable

from rich.text import Text

_ROW = 16


def hex_dump(data: bytes, marked: Iterable[tuple[int, int]] = ()) -> Text:
    """Return offset, hex and ASCII, 16 bytes a line; `marked` are runs of (first bit, number of bits).

    >>> print(hex_dump(b"AB", [(4, 8)]).plain)
    000000 [41 42]                                           AB
    000000  ....0001
    000001  0100....
    <BLANKLINE>
    """
    masks = _masks(marked)
    text = Text()
    for start in range(0, len(data), _ROW):
        line = data[start : start + _ROW]
        text.append(f"{start:06x} ")
        for place in range(start, start + len(line)):
            text.append(_before(place, masks))
            text.append(f"{data[place]:02x}", style="reverse" if place in masks else "")
        end = start + len(line)
        text.append("]" if end - 1 in masks else " ")
        text.append("   " * (_ROW - len(line)))
        text.append(" " + "".join(chr(octet) if 32 <= octet < 127 else "." for octet in line) + "\n")
        for place in range(start, end):
            if masks.get(place, 0xFF) != 0xFF:
                text.append(f"{place:06x}  {_shown_bits(data[place], masks[place])}\n")
    return text


def _before(place: int, masks: dict[int, int]) -> str:
    """Return what stands before a byte: a bracket where a marked run begins or has ended."""
    here, earlier = place in masks, place - 1 in masks and place % _ROW > 0
    return "[" if here and not earlier else "]" if earlier and not here else " "


def _masks(marked: Iterable[tuple[int, int]]) -> dict[int, int]:
    """Return the marked bits of each byte that has some."""
    masks: dict[int, int] = {}
    for first, count in marked:
        for bit in range(first, first + count):
            masks[bit // 8] = masks.get(bit // 8, 0) | 0x80 >> bit % 8
    return masks


def _shown_bits(octet: int, mask: int) -> str:
    return "".join(str(octet >> bit & 1) if mask >> bit & 1 else "." for bit in reversed(range(8)))
