"""Enumerations and booleans."""

from __future__ import annotations

from difflib import get_close_matches
from typing import Any, ClassVar

from commands.values.codec import Raw, ValueCodec, WrongValueError, shown
from commands.values.raw_numbers import limits
from infra.errors import MissionError
from streams.xtce import BooleanType, EnumeratedType
from streams.xtce.element import parse_number
from streams.xtce.encodings import IntegerEncoding

_SHOWN = 20


class EnumeratedCodec(ValueCodec):
    """A label, or the raw number that it stands for: of several the first."""

    kind: ClassVar[str] = "enumeration"

    def __init__(self, data: EnumeratedType, encoding: IntegerEncoding) -> None:
        low, high = limits(encoding)
        for first, last, label in data.labels:
            if first < low or last > high:
                raise MissionError(
                    f'the label "{label}" stands for {first if first < low else last}, '
                    f"the encoding holds {low} to {high}",
                    where=data.place,
                    fix="mend the enumeration or its encoding",
                )
        self._labels = data.labels
        self._raw = {label: first for first, _, label in reversed(data.labels)}

    def raw(self, given: Any) -> Raw:
        """The raw number of a label."""
        if isinstance(given, str) and given in self._raw:
            return self._raw[given]
        if type(given) is int and given in self._raw.values():
            return given
        close = get_close_matches(given, self._raw, 1) if isinstance(given, str) else []
        hint = f" (did you mean {close[0]}?)" if close else ""
        raise WrongValueError(f"is {shown(given)}, must be {self.wanted()}{hint}")

    def raw_text(self, text: str) -> Raw:
        """The raw number itself, whether it has a label or not."""
        try:
            number = parse_number(text)
        except ValueError:
            raise WrongValueError(f"is {text!r}, must be {self.wanted()}") from None
        if number.denominator != 1:
            raise WrongValueError(f"is {text}, must be a whole number")
        return number.numerator

    def value(self, raw: Raw) -> str:
        """The label."""
        assert isinstance(raw, int)
        return self._label(raw) or f"UNDEFINED({raw})"

    def form(self) -> dict[str, Any]:
        """The labels with the raw values they stand for."""
        return {"labels": [{"label": label, "raw": raw} for raw, _, label in self._labels]}

    def _label(self, raw: int) -> str | None:
        return next((label for first, last, label in self._labels if first <= raw <= last), None)

    def wanted(self) -> str:
        """Its labels."""
        labels = [label for _, _, label in self._labels]
        return "one of " + ", ".join(labels[:_SHOWN]) + (", …" if len(labels) > _SHOWN else "")


class BooleanCodec(ValueCodec):
    """True or false, by the words of the database too."""

    kind: ClassVar[str] = "boolean"

    def __init__(self, data: BooleanType) -> None:
        self._one, self._zero = data.one, data.zero

    def raw(self, given: Any) -> Raw:
        """1 or 0."""
        word = str(given).strip().lower() if isinstance(given, bool | int | str) else ""
        for raw, words in (
            (1, (self._one.lower(), "true", "1")),
            (0, (self._zero.lower(), "false", "0")),
        ):
            if word in words:
                return raw
        raise WrongValueError(f"is {shown(given)}, must be {self.wanted()}")

    def raw_text(self, text: str) -> Raw:
        """1 or 0 by number or word."""
        return self.raw(text)

    def wanted(self) -> str:
        """Its words."""
        return f"{self._one} or {self._zero}, true or false"

    def value(self, raw: Raw) -> bool:
        """Whether it is not 0."""
        return raw != 0

    def form(self) -> dict[str, Any]:
        """The words for true and false."""
        return {"true": self._one, "false": self._zero}
