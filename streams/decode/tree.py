"""The tree of containers: which packet is of which type.

A packet belongs to the deepest container whose restrictions it fulfils; of several that fit at one place the
first in the file counts. A packet that ends at an abstract container is of no type.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from streams.decode.batch import FixedSamples
from streams.decode.cut import Offsets, Packets
from streams.decode.faults import Fault, short
from streams.decode.layout import Layout, lay_out
from streams.decode.predicates import Compare, Joined, Test
from streams.decode.quick import quick_raw, quick_test
from streams.decode.samples import Samples
from streams.decode.slots import Slot
from streams.decode.walk import Walk
from streams.xtce import Container, Database

_SHOWN = 8


@dataclass
class Branch:
    """A container that extends another, and the test for it; without a test it always fits."""

    test: Test | None
    node: TreeNode

    def __post_init__(self) -> None:
        self._quick = quick_test(self.test) if self.test else None

    def fits(self, walk: Walk) -> bool:
        """Whether one packet goes on here."""
        if self._quick:
            return self._quick(walk.patterns)
        return self.test is None or bool(self.test.mask(walk)[0])


@dataclass
class TreeNode:
    """One container of the tree; `type_index` is its packet type's number, None when it is abstract."""

    layout: Layout
    type_index: int | None = None
    branches: list[Branch] = field(default_factory=list)
    index: KeyIndex | None = None

    @property
    def name(self) -> str:
        """The container's name."""
        return self.layout.container.name

    def why_none(self, samples: Samples) -> str:
        """The reason for a packet (samples of one) that no container fits."""
        if not self.branches:
            return f"packet ends at the abstract container {self.name}"
        slots = dict.fromkeys(slot for branch in self.branches if branch.test for slot in branch.test.slots())
        shown = [f"{slot.parameter.name}={_shown(samples, slot)}" for slot in list(slots)[:_SHOWN]]
        return f"no container matches: {', '.join(shown)}" + (", …" if len(slots) > _SHOWN else "")


@dataclass
class KeyIndex:
    """Branches by the raw value of the one integer that most of them ask for (an APID, most often)."""

    slot: Slot
    by_value: dict[int, tuple[Branch, ...]]
    others: tuple[Branch, ...]

    def __post_init__(self) -> None:
        self._quick = quick_raw(self.slot)

    def candidates(self, walk: Walk) -> tuple[Branch, ...]:
        """The branches that may fit one packet."""
        key: int | None
        if self._quick:
            key = self._quick(walk.patterns)
        else:
            key = None if walk.patterns[self.slot.index] is None else walk.raw(self.slot.index)[0].item()
        return self.others if key is None else self.by_value.get(key, self.others)


@dataclass
class Sorted:
    """Packets by type: (node, rows) of fixed layout, the rows to walk through one by one, and the faults."""

    fixed: list[tuple[TreeNode, Offsets]] = field(default_factory=list)
    others: list[Offsets] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)


def build_tree(database: Database, root: Container) -> tuple[TreeNode, list[TreeNode]]:
    """The tree from a root container on, and its nodes that are packet types in the order of their types.

    The root's own bases stand above it with their restrictions, but are no packet types.
    """
    children: dict[str, list[Container]] = {}
    for container in database.containers.values():
        if container.base:
            children.setdefault(container.base, []).append(container)
    types: list[TreeNode] = []
    node = _grow(database, root, children, types)
    while node.layout.container.base:
        above = TreeNode(lay_out(database, database.containers[node.layout.container.base]))
        _attach(above, node)
        node = above
    return node, types


def _grow(
    database: Database, container: Container, children: dict[str, list[Container]], types: list[TreeNode]
) -> TreeNode:
    node = TreeNode(lay_out(database, container))
    if not container.abstract:
        node.type_index = len(types)
        types.append(node)
    for child in children.get(container.qualified_name, ()):
        _attach(node, _grow(database, child, children, types))
    return node


def _attach(node: TreeNode, child: TreeNode) -> None:
    container = child.layout.container
    test = node.layout.restriction(container.restriction, container) if container.restriction else None
    node.branches.append(Branch(test, child))
    node.index = _key_index(node.branches, node.layout.slots)


