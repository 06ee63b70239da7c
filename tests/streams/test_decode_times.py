"""Instants to counts of a device's clock: the inverse of what telemetry does."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from streams.decode.times import Clock, tai_to_utc, utc_to_tai


@given(instant=st.integers(-(10**18), 4 * 10**18))
def test_utc_leads_to_tai_and_back(instant: int) -> None:
    assert int(tai_to_utc(np.array([utc_to_tai(instant)], np.int64))[0]) == instant


@given(
    instant=st.integers(10**17, 4 * 10**18), scale=st.sampled_from(["1", "1/1000", "1/65536", "60"]),
    epoch=st.sampled_from(["GPS", "TAI", "J2000", "UNIX", 946684800 * 10**9]),
)  # fmt: skip
def test_the_count_of_an_instant_is_what_the_clock_reads(instant: int, scale: str, epoch: str | int) -> None:
    clock = Clock(Fraction(scale), Fraction(5), epoch)
    count = round(clock.count(instant))
    back = int(clock.values(np.array([count], np.int64)).data[0])
    assert abs(back - instant) <= Fraction(scale) * 10**9 / 2 + 1
