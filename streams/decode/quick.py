"""Short cuts for one packet: tests and numbers on plain integers without an array.

Most conditions and sizes look at unsigned or two's complement integers without a calibrator. Those are
worked out on the bit patterns that a walk has read; all others go the general way, as samples of one
packet.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from streams.decode.predicates import OPERATORS, Compare, InRanges, Joined, Operand, Test
from streams.decode.slots import Slot
from streams.xtce.encodings import IntegerEncoding

Patterns = Sequence[int | bytes | None]


def quick_raw(slot: Slot) -> Callable[[Patterns], int | None] | None:
    """Finds the raw integer of a slot, None where it is absent; None for slots that are no such integer."""
    encoding, index = slot.encoding, slot.index
    if not isinstance(encoding, IntegerEncoding) or encoding.little:
        return None
    if encoding.scheme == "unsigned":
        return lambda patterns: patterns[index]  # type: ignore[return-value]
    if encoding.scheme != "twosComplement":
        return None
    sign = 1 << (encoding.bits - 1)

    def signed(patterns: Patterns) -> int | None:
        pattern = patterns[index]
        return None if pattern is None else (pattern ^ sign) - sign  # type: ignore[operator]

    return signed


def quick_number(operand: Operand) -> Callable[[Patterns], int | None] | None:
    """Finds an operand's number, None where it is absent; None for operands that are no plain integer."""
    readers = []
    for slot, conversion in operand.candidates:
        reader = quick_raw(slot)
        if reader is None or (operand.calibrated and not conversion.plain):
            return None
        readers.append(reader)
    if len(readers) == 1:
        return readers[0]

    def nearest(patterns: Patterns) -> int | None:
        return next((value for reader in readers if (value := reader(patterns)) is not None), None)

    return nearest


def quick_test(test: Test) -> Callable[[Patterns], bool] | None:
    """The same test for one packet; None for tests that need more than plain integers."""
    if isinstance(test, Joined):
        parts = [quick_test(part) for part in test.parts]
        known = [part for part in parts if part is not None]
        if len(known) < len(parts):
            return None
        join = all if test.every else any
        return lambda patterns: join(part(patterns) for part in known)
    if isinstance(test, Compare | InRanges):
        number = quick_number(test.operand)
        return None if number is None else _against_constants(test, number)
    return None


def _against_constants(
    test: Compare | InRanges, number: Callable[[Patterns], int | None]
) -> Callable[[Patterns], bool]:
    if isinstance(test, Compare):
        compare, constant = OPERATORS[test.operator], test.constant
        return lambda patterns: (value := number(patterns)) is not None and bool(compare(value, constant))
    ranges, negated = test.ranges, test.negated
    return lambda patterns: (
        (value := number(patterns)) is not None
        and any(first <= value <= last for first, last in ranges) != negated
    )
