"""Verifiers of the mission database (XTCE, VerifierSet): which stage is reached when, and until when it may.

Pure; proven by `tests/commands/test_verifiers.py`. Of XTCE's stages, those before `accepted` (transferred to
range, sent from range, received, queued) are read over: here the link itself says that it sent. Where there
are several verifiers of completion or of execution, the stage is reached with the last of them, and each one
before that is progress.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from commands.settings import CommandSettings
from commands.telecommand import Event, Telecommand
from streams.xtce.verifiers import Verifier

_NS = 10**9
STAGES = ("accepted", "started", "completed", "failed")


class Window(NamedTuple):
    """From when to when evidence counts, ns UTC."""

    start: int
    stop: int


class Passed(NamedTuple):
    """What the passing of a verifier means for a telecommand: an event, and its stage for a failure."""

    event: str
    stage: str


def open_verifiers(telecommand: Telecommand, verifiers: Sequence[Verifier]) -> list[Verifier]:
    """Return the verifiers that have not passed yet."""
    passed = {step.text("verifier") for step in telecommand.steps}
    return [one for one in verifiers if one.stage in STAGES and one.place not in passed]


def window_of(telecommand: Telecommand, verifier: Verifier, settings: CommandSettings) -> Window | None:
    """Return when a verifier counts, None before the telecommand is claimed.

    Windows begin with the claim, the moment before which no byte can have left, or where the file says so
    with the evidence of the verifier that passed last; by the log's clock.
    """
    claimed = telecommand.last("claimed")
    if claimed is None:
        return None
    if verifier.window is None:
        within = settings.accept_within_s if verifier.stage == "accepted" else settings.complete_within_s
        return Window(claimed.recorded, claimed.recorded + round(within * _NS))
    base = claimed.recorded
    if not verifier.window.from_release:
        passed = [step.number("frame_recorded") for step in telecommand.steps if step.text("verifier")]
        base = max((at for at in passed if at is not None), default=base)
    return Window(base + verifier.window.start, base + verifier.window.stop)


def passing(telecommand: Telecommand, verifier: Verifier, verifiers: Sequence[Verifier]) -> Passed:
    """Return what happens to a telecommand when a verifier passes now."""
    if verifier.stage == "failed":
        return Passed("failed", "execution")
    others = [one for one in open_verifiers(telecommand, verifiers) if one.stage == verifier.stage]
    return Passed("progressed" if len(others) > 1 else verifier.stage, "")


def expected_stages(verifiers: Sequence[Verifier]) -> tuple[str, ...]:
    """Return the stages that a definition's verifiers lead to."""
    return tuple(stage for stage in STAGES[:3] if any(one.stage == stage for one in verifiers))


def deadline(
    telecommand: Telecommand, verifiers: Sequence[Verifier], settings: CommandSettings
) -> int | None:
    """Return when the first of the missing reports is overdue (ns UTC); None when nothing is waited for."""
    begun = telecommand.last("claimed")
    if begun is None or not telecommand.missing:
        return None
    limits: list[int] = []
    for stage in telecommand.missing:
        windows = [
            window.stop
            for one in open_verifiers(telecommand, verifiers)
            if one.stage == stage and (window := window_of(telecommand, one, settings))
        ]
        limits += windows or [_default_limit(begun, stage, settings)]
    return min(limits)


def _default_limit(begun: Event, stage: str, settings: CommandSettings) -> int:
    within = settings.accept_within_s if stage == "accepted" else settings.complete_within_s
    return begun.recorded + round(within * _NS)
