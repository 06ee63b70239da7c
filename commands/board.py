"""All telecommands that something is still to be done about: a fold over COMMANDS.

Settled ones are forgotten after a while; a late report about one of them finds it by its packet, and its
events in the stream.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator

from commands.fold import apply
from commands.telecommand import Event, Telecommand

REMEMBERED = 1_000
"""Settled telecommands that are kept, the newest."""

_OF_THE_UPLINK = ("claimed", "sent", "uncertain")

PacketKey = tuple[int, int]
"""APID and sequence count of a telecommand packet (133.0-B-2, 4.1.3): how a device's report names it."""


class Board:
    """Add every event of COMMANDS in order; adding one again changes nothing.

    `last_decision` is the recorded time (ns UTC) of the last event that a telecommand service appended: what
    was in TELEMETRY by then had been looked at.
    """

    def __init__(self) -> None:
        self._open: dict[str, Telecommand] = {}
        self._settled: OrderedDict[str, Telecommand] = OrderedDict()
        self._packets: dict[PacketKey, list[tuple[int, str]]] = {}
        self._counts: dict[int | None, int] = {}
        self._frames: dict[str, int] = {}
        self.last_offset = 0
        self.last_decision = 0

    def add(self, event: Event) -> Telecommand | None:
        """Take an event; return its telecommand, None for one that is settled and forgotten."""
        if event.offset <= self.last_offset:
            return self.find(event.telecommand)
        self.last_offset = event.offset
        if event.name not in _OF_THE_UPLINK:
            self.last_decision = event.recorded
        before = self.find(event.telecommand)
        if before is None and event.name not in ("submitted", "rejected"):
            return None
        telecommand = apply(before or Telecommand(event.telecommand), event)
        self._keep(telecommand)
        if telecommand.steps and telecommand.steps[-1] is event:
            self._note_packet(event)
        return telecommand

    def find(self, identity: str) -> Telecommand | None:
        """Return a telecommand that is open, or was settled not long ago."""
        return self._open.get(identity) or self._settled.get(identity)

    @property
    def open(self) -> Iterator[Telecommand]:
        """Those that are not settled, in the order of submission."""
        return iter(self._open.values())

    @property
    def newest(self) -> list[Telecommand]:
        """All that are known, the newest first."""
        known = [*self._open.values(), *self._settled.values()]
        return sorted(known, key=lambda one: one.steps[0].offset if one.steps else 0, reverse=True)

    def next_count(self, apid: int | None) -> int:
        """Return the sequence count for the next packet of an APID (modulo 16384)."""
        return (self._counts.get(apid, -1) + 1) % 16_384

    def next_frame(self, link: str) -> int:
        """Return the number of the next Type-AD frame on a link (modulo 256)."""
        return self._frames.get(link, 0)

    def sender_of(self, key: PacketKey, received: int) -> str | None:
        """Return the id of the telecommand that a report received then (ns UTC, by the log's clock) is about.

        Sequence counts repeat: it is the last one with that packet that had been claimed by then.
        """
        claimed = [identity for at, identity in self._packets.get(key, ()) if at <= received]
        return claimed[-1] if claimed else None

    def _keep(self, telecommand: Telecommand) -> None:
        identity = telecommand.id
        if not telecommand.is_settled:
            self._settled.pop(identity, None)
            self._open[identity] = telecommand
            return
        self._open.pop(identity, None)
        self._settled[identity] = telecommand
        self._settled.move_to_end(identity)
        if len(self._settled) > REMEMBERED:
            self._settled.popitem(last=False)

    def _note_packet(self, event: Event) -> None:
        if event.name == "released":
            apid, count = event.number("apid"), event.number("sequence_count")
            if count is not None:
                self._counts[apid] = count
            units = event.fields.get("units")
            if isinstance(units, list):
                link = event.text("link")
                self._frames[link] = (self.next_frame(link) + len(units)) % 256
        elif event.name == "claimed":
            telecommand = self.find(event.telecommand)
            released = telecommand.last("released") if telecommand else None
            if released is not None and (apid := released.number("apid")) is not None:
                key = (apid, released.number("sequence_count") or 0)
                self._packets.setdefault(key, []).append((event.recorded, event.telecommand))
