"""The arguments of one telecommand, complete and checked: what `Definition.resolve` gives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

Source = Literal["given", "default", "assigned"]
"""Where a value comes from: a person, the default of the mission database, or the definition itself."""


@dataclass(frozen=True)
class ResolvedArgument:
    """One argument: `raw` as it stands in the packet, `value` what that means to people.

    `value` is int, float, str, bool, bytes, a label, or int nanoseconds UTC of an absolute time. It is what
    the device will read: the nearest that the encoding can hold to what was given. `shown` is the same as
    JSON holds it: bytes in hexadecimal, times in ISO 8601. It can be given again.
    """

    name: str
    raw: int | float | bytes
    value: Any
    shown: Any
    unit: str
    source: Source


@dataclass(frozen=True)
class Resolved:
    """All arguments of a telecommand in the order of its definition; `telecommand` is its qualified name."""

    telecommand: str
    arguments: tuple[ResolvedArgument, ...]

    @property
    def raws(self) -> Mapping[str, int | float | bytes]:
        """The raw values by name."""
        return {argument.name: argument.raw for argument in self.arguments}

    def to_json(self) -> list[dict[str, Any]]:
        """The arguments for an event."""
        return [
            {
                "name": argument.name,
                "value": argument.shown,
                "raw": argument.raw.hex() if isinstance(argument.raw, bytes) else argument.raw,
                "unit": argument.unit,
                "source": argument.source,
            }
            for argument in self.arguments
        ]
