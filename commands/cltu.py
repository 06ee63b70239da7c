"""Communications link transmission units, CCSDS 231.0-B-4 sections 5 and 6: transfer frames as they go up.

Start sequence, BCH code blocks, tail sequence; the optional randomiser is applied to frames and fill before
they are encoded. Known limits: the start sequence is not searched for, it must be at the start; the LDPC
codes of the standard are not there.
"""

from __future__ import annotations

from dataclasses import dataclass

from commands.bch import CODE_BLOCK, INFORMATION, CodeBlockError, decode_block, encode_block
from streams.framing.channel_coding import UP, randomise

START = bytes.fromhex("EB90")
TAIL = bytes.fromhex("C5C5C5C5C5C5C579")
FILL = 0x55
_START_ERRORS = 1  # bits of the start sequence that may be wrong where errors are corrected
_TAIL_ERRORS = 2  # bits of the tail: a damaged block looks like it with a chance below 1e-15


@dataclass(frozen=True)
class Received:
    """What a CLTU held: frames with the fill behind them, and how many code blocks had a bit corrected."""

    data: bytes
    corrected: int


def encode_cltu(frames: bytes, *, randomised: bool = False) -> bytes:
    """The CLTU of one or more transfer frames; raises ValueError for none."""
    if not frames:
        raise ValueError("a CLTU holds at least one transfer frame")
    data = frames + bytes((FILL,)) * (-len(frames) % INFORMATION)
    if randomised:
        data = randomise(data, UP)
    blocks = (encode_block(data[at : at + INFORMATION]) for at in range(0, len(data), INFORMATION))
    return START + b"".join(blocks) + TAIL


def decode_cltu(cltu: bytes, *, randomised: bool = False, correct: bool = True) -> Received:
    """What a CLTU holds, up to its tail: the first code block that cannot be decoded. The rest is not read.

    Raises ValueError for a wrong start sequence, for a damaged code block and for a missing tail. Without
    `correct` any wrong bit is an error, except in fillers.
    """
    wrong = (int.from_bytes(cltu[: len(START)], "big") ^ int.from_bytes(START, "big")).bit_count()
    if len(cltu) < len(START) or wrong > (_START_ERRORS if correct else 0):
        raise ValueError(f"the CLTU starts with {cltu[: len(START)].hex()}, not with {START.hex()}")
    blocks = [cltu[at : at + CODE_BLOCK] for at in range(len(START), len(cltu) - CODE_BLOCK + 1, CODE_BLOCK)]
    found, corrected = bytearray(), 0
    for number, block in enumerate(blocks, 1):
        try:
            information, mended = decode_block(block, correct)
        except CodeBlockError as error:
            if not _is_tail(block, _TAIL_ERRORS if correct else 0):
                raise ValueError(f"code block {number} of the CLTU: {error}") from None
            data = bytes(found)
            return Received(randomise(data, UP) if randomised else data, corrected)
        found += information
        corrected += mended
    raise ValueError("the CLTU has no tail sequence")


def _is_tail(block: bytes, errors: int) -> bool:
    """Whether a code block that cannot be decoded is the tail, so many wrong bits allowed."""
    return (int.from_bytes(block, "big") ^ int.from_bytes(TAIL, "big")).bit_count() <= errors
