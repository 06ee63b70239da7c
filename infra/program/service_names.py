"""The services by name, and what runs each: loaded when one is started here, for most commands only join."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from importlib import import_module

from infra.service import Service

SERVICE_NAMES = ("query", "audit", "generation", "replay", "writer", "parser", "sealer", "telecommand", "io")
"""In the order in which they are started: who is asked or fed stands before who asks or feeds."""


def runner_of(name: str) -> Callable[[Service], Awaitable[None]]:
    """Return what runs a service, given its configuration."""
    runner: Callable[[Service], Awaitable[None]] = import_module("infra.program.runners").RUNNERS[name]
    return runner
