"""The table of the frame archive: what a seal's digest covers, and nothing beside it.

Link, session and received time are aliases, computed from subject and headers when they are asked for: what
the digest does not cover could be changed unseen.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from streams.chain import header_text
from streams.read import Message

TABLE = "archive"

_LINE = r"'(?s)(?:^|\\r\\n){}:(.*?)(?:\\r\\n|$)'"

COLUMNS = {
    "offset": "UInt64 CODEC(Delta, ZSTD(1))",
    "recorded": "DateTime64(9, 'UTC') CODEC(Delta, ZSTD(1))",
    "subject": "LowCardinality(String)",
    "headers": "String CODEC(ZSTD(1))",
    "data": "String CODEC(ZSTD(3))",
    "link": "String ALIAS substring(subject, 7)",
    "session": f"String ALIAS extract(headers, {_LINE.format('Fl-Session')})",
    "received": (
        "Nullable(DateTime64(9, 'UTC')) ALIAS fromUnixTimestamp64Nano("
        f"toInt64OrNull(extract(headers, {_LINE.format('Fl-Received')})), 'UTC')"
    ),
}
"""`headers` is the header text of `streams.chain`, `data` the frame's bytes."""

ORDER = "offset"

PARTITION = "intDiv(offset, 10000000)"
"""So many frames at most are merged with each other again and again."""

SCHEMA = pa.schema(
    [
        pa.field("offset", pa.uint64(), False),
        pa.field("recorded", pa.timestamp("ns", tz="UTC"), False),
        pa.field("subject", pa.string(), False),
        pa.field("headers", pa.binary(), False),
        pa.field("data", pa.binary(), False),
    ]
)


def archive_rows(frames: Sequence[Message]) -> pa.Table:
    """Return messages of FRAMES as rows."""
    offsets, recorded, subjects, headers, payloads = zip(*frames, strict=True)
    return pa.table(
        [
            pa.array(np.array(offsets, np.uint64)),
            pa.array(np.array(recorded, np.int64)).view(pa.timestamp("ns", tz="UTC")),
            pa.array(subjects, pa.string()),
            pa.array(list(map(header_text, headers)), pa.binary()),
            pa.array(payloads, pa.binary()),
        ],
        schema=SCHEMA,
    )
