"""What a verification finds: each finding names the first broken offset and what is wrong with it."""

from __future__ import annotations

from typing import NamedTuple

KEPT = 20
"""Findings of one stream that are kept; the rest is counted, so a ruined stream fits into memory."""


class Finding(NamedTuple):
    """Something that is not as it was appended; `offset` is the first one that is not."""

    stream: str
    offset: int
    what: str

    def __str__(self) -> str:
        return f"{self.stream} offset {self.offset}: {self.what}"


class Findings:
    """The findings of one stream, in the order in which they were found."""

    def __init__(self, stream: str) -> None:
        self.stream = stream
        self.kept: list[Finding] = []
        self.count = 0

    def add(self, offset: int, what: str, *, stream: str = "") -> None:
        """Note a finding, of this stream unless another is named."""
        self.count += 1
        if len(self.kept) < KEPT:
            self.kept.append(Finding(stream or self.stream, offset, what))

    def missing(self, first: int, last: int) -> None:
        """Note that the offsets from `first` to `last` are not in the stream."""
        self.add(first, "is missing" if first == last else f"is missing, and so are all up to {last}")

    def pinned(self, head_offset: int, noted: str) -> None:
        """Note that an event is another one than a head says."""
        self.add(head_offset, f"is not what it was: its hash is another than that of the {noted}")

    def truncated(self, end: int, head_offset: int, noted: str) -> None:
        """Note that a stream ends before a head that it once had."""
        self.add(end + 1, f"is missing, and so is all up to {head_offset} at least: there is a {noted}")
