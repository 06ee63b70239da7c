import re

from hypothesis import given
from hypothesis import strategies as st

from streams import names


@given(st.text(), st.text())
def test_every_text_is_one_token_of_a_subject(one: str, other: str) -> None:
    subjects = [
        names.frame_subject(one),
        names.operation_subject(one),
        names.telemetry_subject(one, other),
        names.parsed_subject(one, other),
    ]
    for subject, tokens in zip(subjects, (2, 2, 3, 3), strict=True):
        assert re.fullmatch(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)+", subject)
        assert len(subject.split(".")) == tokens


@given(st.from_regex(r"[A-Za-z0-9_-]+", fullmatch=True))
def test_a_text_that_is_a_token_stays_as_it_is(text: str) -> None:
    assert names.token(text) == text
