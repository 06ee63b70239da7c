"""Frames as a stream has them, made up: for tests of what is computed over them."""

from __future__ import annotations

from hypothesis import strategies as st

from streams import names
from streams.read import Message

header_values = st.text(st.characters(codec="utf-8"), max_size=20).filter(lambda text: "\r\n" not in text)


def frame(offset: int, data: bytes, recorded: int = 1_700_000_000 * 10**9, link: str = "radio") -> Message:
    """A frame as the recorder writes it."""
    headers = {
        names.RECEIVED: str(recorded - 1000),
        names.SESSION: "s1",
        names.MESSAGE_ID: f"{link}:s1:{offset}",
        "Nats-Batch-Sequence": str(offset),
    }
    return Message(offset, recorded + offset, names.frame_subject(link), headers, data)


@st.composite
def runs_of_frames(draw: st.DrawFn, max_size: int = 12) -> list[Message]:
    """A run without a hole, of one frame at least, with headers of all kinds."""
    first = draw(st.integers(1, 2**40))
    kinds = st.sampled_from([names.RECEIVED, names.SESSION, names.TORN, names.MESSAGE_ID, "Nats-Batch-Id"])
    rows = st.tuples(
        st.integers(0, 2**63 - 1),
        st.sampled_from(["frame.radio", "frame.größe"]),
        st.dictionaries(kinds, header_values),
        st.binary(max_size=20),
    )
    found = draw(st.lists(rows, min_size=1, max_size=max_size))
    return [Message(first + number, *row) for number, row in enumerate(found)]
