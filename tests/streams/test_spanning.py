import numpy as np
from support import small_mission

from streams.frame_batch import FrameBatch
from streams.framing import FramingConfig
from streams.header_columns import Told
from streams.parsed_rows import Remark
from streams.spanning import Spanning
from streams.texts import Pieces, Texts

CONFIG = FramingConfig("transfer-frames", small_mission.FRAME_LENGTH, asm=False, fecf=True)


def batch(frames: list[bytes], first: int) -> FrameBatch:
    count = len(frames)
    offsets = np.arange(first, first + count)
    told = Told(offsets * 10, Texts.of(["s"] * count), Texts.of([""] * count))
    return FrameBatch.of_columns(offsets, offsets * 10, Texts.of(["f"] * count), told, Pieces.of(frames))


def test_a_packet_that_begins_in_one_run_of_frames_and_ends_in_the_next_is_whole() -> None:
    packets = small_mission.packets(40)
    frames = small_mission.transfer_frames(packets)
    link, remarks = Spanning(CONFIG, 1000), list[Remark]()
    found: list[tuple[int, bytes]] = []
    for at in range(0, len(frames), 2):
        for part in link.read(batch(frames[at : at + 2], 7 + at), remarks):
            ends = part.starts + part.lengths
            found += [
                (int(offset), part.data[start:end].tobytes())
                for offset, start, end in zip(part.offsets, part.starts, ends, strict=True)
            ]
    assert remarks == []
    assert [data for _, data in found] == packets[: len(found)]
    assert len(found) > 30
    assert link.oldest_pending() in (None, 7 + len(frames) - 1)
