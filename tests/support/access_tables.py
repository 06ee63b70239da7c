"""Who may do what, as tables: of the pure functions and of the server that enforces them."""

from __future__ import annotations

from infra.access.roles import Role
from infra.service import HEALTH_SUBJECT
from streams import names

VIEWER, OPERATOR, APPROVER, ADMIN = Role
ALL = tuple(Role)

MAY_ASK: dict[str, tuple[Role, ...]] = {
    "query.latest": ALL,
    "query.sql": ALL,
    "parser.status": ALL,
    "writer.status": ALL,
    "replay.start": ALL,
    "replay.4f.control": ALL,
    "telecommand.anna.definitions": ALL,
    "telecommand.anna.log": ALL,
    "telecommand.anna.holds": ALL,
    "telecommand.anna.submit": (OPERATOR, APPROVER, ADMIN),
    "telecommand.anna.cancel": (OPERATOR, APPROVER, ADMIN),
    "telecommand.anna.hold": (OPERATOR, APPROVER, ADMIN),
    "telecommand.anna.resume": (OPERATOR, APPROVER, ADMIN),
    "telecommand.anna.resolve": (OPERATOR, APPROVER, ADMIN),
    "telecommand.anna.note": (OPERATOR, APPROVER, ADMIN),
    "telecommand.anna.approve": (APPROVER, ADMIN),
    "telecommand.bob.log": (),
    "telecommand.bob.submit": (),
    "generation.anna.reprocess": (OPERATOR, APPROVER, ADMIN),
    "generation.anna.verify-archive": (OPERATOR, APPROVER, ADMIN),
    "generation.anna.rebuild-archive": (ADMIN,),
    "generation.anna.promote": (ADMIN,),
    "generation.anna.drop": (ADMIN,),
    "generation.bob.drop": (),
    "audit.anna.heads": ALL,
    "audit.anna.verifier": ALL,
    "audit.anna.verify": (OPERATOR, APPROVER, ADMIN),
    "audit.anna.export": (OPERATOR, APPROVER, ADMIN),
    "audit.bob.heads": (),
    "parser.restart": (ADMIN,),
    "writer.restart": (ADMIN,),
    "$SRV.INFO.query": ALL,
    HEALTH_SUBJECT: ALL,
    "$KV.dashboards.anna.main": ALL,
    "$KV.other.x": (),
    "$JS.API.DIRECT.GET.KV_dashboards": ALL,
    "$JS.API.DIRECT.GET.KV_dashboards.$KV.dashboards.anna.main": ALL,
    names.frame_subject("radio"): (),
    "command.17.submitted": (),
    names.operation_subject("generation-promoted"): (),
    names.telemetry_subject("g-1", "IMU"): (),
    names.parsed_subject("g-1", "frames"): (),
    "replay.4f.telemetry.g-1.IMU": (),
    "progress.4f": (),
    "dashboard.anna.main": (),
    "$JS.API.STREAM.DELETE.FRAMES": (),
    "$JS.API.STREAM.UPDATE.FRAMES": (),
    "$JS.API.STREAM.PURGE.TELEMETRY": (),
    "$JS.API.STREAM.CREATE.MINE": (),
    "$JS.API.STREAM.MSG.GET.FRAMES": (),
    "$JS.API.DIRECT.GET.FRAMES": (),
    "$JS.API.CONSUMER.CREATE.KV_dashboards": (),
    "$JS.API.CONSUMER.CREATE.FRAMES": (),
    "$SYS.REQ.SERVER.PING": (),
    "$SYS.REQ.USER.INFO": ALL,
    "_INBOX.bob.x": (),
    "anything.else": (),
}
"""By subject: the roles in which `anna` may publish there."""

MAY_HEAR: dict[str, bool] = {
    names.telemetry_subject("g-1", "IMU"): True,
    names.parsed_subject("g-1", "quarantine"): True,
    "replay.4f.telemetry.g-1.IMU": True,
    "command.17.sent": True,
    names.operation_subject("session-opened"): True,
    "progress.4f": True,
    "dashboard.anna.main": True,
    "_INBOX.anna.x": True,
    names.frame_subject("radio"): False,
    "query.latest": False,
    "telecommand.anna.submit": False,
    "telecommand.bob.submit": False,
    "$SRV.PING": False,
    "$KV.dashboards.bob.main": False,
    HEALTH_SUBJECT: False,
    "_R_.x": False,
    ">": False,
    "*": False,
}
"""By subject: whether a person, `anna`, may subscribe there."""

_TELL_OF_THEMSELVES = {"io", "parser", "generation", "replay", "telecommand", "sealer", "audit", "local"}

WRITERS: dict[str, set[str]] = {
    "frame.radio": {"io", "local"},
    "command.17.sent": {"io", "telecommand", "local"},
    "operation.promoted": _TELL_OF_THEMSELVES,
    "operation.writer-restarted": _TELL_OF_THEMSELVES | {"writer"},
    "telemetry.g-1.IMU": {"parser", "local"},
    "parsed.g-1.frames": {"parser", "local"},
    "telecommand.anna.submit": {"local"},
    "generation.anna.drop": {"local"},
    "audit.anna.export": {"local"},
    "query.sql": {"local"},
    "$JS.API.STREAM.DELETE.FRAMES": set(),
    "$JS.API.STREAM.PURGE.FRAMES": set(),
    "$JS.API.STREAM.MSG.DELETE.OPERATIONS": set(),
    "$JS.API.STREAM.DELETE.COMMANDS": set(),
    "$JS.API.STREAM.DELETE.TELEMETRY": {"local"},
    "$JS.API.STREAM.UPDATE.FRAMES": {"local"},
}
"""By subject: the accounts of services that may publish there."""
