from hypothesis import given
from hypothesis import strategies as st

from streams import names
from streams.framing import Frame
from streams.recorder import frame_messages, new_session

frames = st.lists(
    st.builds(Frame, st.binary(max_size=40), st.integers(0, 2**62), st.sampled_from(["", "cut"]))
)


@given(frames, st.integers(0, 10**6), st.integers(1, 50), st.sampled_from(["", "abc"]))
def test_messages_keep_every_byte_in_order_and_number_on(
    given_frames: list[Frame], counter: int, limit: int, source: str
) -> None:
    messages = frame_messages("radio", "s", given_frames, counter, limit=limit, source=source)
    assert b"".join(one.data for one in messages) == b"".join(frame.data for frame in given_frames)
    assert all(len(one.data) <= limit for one in messages)
    prefix = f"radio:s:{source}." if source else "radio:s:"
    ids = [one.headers[names.MESSAGE_ID] for one in messages]
    assert ids == [f"{prefix}{number}" for number in range(counter, counter + len(messages))]
    assert {one.subject for one in messages} <= {"frame.radio"}
    assert all((names.SOURCE in one.headers) == bool(source) for one in messages)


@given(frames)
def test_a_frame_that_fits_is_one_message_with_its_time_and_why_it_is_torn(given_frames: list[Frame]) -> None:
    messages = frame_messages("radio", "s", given_frames, 0, limit=40)
    assert [
        Frame(one.data, int(one.headers[names.RECEIVED]), one.headers.get(names.TORN, "")) for one in messages
    ] == given_frames


def test_sessions_that_begin_in_one_second_have_names_of_their_own() -> None:
    sessions = {new_session("radio") for _ in range(100)}
    assert len(sessions) == 100
    assert all(session.split("-")[1] == "radio" for session in sessions)
