"""The telecommands of a mission: what there is, what each needs, and their way into packets and back.

>>> from pathlib import Path
>>> from streams.mission import load_mission
>>> telecommands = TelecommandSet(load_mission(Path("missions/demo_rocket")))
>>> telecommand = telecommands.find("SET_TELEMETRY_RATE")
>>> resolved = telecommand.resolve({"PACKET": "IMU", "RATE": 50})
>>> telecommand.encode(resolved, sequence_count=7).hex()
'18c8c00700082f031f000164323b67'
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from commands.arguments import Arguments, wrong_arguments
from commands.decode import decode
from commands.encode import FieldError, content, encode
from commands.form import describe
from commands.headers import PrimaryHeader
from commands.packet_config import PacketConfig, packet_config
from commands.plan import plan_packet
from commands.resolved import Resolved
from commands.values import WrongValueError
from infra.errors import CommandError, ConfigError, MissionError
from streams.mission import MISSION_FILE, Mission
from streams.xtce import Constraint, MetaCommand, Significance, Verifier


@dataclass(frozen=True)
class Decoded:
    """What a packet holds: the telecommand's arguments ("given" or "assigned") and its sequence count."""

    resolved: Resolved
    sequence_count: int


class Definition:
    """One telecommand that can be sent.

    Raises MissionError with file and line when its definition does not make a packet.
    """

    def __init__(self, command: MetaCommand, config: PacketConfig) -> None:
        self.command = command
        self._arguments = Arguments(command)
        self._plan = plan_packet(command, self._arguments.codecs, self._arguments.assigned, config)

    @property
    def name(self) -> str:
        """The local name."""
        return self.command.name

    @property
    def qualified_name(self) -> str:
        """The name with the path of its SpaceSystem: `/SYSTEM/NAME`."""
        return self.command.qualified_name

    @property
    def description(self) -> str:
        """What the mission database says about it."""
        return self.command.description

    @property
    def significance(self) -> str:
        """How much harm it may do: none, watch, warning, distress, critical or severe."""
        return self.command.significance.level

    @property
    def significance_details(self) -> Significance:
        """The level with the mission database's own word and reason."""
        return self.command.significance

    @property
    def constraints(self) -> tuple[Constraint, ...]:
        """What must hold before release, those of the base first."""
        return self.command.constraints

    @property
    def verifiers(self) -> tuple[Verifier, ...]:
        """How telemetry tells what became of it."""
        return self.command.verifiers

    @property
    def apid(self) -> int | None:
        """The application process identifier; None where an argument says it: `apid_of`; or there is none."""
        return self._plan.apid

    def resolve(self, arguments: Mapping[str, Any]) -> Resolved:
        """Check and complete arguments; raises CommandError with every problem at once."""
        resolved = self._arguments.resolve(arguments)
        try:
            content(self._plan, resolved.raws)
        except FieldError as error:
            raise wrong_arguments(self.command, {error.name: error.text}) from None
        return resolved

    def apid_of(self, resolved: Resolved) -> int | None:
        """The application process identifier of a resolved telecommand; None when it is no space packet."""
        if self.apid is not None or self._plan.kind == "none":
            return self.apid
        return PrimaryHeader.unpack(self.encode(resolved, 0)).apid

    def encode(self, resolved: Resolved, sequence_count: int) -> bytes:
        """The packet of a resolved telecommand; `sequence_count` (0 to 16383) is that of its APID.

        Raises CommandError for a packet that would be too long.
        """
        return encode(self._plan, resolved.raws, sequence_count)

    def decode(self, packet: bytes) -> Decoded:
        """The inverse of `encode`; raises CommandError for any other packet."""
        raws, count = decode(self._plan, packet)
        try:
            found = tuple(
                self._arguments.resolved(
                    name, raws[name], "assigned" if name in self._plan.assigned else "given"
                )
                for name in self._arguments.codecs
                if name in raws
            )
        except WrongValueError as error:
            raise CommandError(f"the packet is none of {self.name}: {error}", fix="is it damaged?") from None
        return Decoded(Resolved(self.qualified_name, found), count)

    def describe(self) -> dict[str, Any]:
        """The definition as JSON: what a form needs to know. docs/telecommands.md has the fields."""
        return describe(self.command, self._arguments, self.apid)


class TelecommandSet:
    """All telecommands of a mission.

    `problems` says by qualified name why a telecommand of the mission database cannot be sent. Raises
    ConfigError for settings in `[commands.packet]` of mission.toml that are wrong.
    """

    def __init__(self, mission: Mission) -> None:
        config = packet_config(mission.settings.get("commands", {}), MISSION_FILE)
        self._definitions: dict[str, Definition] = {}
        self.problems: dict[str, str] = dict(mission.database.left_out)
        for name, command in mission.database.commands.items():
            if command.abstract:
                continue
            try:
                self._definitions[name] = Definition(command, config)
            except MissionError as error:
                self.problems[name] = str(error)
        self._check_parameters(mission, config)

    def names(self) -> tuple[str, ...]:
        """The qualified names of all telecommands that can be sent, in the order of the mission database."""
        return tuple(self._definitions)

    def find(self, name: str) -> Definition:
        """The telecommand of a qualified or local name; raises CommandError with near names."""
        if name in self._definitions:
            return self._definitions[name]
        found = [known for known in self._definitions if known.endswith(f"/{name}")]
        if len(found) == 1:
            return self._definitions[found[0]]
        raise self._unknown(name, found)

    def encode(self, resolved: Resolved, sequence_count: int) -> bytes:
        """The packet of a resolved telecommand; see `Definition.encode`."""
        return self.find(resolved.telecommand).encode(resolved, sequence_count)

    def decode(self, packet: bytes) -> Decoded:
        """Which telecommand a packet is, and with which arguments; of several the one with least arguments.

        Raises CommandError when it is none.
        """
        found: list[Decoded] = []
        for definition in self._definitions.values():
            try:
                found.append(definition.decode(packet))
            except CommandError:
                continue
        if not found:
            raise CommandError(
                "no telecommand of the mission looks like the packet",
                fix="is it damaged, or of another mission?",
            )
        return min(
            found, key=lambda decoded: sum(one.source == "given" for one in decoded.resolved.arguments)
        )

    def _unknown(self, name: str, several: list[str]) -> CommandError:
        if several:
            return CommandError(
                f"there are several telecommands {name}", fix=f"use one of {', '.join(several)}"
            )
        for known, problem in self.problems.items():
            if name in {known, known.rsplit("/", 1)[-1]}:
                return CommandError(f"{name} cannot be sent: {problem}", fix="mend the mission database")
        by_local_name = {known.rsplit("/", 1)[-1]: known for known in self._definitions}
        close = get_close_matches(name.rsplit("/", 1)[-1], by_local_name, 3)
        fix = f"did you mean {' or '.join(close)}?" if close else f"use one of {', '.join(by_local_name)}"
        return CommandError(
            f"there is no telecommand {name}", fix=fix if by_local_name else "the mission database has none"
        )

    def _check_parameters(self, mission: Mission, config: PacketConfig) -> None:
        known = mission.database.parameters
        local = {parameter.name for parameter in known.values()}
        for name in config.parameters:
            if name not in known and name not in local:
                raise ConfigError(
                    f"there is no parameter {name}",
                    where=f"{MISSION_FILE}, [commands.packet.parameters]",
                    fix="use the name of a parameter in the mission database",
                )
