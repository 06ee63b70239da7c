"""Names on the bus: streams, subjects and headers; the place that spells them.

Who may use which subject stands in infra/access, with the same names.
"""

from __future__ import annotations

import re

FRAMES = "FRAMES"
COMMANDS = "COMMANDS"
TELEMETRY = "TELEMETRY"
OPERATIONS = "OPERATIONS"

RECEIVED = "Fl-Received"
SESSION = "Fl-Session"
SOURCE = "Fl-Source"
TORN = "Fl-Torn"
MESSAGE_ID = "Nats-Msg-Id"
PREVIOUS_HASH = "Fl-Previous-Hash"

_NOT_A_TOKEN = re.compile(r"[^A-Za-z0-9_-]")


def token(text: str) -> str:
    """Return `text` as one subject token: what NATS forbids or would split becomes `_`."""
    return _NOT_A_TOKEN.sub("_", text) or "_"


def frame_subject(link: str) -> str:
    """`frame.<link>`: one message is one frame of that link."""
    return f"frame.{token(link)}"


def command_subject(telecommand: str, event: str) -> str:
    """`command.<id>.<event>`: one message is one event of a telecommand's life; `*` stands for any."""
    return f"command.{telecommand}.{event}"


def operation_subject(kind: str) -> str:
    """`operation.<kind>`: one message is one event about the ground system itself."""
    return f"operation.{token(kind)}"


def telemetry_subject(generation: str, packet: str) -> str:
    """`telemetry.<generation>.<packet>`: one message holds packets of one type."""
    return f"telemetry.{token(generation)}.{token(packet)}"


def parsed_subject(generation: str, table: str) -> str:
    """`parsed.<generation>.<table>`: what became of the frames (`frames`, `quarantine`)."""
    return f"parsed.{token(generation)}.{token(table)}"
