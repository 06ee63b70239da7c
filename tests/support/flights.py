"""Data folders that hold an imported flight of the small mission."""

from __future__ import annotations

from pathlib import Path

from support import small_mission
from support.program import Program


def imported_flight(folder: Path, frames: int) -> tuple[Program, Path]:
    """Import a flight of so many frames; return the program on its data folder, and the mission."""
    mission = small_mission.write_mission(folder / "mission")
    program = Program(folder / "data")
    program.imported(small_mission.recording(folder / "flight.bin", frames), mission)
    return program, mission


def imported_mixture(folder: Path, frames: int) -> tuple[Program, Path]:
    """The same, with a recording that is broken at its end, and one of transfer frames."""
    program, mission = imported_flight(folder, frames)
    broken = folder / "broken.bin"
    broken.write_bytes(b"".join(small_mission.packets(5, frames)) + b"\xff" * 40)
    program.imported(broken, mission)
    spanning = folder / "frames.bin"
    spanning.write_bytes(b"".join(small_mission.transfer_frames(small_mission.packets(400))))
    program.imported(spanning, mission, "--link", "frames")
    return program, mission
