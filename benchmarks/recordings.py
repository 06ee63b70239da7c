"""What is measured on: recordings of two spacecraft, where they are there, and one of the demo rocket."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from benchmarks.figures import SkippedError
from infra.simulator import Fate, build_flight
from streams.framing import make_framer
from streams.mission import Mission, load_mission

REPOSITORY = Path(__file__).resolve().parents[1]
SHARED = REPOSITORY.parent / "shared" / "data"
ROCKET = REPOSITORY / "missions" / "demo_rocket"

_FILES = {
    "jpss": ("J01_G011_LZ_2021-04-09T00-00-00Z_V01.DAT1", "jpss1_geolocation_xtce_v1.xml"),
    "ctim": ("ccsds_2021_155_14_39_51", "ctim_xtce_v1.xml"),
}
LINK = "radio"


@dataclass(frozen=True)
class Recording:
    """Space packets back to back, with the mission that explains them (a folder or an XTCE file)."""

    name: str
    data: bytes
    packets: tuple[bytes, ...]
    source: Path
    mission: Mission

    @property
    def database(self) -> Path:
        """The XTCE file."""
        return self.source if self.source.is_file() else self.source / "rocket.xml"


@dataclass(frozen=True)
class PacketBatch:
    """Packets as the decoder takes them: `data` uint8[n], `starts` and `lengths` int64[k]."""

    data: npt.NDArray[np.uint8]
    starts: npt.NDArray[np.int64]
    lengths: npt.NDArray[np.int64]


def batch_of(packets: tuple[bytes, ...]) -> PacketBatch:
    """Return packets as one batch."""
    lengths = np.array([len(packet) for packet in packets], np.int64)
    data = np.frombuffer(b"".join(packets), np.uint8)
    return PacketBatch(data, np.cumsum(lengths) - lengths, lengths)


@cache
def recording(name: str) -> Recording:
    """Return `jpss`, `ctim` or `rocket`; raises SkippedError for a recording that is not there."""
    if name == "rocket":
        return _rocket()
    file, database = (SHARED / name / part for part in _FILES[name])
    if not file.is_file():
        raise SkippedError(f"the recording {name} is not beside the repository ({file.parent})")
    mission, data = load_mission(database), file.read_bytes()
    framer = make_framer(mission.framing(LINK))
    frames = framer.feed(data, 0) + framer.flush(0)
    return Recording(name, data, tuple(frame.data for frame in frames), database, mission)


def _rocket() -> Recording:
    """What the demo rocket sends in a flight, as it left the rocket: nothing damaged."""
    items = build_flight(beacon=False).items
    packets = tuple(item.data for item in items if item.fate is Fate.WHOLE)
    return Recording("rocket", b"".join(packets), packets, ROCKET, load_mission(ROCKET))
