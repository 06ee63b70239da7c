"""Rows that follow from packets alone, as queries: missing sequence counts, and steps back of device clocks.

Both look at the packets of one APID in the order in which they were recorded. `known` is a condition on the
table `packets` that says which of them count; with `recorded <= T` the answer is what was known at T,
because whatever is recorded later comes later in that order and changes nothing that was found before it.
"""

from __future__ import annotations

COUNTS = 16_384
"""Sequence counts start again after this many (133.0-B-2, 4.1.3.4.3)."""

LATE_COUNTS = 4_096
"""A packet at most this many counts back is a late one; further back the device began to count anew."""

CLOCK_TOLERANCE_S = 1

_STREAM = "generation, link, session, apid"
_ARRIVAL = f"PARTITION BY {_STREAM} ORDER BY frame_offset, packet_index"


def gaps_query(known: str = "true") -> str:
    """Return the query for runs of missing sequence counts, per generation, link, session and APID.

    Each packet gets a place: its count, unwrapped. Packets that follow each other without a hole are an
    island; a late packet is an island of its own at its place, so it fills the hole that it was missing
    from. A device that begins to count anew begins a new run, and nothing is missing between two runs.

    Known limit: a device that sets back both its counter, by at most `LATE_COUNTS`, and its clock looks like
    late packets, until it counts further than before.
    """
    return f"""
WITH arrived AS (
    SELECT {_STREAM}, frame_offset, packet_index, time, received, recorded, generated,
           toInt32(assumeNotNull(sequence_count)) AS count,
           lagInFrame(toNullable(count), 1) OVER neighbours AS count_before,
           lagInFrame(generated, 1) OVER neighbours AS generated_before,
           leadInFrame(toNullable(count), 1) OVER neighbours AS count_after,
           positiveModulo(count - count_before + {COUNTS // 2}, {COUNTS}) - {COUNTS // 2} AS step
    FROM packets WHERE apid IS NOT NULL AND ({known})
    WINDOW neighbours AS ({_ARRIVAL} ROWS BETWEEN 1 PRECEDING AND 1 FOLLOWING)
), placed AS (
    SELECT *, sum(ifNull(step, 0)) OVER so_far AS place,
           sum(ifNull(step < 0 AND (step < -{LATE_COUNTS} OR generated > generated_before), 0)) OVER so_far
               AS run,
           ifNull(step, 0) != 1 AS begins,
           ifNull(positiveModulo(count_after - count, {COUNTS}), 0) != 1 AS ends
    FROM arrived WINDOW so_far AS ({_ARRIVAL} ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)
), edges AS (
    SELECT *, (count, frame_offset, time) AS packet,
           if(ends, place, leadInFrame(place, 1) OVER following) AS last_place,
           if(ends, packet, leadInFrame(packet, 1) OVER following) AS last_packet
    FROM placed WHERE begins OR ends
    WINDOW following AS ({_ARRIVAL} ROWS BETWEEN CURRENT ROW AND 1 FOLLOWING)
), islands AS (
    SELECT *, count() OVER below AS islands_below, max(last_place) OVER below AS place_below,
           argMax(last_packet, last_place) OVER below AS packet_below
    FROM edges WHERE begins
    WINDOW below AS (PARTITION BY {_STREAM}, run ORDER BY place, frame_offset, packet_index
                     ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
)
SELECT generation, link, session, assumeNotNull(apid) AS apid,
       toUInt16(packet_below.1) AS previous_count, toUInt16(count) AS sequence_count,
       toUInt32(place - place_below - 1) AS missing,
       packet_below.2 AS previous_offset, frame_offset, packet_below.3 AS previous_time,
       time, received, recorded
FROM islands WHERE islands_below > 0 AND place > place_below + 1
"""


def clock_steps_query(known: str = "true") -> str:
    """Return the query for clocks that jumped back, with the columns of the table `quarantine`.

    Seen between neighbours of one APID: a query over rows needs no parser state.
    """
    return f"""
SELECT generation, frame_offset, toInt32(packet_index) AS packet_index, 'time' AS stage,
       concat('the device clock jumped back by ',
              toString(dateDiff('millisecond', generated, previous) / 1000), ' s') AS reason,
       true AS decoded, link, session, received, recorded, toUInt32(0) AS size, '' AS bytes
FROM (
    SELECT *, lagInFrame(generated, 1) OVER arrival AS previous
    FROM packets WHERE generated IS NOT NULL AND ({known})
    WINDOW arrival AS ({_ARRIVAL} ROWS BETWEEN 1 PRECEDING AND CURRENT ROW)
) WHERE previous IS NOT NULL AND generated < previous - INTERVAL {CLOCK_TOLERANCE_S} SECOND
"""
