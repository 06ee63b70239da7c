"""What the headers of many frames tell: received time, session and why a frame is torn, as columns.

The headers of frames that came together differ in a few digits only. So the first one is read, and its
beginning, up to where received time and session have been told, is compared with that of all others at once.
Whatever does not fit is read header by header, as `streams.wire` does it, with the same result. Proven by
`tests/streams/test_header_columns.py`.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from streams import names
from streams.decode.cut import packet_rows
from streams.texts import Pieces, Texts
from streams.wire import RawHeaders

NO_RECEIVED = -1
"""Received time of a frame whose header does not tell it."""

_MOST_SESSIONS = 8
"""Sessions and links that are told apart in one batch before header by header is as good."""

_DIGITS = 19
_POWERS = 10 ** np.arange(_DIGITS - 1, -1, -1, dtype=np.int64)
_END = b"\r\n"


class Told(NamedTuple):
    """What the headers of n frames tell: int64[n] ns UTC or NO_RECEIVED, and two texts, maybe empty."""

    received: npt.NDArray[np.int64]
    sessions: Texts
    torn: Texts


class _Pattern(NamedTuple):
    """The beginning of a header: equal to `text`, but for the digits of the received time from `at` on."""

    text: npt.NDArray[np.uint8]
    at: int
    session: str


def told_by(headers: Sequence[Mapping[str, str]]) -> Told:
    """Return what headers tell; a missing or malformed header becomes an empty value."""
    raw = [one for one in headers if type(one) is RawHeaders]
    if raw and len(raw) == len(headers):
        quick = _told_alike(Pieces.of(RawHeaders.blocks(raw)))
        if quick is not None:
            return quick
    return Told(
        times_told(RawHeaders.column(headers, names.RECEIVED)),
        Texts.of(RawHeaders.column(headers, names.SESSION)),
        Texts.of(RawHeaders.column(headers, names.TORN)),
    )


def told_by_texts(texts: Pieces) -> Told:
    """The same of header texts as a seal knows them (`streams.chain.header_text`)."""
    quick = _told_alike(texts)
    if quick is not None:
        return quick
    return told_by([dict(_lines(texts.at(row))) for row in range(len(texts.starts))])


def times_told(texts: list[str]) -> npt.NDArray[np.int64]:
    """Return the times that header texts tell (ns UTC), NO_RECEIVED for a text that is no time."""
    digits, sizes = "".join(texts), set(map(len, texts))
    if digits.isascii() and digits.isdigit() and 0 not in sizes and max(sizes) < 20:
        with contextlib.suppress(OverflowError):
            times = np.array(list(map(int, texts)), dtype=np.int64)
            return np.where(times > 0, times, NO_RECEIVED)
    times = np.array([_time_or_none(text) for text in texts], dtype=np.int64)
    return np.where(times > 0, times, NO_RECEIVED)


def _time_or_none(text: str) -> int:
    """Return what the text says on its own, whatever the others of its run say."""
    is_number = text.isascii() and text.isdigit() and len(text) < 20
    return int(text) if is_number and int(text) < 2**63 else NO_RECEIVED


def _lines(text: bytes) -> list[tuple[str, str]]:
    """Return the lines of a header text as names and values."""
    parts = (line.split(":", 1) for line in text.decode("utf-8", "replace").split("\r\n") if ":" in line)
    return [(name, value) for name, value in parts]


def _told_alike(texts: Pieces) -> Told | None:
    """Return what headers tell that begin like a few of them; None when they have to be read one by one."""
    count, whole = len(texts.starts), texts.joined().tobytes()
    once = all(whole.count(name.encode()) == count for name in (names.RECEIVED, names.SESSION))
    if not (count and once) or names.TORN.encode() in whole:
        return None
    received, codes = np.zeros(count, np.int64), np.zeros(count, np.int32)
    sessions: list[str] = []
    left = np.arange(count)
    while len(left) and len(sessions) < _MOST_SESSIONS:
        pattern = _pattern(texts.at(int(left[0])))
        if pattern is None:
            return None
        fits, times = _fitting(texts.rows(left), pattern)
        if not fits[0]:
            return None
        received[left[fits]], codes[left[fits]] = times, len(sessions)
        sessions.append(pattern.session)
        left = left[~fits]
    nothing = Texts([""], np.zeros(count, np.int32))
    return None if len(left) else Told(received, Texts(sessions, codes), nothing)


def _pattern(text: bytes) -> _Pattern | None:
    """Return how a header begins, up to the end of what is wanted of it."""
    received, session = (_value(text, name) for name in (names.RECEIVED, names.SESSION))
    if received is None or session is None:
        return None
    digits = text[received[0] : received[1]].lstrip()
    end = max(received[1], session[1]) + len(_END)
    if len(digits) != _DIGITS:
        return None
    name = text[session[0] : session[1]].strip().decode("utf-8", "replace")
    return _Pattern(np.frombuffer(text[:end], np.uint8), received[1] - _DIGITS, name)


def _value(text: bytes, name: str) -> tuple[int, int] | None:
    """Return where a header's value begins and ends, if a line begins with its name and another follows."""
    whole = b"%b:" % name.encode()
    at = 0 if text.startswith(whole) else text.find(_END + whole) + len(_END)
    end = text.find(_END, at + len(whole))
    return (at + len(whole), end) if text.startswith(whole, at) and end > 0 else None


def _fitting(texts: Pieces, pattern: _Pattern) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.int64]]:
    """Return which headers begin like the pattern, and the received times of those that do."""
    size, (first, last) = len(pattern.text), (pattern.at, pattern.at + _DIGITS)
    fits = texts.lengths >= size
    rows = packet_rows(texts.data, texts.starts[fits], size)
    digits = rows[:, first:last] - np.uint8(ord("0"))
    same = (rows[:, :first] == pattern.text[:first]).all(axis=1)
    same &= (rows[:, last:] == pattern.text[last:]).all(axis=1)
    same &= (digits <= 9).all(axis=1) & (digits[:, 0] < 9) & digits.any(axis=1)  # no zero, none above int64
    fits[fits] = same
    return fits, digits[same].astype(np.int64) @ _POWERS
