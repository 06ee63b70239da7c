"""Texts and binaries."""

from __future__ import annotations

import re
from typing import Any, ClassVar

from commands.values.codec import Raw, ValueCodec, WrongValueError, shown
from streams.decode.text import find_terminator
from streams.xtce import ArgumentType
from streams.xtce.encodings import BinaryEncoding, StringEncoding
from streams.xtce.sizes import FixedSize, Size


class TextCodec(ValueCodec):
    """A text; its raw value is the bytes of its characters.

    A text in a buffer without size tag and terminator must not end with NUL: the filling could not be told
    from it.
    """

    kind: ClassVar[str] = "text"

    def __init__(self, encoding: StringEncoding, limits: ArgumentType | None = None) -> None:
        self._encoding = encoding
        self._characters = limits.characters if limits else None
        self._pattern = limits.pattern if limits else None

    def raw(self, given: Any) -> Raw:
        """The text's bytes."""
        if not isinstance(given, str):
            raise WrongValueError(f"is {shown(given)}, must be {self.wanted()}")
        if self._characters and not self._is_long_enough(len(given)):
            raise WrongValueError(f"has {len(given)} characters, must have {self._length_in_words()}")
        if self._pattern is not None and not re.fullmatch(self._pattern, given):
            raise WrongValueError(f"is {shown(given)}, must match the pattern {self._pattern}")
        try:
            raw = given.encode(self._encoding.charset)
        except UnicodeEncodeError as error:
            wrong = given[error.start]
            raise WrongValueError(
                f"is {shown(given)}, must be text of {self._encoding.charset}: it has no {wrong!r}"
            ) from None
        self._check_end(given, raw)
        self._check_size(raw)
        return raw

    def raw_text(self, text: str) -> Raw:
        """The text's bytes."""
        return self.raw(text)

    def value(self, raw: Raw) -> str:
        """The text of bytes."""
        assert isinstance(raw, bytes)
        try:
            return raw.decode(self._encoding.charset)
        except UnicodeDecodeError:
            raise WrongValueError(f"is {raw.hex()}, which is not text of {self._encoding.charset}") from None

    def wanted(self) -> str:
        """A text, and how long it may be."""
        length = f" of {self._length_in_words()} characters" if self._characters else ""
        most = self._capacity()
        return f"a text{length}" + (f", at most {most} bytes" if most is not None else "")

    def form(self) -> dict[str, Any]:
        """How long it may be, and what it must match."""
        least, most = self._characters or (0, None)
        found: dict[str, Any] = {"max_bytes": self._capacity(), "pattern": self._pattern}
        found |= {"min_length": least or None, "max_length": most}
        return {key: value for key, value in found.items() if value is not None}

    def _is_long_enough(self, length: int) -> bool:
        least, most = self._characters or (0, None)
        return least <= length and (most is None or length <= most)

    def _length_in_words(self) -> str:
        least, most = self._characters or (0, None)
        if most is None:
            return f"at least {least}"
        return str(least) if least == most else f"{least} to {most}"

    def _check_end(self, given: str, raw: bytes) -> None:
        """Nothing in the text may look like its end."""
        terminator = self._encoding.terminator
        if terminator and find_terminator(raw, terminator, self._encoding.charset) is not None:
            raise WrongValueError(f"is {shown(given)}, must not contain its terminator {terminator.hex()}")
        if not terminator and self._encoding.tag_bits is None and given.endswith("\0"):
            raise WrongValueError(f"is {shown(given)}, must not end with NUL")

    def _check_size(self, raw: bytes) -> None:
        most = self._capacity()
        if most is not None and len(raw) > most:
            raise WrongValueError(f"has {len(raw)} bytes, must have at most {most}")

    def _capacity(self) -> int | None:
        """The most bytes of text that fit, where that is fixed."""
        encoding = self._encoding
        tag = encoding.tag_bits or 0
        limits = [] if encoding.tag_bits is None else [2**tag - 1]
        if isinstance(encoding.size, FixedSize):
            limits.append((encoding.size.value - tag) // 8)
        elif encoding.size is None and encoding.max_bits < 2**31:
            limits.append((encoding.max_bits - tag) // 8 - len(encoding.terminator or b""))
        return min(limits, default=None)


class BinaryCodec(ValueCodec):
    """Bytes, given in hexadecimal."""

    kind: ClassVar[str] = "bytes"

    def __init__(self, encoding: BinaryEncoding) -> None:
        self._size: Size = encoding.size

    def raw(self, given: Any) -> Raw:
        """The bytes."""
        try:
            raw = bytes.fromhex(given.strip().removeprefix("0x"))
        except (ValueError, AttributeError):
            raise WrongValueError(f"is {shown(given)}, must be {self.wanted()}") from None
        if isinstance(self._size, FixedSize) and 8 * len(raw) != self._size.value:
            raise WrongValueError(f"has {len(raw)} bytes, must be {self.wanted()}")
        return raw

    def wanted(self) -> str:
        """Bytes, and how many."""
        count = f"{self._size.value // 8} bytes" if isinstance(self._size, FixedSize) else "bytes"
        return f"{count} in hexadecimal, such as 1ACFFC1D"

    def raw_text(self, text: str) -> Raw:
        """The bytes."""
        return self.raw(text)

    def value(self, raw: Raw) -> bytes:
        """The bytes themselves."""
        assert isinstance(raw, bytes)
        return raw

    def form(self) -> dict[str, Any]:
        """How many bytes it has, where that is fixed."""
        return {"bytes": self._size.value // 8} if isinstance(self._size, FixedSize) else {}

    def to_json(self, value: Any) -> str:
        """Hexadecimal."""
        return bytes(value).hex()
