"""As of T: what was recorded by T, of the generation that was live at T; on every question.

The model is brute force over a handful of frames: a list of what was recorded when, under which names, and
of what was promoted when. Device times go back and forth, sessions are mixed as a dump of one recorder beside
another, and a parser or writer that was started again writes some frames twice.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.made_mission import EPOCH_NS, FIRST_APID, integer, limited, linear, made_mission, packet
from support.projected import SECOND, START_NS, Projected, Sent, recorded_at

from infra.errors import QueryError
from projections.queries import records
from projections.queries.alarms import alarms
from projections.queries.console import console
from projections.queries.history import history
from projections.queries.latest import latest
from projections.queries.origin import find_packet_at
from projections.queries.packets import packets
from projections.queries.scope import Scope
from projections.writer import write_generations
from streams.mission import Mission

PACKETS = {"NAV": FIRST_APID, "HK": FIRST_APID + 1}
SLOPES = {"g1": 1.0, "g2": 10.0}
"""The second mission database corrects a calibrator: the same raw values, other values."""

LIMITS = {"warning": 100.0, "critical": 150.0}
LABELS = {"NAV": ("ALT", "EXTRA"), "HK": ("TEMP",)}


@dataclass(frozen=True)
class Frame:
    """A frame with one packet; `generated` is in seconds and may be earlier than that of frames before it."""

    packet: str
    generated: int
    raw: int
    session: str
    extra: int | None = None
    """A parameter that is only in some packets; NAV alone can have it."""
    damaged: bool = False


@dataclass(frozen=True)
class Restart:
    """The writer began at `back` frames behind `at` once more; both are cut to what there is."""

    at: int
    back: int


@dataclass
class Model:
    """What was recorded, in order, and which generation was promoted when (ns)."""

    frames: list[Frame]
    promotions: list[tuple[int, str]] = field(default_factory=list)

    def live_at(self, time: int) -> str | None:
        names = [name for at, name in self.promotions if at <= time]
        return names[-1] if names else None

    def known(self, time: int, session: str | None) -> list[tuple[int, Frame]]:
        """Offsets and frames recorded by a time."""
        return [
            (offset, frame)
            for offset, frame in enumerate(self.frames, 1)
            if recorded_at(offset) <= time and session in (None, frame.session)
        ]

    def packets(self, time: int, session: str | None) -> list[tuple[int, Frame]]:
        return [(offset, frame) for offset, frame in self.known(time, session) if not frame.damaged]


frames = st.builds(
    Frame,
    st.sampled_from(list(PACKETS)),
    st.integers(0, 12),
    st.integers(0, 200),
    st.sampled_from(["s1", "s2"]),
    st.none() | st.integers(0, 200),
    st.sampled_from([False, False, False, True]),
)
restarts = st.builds(Restart, st.integers(0, 14), st.integers(0, 5))
half_seconds = st.integers(-1, 30).map(lambda count: START_NS + count * SECOND // 2)


@pytest.fixture(scope="module")
def missions(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Mission]:
    folder = tmp_path_factory.mktemp("missions")
    return {
        name: made_mission(
            folder / name,
            {
                "NAV": {
                    "ALT": limited(8, slope, **LIMITS),
                    "HAS": integer(8),
                    "EXTRA": limited(8, slope, **LIMITS),
                },
                "HK": {"TEMP": linear(8, 5, slope)},
            },
            conditions={"EXTRA": ("HAS", 1)},
        )
        for name, slope in SLOPES.items()
    }


@pytest.fixture(scope="module")
def clickhouse_url(clickhouse_server: Any) -> str:
    return str(clickhouse_server.url)


class World:
    """The tables that must agree with a model; its generations alone have promotions."""

    def __init__(self, projected: Projected, missions: dict[str, Mission], prefix: str) -> None:
        self.projected, self._missions, self._prefix = projected, missions, prefix

    def name(self, generation: str) -> str:
        return f"{self._prefix}{generation}"

    def fill(self, model: Model, restart: Restart) -> None:
        sent = [
            Sent(offset, self._bytes(offset, frame), session=frame.session)
            for offset, frame in enumerate(model.frames, 1)
        ]
        self.projected.state.promotions.clear()
        first = sent[: restart.at] or sent
        again = sent[max(0, restart.at - restart.back) :] if restart.at < len(sent) else []
        for generation, mission in self._missions.items():
            self.projected.add_generation(self.name(generation), mission)
            self.projected.write(mission, first, self.name(generation))
            if first is not sent and again:
                self.projected.write(mission, again, self.name(generation))
        self.projected.state.promotions[:] = [(at, self.name(name)) for at, name in model.promotions]
        write_generations(self.projected.clickhouse, self.projected.state)

    def _bytes(self, offset: int, frame: Frame) -> bytes:
        own = bytes([frame.raw])
        if frame.packet == "NAV":
            own += b"\0" if frame.extra is None else bytes([1, frame.extra])
        data = packet(
            own,
            count=offset,
            generated=EPOCH_NS + frame.generated * SECOND,
            apid=PACKETS[frame.packet],
        )
        return data[:-1] if frame.damaged else data


@pytest.fixture(scope="module")
def shared(clickhouse_url: str) -> Projected:
    return Projected(clickhouse_url, "time_travel_tests")


def sample_of(generation: str, frame: Frame, label: str) -> tuple[int, float, str | None] | None:
    """Raw value, value and alarm level of a parameter in a frame, None where it has no sample."""
    raw = frame.extra if label == "EXTRA" else frame.raw
    if label not in LABELS[frame.packet] or raw is None:
        return None
    value = SLOPES[generation] * raw + (5 if label == "TEMP" else 0)
    level = "critical" if value > 150 else "warning" if value > 100 else "normal"
    return raw, value, None if label == "TEMP" else level


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(frames, min_size=1, max_size=14),
    st.lists(half_seconds, max_size=3, unique=True),
    st.lists(half_seconds, min_size=1, max_size=4),
    st.sampled_from([None, "s1", "s2"]),
    st.sampled_from([None, "g1", "g2"]),
    restarts,
)
def test_every_question_as_of_a_time_agrees_with_a_brute_force_model(  # noqa: PLR0917
    shared: Projected,
    missions: dict[str, Mission],
    recorded: list[Frame],
    promoted: list[int],
    times: list[int],
    session: str | None,
    generation: str | None,
    restart: Restart,
) -> None:
    world = World(shared, missions, f"w{len(shared.missions)}")
    names = ["g1", "g2", "g1", "g2"]
    model = Model(recorded, [(START_NS, "g1"), *zip(sorted(promoted), names[1:], strict=False)])
    model.promotions.sort()
    world.fill(model, restart)
    for time in times:
        live = model.live_at(time)
        request = {"as_of": time, **({"session": session} if session else {})}
        if generation is not None:
            request["generation"] = world.name(generation)
        elif live is None:
            with pytest.raises(QueryError, match="no generation was live at that time"):
                shared.scope(**request)
            continue
        scope = shared.scope(**request)
        chosen = generation or live
        assert scope.generation == world.name(chosen or "")
        check(shared, scope, model, chosen or "", time, session)


def check(  # noqa: PLR0917
    projected: Projected, scope: Scope, model: Model, generation: str, time: int, session: str | None
) -> None:
    clickhouse = projected.clickhouse
    known, good = model.known(time, session), model.packets(time, session)
    assert [row["frame_offset"] for row in records.frames(clickhouse, scope).rows()] == [o for o, _ in known]
    bad = {
        row["frame_offset"] for row in records.quarantine(clickhouse, scope).rows() if row["stage"] != "time"
    }
    assert bad == {offset for offset, frame in known if frame.damaged}
    found = [row for answer in packets(clickhouse, scope) for row in answer.rows()]
    assert [(row["packet"], row["frame_offset"]) for row in found] == [
        (name, offset)
        for name in ("HK", "NAV")
        for offset, frame in sorted(good, key=lambda item: (item[1].generated, item[0]))
        if frame.packet == name
    ]
    for row in found:
        frame = model.frames[row["frame_offset"] - 1]
        for label in LABELS[row["packet"]]:
            sample = sample_of(generation, frame, label)
            wanted = {"raw": sample[0], "value": sample[1]} if sample else None
            assert row["values"].get(label) == wanted
    check_samples(projected, scope, good, generation)
    check_boards(projected, scope, good, generation, time)
    check_alarms(projected, scope, good, generation)
    counted = records.counts(clickhouse, scope)
    assert sum(counted["frames"].values()) == len(known)
    assert sum(counted["packets"].values()) == len(good)


def check_samples(projected: Projected, scope: Scope, good: list[tuple[int, Frame]], generation: str) -> None:
    clickhouse = projected.clickhouse
    projected_types = {row["packet"] for row in projected.rows(
        "SELECT DISTINCT packet FROM columns WHERE generation = {g:String}", g=scope.generation
    )}  # fmt: skip
    if "NAV" not in projected_types:
        return
    (answer,) = history(clickhouse, scope, ["ALT"])
    assert [(row["frame_offset"], row["value"]) for row in answer.rows()] == [
        (offset, SLOPES[generation] * frame.raw)
        for offset, frame in sorted(good, key=lambda item: (item[1].generated, item[0]))
        if frame.packet == "NAV"
    ]
    before = [(f.generated, offset) for offset, f in good if f.packet == "NAV" and f.generated <= 6]
    if before:
        place = find_packet_at(clickhouse, scope, "ALT", EPOCH_NS + 6 * SECOND)
        assert place == ("NAV", max(before)[1], 0)
    else:
        with pytest.raises(QueryError, match="no sample of 'ALT' at or before"):
            find_packet_at(clickhouse, scope, "ALT", EPOCH_NS + 6 * SECOND)


def check_boards(
    projected: Projected, scope: Scope, good: list[tuple[int, Frame]], generation: str, time: int
) -> None:
    """The newest sample of each parameter is that of the last frame that has one."""
    board: dict[str, tuple[int, Any]] = {}
    for offset, frame in good:
        for label in LABELS[frame.packet]:
            if (sample := sample_of(generation, frame, label)) is not None:
                board[label] = (offset, sample)
    names = {row["label"] for row in projected.rows(
        "SELECT label FROM columns WHERE generation = {g:String}", g=scope.generation
    )} & {"ALT", "EXTRA", "TEMP"}  # fmt: skip
    rows = [row for row in console(projected.clickhouse, scope, now=0) if row["parameter"] in names]
    assert {row["parameter"] for row in rows} == names
    for row in rows:
        offset, sample = board.get(row["parameter"], (None, (None, None, None)))
        assert (row["frame_offset"], (row["raw"], row["value"], row["alarm"])) == (offset, sample)
        age = None if offset is None else (time - recorded_at(offset) + SECOND // 2) / SECOND
        assert row["age"] == age
        assert row["generation"] == scope.generation
    shown = [row for row in latest(projected.clickhouse, scope) if row["parameter"] in names]
    assert shown == [
        {key: value for key, value in row.items() if key != "age"}
        for row in sorted(rows, key=lambda row: row["packet"])
        if row["frame_offset"] is not None
    ]


def check_alarms(projected: Projected, scope: Scope, good: list[tuple[int, Frame]], generation: str) -> None:
    """A change is a sample whose level is not that of the sample before it in its session."""
    levels: dict[tuple[str, str], str] = {}
    expected = []
    for offset, frame in good:
        for label in ("ALT", "EXTRA"):
            if (sample := sample_of(generation, frame, label)) is not None:
                before = levels.get((frame.session, label), "normal")
                if sample[2] != before:
                    expected.append((offset, label, before, sample[2], sample[1], frame.session))
                levels[frame.session, label] = str(sample[2])
    assert [
        (
            row["frame_offset"],
            row["parameter"],
            row["level_before"],
            row["level"],
            row["value"],
            row["session"],
        )
        for row in alarms(projected.clickhouse, scope).rows()
    ] == expected


def test_a_later_promotion_does_not_change_what_was_shown_before_it(
    projected: Projected, missions: dict[str, Mission]
) -> None:
    sent = [Sent(offset, packet(bytes([offset, 0]), count=offset)) for offset in range(1, 4)]
    projected.write(missions["g1"], sent, "g1")
    projected.write(missions["g2"], sent, "g2")
    projected.promote("g2", recorded_at(10))
    projected.promote("g1", recorded_at(20))
    shown = {
        seconds: next(row["value"] for row in latest(projected.clickhouse, scope, parameters=["ALT"]))
        for seconds in (2, 9, 10, 19, 20)
        if (scope := projected.scope(as_of=recorded_at(seconds)))
    }
    assert shown == {2: 2.0, 9: 3.0, 10: 30.0, 19: 30.0, 20: 3.0}
    assert projected.scope().generation == "g1"
    assert projected.scope(generation="g2").generation == "g2"


def test_a_generation_that_was_live_and_is_dropped_is_not_replaced_by_another_in_silence(
    projected: Projected, missions: dict[str, Mission]
) -> None:
    sent = [Sent(1, packet(b"\1\0"))]
    projected.write(missions["g1"], sent, "g1")
    projected.write(missions["g2"], sent, "g2")
    projected.state.known["g1"] = replace(projected.state.known["g1"], dropped=True)
    projected.promote("g2", recorded_at(10))
    with pytest.raises(QueryError, match=r"generation g1, which was live then, was dropped .*there: g2; or"):
        projected.scope(as_of=recorded_at(5))
    assert projected.scope().generation == "g2"
    with pytest.raises(QueryError, match="there is no generation 'g1'"):
        projected.scope(generation="g1")
