"""The decoder: from the bytes of many packets to one Arrow table for each packet type, and faults.

It is compiled once from a mission database. `decode` takes packets of fixed layout a whole batch at once and
walks through the others; `decode_each` walks through all of them and has the same result.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from infra.errors import MissionError
from streams.decode.batch import BlockSamples
from streams.decode.columns import PacketType, make_columns, unique_labels
from streams.decode.contexts import compile_contexts
from streams.decode.conversions import Conversions
from streams.decode.cut import Bytes, Offsets, Packets
from streams.decode.faults import CannotDecodeError, Fault, left_over
from streams.decode.locate import FieldPlace
from streams.decode.table import PacketTable, TableMaker
from streams.decode.tree import TreeNode, build_tree, sort_packets
from streams.decode.walker import Walked, held, walk_packet, walk_packets
from streams.xtce import Container, Database


@dataclass
class Decoded:
    """The result for one batch: at most one table for each packet type, and faults by ascending row."""

    tables: list[PacketTable] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)


class Decoder:
    """A compiled decoder; it keeps no state between batches and may be shared by threads."""

    def __init__(self, root: TreeNode, types: list[TreeNode]) -> None:
        self._root = root
        self._nodes = types
        names = _type_names(types)
        self._makers = [_maker(node, names[number]) for number, node in enumerate(types)]
        self.packet_types: tuple[PacketType, ...] = tuple(maker.packet_type for maker in self._makers)

    def decode(self, data: Bytes, starts: Offsets, lengths: Offsets) -> Decoded:
        """Decode a batch: `data` uint8[n] holds all packets, `starts` and `lengths` int64[k] say where.

        Never raises for what stands in the packets.
        """
        packets = Packets(np.ascontiguousarray(data), starts, lengths)
        result = Decoded()
        with np.errstate(all="ignore"):
            found = sort_packets(self._root, packets)
            result.faults += found.faults
            for node, rows in found.fixed:
                self._fixed(node, packets, rows, result)
            if found.others:
                self._walk(packets, np.sort(np.concatenate(found.others)), result)
        return _in_order(result)

    def decode_each(self, data: Bytes, starts: Offsets, lengths: Offsets) -> Decoded:
        """Decode a batch packet by packet: the same result as `decode`, slower."""
        result = Decoded()
        with np.errstate(all="ignore"):
            self._walk(Packets(np.ascontiguousarray(data), starts, lengths), np.arange(len(starts)), result)
        return _in_order(result)

    def locate(self, packet: bytes) -> list[FieldPlace]:
        """Place, raw value and value of each field of one packet; empty when it cannot be decoded."""
        with np.errstate(all="ignore"):
            try:
                node, walk = walk_packet(self._root, packet)
            except CannotDecodeError:
                return []
            assert node.type_index is not None
            maker = self._makers[node.type_index]
            samples = held(Walked([0], [walk.patterns], [walk.end]), maker.slots)
            return maker.places(samples, walk.places())

    def _fixed(self, node: TreeNode, packets: Packets, rows: Offsets, result: Decoded) -> None:
        assert node.type_index is not None and node.layout.size_bits is not None
        size = (node.layout.size_bits + 7) // 8
        maker = self._makers[node.type_index]
        assert maker.plan is not None
        table, faults = maker.make_blocks(BlockSamples(packets.heads(rows, size), maker.plan), rows)
        result.tables.append(table)
        result.faults += faults + _over(node, rows, packets.lengths_of(rows) - size)

    def _walk(self, packets: Packets, rows: Offsets, result: Decoded) -> None:
        found, faults = walk_packets(self._root, packets, rows.tolist())
        result.faults += faults
        for number, walked in found.items():
            maker = self._makers[number]
            at = np.array(walked.rows, np.int64)
            table, wrong = maker.make(held(walked, maker.slots), at)
            result.tables.append(table)
            over = packets.lengths[at] - (np.array(walked.ends, np.int64) + 7) // 8
            result.faults += wrong + _over(self._nodes[number], at, over)


def compile_decoder(database: Database, root: str | None = None) -> Decoder:
    """Compile a decoder for the containers that extend a root container.

    The root is, in this order: the one given here, the one given to `load_database`, the only container
    without a base that others extend, the only container that is not abstract. Raises MissionError where
    that leaves no choice or several, and for layouts that cannot be decoded.
    """
    container = _find_root(database, root or database.root)
    return Decoder(*build_tree(database, container))


def _find_root(database: Database, name: str | None) -> Container:
    if name is not None:
        found = database.find_container(name)
        if found is None:
            raise _no_root(f'there is no one container "{name}"', list(database.containers))
        return found
    bases = {container.base for container in database.containers.values()}
    roots = [
        container
        for name, container in database.containers.items()
        if container.base is None and name in bases
    ]
    concrete = [container for container in database.containers.values() if not container.abstract]
    candidates = roots or concrete
    if len(candidates) != 1:
        what = "several containers may be the root" if candidates else "no container may be the root"
        raise _no_root(what, [container.qualified_name for container in candidates])
    return candidates[0]


def _no_root(what: str, candidates: list[str]) -> MissionError:
    shown = ", ".join(candidates[:10]) + (", …" if len(candidates) > 10 else "")
    return MissionError(
        what, where="mission database", fix=f"name the root container: {shown or 'define one'}"
    )


def _type_names(types: list[TreeNode]) -> list[str]:
    """Short names, with as much of the path as makes them unique."""
    labels = unique_labels(node.layout.container.qualified_name for node in types)
    return [labels[node.layout.container.qualified_name].replace("/", "_") for node in types]


def _maker(node: TreeNode, name: str) -> TableMaker:
    layout = node.layout
    known = Conversions(layout.slots, complete=True)
    conversions = [known.of(slot) for slot in layout.slots]
    contexts, remarks = compile_contexts(name, layout.slots, known)
    columns, sources = make_columns(layout.slots, conversions, contexts.keys())
    packet_type = PacketType(
        name=name,
        qualified_name=layout.container.qualified_name,
        columns=tuple(columns),
        fixed=layout.fixed,
        size_bits=layout.size_bits,
        parameters=tuple({slot.parameter.qualified_name: slot.parameter for slot in layout.slots}.values()),
        description=layout.container.description,
        file=layout.container.file,
        line=layout.container.line,
        remarks=remarks,
    )
    return TableMaker(packet_type, layout.slots, sources, conversions, contexts)


def _over(node: TreeNode, rows: Offsets, counts: Offsets) -> list[Fault]:
    """Faults for packets that go on after their container."""
    over = counts > 0
    if not over.any():
        return []
    return [
        Fault(row, "packet", left_over(node.name, count), True)
        for row, count in zip(rows[over].tolist(), counts[over].tolist(), strict=True)
    ]


def _in_order(result: Decoded) -> Decoded:
    result.faults.sort()
    result.tables.sort(key=lambda table: table.packet_type.qualified_name)
    return result
