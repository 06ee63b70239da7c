from hypothesis import given
from hypothesis import strategies as st

from projections.reprocess.segments import LARGEST, share_out


@given(st.integers(1, 10**7), st.integers(0, 10**7), st.integers(1, 8))
def test_segments_cover_the_frames_without_a_hole_in_nearly_equal_parts(
    first: int, frames: int, workers: int
) -> None:
    segments = share_out(first, first + frames - 1, workers)
    assert sum(segment.frames for segment in segments) == frames
    assert len(segments) >= min(workers, frames)
    at = first
    for segment in segments:
        assert segment.first == at
        at = segment.last + 1
    sizes = [segment.frames for segment in segments]
    assert not sizes or (max(sizes) - min(sizes) <= 1 and max(sizes) <= LARGEST)
