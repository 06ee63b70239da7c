"""What a measurement answers: rates beside their baselines, plain facts, or the reason why there are none."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any


class WrongResultError(Exception):
    """A measured run had a wrong result, so its speed means nothing."""


class SkippedError(Exception):
    """A measurement cannot be made here; the text says why."""


@dataclass(frozen=True)
class Rate:
    """A rate per second beside that of a baseline; `aim` is the ratio to reach, None where there is none."""

    what: str
    unit: str
    here: float
    baseline: float
    against: str
    aim: float | None = None

    @property
    def ratio(self) -> float:
        """How many times the baseline's rate this is."""
        return self.here / self.baseline

    @property
    def reached(self) -> bool:
        """Whether the aim, if there is one, is reached."""
        return self.aim is None or self.ratio >= self.aim

    def as_json(self) -> dict[str, Any]:
        """All fields and what follows from them."""
        return asdict(self) | {"ratio": self.ratio, "reached": self.reached}


@dataclass
class Outcome:
    """The result of one measurement; `failure` is empty when everything is as it should be."""

    rates: list[Rate] = field(default_factory=list)
    facts: dict[str, object] = field(default_factory=dict)
    skipped: str = ""
    failure: str = ""

    @property
    def good(self) -> bool:
        """Whether nothing failed and every aim is reached."""
        return not self.failure and all(rate.reached for rate in self.rates)

    def as_json(self) -> dict[str, Any]:
        """The whole result as a JSON object."""
        return {
            "good": self.good,
            "rates": [rate.as_json() for rate in self.rates],
            "facts": self.facts,
            "skipped": self.skipped,
            "failure": self.failure,
        }


def expect(condition: object, what: str) -> None:
    """Raise WrongResultError with `what` unless the condition holds."""
    if not condition:
        raise WrongResultError(what)
