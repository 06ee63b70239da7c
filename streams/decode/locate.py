"""Where each parameter of one packet stands, bit by bit, for showing a value's origin."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class FieldPlace:
    """One field of a packet: `bit_offset` counts from the packet's first bit.

    `raw` and `value` are Python objects, None where missing; an absolute time is int nanoseconds UTC.
    `column` is the name of the column that holds the value.
    """

    parameter: str
    label: str
    column: str
    bit_offset: int
    bit_size: int
    raw: Any
    value: Any
