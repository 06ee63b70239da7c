"""Chained events as a stream has them, made up."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import strategies as st

from streams import names
from streams.chain import GENESIS, event_hash
from streams.read import Message


def chain(contents: Sequence[bytes], stream: str = "OPERATIONS") -> list[Message]:
    """A chain of events with these payloads, at the offsets from 1 on."""
    previous, made = GENESIS, []
    for offset, content in enumerate(contents, 1):
        headers = {"Fl-Who": "an operator", names.PREVIOUS_HASH: previous}
        event = Message(offset, 10**18 + 1000 * offset, f"{stream.lower()}.kind", headers, content)
        made.append(event)
        previous = event_hash(event)
    return made


def renumbered(events: Sequence[Message]) -> list[Message]:
    """The same events at the offsets from 1 on, as a stream has them into which they are appended anew."""
    return [event._replace(offset=offset) for offset, event in enumerate(events, 1)]


def batches(events: Sequence[Message], data: st.DataObject) -> list[list[Message]]:
    """The events in batches of any sizes."""
    cuts = sorted(data.draw(st.lists(st.integers(0, len(events)), max_size=3)))
    return [list(events[a:b]) for a, b in zip([0, *cuts], [*cuts, len(events)], strict=True)]
