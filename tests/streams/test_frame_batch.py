import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from support.parsed import message

from streams import names
from streams.frame_batch import FrameBatch
from streams.header_columns import NO_RECEIVED
from streams.read import Message

texts = (
    st.integers(-5, 2**64).map(str)
    | st.text(max_size=25)
    | st.sampled_from(["", "1_0", " 1", "٣", "²", "007"])
)


def received(headers: list[str]) -> list[int]:
    messages = [message(number, b"", received=text) for number, text in enumerate(headers, 1)]
    return FrameBatch.from_messages(messages).received.tolist()


@given(st.lists(texts, min_size=1))
def test_a_received_time_means_the_same_whatever_stands_beside_it(headers: list[str]) -> None:
    assert received(headers) == [received([text])[0] for text in headers]


@given(st.integers(1, 2**63 - 1))
def test_every_time_of_the_clock_is_read_back(time: int) -> None:
    assert received([str(time), "1"]) == [time, 1]


def test_what_is_no_time_is_none() -> None:
    wrong = ["", "0", "-1", "soon", "1.5", "1_0", " 1", "٣", "²", str(2**63), "9" * 30]
    assert received(wrong) == [NO_RECEIVED] * len(wrong)


def test_messages_become_columns_and_missing_headers_empty_values() -> None:
    bare = Message(9, 5, "frame.other", {}, b"x")
    batch = FrameBatch.from_messages([message(7, b"abc", session="s", torn="cut"), bare])
    assert (batch.offsets.tolist(), batch.recorded.tolist()) == ([7, 9], [2_007, 5])
    for texts, expected in (
        (batch.links, ["radio", "other"]),
        (batch.sessions, ["s", ""]),
        (batch.torn, ["cut", ""]),
    ):
        assert [texts.at(row) for row in (0, 1)] == expected
    assert ([batch.frame(0), batch.frame(1)], len(batch)) == ([b"abc", b"x"], 2)
    chosen = batch.of(np.array([1]))
    assert (chosen.offsets.tolist(), chosen.frame(0), chosen.links.at(0)) == ([9], b"x", "other")
    assert chosen.offsets.dtype == np.int64
    assert names.SESSION not in bare.headers
