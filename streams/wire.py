"""Messages that come in bulk, taken straight off the wire of a nats-py connection.

nats-py 2.16 spends 8 us on a message: regular expressions, coroutines, parsed headers, a queue. That bounds
how fast a stream can be read again. Here a plain loop over the received bytes hands on the messages of chosen
subscriptions, raw and in order, in about 1.5 us each. Everything else on the connection goes to nats-py's own
parser as it is; connecting, TLS, users and reconnects stay nats-py's.

Known limit: `Client._ps` and `Subscription._id` are no public names. `tests/streams/test_wire.py` fails when
an upgrade moves them, and proves that both parsers find the same messages however the bytes are cut.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any

from nats.aio.client import Client
from nats.aio.subscription import Subscription
from nats.errors import ProtocolError
from nats.protocol.parser import AWAITING_MSG_PAYLOAD, MAX_CONTROL_LINE_SIZE, Parser

Taker = Callable[[bytes, bytes, bytes, bytes], None]
"""Takes subject, reply subject, header block and payload of one message."""

_END = b"\r\n"


class RawHeaders(Mapping[str, str]):
    """The headers of a message, parsed when they are looked at; equal to a dictionary of the same items."""

    __slots__ = ("_parsed", "_raw")

    def __init__(self, raw: bytes) -> None:
        """`raw`: the header block, from `NATS/1.0` to the empty line; empty for none."""
        self._raw = raw
        self._parsed: dict[str, str] | None = None

    def __getitem__(self, name: str) -> str:
        return self._items()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._items())

    def __len__(self) -> int:
        return len(self._items())

    def __repr__(self) -> str:
        return repr(self._items())

    def get(self, name: str, default: Any = None) -> Any:
        """The value of a header, or `default`; parses no other one where that is as good."""
        bare, whole = _needles(name)
        found = self._raw.count(bare)
        if not found:
            return default
        at = self._raw.find(whole) + len(whole)
        if found > 1 or at < len(whole):
            return self._items().get(name, default)
        return _value(self._raw[at : self._raw.find(_END, at)])

    @staticmethod
    def column(messages_headers: Iterable[Mapping[str, str]], name: str) -> list[str]:
        """The value of one header in each message, empty where it is missing."""
        bare, whole = _needles(name)
        skip, found = len(whole), []
        for headers in messages_headers:
            if type(headers) is not RawHeaders:
                found.append(headers.get(name, ""))
                continue
            raw = headers._raw
            at = raw.find(whole) + skip
            if at >= skip and raw.count(bare) == 1:
                found.append(raw[at : raw.find(_END, at)].strip().decode("utf-8", "replace"))
            else:
                found.append(headers.get(name, ""))
        return found

    @staticmethod
    def blocks(headers: Iterable[RawHeaders]) -> list[bytes]:
        """The header blocks as they came."""
        return [one._raw for one in headers]

    def _items(self) -> dict[str, str]:
        if self._parsed is None:
            self._parsed = parse_headers(self._raw)
        return self._parsed


def parse_headers(raw: bytes) -> dict[str, str]:
    """Parse a header block as nats-py does: `Name: value` lines; what is no such line is left out."""
    found: dict[str, str] = {}
    for line in raw.split(_END)[1:]:  # the first is NATS/1.0, with a status or without
        before, colon, value = line.partition(b":")
        name = before.strip()
        if colon and name.isascii() and not any(map(str.isspace, name.decode("ascii"))):
            found[name.decode("ascii")] = _value(value)
    return found


@lru_cache(256)
def _needles(name: str) -> tuple[bytes, bytes]:
    """What a header block has where it has a header of this name: the name, and usually its line's begin."""
    return name.encode(), b"\r\n%b:" % name.encode()


def _value(raw: bytes) -> str:
    return raw.strip().decode("utf-8", "replace")


class WireParser:
    """Stands in front of a connection's parser; each operation on the wire goes to a taker, or to that."""

    def __init__(self, base: Parser) -> None:
        self._base = base
        self._takers: dict[bytes, Taker] = {}
        self._chunks: list[bytes] = []
        self._size = self._needed = self._epoch = 0

    @classmethod
    def of(cls, nc: Client) -> WireParser:
        """Return the parser of a connection, put in front of nats-py's own where it is not yet."""
        parser: object = nc._ps
        if not isinstance(parser, cls):
            parser = cls(nc._ps)
            nc._ps = parser  # type: ignore[assignment]
        return parser

    def take(self, subscription: Subscription, taker: Taker) -> None:
        """Hand the messages of a subscription to `taker` from now on, also after reconnects."""
        self._takers[str(subscription._id).encode()] = taker

    def release(self, subscription: Subscription) -> None:
        """Let nats-py have the messages of a subscription again."""
        self._takers.pop(str(subscription._id).encode(), None)

    def reset(self) -> None:
        """Forget an operation under way: a new connection begins (called by nats-py)."""
        self._chunks, self._size, self._needed = [], 0, 0
        self._epoch += 1
        self._base.reset()

    async def parse(self, data: bytes = b"") -> None:
        """Take the next bytes of the connection (called by nats-py)."""
        if not (self._takers or self._size):
            await self._base.parse(data)
            return
        if self._base.buf or self._base.state == AWAITING_MSG_PAYLOAD:
            data = await self._let_base_finish(data)
        self._chunks.append(data)
        self._size += len(data)
        if self._size < self._needed:
            return
        epoch, buffer = self._epoch, b"".join(self._chunks)
        done, missing = await self._operations(buffer)
        if epoch == self._epoch:
            rest = buffer[done:]
            self._chunks, self._size, self._needed = [rest], len(rest), len(rest) + missing

    async def _let_base_finish(self, data: bytes) -> bytes:
        """Let nats-py's parser finish what it had begun before this one came; return what is behind it."""
        if self._base.state != AWAITING_MSG_PAYLOAD:
            data, self._base.buf = bytes(self._base.buf) + data, bytearray()
            return data
        left = self._base.needed + len(_END) - len(self._base.buf)
        await self._base.parse(data[:left])
        return data[left:]

    async def _operations(self, buffer: bytes) -> tuple[int, int]:
        """Go through the whole operations of a buffer; return their bytes, and how many more are needed."""
        at, size, takers = 0, len(buffer), self._takers
        while at < size:
            end = buffer.find(_END, at)
            if end < 0:
                if size - at > MAX_CONTROL_LINE_SIZE:
                    raise ProtocolError("nats: unknown protocol")
                return at, 1
            words = buffer[at:end].split()
            stop = end + 2
            if words and words[0] in (b"HMSG", b"MSG"):
                body, stop = stop, stop + int(words[-1]) + 2
                if stop > size:
                    return at, stop - size
                if taker := takers.get(words[2]):
                    block = int(words[-2]) if words[0] == b"HMSG" else 0
                    reply = words[3] if len(words) == (6 if block else 5) else b""
                    data = buffer[body + block : stop - 2]
                    try:
                        taker(words[1], reply, buffer[body : body + block], data)
                    except Exception as error:  # as nats-py does with what a callback raises
                        await self._base.nc._error_cb(error)
                    at = stop
                    continue
            await self._base.parse(buffer[at:stop])
            at = stop
        return at, 1
