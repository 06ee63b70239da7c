"""Generations: which derivations of telemetry exist and which one was live when, folded from OPERATIONS."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from nats.aio.client import Client

from infra.errors import StreamError
from streams.mission import Mission, bundle, unbundle
from streams.operations import Operation, append_operation, read_operations

PARSER_VERSION = "3"
"""Goes up whenever the same bytes and the same mission database give other rows than before."""

MISSION_LOADED = "mission-loaded"
GENERATION_STARTED = "generation-started"
GENERATION_FINISHED = "generation-finished"
GENERATION_PROMOTED = "generation-promoted"
GENERATION_DROPPED = "generation-dropped"
KINDS = (
    MISSION_LOADED,
    GENERATION_STARTED,
    GENERATION_FINISHED,
    GENERATION_PROMOTED,
    GENERATION_DROPPED,
)

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Generation:
    """One derivation: its name, what made it, and when it started (recorded time, ns UTC).

    `segments` are the runs of frames (first and last offset) that a reprocess derives, none for one that the
    parser derives as frames come. `digest` is the content's when a reprocess has finished.
    """

    name: str
    mission_digest: str
    parser_version: str
    started: int
    segments: tuple[tuple[int, int], ...] = ()
    digest: str = ""
    dropped: bool = False

    @property
    def finished(self) -> bool:
        """Say whether a reprocess has come to its end."""
        return bool(self.digest)


@dataclass
class Generations:
    """The fold over OPERATIONS: generations by name, promotions in order, mission bundles by digest."""

    known: dict[str, Generation] = field(default_factory=dict)
    promotions: list[tuple[int, str]] = field(default_factory=list)
    bundles: dict[str, str] = field(default_factory=dict)
    mission_names: list[str] = field(default_factory=list)
    begun: int | None = None
    """Recorded time (ns UTC) of the first mission, which tells one event log from another."""

    @property
    def live(self) -> str | None:
        """Name of the generation that is live now."""
        return self.promotions[-1][1] if self.promotions else None

    def live_at(self, time: int) -> str | None:
        """Name of the generation that was live at `time` (ns UTC); None before the first promotion."""
        names = [name for promoted, name in self.promotions if promoted <= time]
        return names[-1] if names else None

    def mission_of(self, name: str) -> Mission:
        """Load the mission database that a generation was made with. Raises StreamError when unknown."""
        generation = self.known.get(name)
        if generation is None or generation.mission_digest not in self.bundles:
            raise StreamError(
                f"the generation {name!r} is not known", where="OPERATIONS", fix="see `generations list`"
            )
        return unbundle(self.bundles[generation.mission_digest])


def fold(operations: Iterable[Operation]) -> Generations:
    """Fold events, in order, into the state of the generations; what fits none is passed over."""
    state = Generations()
    for event in operations:
        if event.kind not in KINDS:
            continue
        try:
            _apply(state, event)
        except (KeyError, TypeError, ValueError) as error:
            log.debug("OPERATIONS offset %d, %s, does not count: %r", event.offset, event.kind, error)
    return state


def _apply(state: Generations, event: Operation) -> None:
    fields = event.fields
    name = str(fields["name" if event.kind == MISSION_LOADED else "generation"])
    if event.kind == MISSION_LOADED:
        state.bundles[str(fields["digest"])] = str(fields["bundle"])
        state.mission_names.append(name)
        if state.begun is None:
            state.begun = event.recorded
    elif event.kind == GENERATION_STARTED:
        if name not in state.known or state.known[name].dropped:
            state.known[name] = _started(event)
    elif event.kind == GENERATION_FINISHED:
        state.known[name] = replace(state.known[name], digest=str(fields["digest"]))
    elif event.kind == GENERATION_DROPPED:
        state.known[name] = replace(state.known[name], dropped=True)
    elif event.kind == GENERATION_PROMOTED:
        state.promotions.append((event.recorded, state.known[name].name))


def _started(event: Operation) -> Generation:
    fields = event.fields
    return Generation(
        str(fields["generation"]),
        str(fields["mission"]),
        str(fields["parser_version"]),
        event.recorded,
        tuple((int(first), int(last)) for first, last in fields.get("segments", ())),
    )


def generation_name(mission: Mission) -> str:
    """Name of the derivation by this parser version and mission: the same inputs, the same name."""
    return "g-" + hashlib.sha256(f"{PARSER_VERSION}:{mission.digest}".encode()).hexdigest()[:8]


async def read_generations(nc: Client) -> Generations:
    """Read OPERATIONS and fold it."""
    return fold(await read_operations(nc, kinds=KINDS))


async def ensure_mission(nc: Client, mission: Mission) -> None:
    """Record the mission in OPERATIONS unless it is there.

    Raises StreamError when the streams hold another mission: one data folder is one mission's.
    """
    state = await read_generations(nc)
    if state.mission_names and mission.name != state.mission_names[-1]:
        raise StreamError(
            f"this data folder holds the mission {state.mission_names[-1]!r}, not {mission.name!r}",
            where="OPERATIONS",
            fix="name another folder with --data",
        )
    if mission.digest not in state.bundles:
        fields = {"name": mission.name, "digest": mission.digest, "bundle": bundle(mission)}
        await append_operation(nc, MISSION_LOADED, fields)


async def ensure_generation(nc: Client, mission: Mission) -> str:
    """Return the name of the generation that frames of this mission go to, recorded in OPERATIONS.

    The live one if it was made by the same mission and parser version, else one that the parser had begun.
    """
    await ensure_mission(nc, mission)
    state = await read_generations(nc)
    made_alike = [one for one in state.known.values() if _made_by(one, mission)]
    for one in made_alike:
        if one.name == state.live:
            return one.name
    for one in made_alike:
        if not one.segments:
            return one.name
    name = free_name(state, mission)
    fields = {"generation": name, "mission": mission.digest, "parser_version": PARSER_VERSION}
    await append_operation(nc, GENERATION_STARTED, fields)
    return name


def free_name(state: Generations, mission: Mission) -> str:
    """Return a name for a new generation of a mission: no other one ever had it."""
    base = generation_name(mission)
    candidates = (f"{base}-{number}" for number in range(1, len(state.known) + 2))
    return next(name for name in (base, *candidates) if name not in state.known)


def _made_by(generation: Generation, mission: Mission) -> bool:
    same = (generation.mission_digest, generation.parser_version) == (mission.digest, PARSER_VERSION)
    return same and not generation.dropped


async def promote(nc: Client, name: str, who: str = "") -> None:
    """Make a generation the live one unless it is; `who` asked for it, if a person did."""
    if (await read_generations(nc)).live != name:
        await append_operation(nc, GENERATION_PROMOTED, {"generation": name, "who": who})
