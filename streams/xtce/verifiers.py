"""What a MetaCommand says about its release and its fate: significance, constraints, verifiers (XTCE 1.2).

Known limits, each a remark with file and line: significance that depends on a context; verifiers that wait
for a relative change of a parameter or for an algorithm; return values of verifiers. A transmission
constraint that cannot be checked leaves its telecommand out: it is there to hold it back.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Literal, get_args

from streams.xtce.conditions import Condition, read_condition
from streams.xtce.durations import read_duration
from streams.xtce.element import Node, UnsupportedError
from streams.xtce.names import qualified

Level = Literal["none", "watch", "warning", "distress", "critical", "severe"]
"""How much harm a telecommand may do, least first (the words of XTCE 1.1)."""

Stage = Literal[
    "transferred-to-range",
    "sent-from-range",
    "received",
    "accepted",
    "queued",
    "started",
    "completed",
    "failed",
]
"""What a verifier verifies; XTCE calls started `execution` and completed `complete`."""

# XTCE 1.2 has the levels of ISO 14950 instead: D normal, C vital, B critical, A forbidden; and two more.
_LEVELS: dict[str, Level] = {
    **{level: level for level in get_args(Level)},
    "normal": "none", "user1": "watch", "user2": "warning", "vital": "distress", "forbidden": "severe",
}  # fmt: skip
_STAGES: dict[str, Stage] = {
    "TransferredToRangeVerifier": "transferred-to-range",
    "SentFromRangeVerifier": "sent-from-range",
    "ReceivedVerifier": "received",
    "AcceptedVerifier": "accepted",
    "QueuedVerifier": "queued",
    "ExecutionVerifier": "started",
    "CompleteVerifier": "completed",
    "FailedVerifier": "failed",
}
_CONDITIONS = ("Comparison", "ComparisonList", "BooleanExpression")
_BASES = ("timeLastVerifierPassed", "commandRelease")


@dataclass(frozen=True)
class Significance:
    """How much harm a telecommand may do: `level`, and `word`, which the file has for it."""

    level: Level = "none"
    word: str = "normal"
    reason: str = ""


@dataclass(frozen=True)
class Constraint:
    """A condition on telemetry that must hold before release; `timeout` is how many ns to wait for it.

    The schema's words leave open whether a condition allows or forbids; everyone reads it as here.
    """

    condition: Condition
    timeout: int | None
    suspendable: bool
    place: str


@dataclass(frozen=True)
class CheckWindow:
    """When a verifier counts: from `start` to `stop`, ns after release or (`from_release` False) after the
    verifier that passed last.
    """

    start: int
    stop: int
    from_release: bool


@dataclass(frozen=True)
class Verifier:
    """A stage of a telecommand's life, reached when a condition holds or a packet of a container comes in.

    `container` is a qualified name; exactly one of `condition` and `container` is given. `percent` is how
    much of the execution is done, where the file says it.
    """

    stage: Stage
    condition: Condition | None
    container: str | None
    window: CheckWindow | None
    percent: Fraction | None
    place: str


def read_significance(command: Node) -> Significance | None:
    """The DefaultSignificance of a MetaCommand, None where it has none."""
    listed = command.child("ContextSignificanceList")
    if listed is not None:
        listed.remark("ContextSignificanceList was read over: only DefaultSignificance counts")
    node = command.child("DefaultSignificance")
    if node is None:
        return None
    word = node.string("consequenceLevel", "normal")
    level = _LEVELS.get(word)
    if level is None:
        raise node.error(
            f'consequenceLevel="{word}" is no level of consequence', f"use one of {', '.join(_LEVELS)}"
        )
    return Significance(level, word, node.string("reasonForWarning", "").strip())


def read_constraints(command: Node) -> tuple[Constraint, ...]:
    """The TransmissionConstraintList of a MetaCommand."""
    listed = command.child("TransmissionConstraintList")
    if listed is None:
        return ()
    return tuple(_constraint(node) for node in listed.children("TransmissionConstraint"))


def _constraint(node: Node) -> Constraint:
    condition = read_condition(node)
    return Constraint(
        condition, read_duration(node, "timeOut"), node.boolean("suspendable", False), node.place
    )


def read_verifiers(command: Node) -> tuple[Verifier, ...]:
    """The VerifierSet of a MetaCommand, in the order of the file."""
    found: list[Verifier] = []
    listed = command.child("VerifierSet")
    for node in listed.children() if listed else ():
        if node.tag not in _STAGES:
            node.remark(f"{node.tag} was read over")
            continue
        try:
            found.append(_verifier(node))
        except UnsupportedError as error:
            node.scope.top.remarks.append(f"{error}; this {node.tag} was read over")
    return tuple(found)


def merge_verifiers(base: tuple[Verifier, ...], own: tuple[Verifier, ...]) -> tuple[Verifier, ...]:
    """Verifiers with those of the base: started and completed add up, of all others the own one counts."""
    replaced = {verifier.stage for verifier in own} - {"started", "completed"}
    return (*(verifier for verifier in base if verifier.stage not in replaced), *own)


def _verifier(node: Node) -> Verifier:
    for tag in ("ParameterValueChange", "CustomAlgorithm", "CheckWindowAlgorithms"):
        if node.child(tag) is not None:
            raise node.unsupported(f"{tag} in a verifier", "use comparisons and a CheckWindow")
    if (returned := node.child("ReturnParmRef")) is not None:
        returned.remark(
            "ReturnParmRef was read over: the value that a telecommand returns is not kept with it"
        )
    container = node.child("ContainerRef")
    condition = None
    if container is None:
        if not any(node.children(*_CONDITIONS)):
            raise node.error(
                f"{node.tag} has no condition",
                "add a Comparison, ComparisonList, BooleanExpression or ContainerRef",
            )
        condition = read_condition(node)
    return Verifier(
        stage=_STAGES[node.tag],
        condition=condition,
        container=None
        if container is None
        else qualified(node.scope.find("container", container.string("containerRef"), container)),
        window=_window(node),
        percent=_percent(node),
        place=node.place,
    )


def _window(verifier: Node) -> CheckWindow | None:
    node = verifier.child("CheckWindow")
    if node is None:
        return None
    start, stop = read_duration(node, "timeToStartChecking") or 0, read_duration(node, "timeToStopChecking")
    if stop is None:
        raise node.error(
            'CheckWindow has no attribute "timeToStopChecking"', 'add timeToStopChecking="PT10S"'
        )
    if stop < start:
        raise node.error("the CheckWindow stops before it starts", "exchange the two times")
    base = node.string("timeWindowIsRelativeTo", _BASES[0])
    if base not in _BASES:
        raise node.error(f'timeWindowIsRelativeTo="{base}" is unknown', f"use {' or '.join(_BASES)}")
    return CheckWindow(start, stop, base == "commandRelease")


def _percent(verifier: Node) -> Fraction | None:
    node = verifier.child("PercentComplete")
    if node is None:
        return None
    fixed = node.child("FixedValue")
    if fixed is None:
        node.remark(
            "PercentComplete of a parameter was read over: how far the execution is will not be shown"
        )
        return None
    return fixed.text_number()
