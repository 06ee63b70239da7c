"""Any single change of sealed frames is found, and the first broken offset is named."""

from __future__ import annotations

from collections.abc import Sequence

import orjson
from hypothesis import given
from hypothesis import strategies as st
from support.chains import batches
from support.frames import frame

from commands.audit.findings import Finding
from commands.audit.heads import Pins
from commands.audit.seal_check import SealCheck
from streams.chain import GENESIS
from streams.heads import Head
from streams.read import Message
from streams.seal import Seal, Sealing

FRAMES = [frame(offset, bytes([offset]) * 9) for offset in range(1, 31)]
SIZES = st.lists(st.integers(1, 12), min_size=1, max_size=5)


def seals_over(frames: Sequence[Message], sizes: Sequence[int]) -> list[Seal]:
    """Seals over the first frames, in runs of these sizes."""
    seals: list[Seal] = []
    at = 0
    for size in sizes:
        if part := frames[at : at + size]:
            run = Sealing(part[0].offset, seals[-1].digest if seals else GENESIS)
            run.add(part)
            seals.append(run.seal())
        at += size
    return seals


def event_of(number: int, seal: Seal, **changes: object) -> Message:
    return Message(number, 1, "operation.sealed", {}, orjson.dumps(seal.fields() | changes))


def events_of(seals: Sequence[Seal]) -> list[Message]:
    return [event_of(100 + number, seal) for number, seal in enumerate(seals)]


def check(
    frames: Sequence[Message],
    seals: Sequence[Message],
    *,
    end: int = len(FRAMES),
    pins: Sequence[Head] = (),
    cut: Sequence[Sequence[Message]] | None = None,
) -> SealCheck:
    found = SealCheck(Pins(pins))
    for seal in seals:
        found.expect(seal)
    for batch in cut or [frames]:
        found.add(batch)
    found.finish(end)
    return found


def findings(*given: object, **more: object) -> list[Finding]:
    return check(*given, **more).findings.kept  # type: ignore[arg-type]


@given(SIZES, st.data())
def test_sealed_frames_are_good_and_the_rest_is_counted(sizes: list[int], data: st.DataObject) -> None:
    seals = seals_over(FRAMES, sizes)
    pins = [Head("FRAMES", seal.last, seal.digest) for seal in seals]
    found = check(FRAMES, events_of(seals), pins=pins, cut=batches(FRAMES, data))
    assert found.findings.kept == []
    assert found.proven_to == found.sealed_to
    assert (found.sealed_to, found.messages, found.seals) == (min(sum(sizes), 30), 30, len(seals))


@given(
    SIZES, st.data(), st.sampled_from(["recorded", "payload", "headers", "subject", "payload and headers"])
)
def test_a_changed_frame_is_named_with_what_was_changed(
    sizes: list[int], data: st.DataObject, what: str
) -> None:
    seals, frames = seals_over(FRAMES, sizes), list(FRAMES)
    row = data.draw(st.integers(0, seals[-1].last - 1))
    changes: dict[str, dict[str, object]] = {
        "recorded": {"recorded": frames[row].recorded ^ 1 << data.draw(st.integers(0, 62))},
        "payload": {"data": frames[row].data[:-1]},
        "headers": {"headers": {**frames[row].headers, "Fl-Session": "s2"}},
        "subject": {"subject": "frame.radix"},
        "payload and headers": {"data": b"?" * 9, "headers": {}},
    }
    frames[row] = frames[row]._replace(**changes[what])
    checked = check(frames, events_of(seals), cut=batches(frames, data))
    (found,) = checked.findings.kept
    assert found.offset == row + 1
    assert checked.proven_to == max([0, *(seal.last for seal in seals if seal.last <= row)])
    for word in what.split(" and "):
        assert word in found.what


@given(SIZES, st.data())
def test_a_missing_frame_is_named(sizes: list[int], data: st.DataObject) -> None:
    row = data.draw(st.integers(0, 29))
    left = FRAMES[:row] + FRAMES[row + 1 :]
    found = findings(left, events_of(seals_over(FRAMES, sizes)), cut=batches(left, data))
    assert found == [Finding("FRAMES", row + 1, "is missing")]


@given(SIZES, st.data(), st.sampled_from(["inserted", "removed", "swapped"]))
def test_frames_that_moved_to_other_offsets_are_found_at_the_first(
    sizes: list[int], data: st.DataObject, kind: str
) -> None:
    seals, frames = seals_over(FRAMES, sizes), list(FRAMES)
    row = data.draw(st.integers(0, seals[-1].last - 1))
    match kind:
        case "inserted":
            frames.insert(row, frame(1000, b"forged"))
        case "removed":
            del frames[row]
        case "swapped":
            other = data.draw(st.integers(0, 28).filter(lambda n: n != row))
            frames[row], frames[other] = frames[other], frames[row]
            row = min(row, other)
    frames = [one._replace(offset=offset) for offset, one in enumerate(frames, 1)]
    found = findings(frames, events_of(seals), end=len(frames))
    if row < seals[-1].last:
        assert found[0].offset == row + 1


