"""A slot: one place in a packet type where one parameter's raw value stands."""

from __future__ import annotations

from dataclasses import dataclass

from streams.decode.raw import RawForm
from streams.xtce import Parameter
from streams.xtce.encodings import Encoding


@dataclass(frozen=True)
class Slot:
    """One parameter at one place.

    `guarded`: it may be absent. `offset` and `bits` are None where they depend on the packet; `offset` counts
    from the packet's first bit.
    """

    index: int
    parameter: Parameter
    encoding: Encoding
    form: RawForm
    guarded: bool
    offset: int | None
    bits: int | None
