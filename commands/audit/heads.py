"""Heads: the last hash of a chain, short enough to be written down outside of the system.

Whoever rewrites a whole chain can make it fit in itself, but not a head that somebody else has on paper. The
head of FRAMES is its last seal: the offset of the last sealed frame and the seal's digest.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from nats.aio.client import Client

from infra.errors import ConfigError
from streams import names
from streams.chain import event_hash, last_event
from streams.sealer import last_seal

CHAINS = (names.OPERATIONS, names.COMMANDS)
STREAMS = (*CHAINS, names.FRAMES)

_HEAD = re.compile(rf"\b({'|'.join(STREAMS)}):(\d+):([0-9a-f]{{64}})\b")
_HASH = re.compile(r"[0-9a-f]{64}")


class Head(NamedTuple):
    """The hash that a stream has at an offset; offset 0 for a hash of which only itself is known."""

    stream: str
    offset: int
    hash: str
    noted: str = ""
    """Where the head was written down, for the words of a finding."""

    def __str__(self) -> str:
        return f"{self.stream}:{self.offset}:{self.hash}"


async def read_heads(nc: Client) -> list[Head]:
    """Return the heads of OPERATIONS, COMMANDS and FRAMES as they are now; those of empty streams not."""
    lasts = [(stream, await last_event(nc, stream)) for stream in CHAINS]
    found = [Head(stream, last.offset, event_hash(last)) for stream, last in lasts if last is not None]
    if (sealed := await last_seal(nc)).frame:
        found.append(Head(names.FRAMES, sealed.frame, sealed.digest))
    return found


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
