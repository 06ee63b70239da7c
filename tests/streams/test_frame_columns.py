"""Frames in columns are sealed and parsed like the same frames as messages."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.frames import frame, runs_of_frames

from infra.errors import StreamError
from streams.chain import header_text
from streams.frame_batch import FrameBatch
from streams.frame_columns import FrameColumns
from streams.read import Message
from streams.seal import Sealing, marks_of
from streams.texts import Pieces


def columns_of(frames: list[Message]) -> FrameColumns:
    return FrameColumns(
        np.array([one.offset for one in frames]),
        np.array([one.recorded for one in frames]),
        Pieces.of([one.subject.encode() for one in frames]),
        Pieces.of([header_text(one.headers) for one in frames]),
        Pieces.of([one.data for one in frames]),
    )


@given(runs_of_frames(), st.data())
def test_columns_have_the_digest_and_the_marks_of_their_messages(
    frames: list[Message], data: st.DataObject
) -> None:
    by_message, by_column = Sealing(frames[0].offset), Sealing(frames[0].offset)
    by_message.add(frames)
    cut = frames[0].offset + data.draw(st.integers(0, len(frames)))
    columns = columns_of(frames)
    by_column.add_columns(columns.cut(0, cut - 1))
    by_column.add_columns(columns.cut(cut, 2**62))
    assert by_column.seal().digest == by_message.seal().digest
    assert np.array_equal(marks_of(columns), by_message.seal().marks)


@given(runs_of_frames())
def test_columns_become_the_batch_that_their_messages_become(frames: list[Message]) -> None:
    one, other = FrameBatch.from_messages(frames), FrameBatch.from_columns(columns_of(frames))
    for row in range(len(frames)):
        assert one.frame(row) == other.frame(row)
        assert one.links.at(row) == other.links.at(row)
        assert one.sessions.at(row) == other.sessions.at(row)
        assert one.torn.at(row) == other.torn.at(row)
    for name in ("offsets", "recorded", "received"):
        assert np.array_equal(getattr(one, name), getattr(other, name))


def test_a_missing_offset_is_named() -> None:
    run = Sealing(5)
    with pytest.raises(StreamError, match="the offset 6 is missing"):
        run.add_columns(columns_of([frame(5, b""), frame(7, b"")]))
    assert len(run) == 0
