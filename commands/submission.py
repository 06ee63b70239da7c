"""From a request to the fields of a telecommand's first event: everything that can be wrong is found here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from commands.definitions import Definition
from commands.mission_commands import MissionCommands
from commands.requests import moment
from infra.errors import CommandError

PAST_TOLERANCE_S = 5
"""How long ago a release time may be: a clock that is wrong by more is one to set first."""

_NS = 10**9


class Submissions:
    """Checks requests against a mission: its telecommands, links and settings."""

    def __init__(self, commands: MissionCommands) -> None:
        self._mission, self._catalog = commands.mission, commands.catalog
        self._settings, self._approvals = commands.settings, commands.approvals

    def fields(self, request: Mapping[str, Any], user: str, now: int) -> dict[str, Any]:
        """Return the fields of `submitted`; raises CommandError for the first thing that is wrong.

        A telecommand is resolved and encoded on trial, so that one that can not become a packet is refused
        here and not at its release.
        """
        definition = self._catalog.find(request["name"])
        if not self._settings.may(user, "submit", definition.qualified_name):
            raise not_allowed(user, "submit", definition.qualified_name)
        resolved = definition.resolve(request.get("arguments", {}))
        definition.encode(resolved, 0)
        release_at, expires = self._times(request, now)
        return {
            "name": definition.qualified_name,
            "arguments": request.get("arguments", {}),
            "resolved": resolved.to_json(),
            "link": self._link(request.get("link")),
            "significance": definition.significance,
            "approvals_needed": self._approvals(definition.significance),
            "release_at": release_at,
            "expires": expires,
            "mission": self._mission.digest,
        }

    def check(self, request: Mapping[str, Any]) -> tuple[Definition, dict[str, Any]]:
        """Return definition and resolved arguments with a packet on trial; raises CommandError."""
        definition = self._catalog.find(request["name"])
        resolved = definition.resolve(request.get("arguments", {}))
        packet = definition.encode(resolved, 0)
        return definition, {"resolved": resolved.to_json(), "packet": packet.hex()}

    def check_link(self, name: str) -> None:
        """Raise CommandError for a link that the mission does not have."""
        links = [link.name for link in self._mission.links]
        if name not in links:
            known = ", ".join(links) or "none: the mission has no links"
            raise CommandError(
                f"there is no link {name!r}", where=self._mission.name, fix=f"links are {known}"
            )

    def _link(self, wanted: str | None) -> str:
        name = wanted or self._settings.link
        if not name:
            links = ", ".join(link.name for link in self._mission.links) or "none"
            raise CommandError(
                "no link is named and the mission has no default",
                where=self._mission.name,
                fix=f"name one of {links}, or set `link` in [commands] of mission.toml",
            )
        self.check_link(name)
        if any(link.name == name and link.transport == "file" for link in self._mission.links):
            raise CommandError(
                f"the link {name!r} is a file: nothing can be sent by it", where=self._mission.name
            )
        return name

    def _times(self, request: Mapping[str, Any], now: int) -> tuple[int, int]:
        release_at, expires = moment(request, "release_at") or 0, moment(request, "expires")
        if release_at and release_at < now - PAST_TOLERANCE_S * _NS:
            seconds = (now - release_at) / _NS
            raise CommandError(
                f"the release time is {seconds:.0f} s in the past by the ground's clock",
                where="release_at",
                fix="leave it out to release at once, or check the clocks",
            )
        if expires is None:
            expires = max(now, release_at) + round(self._settings.expires_after_s * _NS)
        if expires <= max(now, release_at):
            raise CommandError(
                "it would expire before it may leave", where="expires", fix="name a later time, or none"
            )
        if expires >= 2**63:
            raise CommandError("the time is beyond the year 2262", where="expires")
        return release_at, expires


def not_allowed(user: str, action: str, what: str) -> CommandError:
    """Return the refusal of somebody who has no right to do this."""
    return CommandError(
        f"{user} may not {action} {what}",
        where="mission.toml, [[commands.rights]]",
        fix="ask somebody who may",
    )
