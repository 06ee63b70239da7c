from fractions import Fraction
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.device_time import ABSENT, EARLIEST_NS, LATEST_NS, UNFIT, DeviceClock

DAY_NS = 86_400 * 10**9


def clock(*terms: tuple[str, str], epoch: str = "1970-01-01", leap_seconds: float = 0) -> DeviceClock:
    mapping = {
        "epoch": epoch,
        "leap_seconds": leap_seconds,
        "terms": [{"parameter": parameter, "unit": unit} for parameter, unit in terms],
    }
    return DeviceClock.from_mapping(mapping, "mission.toml")


def batch(**columns: pa.Array) -> pa.RecordBatch:
    return pa.RecordBatch.from_pydict(columns)


def generated(of: DeviceClock, **columns: pa.Array) -> list[int]:
    found = of.generated(batch(**columns))
    assert found is not None
    return found.tolist()


@given(
    st.lists(
        st.tuples(st.integers(0, 2**16 - 1), st.integers(0, 2**32 - 1), st.integers(0, 65_535)), min_size=1
    )
)
def test_the_time_is_exact_to_the_nanosecond(rows: list[tuple[int, int, int]]) -> None:
    """CCSDS day segmented, 301.0-B: days, milliseconds of the day, here with a fraction of a microsecond."""
    of = clock(("DAY", "day"), ("MS", "ms"), ("FINE", "1/65536 ms"), epoch="1958-01-01T00:00:00Z")
    days, ms, fine = (list(column) for column in zip(*rows, strict=True))
    found = generated(
        of, DAY=pa.array(days, pa.uint16()), MS=pa.array(ms, pa.uint32()), FINE=pa.array(fine, pa.uint16())
    )
    epoch = -4_383 * DAY_NS
    assert found == [
        epoch + day * DAY_NS + milli * 10**6 + int(Fraction(10**6 * part, 65_536))
        for day, milli, part in rows
    ]


def test_leap_seconds_and_the_epochs_zone_count() -> None:
    of = clock(("S", "s"), epoch="1980-01-06T02:00:00+02:00", leap_seconds=18)
    assert generated(of, S=pa.array([0, 1], pa.uint32())) == [
        (315_964_800 - 18 + second) * 10**9 for second in (0, 1)
    ]


@given(st.lists(st.none() | st.integers(-(2**63), 2**63 - 1), min_size=1, max_size=8), st.data())
def test_a_rows_time_does_not_depend_on_the_rows_beside_it(
    values: list[int | None], data: st.DataObject
) -> None:
    of = clock(("T", data.draw(st.sampled_from(["ns", "us", "1/3 s", "day"]))))
    together = generated(of, T=pa.array(values, pa.int64()))
    alone = [generated(of, T=pa.array([value], pa.int64()))[0] for value in values]
    assert together == alone


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        (pa.float64(), [float("nan"), float("inf"), -float("inf"), 1e300, -1e300]),
        (pa.uint64(), [2**64 - 1, 2**63]),
        (pa.int64(), [2**63 - 1, -(2**63)]),
    ],
)
def test_a_time_that_no_clock_shows_is_unfit(kind: pa.DataType, values: list[Any]) -> None:
    assert generated(clock(("T", "s")), T=pa.array(values, kind)) == [UNFIT] * len(values)


def test_the_range_is_that_of_the_database() -> None:
    values = [
        EARLIEST_NS // 10**9 + 1,
        LATEST_NS // 10**9 - 1,
        EARLIEST_NS // 10**9 - 1,
        LATEST_NS // 10**9 + 1,
    ]
    found = generated(clock(("T", "s")), T=pa.array(values, pa.int64()))
    assert [time == UNFIT for time in found] == [False, False, True, True]


def test_a_packet_without_the_time_has_none_and_its_neighbours_have_theirs() -> None:
    assert generated(clock(("T", "s")), T=pa.array([1, None, 3], pa.uint64())) == [10**9, ABSENT, 3 * 10**9]


def test_the_raw_value_wins_over_the_calibrated_one() -> None:
    found = generated(clock(("T", "s")), T=pa.array(["1 s", "2 s"]), T__raw=pa.array([7, 8], pa.uint8()))
    assert found == [7 * 10**9, 8 * 10**9]


def test_a_packet_type_without_the_parameters_or_a_mission_without_a_clock_tells_no_time() -> None:
    assert clock(("T", "s")).generated(batch(U=pa.array([1]))) is None
    assert clock(("T", "s")).generated(batch(T=pa.array(["noon"]))) is None
    assert DeviceClock().generated(batch(T=pa.array([1]))) is None