def _key_index(branches: list[Branch], known: Sequence[Slot]) -> KeyIndex | None:
    """An index over the slot that most branches ask to be one value; None when none is asked for twice."""
    keys = [_keys(branch.test) for branch in branches]
    slots = [slot for found in keys for slot in found]
    if not slots:
        return None
    best = max(dict.fromkeys(slots), key=slots.count)
    if slots.count(best) < 2:
        return None
    others = tuple(branch for branch, found in zip(branches, keys, strict=True) if best not in found)
    values = dict.fromkeys(found[best] for found in keys if best in found)
    by_value = {
        value: tuple(
            branch for branch, found in zip(branches, keys, strict=True) if found.get(best, value) == value
        )
        for value in values
    }
    return KeyIndex(known[best], by_value, others)


def _keys(test: Test | None) -> dict[int, int]:
    """Slots that a test needs to have one raw value."""
    if isinstance(test, Compare):
        key = test.key()
        return {} if key is None else {key[0]: key[1]}
    if isinstance(test, Joined) and test.every:
        return {slot: value for part in test.parts for slot, value in _keys(part).items()}
    return {}


def sort_packets(root: TreeNode, packets: Packets) -> Sorted:
    """Find the type of every packet of a batch, as far as the layout of its containers is fixed."""
    found = Sorted()
    _visit(root, packets, np.arange(len(packets.starts)), found)
    return found


def _visit(node: TreeNode, packets: Packets, rows: Offsets, found: Sorted) -> None:
    size_bits = node.layout.size_bits
    if size_bits is None:
        found.others.append(rows)
        return
    too_short = packets.lengths_of(rows) < (size_bits + 7) // 8
    if too_short.any():
        found.faults += [
            Fault(row, "packet", short(node.name, size_bits, 8 * int(packets.lengths[row])), False)
            for row in rows[too_short].tolist()
        ]
        rows = rows[~too_short]
    if not len(rows):
        return
    if not node.branches:
        _end(node, None, rows, found)
        return
    samples = FixedSamples(packets.heads(rows, (size_bits + 7) // 8), node.layout.slots)
    target = _choose(node, samples)
    for number, branch in enumerate(node.branches):
        chosen = target == number
        if chosen.all():
            _visit(branch.node, packets, rows, found)
            return
        if chosen.any():
            _visit(branch.node, packets, rows[chosen], found)
    none = target < 0
    if none.any():
        _end(node, FixedSamples(samples.rows[none], node.layout.slots), rows[none], found)


def _choose(node: TreeNode, samples: FixedSamples) -> Offsets:
    """The number of the first branch that fits each packet, or -1."""
    target = np.full(samples.count, -1, np.int64)
    place = {id(branch): number for number, branch in enumerate(node.branches)}
    if node.index is None:
        _first_fit(node.branches, place, samples, np.ones(samples.count, np.bool_), target)
        return target
    keys = samples.raw(node.index.slot.index)
    same = keys == keys[0]
    for key in [keys[0]] if bool(same.all()) else np.unique(keys):
        candidates = node.index.by_value.get(key.item(), node.index.others)
        _first_fit(candidates, place, samples, same if key == keys[0] else keys == key, target)
    return target


def _first_fit(
    branches: Sequence[Branch],
    place: dict[int, int],
    samples: Samples,
    among: npt.NDArray[np.bool_],
    target: Offsets,
) -> None:
    for branch in branches:
        fits = among if branch.test is None else branch.test.mask(samples) & among
        if fits.all():
            target.fill(place[id(branch)])
            return
        target[fits] = place[id(branch)]
        among = among & ~fits
        if not among.any():
            return


def _end(node: TreeNode, samples: FixedSamples | None, rows: Offsets, found: Sorted) -> None:
    """Packets that go no deeper: of this container's type, or of none."""
    if node.type_index is not None:
        found.fixed.append((node, rows))
        return
    for position, row in enumerate(rows.tolist()):
        one: Samples = Samples(1)
        if samples is not None:
            one = FixedSamples(samples.rows[position : position + 1], node.layout.slots)
        found.faults.append(Fault(row, "packet", node.why_none(one), False))


def _shown(samples: Samples, slot: Slot) -> str:
    """The raw value of a slot in samples of one packet, for people."""
    present = samples.present(slot.index)
    if present is not None and not present[0]:
        return "absent"
    if slot.form.dtype is None:
        return str(samples.raw_bytes(slot.index)[0].as_py().hex())
    return str(samples.raw(slot.index)[0].item())
