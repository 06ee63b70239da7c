"""Sessions: what each recording on a link has, and from when to when."""

from __future__ import annotations

from projections.clickhouse import ClickHouse
from projections.queries.answer import Answer
from projections.queries.scope import Scope

_TIMES = ("first_time", "early_time", "late_time", "last_time")


def sessions(clickhouse: ClickHouse, scope: Scope) -> Answer:
    """Return one row per link and session, in the order of their first frames.

    `from` and `to` choose sessions that have a packet of that time (or, without any packet, a frame that was
    received then); each row is about the whole session. A device's clock can be wrong in one packet:
    `early_time` and `late_time` are the times that one packet in a thousand is beyond.
    """
    shown = ", ".join(f"if(packets = 0, NULL, {name}) AS {name}" for name in _TIMES)
    query = f"""
SELECT generation, link, session, frames, first_frame, last_frame, quarantined, first_received, last_received,
       p.packets AS packets, {shown}
FROM (
    SELECT generation, link, session, count() AS frames, min(frame_offset) AS first_frame,
           max(frame_offset) AS last_frame, countIf(result = 'quarantined') AS quarantined,
           min(received) AS first_received, max(received) AS last_received,
           countIf({scope.between("received")}) > 0 AS frames_within
    FROM frames WHERE {scope.known()} GROUP BY generation, link, session
) AS f LEFT JOIN (
    SELECT link, session, count() AS packets, countIf({scope.between()}) > 0 AS packets_within,
           min(time) AS first_time, quantileExact(0.001)(time) AS early_time,
           quantileExact(0.999)(time) AS late_time, max(time) AS last_time
    FROM packets WHERE {scope.known()} GROUP BY link, session
) AS p USING (link, session)
WHERE if(packets = 0, frames_within, packets_within)
ORDER BY first_frame
"""
    return Answer(clickhouse.stream(query, scope.parameters))
