"""What a caller may choose for a run."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Options:
    """`rounds`: turns of each contender; `frames`: for the runs that take many; `seed`: for random bytes."""

    rounds: int = 3
    frames: int = 1_000_000
    seed: int = 1
