"""The fuzz run in small, and its oracle against frames whose fate is known."""

from __future__ import annotations

import pytest

from benchmarks import fuzz
from benchmarks.figures import WrongResultError
from benchmarks.fuzz import Expected
from benchmarks.fuzz_frames import FuzzFrame, Maker
from benchmarks.fuzz_oracle import SIZES, fate_of
from benchmarks.options import Options
from benchmarks.recordings import recording


def packet(apid: int, size: int, *, first: int = 0x08) -> bytes:
    """A telemetry packet with a secondary header and nothing but zeros in it."""
    return bytes([first | apid >> 8, apid & 0xFF, 0xC0, 0]) + (size - 7).to_bytes(2, "big") + bytes(size - 6)


IMU, NAV, IDLE = packet(100, 46), packet(101, 47), packet(0x7FF, 20, first=0)


@pytest.mark.parametrize(
    ("frame", "result", "good", "bad"),
    [
        (IMU, "parsed", 1, 0),
        (IMU + NAV + IMU, "parsed", 3, 0),
        (IMU + IDLE, "parsed", 1, 0),
        (IDLE, "empty", 0, 0),
        (b"", "quarantined", 0, 1),
        (IMU[:-1], "quarantined", 0, 1),
        (IMU + NAV[:-1], "partly", 1, 1),
        (packet(100, 45), "quarantined", 0, 1),
        (packet(100, 50), "parsed", 1, 0),
        (packet(99, 46) + IMU, "partly", 1, 1),
        (packet(100, 46, first=0x18), "quarantined", 0, 1),
        (packet(100, 46, first=0x00), "quarantined", 0, 1),
        (packet(104, 15), "parsed", 1, 0),
        (packet(104, 14), "quarantined", 0, 1),
        (b"\x20" + IMU[1:], "quarantined", 0, 1),
    ],
)
def test_the_oracle_knows_the_fate_of_a_frame(frame: bytes, result: str, good: int, bad: int) -> None:
    fate = fate_of(frame)
    assert (fate.result, len(fate.good), fate.bad) == (result, good, bad)


def test_every_packet_as_it_left_the_rocket_is_good_and_a_torn_frame_is_not() -> None:
    packets = recording("rocket").packets
    assert all(fate_of(one).result == "parsed" for one in packets)
    assert fate_of(IMU, torn="connection ended").result == "quarantined"


def test_frames_are_a_function_of_the_seed_and_of_all_fates() -> None:
    packets = recording("rocket").packets[:500]
    first, again, other = (list(Maker(seed, packets).frames(3_000)) for seed in (1, 1, 2))
    assert first == again != other
    expected = Expected()
    for frame in first:
        expected.add(frame)
    assert set(expected.results) == {"parsed", "partly", "quarantined", "empty"}
    assert expected.unstamped > 0
    assert any(frame.torn for frame in first)
    assert max(len(frame.data) for frame in first) > 4 * 1024**2


def test_damaged_frames_pass_through_parser_and_writer_and_every_row_is_as_expected() -> None:
    outcome = fuzz.run(Options(frames=4_000, seed=7))
    assert outcome.good
    assert sum(outcome.facts[result] for result in ("parsed", "partly", "quarantined", "empty")) == 4_000  # type: ignore[misc]


def test_a_row_that_is_not_as_expected_fails_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(SIZES, 100, 1_000)
    with pytest.raises(WrongResultError, match="the frame at offset"):
        fuzz.run(Options(frames=200))


def test_a_frame_says_when_it_was_received_unless_it_is_damaged_in_that() -> None:
    assert FuzzFrame(IMU).stamp == "1790000000000000000"
