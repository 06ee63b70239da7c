"""The conversions of all slots of one packet type, and what a reference to a parameter means in it."""

from __future__ import annotations

from collections.abc import Sequence

from infra.errors import MissionError
from streams.decode.predicates import Resolve, Test, compile_condition
from streams.decode.samples import Conversion
from streams.decode.slots import Slot
from streams.decode.values import Plain, compile_conversion
from streams.xtce.conditions import Condition, Reference
from streams.xtce.order import not_earlier


class Conversions:
    """Conversions by slot index, compiled on demand.

    A reference means the last place of the parameter at or before the one who asks; of places that may be
    absent the nearest that is present. `complete` says that all slots are known: then the conditions of
    context calibrators may also look at places further on.
    """

    def __init__(self, slots: Sequence[Slot], complete: bool) -> None:
        self._slots = slots
        self._complete = complete
        self._compiled: dict[int, Conversion] = {}
        self._open: list[int] = []

    def of(self, slot: Slot) -> Conversion:
        """The conversion of one slot; raises MissionError for calibrators that depend on themselves."""
        if slot.index not in self._compiled:
            if slot.index in self._open:
                raise MissionError(
                    f"the context calibrators of {slot.parameter.qualified_name} "
                    "depend on its own calibrated value",
                    where=slot.encoding.place,
                    fix='break the circle, or use useCalibratedValue="false"',
                )
            self._open.append(slot.index)
            self._compiled[slot.index] = compile_conversion(
                slot, lambda condition: self.test(condition, slot)
            )
            self._open.pop()
        return self._compiled[slot.index]

    def resolver(self, user: str) -> Resolve:
        """Finds what a reference means to an entry or restriction that comes after all slots known so far."""

        def resolve(reference: Reference) -> tuple[tuple[Slot, Conversion], ...]:
            places = [slot for slot in self._slots if slot.parameter.qualified_name == reference.parameter]
            if not places:
                raise not_earlier(reference, user)
            return self._candidates(places[::-1], reference)

        return resolve

    def test(self, condition: Condition, user: Slot) -> Test:
        """The test for a context of a slot; raises MissionError where it can not be known in the packet."""
        return compile_condition(condition, lambda reference: self._nearest(reference, user))

    def _nearest(self, reference: Reference, user: Slot) -> tuple[tuple[Slot, Conversion], ...]:
        places = [slot for slot in self._slots if slot.parameter.qualified_name == reference.parameter]
        before = [slot for slot in places if slot.index <= user.index]
        if before:
            return self._candidates(before[::-1], reference)
        if places and self._complete:
            return self._candidates(places, reference)
        raise MissionError(
            f"a context of {user.parameter.qualified_name} refers to {reference.parameter}, "
            f"which is not in the same packet",
            where=reference.place,
            fix="refer to a parameter of the packet: nothing is remembered from packet to packet",
        )

    def _candidates(self, places: list[Slot], reference: Reference) -> tuple[tuple[Slot, Conversion], ...]:
        """The places up to the first that is always there, with what makes their values."""
        found = []
        for slot in places:
            found.append((slot, self.of(slot) if reference.calibrated else Plain(slot.form.arrow)))
            if not slot.guarded:
                break
        return tuple(found)
