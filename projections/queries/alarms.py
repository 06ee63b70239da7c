"""The alarm level of a value, by the limits of the generation's own mission database."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from streams.xtce.alarms import AlarmRange


def alarm_level(alarms: Sequence[dict[str, Any]], value: Any) -> str | None:
    """Return the most severe level that holds, `normal` when none does, None without alarms or value.

    `alarms` are `AlarmRange`s as JSON, most severe first, as the table `columns` keeps them.
    """
    if not alarms or value is None:
        return None
    number = float(value) if isinstance(value, int | float) else str(value)
    if number in ("Infinity", "-Infinity", "NaN"):
        number = float(number)
    for alarm in alarms:
        if AlarmRange(**alarm).violated(number):
            return str(alarm["level"])
    return "normal"
