"""What a person may change about a flight: orders that telecommands give to the rocket's hardware."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields

DROGUE_LIMIT = 150.0
"""Airspeed in m/s above which the drogue would tear."""


@dataclass(frozen=True)
class Orders:
    """What is done at which time, in seconds; infinity: never.

    Without orders a flight goes by itself: the motor burns out, the drogue comes a second after apogee.
    `fire_drogue_s` fires it then, `fire_drogue_when_slow_s` from then on as soon as the airspeed is below
    DROGUE_LIMIT. A launch that is `scrubbed` does not take place.
    """

    scrubbed: bool = False
    vent_motor_s: float = math.inf
    fire_drogue_s: float = math.inf
    fire_drogue_when_slow_s: float = math.inf

    def after(self, start: float) -> Orders:
        """The same orders, with times that count from `start`."""
        times = {
            item.name: getattr(self, item.name) - start for item in fields(self) if item.name != "scrubbed"
        }
        return Orders(self.scrubbed, **times)


NO_ORDERS = Orders()
