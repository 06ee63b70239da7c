"""The one exception hierarchy: every message says what was wrong, where, and what to do."""

from __future__ import annotations

from collections.abc import Mapping


class FlightLedgerError(Exception):
    """Base of every error that Flight Ledger raises on purpose.

    `what` says what was wrong, `where` names the place (stream and offset, file and line, address),
    `fix` tells the reader what to do. All three end up in the message.
    """

    exit_code = 2

    def __init__(self, what: str, *, where: str = "", fix: str = "") -> None:
        self.what = what
        self.where = where
        self.fix = fix
        super().__init__(what)

    def __str__(self) -> str:
        return f"{self.problem} ({self.fix})" if self.fix else self.problem

    @property
    def problem(self) -> str:
        """What was wrong and where, for those who show `fix` apart."""
        return f"{self.where}: {self.what}" if self.where else self.what


class ConfigError(FlightLedgerError):
    """A configuration key is missing, malformed or contradicts another."""


class ServerError(FlightLedgerError):
    """A nats-server or ClickHouse server could not be started, reached or signed in to."""


class NoServiceError(ServerError):
    """Nobody on the bus answers a request: the service is not running, or not ready yet."""


class AccessError(FlightLedgerError):
    """Somebody asked for what they may not do."""


class MissionError(FlightLedgerError):
    """A mission folder or its XTCE files are wrong; `where` is file and line."""


class LinkError(FlightLedgerError):
    """A link to a device could not be opened or broke."""


class StreamError(FlightLedgerError):
    """A stream refused an append, or a read found something that must not be."""


class ProjectionError(FlightLedgerError):
    """A table could not be written or does not fit the data."""


class QueryError(FlightLedgerError):
    """A question that cannot be answered as it was asked."""


class CommandError(FlightLedgerError):
    """A telecommand that cannot be what was asked for.

    `problems` says by name what is wrong with each argument and what would be right; all of them at once.
    """

    def __init__(
        self, what: str, *, where: str = "", fix: str = "", problems: Mapping[str, str] | None = None
    ) -> None:
        self.problems = dict(problems or {})
        super().__init__(what, where=where, fix=fix)
