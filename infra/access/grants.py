"""What an account may do: subjects, with NATS wildcards."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

TRUTH = ("FRAMES", "COMMANDS", "OPERATIONS")
"""The streams that only ever grow (law 1)."""

NEVER = tuple(
    f"$JS.API.STREAM.{verb}.{stream}" for verb in ("DELETE", "PURGE", "MSG.DELETE") for stream in TRUTH
)
"""What nobody may send: it would delete from the truth. `deny_delete` of a stream does not stop the first."""


@dataclass(frozen=True)
class Grants:
    """Subjects that an account may publish to and subscribe to; `deny` wins over `publish`."""

    publish: tuple[str, ...]
    subscribe: tuple[str, ...]
    deny: tuple[str, ...] = ()

    def permissions(self) -> dict[str, Any]:
        """Return them as nats-server's `permissions` block."""
        publish = {"allow": list(self.publish)} | ({"deny": list(self.deny)} if self.deny else {})
        return {"publish": publish, "subscribe": {"allow": list(self.subscribe)}}


def inbox(account: str) -> str:
    """Return the prefix of an account's inboxes: no other account may listen there."""
    return f"_INBOX.{account}"
