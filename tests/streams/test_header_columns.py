"""Headers as columns tell the same as headers one by one, whatever stands in them."""

from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st

from streams import names
from streams.chain import header_text
from streams.header_columns import NO_RECEIVED, Told, told_by, told_by_texts
from streams.texts import Pieces
from streams.wire import RawHeaders, parse_headers

TIME = 1_780_000_000_123_456_789

times = st.integers(TIME, TIME + 99).map(str) | st.sampled_from(
    ["", "0", "-1", "soon", str(2**63), str(2**63 - 1), "0" * 19, "17800000001234567é9", "9" * 19]
)
sessions = st.sampled_from(["s1", "s2", "Fl-Received", "", "ü", "s1 Fl-Torn"]) | st.text("ab", max_size=9)


@st.composite
def header_blocks(draw: st.DrawFn) -> bytes:
    """A header block as the recorder writes it, or in another order, with some missing or twice."""
    lines = [
        f"{names.RECEIVED}: {draw(times)}",
        f"{names.SESSION}: {draw(sessions)}",
        f"{names.MESSAGE_ID}: radio:s1:{draw(st.integers(0, 200))}",
    ]
    if draw(st.integers(0, 9)) == 0:
        lines.append(f"{names.TORN}: cut")
    if draw(st.integers(0, 4)) == 0:
        lines = draw(st.lists(st.sampled_from(lines), max_size=4))
    return "\r\n".join(["NATS/1.0", *lines, "", ""]).encode()


def one_by_one(blocks: list[bytes]) -> list[tuple[int, str, str]]:
    found = []
    for block in blocks:
        headers = parse_headers(block)
        text = headers.get(names.RECEIVED, "")
        is_time = text.isascii() and text.isdigit() and len(text) < 20 and 0 < int(text) < 2**63
        time = int(text) if is_time else NO_RECEIVED
        found.append((time, headers.get(names.SESSION, ""), headers.get(names.TORN, "")))
    return found


def rows(told: Told) -> list[tuple[int, str, str]]:
    return [
        (time, told.sessions.at(row), told.torn.at(row)) for row, time in enumerate(told.received.tolist())
    ]


usual = [
    f"NATS/1.0\r\nFl-Received: {TIME + n}\r\nFl-Session: s\r\nNats-Msg-Id: {n}\r\n\r\n" for n in range(12)
]


@given(st.lists(header_blocks(), min_size=1, max_size=12))
@example([text.encode() for text in usual])
@example([text.replace("Session: s", f"Session: s{n}").encode() for n, text in enumerate(usual)])
def test_columns_of_header_blocks_tell_what_each_header_tells(blocks: list[bytes]) -> None:
    assert rows(told_by([RawHeaders(block) for block in blocks])) == one_by_one(blocks)


@given(st.lists(header_blocks(), min_size=1, max_size=12))
@example([text.encode() for text in usual])
def test_columns_of_header_texts_tell_the_same(blocks: list[bytes]) -> None:
    texts = Pieces.of([header_text(parse_headers(block)) for block in blocks])
    assert rows(told_by_texts(texts)) == one_by_one(blocks)


def test_the_headers_of_one_session_are_not_read_one_by_one(monkeypatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setattr(RawHeaders, "column", None)
    blocks = [text.encode() for text in usual]
    assert rows(told_by([RawHeaders(block) for block in blocks])) == one_by_one(blocks)
