"""Roles of persons, and what each may do: one pure function, `grants_of`.

A person's name is a token of the subjects of telecommands and generations (`telecommand.<name>.submit`), so
a service knows from the subject who asks, and nobody can ask in another one's name. The subjects are those
of `streams/names.py` and of the services; tests/infra/test_access_roles.py holds the two together.
"""

from __future__ import annotations

from enum import StrEnum

from infra.access.grants import Grants


class Role(StrEnum):
    """Each role may do all that the one before it may."""

    VIEWER = "viewer"
    OPERATOR = "operator"
    APPROVER = "approver"
    ADMIN = "admin"


LIVE = (
    "telemetry.>",
    "parsed.>",
    "command.>",
    "operation.>",
    "progress.>",
    "replay.*.telemetry.>",
    "dashboard.>",
)
"""What every person may listen to: everything but FRAMES and other people's requests and answers."""

_WHO_AM_I = "$SYS.REQ.USER.INFO"
"""Where the server tells a person what the person may do, so that a page can say it beforehand."""

_ASK = (
    "query.>",
    "parser.status",
    "writer.status",
    "replay.start",
    "replay.list",
    "replay.*.control",
    "replay.*.taken",
    "telecommand.{name}.definitions",
    "telecommand.{name}.log",
    "telecommand.{name}.queues",
    "telecommand.{name}.check",
    "telecommand.{name}.values",
    "telecommand.{name}.holds",
    "audit.{name}.heads",
    "audit.{name}.verifier",
    "$SRV.>",
    "__telestion__.health",
    "$KV.dashboards.>",
    "$JS.API.DIRECT.GET.KV_dashboards",
    "$JS.API.DIRECT.GET.KV_dashboards.>",
)

_REQUESTS: dict[Role, tuple[str, ...]] = {
    Role.VIEWER: _ASK,
    Role.OPERATOR: (
        "telecommand.{name}.submit",
        "telecommand.{name}.cancel",
        "telecommand.{name}.hold",
        "telecommand.{name}.resume",
        "telecommand.{name}.resolve",
        "telecommand.{name}.note",
        "generation.{name}.reprocess",
        "generation.{name}.verify",
        "generation.{name}.verify-archive",
        "audit.{name}.verify",
        "audit.{name}.export",
    ),
    Role.APPROVER: ("telecommand.{name}.approve",),
    Role.ADMIN: (
        "parser.restart",
        "writer.restart",
        "generation.{name}.promote",
        "generation.{name}.drop",
        "generation.{name}.rebuild-archive",
    ),
}
"""What a role may ask for, beyond the roles before it."""


def requests_of(role: Role, name: str) -> tuple[str, ...]:
    """Return the subjects of the services that a person may ask; `*` as a name stands for any."""
    roles = list(Role)[: list(Role).index(role) + 1]
    return tuple(subject.format(name=name) for one in roles for subject in _REQUESTS[one])


def grants_of(role: Role, name: str) -> Grants:
    """Return what a person of this role and name may do, in an account of their own.

    `_R_.>` are the subjects by which the server brings "taken" back to the service whose answer comes in
    several pieces (streams/answers.py); in an account of one person they are nobody else's.
    """
    return Grants(
        publish=(*requests_of(role, name), _WHO_AM_I, "_R_.>"),
        subscribe=(*LIVE, "_INBOX.>", f"_INBOX_{name}.>"),
    )
