"""The packet-by-packet decoder: follows the steps of the containers through each packet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from streams.decode.cut import Packets
from streams.decode.faults import CannotDecodeError, Fault, short
from streams.decode.raw import Array, Mask, interpret
from streams.decode.samples import HeldSamples
from streams.decode.slots import Slot
from streams.decode.tree import Branch, TreeNode
from streams.decode.walk import Walk
from streams.xtce.encodings import FloatEncoding, IntegerEncoding


@dataclass
class Walked:
    """Packets of one type that were walked through: their rows, and for each what it read by slot."""

    rows: list[int] = field(default_factory=list)
    packets: list[list[int | bytes | None]] = field(default_factory=list)
    ends: list[int] = field(default_factory=list)


def walk_packet(root: TreeNode, packet: bytes) -> tuple[TreeNode, Walk]:
    """Follow one packet to its type; raises CannotDecodeError with the reason where that fails."""
    node, done = root, 0
    walk = Walk(packet, root.name)
    while True:
        layout = node.layout
        walk.enter(node.name, layout.slots)
        if layout.size_bits is not None and layout.size_bits > walk.available:
            raise CannotDecodeError(short(node.name, layout.size_bits, walk.available))
        _run(node, walk, done)
        done = len(layout.steps)
        branch = _fitting(node, walk)
        if branch is None:
            break
        node = branch.node
    if node.type_index is None:
        raise CannotDecodeError(node.why_none(walk))
    return node, walk


def _run(node: TreeNode, walk: Walk, first: int) -> None:
    steps = node.layout.steps
    position, count = first, len(steps)
    while position < count:
        position += 1 + steps[position].run(walk)


def _fitting(node: TreeNode, walk: Walk) -> Branch | None:
    candidates = node.index.candidates(walk) if node.index else node.branches
    return next((branch for branch in candidates if branch.fits(walk)), None)


def walk_packets(
    root: TreeNode, packets: Packets, rows: Sequence[int]
) -> tuple[dict[int, Walked], list[Fault]]:
    """Follow many packets; answers those of each type by its number, and the faults of those of none."""
    found: dict[int, Walked] = {}
    faults: list[Fault] = []
    for row in rows:
        start = int(packets.starts[row])
        packet = packets.data[start : start + int(packets.lengths[row])].tobytes()
        try:
            node, walk = walk_packet(root, packet)
        except CannotDecodeError as reason:
            faults.append(Fault(row, "packet", str(reason), False))
            continue
        assert node.type_index is not None
        walked = found.setdefault(node.type_index, Walked())
        walked.rows.append(row)
        walked.packets.append(walk.patterns)
        walked.ends.append(walk.end)
    return found, faults


def held(walked: Walked, slots: Sequence[Slot]) -> HeldSamples:
    """What was read as samples: bit patterns become numbers, all packets of a slot at once."""
    raws: dict[int, Array] = {}
    texts: dict[int, pa.Array] = {}
    present: dict[int, Mask] = {}
    wrong: dict[int, Mask] = {}
    for slot, column in zip(slots, zip(*walked.packets, strict=True), strict=True):
        if slot.guarded:
            present[slot.index] = np.array([pattern is not None for pattern in column])
        if isinstance(slot.encoding, IntegerEncoding | FloatEncoding):
            patterns = np.array([pattern or 0 for pattern in column], np.uint64)
            raws[slot.index], bad = interpret(patterns, slot.encoding)
            if bad is not None:
                wrong[slot.index] = bad
        else:
            texts[slot.index] = pa.array(column, pa.binary())
    return HeldSamples(len(walked.rows), raws, texts, present, wrong)
