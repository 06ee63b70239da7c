"""What fills a gap: missing packets that are known from another session, a recorder's dump above all.

Nothing is written: whether a gap is filled follows from the packets alone. So it is the same after a rebuild,
and as of a time it is what was known then.
"""

from __future__ import annotations

from projections.derived_rows import CLOCK_TOLERANCE_S, COUNTS

_GAP = (
    "generation", "link", "session", "apid", "previous_count", "sequence_count", "missing", "previous_offset",
    "frame_offset", "previous_time", "time", "received", "recorded",
)  # fmt: skip


def filled_gaps_query(gaps: str, known: str = "true") -> str:
    """Return the query for the rows of `gaps` (see `gaps_query`) with what fills them.

    `known` is a condition on the table `packets` that says which packets may fill. One does that is of the
    same generation and APID, of another session or link, has a missing sequence count, and was generated
    between the packets on either side of the gap, with a tolerance of `CLOCK_TOLERANCE_S`. A gap has less
    than half of all counts, so a count that comes again after a wrap lies far outside of its times.

    `filled` counts missing packets, `filled_by` names the sessions that have them, `still_missing` is the
    rest.

    Known limits: a packet without a device's clock fills nothing. Its count comes again after a wrap, after
    a restart and in every other flight, the received times of a dump are those of its import, and the clocks
    of packets around it bound it only if the recorder kept all APIDs in the order in which they were made,
    which nothing says. After a restart that sets back clock and counter, packets of another run can look like
    those that are missing.
    """
    gap = ", ".join(f"gap.{name} AS {name}" for name in _GAP)
    tolerance = f"INTERVAL {CLOCK_TOLERANCE_S} SECOND"
    return f"""
SELECT {", ".join(_GAP)}, toUInt32(uniqExactIf(wanted, fills)) AS filled,
       arraySort(groupUniqArrayIf(filler, fills)) AS filled_by, toUInt32(missing - filled) AS still_missing
FROM (
    SELECT {gap}, gap.wanted AS wanted, toString(other.session) AS filler,
           other.there AND (other.link, other.session) != (gap.link, gap.session)
           AND other.at >= least(gap.previous_time, gap.time) - {tolerance}
           AND other.at <= greatest(gap.previous_time, gap.time) + {tolerance} AS fills
    FROM (
        SELECT generation, link, session, assumeNotNull(apid) AS known_apid, assumeNotNull(generated) AS at,
               toUInt16(assumeNotNull(sequence_count)) AS count, true AS there
        FROM packets
        WHERE apid IS NOT NULL AND sequence_count IS NOT NULL AND generated IS NOT NULL AND ({known})
    ) AS other
    RIGHT JOIN (
        SELECT *, toUInt16((previous_count + arrayJoin(range(1, missing + 1))) % {COUNTS}) AS wanted
        FROM ({gaps})
    ) AS gap
    ON other.generation = gap.generation AND other.known_apid = gap.apid AND other.count = gap.wanted
)
GROUP BY {", ".join(_GAP)}
"""
