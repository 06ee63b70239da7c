"""Framing: a link's bytes cut into frames, and frames searched for packets."""

from __future__ import annotations

from streams.framing.config import FramingConfig
from streams.framing.datagram import DatagramFramer
from streams.framing.fixed import FixedFramer
from streams.framing.frame import MAX_FRAME, Frame, Framer
from streams.framing.packets import PacketFramer
from streams.framing.sync_marker import SyncMarkerFramer

__all__ = ["MAX_FRAME", "Frame", "Framer", "FramingConfig", "make_framer"]


def make_framer(config: FramingConfig) -> Framer:
    """Return a new framer for one connection.

    >>> framer = make_framer(FramingConfig(kind="fixed", length=2))
    >>> [frame.data for frame in framer.feed(b"abc", 1)]
    [b'ab']
    >>> framer.flush(2)
    [Frame(data=b'c', received=1, torn='connection ended inside a frame')]
    """
    if config.kind == "datagram":
        return DatagramFramer()
    if config.kind == "packets":
        return PacketFramer(config.header, config.length)
    assert config.length is not None, f"kind {config.kind!r} needs a length: from_mapping() checks it"
    if config.kind == "fixed" or not config.asm:
        return FixedFramer(config.length)
    return SyncMarkerFramer(config.length)
