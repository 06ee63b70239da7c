"""Framing of datagrams: each is a frame."""

from __future__ import annotations

from streams.framing.frame import MAX_FRAME, Frame, torn_pieces


class DatagramFramer:
    """Makes each chunk a frame, an empty one too."""

    def feed(self, chunk: bytes, received: int) -> list[Frame]:
        """Return the chunk as a frame; one above MAX_FRAME as torn pieces."""
        if len(chunk) > MAX_FRAME:
            return torn_pieces(chunk, received, f"larger than a frame of {MAX_FRAME} bytes", MAX_FRAME)
        return [Frame(bytes(chunk), received, "")]

    def flush(self, received: int) -> list[Frame]:
        """Return nothing: datagrams leave no rest."""
        return []
