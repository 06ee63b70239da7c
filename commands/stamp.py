"""Who does something, from where, and by what right the log may say so: the fields that every event has."""

from __future__ import annotations

import secrets
import socket
import time
from dataclasses import dataclass, replace
from typing import Any

from nats.aio.client import Client

SERVICES = ("io", "telecommand")
"""What services are called in events: no person may have such a name."""

_LONGEST = 200


@dataclass(frozen=True)
class Stamp:
    """A person or a service; `fields` are what each of its events carries.

    `origin` is the run of the service that appends the event, and its host.
    """

    who: str
    origin: str
    nc: Client
    client: str = ""
    request_id: str = ""

    @property
    def authenticated(self) -> bool:
        """Whether the server lets nobody in without a proof of who it is.

        Then it also ties a user to the subjects `telecommand.<user>.>`. It says so in its INFO, which a
        client gets at each connect; nats-py has no public name for it.
        """
        return bool(self.nc._server_info.get("auth_required", False))

    def fields(self, why: str, at: int | None = None) -> dict[str, Any]:
        """Return who, from where, when (now, unless given) and why."""
        optional = {"client": self.client, "request_id": self.request_id}
        return {
            "who": self.who,
            "authenticated": self.authenticated,
            "from": self.origin,
            "at": time.time_ns() if at is None else at,
            "why": why,
            **{key: value for key, value in optional.items() if value},
        }

    def of(self, user: str, request: dict[str, Any]) -> Stamp:
        """Return the stamp of a person whose request this service took."""
        client, request_id = request.get("client"), request.get("request_id")
        return replace(
            self,
            who=user,
            client=client[:_LONGEST] if isinstance(client, str) else "",
            request_id=request_id if isinstance(request_id, str) else "",
        )


def service_stamp(nc: Client, what: str, name: str = "") -> Stamp:
    """Return the stamp of a service: what it is, and its SERVICE_NAME with a mark of this run of it."""
    return Stamp(what, f"{name or what}-{secrets.token_hex(4)}@{socket.gethostname()}", nc)
