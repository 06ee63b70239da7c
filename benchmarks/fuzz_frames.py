"""Frames for a fuzz run: good ones of the demo rocket, and the same ones damaged in every way that a radio,
a recorder or a programmer has. A pure function of a seed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from random import Random
from typing import NamedTuple

HUGE = 5 * 1024**2
"""Bytes of the largest frames; there are two of them in a run."""

GOOD_STAMP = "1790000000000000000"

_NOT_NUMBERS = (b"\x7f\xc0\x00\x00", b"\xff\xf0\x00\x00", b"\x7f\x80\x00\x00", b"\xff\x80\x00\x00")


class FuzzFrame(NamedTuple):
    """One frame; `torn` as a link says it, `stamp` is its received time as a header has it, maybe wrongly."""

    data: bytes
    torn: str = ""
    stamp: str | None = GOOD_STAMP


class Maker:
    """Makes frames of `packets`, all from one source of random numbers."""

    def __init__(self, seed: int, packets: Sequence[bytes]) -> None:
        self._random, self._packets = Random(seed), packets
        self._kinds: dict[Callable[[], FuzzFrame], int] = {
            self._good: 40, self._several: 10, self._truncated: 8, self._flipped: 8, self._wrong_length: 8,
            self._unknown: 6, self._noise: 6, self._tail: 4, self._not_a_number: 3, self._wrong_clock: 2,
            self._idle: 2, self._empty: 1, self._torn: 1, self._unstamped: 1,
        }  # fmt: skip

    def frames(self, count: int) -> Iterator[FuzzFrame]:
        """Yield so many frames."""
        kinds, weights = list(self._kinds), list(self._kinds.values())
        for number in range(count):
            if number in (count // 3, count // 2):
                yield FuzzFrame(self._random.randbytes(HUGE))
            elif number % 5_000 == 0:
                yield FuzzFrame(self._random.randbytes(self._random.randint(4_096, 65_536)))
            else:
                yield self._random.choices(kinds, weights)[0]()

    def _packet(self) -> bytes:
        return self._random.choice(self._packets)

    def _good(self) -> FuzzFrame:
        return FuzzFrame(self._packet())

    def _several(self) -> FuzzFrame:
        return FuzzFrame(b"".join(self._packet() for _ in range(self._random.randint(2, 6))))

    def _truncated(self) -> FuzzFrame:
        packet = self._packet()
        return FuzzFrame(packet[: self._random.randrange(len(packet))])

    def _flipped(self) -> FuzzFrame:
        packet = bytearray(self._packet())
        for _ in range(self._random.randint(1, 8)):
            bit = self._random.randrange(8 * len(packet))
            packet[bit >> 3] ^= 1 << (bit & 7)
        return FuzzFrame(bytes(packet))

    def _wrong_length(self) -> FuzzFrame:
        packet = bytearray(self._packet())
        size = int.from_bytes(packet[4:6], "big") + self._random.choice((-30, -3, -1, 1, 2, 40, 20_000))
        packet[4:6] = (size % 65_536).to_bytes(2, "big")
        return FuzzFrame(bytes(packet))

    def _unknown(self) -> FuzzFrame:
        packet = bytearray(self._packet())
        apid = self._random.choice((0, 1, 99, 106, 1_000, 2_046))
        packet[0:2] = (0x0800 | apid).to_bytes(2, "big")
        return FuzzFrame(bytes(packet))

    def _noise(self) -> FuzzFrame:
        return FuzzFrame(self._random.randbytes(self._random.randint(1, 120)))

    def _tail(self) -> FuzzFrame:
        return FuzzFrame(self._packet() + self._random.randbytes(self._random.randint(1, 30)))

    def _not_a_number(self) -> FuzzFrame:
        packet = bytearray(self._packet())
        at = self._random.randrange(12, len(packet) - 4)
        packet[at : at + 4] = self._random.choice(_NOT_NUMBERS)
        return FuzzFrame(bytes(packet))

    def _wrong_clock(self) -> FuzzFrame:
        packet = bytearray(self._packet())
        packet[6:12] = self._random.randbytes(6)
        return FuzzFrame(bytes(packet))

    def _idle(self) -> FuzzFrame:
        idle = b"\x07\xff\xc0\x00\x00\x05" + self._random.randbytes(6)
        return FuzzFrame(self._random.choice((idle, idle * 2, idle + self._packet(), self._packet() + idle)))

    def _empty(self) -> FuzzFrame:
        return FuzzFrame(b"")

    def _torn(self) -> FuzzFrame:
        return FuzzFrame(
            self._packet()[: self._random.randint(1, 20)], torn="connection ended inside a frame"
        )

    def _unstamped(self) -> FuzzFrame:
        return FuzzFrame(
            self._packet(), stamp=self._random.choice((None, "", "soon", "-5", "1_0", "²", "9" * 30))
        )
