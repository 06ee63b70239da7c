"""Live values in the terminal, as the telemetry brings them."""

from infra.cli.live.board import Board
from infra.cli.live.screen import follow

__all__ = ["Board", "follow"]
