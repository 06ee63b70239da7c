"""Heads that were written down outside of the system, to be found again in the streams.

Whoever rewrites a whole chain can make it fit in itself, but not a head that somebody else has on paper.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from infra.errors import ConfigError
from streams.heads import STREAMS, Head

_HEAD = re.compile(rf"\b({'|'.join(STREAMS)}):(\d+):([0-9a-f]{{64}})\b")
_HASH = re.compile(r"[0-9a-f]{64}")


def parse_heads(words: Iterable[str]) -> list[Head]:
    """Read heads: `STREAM:OFFSET:HASH`, a bare hash, or a file that has such words anywhere in its text.

    Raises ConfigError when a word is none of them, or a file has none.
    """
    return [head for word in words for head in _heads_of(word)]


def _heads_of(word: str) -> list[Head]:
    if found := _HEAD.fullmatch(word):
        return [Head(found[1], int(found[2]), found[3], "given head")]
    if _HASH.fullmatch(word):
        return [Head("", 0, word, "given hash")]
    try:
        text = Path(word).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        fix = "give STREAM:OFFSET:HASH as `audit head` prints it, a hash of 64 digits, or a file with heads"
        raise ConfigError("neither a head nor a file that can be read", where=word, fix=fix) from error
    heads = [Head(one[1], int(one[2]), one[3], f"head in {word}") for one in _HEAD.finditer(text)]
    if not heads:
        raise ConfigError("no head in this file", where=word, fix="make it with `audit head > FILE`")
    return heads


def heads_in(text: str) -> list[Head]:
    """Read all heads and bare hashes that stand anywhere in a text; raises ConfigError when there is none."""
    heads = [Head(one[1], int(one[2]), one[3], "given head") for one in _HEAD.finditer(text)]
    rest = _HEAD.sub("", text)
    heads += [Head("", 0, word, "given hash") for word in rest.split() if _HASH.fullmatch(word)]
    if not heads:
        raise ConfigError(
            "no head in this text",
            where=repr(text[:80]),
            fix="give STREAM:OFFSET:HASH, or a hash of 64 digits",
        )
    return heads


class Pins:
    """Heads that have to be met; each is taken out when its offset comes by."""

    def __init__(self, heads: Iterable[Head] = ()) -> None:
        self._by_offset: dict[tuple[str, int], list[Head]] = {}
        self._bare: dict[str, Head] = {}
        for head in heads:
            self.add(head)

    def add(self, head: Head) -> None:
        """Pin one more head, of an offset that has not come by yet."""
        if head.stream:
            self._by_offset.setdefault((head.stream, head.offset), []).append(head)
        else:
            self._bare[head.hash] = head

    def meet(self, stream: str, offset: int, digest: str) -> list[Head]:
        """Take out and return the heads of this place, whatever their hash, and those of this hash alone."""
        found = self._by_offset.pop((stream, offset), []) if self._by_offset else []
        if digest in self._bare:
            found = [*found, self._bare.pop(digest)]
        return found

    def left(self, stream: str) -> list[Head]:
        """Return the heads of a stream that were not met, in order; "" for bare hashes."""
        found = [head for (name, _), heads in self._by_offset.items() if name == stream for head in heads]
        return sorted([*found, *(self._bare.values() if not stream else ())], key=lambda head: head.offset)