@given(st.data())
def test_a_changed_frame_beside_a_missing_one_is_found_by_its_mark(data: st.DataObject) -> None:
    lost, row = data.draw(st.lists(st.integers(0, 29), min_size=2, max_size=2, unique=True))
    frames = list(FRAMES)
    frames[row] = frame(row + 1, b"changed")
    del frames[lost]
    found = findings(frames, events_of(seals_over(FRAMES, [30])))
    assert sorted(one.offset for one in found) == sorted([lost + 1, row + 1])


@given(SIZES, st.integers(0, 29))
def test_an_end_that_was_cut_off_is_found_by_its_seals_or_by_a_head(sizes: list[int], kept: int) -> None:
    seals = seals_over(FRAMES, sizes)
    found = findings(FRAMES[:kept], events_of(seals), end=kept)
    assert [one.offset for one in found] == ([kept + 1] if kept < seals[-1].last else [])
    pin = Head("FRAMES", seals[-1].last, seals[-1].digest, "head on paper")
    (last,) = findings(FRAMES, events_of(seals[:-1]), pins=[pin])
    assert "head on paper" in last.what


def test_frames_out_of_order_are_found() -> None:
    frames = [*FRAMES[:3], FRAMES[4], FRAMES[3], *FRAMES[5:]]
    found = findings(frames, events_of(seals_over(FRAMES, [30])))
    assert [(one.offset, one.what) for one in found] == [
        (4, "is missing"),
        (4, "stands behind 5: out of order, or twice"),
    ]


def test_a_frame_between_two_seals_is_found() -> None:
    one, other = seals_over(FRAMES, [10, 20])
    later = Sealing(14, one.digest)
    later.add(FRAMES[13:])
    (found,) = findings(FRAMES, events_of([one, later.seal()]))
    assert (found.offset, found.what[:35]) == (11, "is in no seal, and so are all up to")
    (found,) = findings(FRAMES, [event_of(7, one), event_of(8, one), event_of(9, other)])[:1]
    assert (found.stream, found.offset) == ("OPERATIONS", 8)


def test_a_changed_seal_is_named_in_operations() -> None:
    seals = seals_over(FRAMES, [10, 10, 10])
    good = events_of(seals)
    columns = {"columns": seals[1].columns | {"payloads": "0" * 64}}
    for changes in ({"last": 19}, {"first": 12}, {"digest": "0" * 64}, {"previous": "0" * 64}, columns):
        found = findings(FRAMES, [good[0], event_of(101, seals[1], **changes), good[2]])
        assert (found[0].stream, found[0].offset) == ("OPERATIONS", 101), changes
    not_json = good[1]._replace(data=b"{")
    found = findings(FRAMES, [good[0], not_json, good[2]])
    assert (found[0].stream, found[0].offset) == ("OPERATIONS", 101)
    assert "is no seal that can be read" in found[0].what


def test_a_seal_that_is_right_in_itself_but_names_another_one_before_it_is_found() -> None:
    one, other = seals_over(FRAMES, [10, 20])
    elsewhere = Sealing(11, "0" * 64)
    elsewhere.add(FRAMES[10:])
    (found,) = findings(FRAMES, [event_of(7, one), event_of(8, elsewhere.seal())])
    assert (found.stream, found.offset) == ("OPERATIONS", 8)
    assert "names another seal" in found.what
    assert findings(FRAMES, [event_of(7, one), event_of(8, other)]) == []


def test_where_the_marks_do_not_tell_the_frame_the_run_is_named() -> None:
    seals = seals_over(FRAMES, [10, 10])
    frames = [*FRAMES[:4], frame(5, b"changed"), *FRAMES[5:]]
    changed = Sealing(1)
    changed.add(frames[:10])
    marks = changed.seal().fields()["marks"]
    (found,) = findings(frames, [event_of(1, seals[0], marks=marks), event_of(2, seals[1])])
    assert found.offset == 1
    assert found.what.startswith("this frame or one up to 10 ")


def test_a_head_with_another_digest_is_found() -> None:
    seals = seals_over(FRAMES, [10, 10])
    for pin, offset in (
        (Head("FRAMES", 10, "0" * 64, "paper"), 1),
        (Head("FRAMES", 15, "0" * 64, "paper"), 15),
    ):
        (found,) = findings(FRAMES, events_of(seals), pins=[pin])
        assert found.offset == offset
        assert "paper" in found.what
