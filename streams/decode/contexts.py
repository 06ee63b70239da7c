"""Alarm contexts (XTCE 1.2, ContextAlarmList): which of a parameter's lists of alarms counts in a packet.

The decoder works it out, because it knows all values of the packet: who wants the level of a value needs no
more than the number that stands beside it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from infra.errors import MissionError
from streams.decode.conversions import Conversions
from streams.decode.predicates import Test
from streams.decode.samples import Samples
from streams.decode.slots import Slot

CONTEXT_NUMBER = pa.uint16()


@dataclass(frozen=True)
class AlarmContexts:
    """The contexts of one slot, in their order."""

    tests: tuple[Test, ...]

    def column(self, samples: Samples, index: int) -> pa.Array:
        """The number of the first that holds, from 1; 0 where none does, null where the slot is absent."""
        numbers = np.zeros(samples.count, np.uint16)
        for number in range(len(self.tests), 0, -1):
            numbers[self.tests[number - 1].mask(samples)] = number
        present = samples.present(index)
        return pa.array(numbers, CONTEXT_NUMBER, mask=None if present is None else ~present)


def compile_contexts(
    packet: str, slots: Sequence[Slot], conversions: Conversions
) -> tuple[dict[int, AlarmContexts], tuple[str, ...]]:
    """The alarm contexts by slot index, and remarks on those that can not be worked out in these packets.

    A condition may look at any parameter of the packet. Where one condition of a parameter fails, all of its
    contexts are left out: which one counts depends on all those before it.
    """
    found: dict[int, AlarmContexts] = {}
    failed: dict[str, str] = {}
    for slot in slots:
        try:
            tests = tuple(conversions.test(one.condition, slot) for one in slot.parameter.context_alarms)
        except MissionError as error:
            name = slot.parameter.qualified_name
            failed[name] = f"{error}; in packets {packet} only the default alarm of {name} is watched"
            continue
        if tests:
            found[slot.index] = AlarmContexts(tests)
    lone = {slot.index for slot in slots if slot.parameter.qualified_name in failed}
    return {index: one for index, one in found.items() if index not in lone}, tuple(failed.values())
