"""What all kinds of values have in common: from what a person gives to what is in the packet, and back."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, ClassVar

Raw = int | float | bytes
"""A raw value: an integer or a float as the encoding has it, or the bytes of a text or a binary.

The bytes of a text are those of its characters, without size tag, terminator and filling.
"""


_LONG = 200  # bits of a number that a message still shows


class WrongValueError(Exception):
    """A value that does not fit; the text goes on from the name: "is 400, must be from 0 to 360"."""


class ValueCodec(ABC):
    """One kind of value. `raw` takes what JSON or a command line gives: numbers, texts, true and false."""

    kind: ClassVar[str]

    @abstractmethod
    def raw(self, given: Any) -> Raw:
        """The raw value nearest to what was given; raises WrongValueError with what would be right."""

    @abstractmethod
    def raw_text(self, text: str) -> Raw:
        """The raw value that a text of the mission database means when it is not calibrated."""

    @abstractmethod
    def value(self, raw: Raw) -> Any:
        """What a raw value means to people; raises WrongValueError when it means nothing."""

    @abstractmethod
    def wanted(self) -> str:
        """What would be right, in words."""

    def form(self) -> dict[str, Any]:
        """What a form needs to know beyond the kind, as JSON."""
        return {}

    def to_json(self, value: Any) -> Any:
        """A value as JSON holds it; `raw` understands it."""
        return value


def shown(given: Any) -> str:
    """A given value in a message, cut when it is long."""
    if isinstance(given, int) and given.bit_length() > _LONG:
        return "a number of many digits"
    text = repr(given) if isinstance(given, str) else str(given)
    return text if len(text) <= 60 else f"{text[:57]}…"
