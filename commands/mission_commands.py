"""What a mission says about its telecommands, loaded once and shared by the parts of the service."""

from __future__ import annotations

from dataclasses import dataclass

from commands.definitions import TelecommandSet
from commands.reports import Reports
from commands.settings import CommandSettings, settings_of
from commands.telemetry import TelemetryMap
from streams.mission import Mission


@dataclass(frozen=True)
class MissionCommands:
    """The mission with its settings, definitions, telemetry and reports."""

    mission: Mission
    settings: CommandSettings
    catalog: TelecommandSet
    telemetry: TelemetryMap
    reports: Reports

    @classmethod
    def of(cls, mission: Mission) -> MissionCommands:
        """Load them; raises ConfigError or MissionError for a mission that can not be served."""
        settings, telemetry = settings_of(mission), TelemetryMap(mission)
        reports = Reports(telemetry, settings.verification)
        return cls(mission, settings, TelecommandSet(mission), telemetry, reports)

    def approvals(self, significance: str) -> int:
        """Return how many persons beside the issuer have to approve at a level of significance."""
        return self.settings.approvals.get(significance, 0)
