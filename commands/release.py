"""From an approved telecommand to the bytes that leave: its `released` event."""

from __future__ import annotations

from typing import Any

from commands.board import Board
from commands.definitions import Definition
from commands.mission_commands import MissionCommands
from commands.reports import expected, packet_key
from commands.telecommand import Telecommand
from commands.uplink_framing import UplinkFraming
from commands.verifiers import expected_stages
from infra.errors import CommandError
from streams.mission import MISSION_FILE

_NS = 10**9
_ORDER = ("accepted", "started", "completed")


class Encoder:
    """Makes packets and frames, numbered behind those that were released before."""

    def __init__(self, commands: MissionCommands) -> None:
        self._mission, self._catalog = commands.mission, commands.catalog
        self._settings, self._reports = commands.settings, commands.reports
        self._framings = {
            link.name: UplinkFraming.from_mapping(link.uplink, f"{MISSION_FILE}, link {link.name!r}, uplink")
            for link in commands.mission.links
        }

    def definition(self, telecommand: Telecommand) -> Definition:
        """Return its definition; raises CommandError when it is not what was submitted any more."""
        if telecommand.request.get("mission") != self._mission.digest:
            raise CommandError(
                "the mission database has changed since it was submitted", fix="submit it anew"
            )
        return self._catalog.find(telecommand.name)

    def released(self, telecommand: Telecommand, board: Board, now: int) -> dict[str, Any]:
        """Return the own fields of `released`; raises CommandError for what can not be encoded."""
        definition = self.definition(telecommand)
        arguments = telecommand.request.get("arguments")
        resolved = definition.resolve(arguments if isinstance(arguments, dict) else {})
        trial = packet_key(definition.encode(resolved, 0))
        apid = trial[0] if trial else None
        count = board.next_count(apid)
        packet = definition.encode(resolved, count)
        fields: dict[str, Any] = {
            "name": telecommand.name,
            "packet": packet.hex(),
            "link": telecommand.link,
            "apid": apid,
            "sequence_count": count,
            "until": now + round(self._settings.claim_within_s * _NS),
            "expects": list(self._expected(definition, packet, apid)),
        }
        framing = self._framings[telecommand.link]
        if framing.kind != "packets":
            units = framing.frame(packet, board.next_frame(telecommand.link))
            fields["units"] = [unit.hex() for unit in units]
        return fields

    def _expected(self, definition: Definition, packet: bytes, apid: int | None) -> tuple[str, ...]:
        """Return the reports to wait for: those of service 1, where the mission has such, and verifiers'."""
        reported = expected(packet) if apid is not None and self._reports.packets else ()
        verified = expected_stages(definition.verifiers)
        return tuple(stage for stage in _ORDER if stage in reported or stage in verified)
