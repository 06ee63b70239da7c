"""The clock of a replay: where it stands, how fast it goes, and when something is due. Pure.

Position is a time of the flight (ns UTC); `now` is any monotonic clock in seconds.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

AS_TAKEN = 0.0
"""The speed of a replay that goes as fast as its consumer takes it."""


@dataclass(frozen=True)
class ReplayClock:
    """At `since` the replay stood at `position`; it goes on at `speed` unless it is paused."""

    position: int
    since: float
    speed: float = 1.0
    paused: bool = False

    def at(self, now: float) -> int:
        """The position now."""
        if self.paused or self.speed == AS_TAKEN:
            return self.position
        return self.position + round((now - self.since) * self.speed * 1e9)

    def wait(self, time: int, now: float) -> float | None:
        """Seconds until `time` of the flight is due, 0 when it is; None while paused."""
        if self.paused:
            return None
        if self.speed == AS_TAKEN:
            return 0.0
        return max(0.0, self.since + (time - self.position) / 1e9 / self.speed - now)

    def pause(self, now: float) -> ReplayClock:
        """Stand still."""
        return replace(self, position=self.at(now), since=now, paused=True)

    def resume(self, now: float) -> ReplayClock:
        """Go on from where it stands."""
        return replace(self, position=self.at(now), since=now, paused=False)

    def with_speed(self, speed: float, now: float) -> ReplayClock:
        """Go on from here at another speed."""
        return replace(self, position=self.at(now), since=now, speed=speed)

    def seek(self, position: int, now: float) -> ReplayClock:
        """Stand at another position; paused stays paused."""
        return replace(self, position=position, since=now)
