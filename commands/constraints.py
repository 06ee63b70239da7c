"""Transmission constraints (XTCE): what must hold in live telemetry before a telecommand leaves."""

from __future__ import annotations

from collections.abc import Sequence

from nats.aio.client import Client

from commands.conditions import holds, references
from commands.telemetry import Sample, TelemetryMap, newest
from streams.xtce.conditions import Condition, in_words
from streams.xtce.verifiers import Constraint

_NS = 10**9


class Constraints:
    """Looks at the newest samples; one older than `fresh_within` seconds counts as none."""

    def __init__(self, nc: Client, telemetry: TelemetryMap, fresh_within: float) -> None:
        self._nc, self._telemetry, self._fresh = nc, telemetry, round(fresh_within * _NS)

    async def unmet(self, constraints: Sequence[Constraint], now: int) -> list[tuple[Constraint, str]]:
        """Return those that do not hold at `now` (ns UTC), each with what stands in its way."""
        found: list[tuple[Constraint, str]] = []
        for constraint in constraints:
            met, seen = await self.holds(constraint.condition, now)
            if not met:
                found.append((constraint, f"{in_words(constraint.condition)} does not hold: {seen}"))
        return found

    async def holds(self, condition: Condition, now: int) -> tuple[bool, str]:
        """Return whether a condition holds at `now` (ns UTC), and what was seen."""
        samples = {
            reference.parameter: await newest(self._nc, self._telemetry.fields(reference.parameter))
            for reference in references(condition)
        }
        fresh = {name: sample for name, sample in samples.items() if sample and not self._stale(sample, now)}
        seen = ", ".join(self._seen(name, sample, now) for name, sample in samples.items())
        return holds(condition, fresh.get), seen

    def _stale(self, sample: Sample, now: int) -> bool:
        return now - int(sample.row.get("received")) > self._fresh

    def _seen(self, name: str, sample: Sample | None, now: int) -> str:
        local = name.rpartition("/")[2]
        if sample is None:
            return f"{local} has no sample"
        age = (now - int(sample.row.get("received"))) / _NS
        return f"{local} is {sample.value}, {age:.1f} s old" + (
            " (too old)" if self._stale(sample, now) else ""
        )


def patience(constraints: Sequence[Constraint]) -> int:
    """Return how long all of these may be waited for, ns; 0 when one of them has no timeout."""
    return min((constraint.timeout or 0 for constraint in constraints), default=0)
