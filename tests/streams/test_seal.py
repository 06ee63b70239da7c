"""The digest of a seal: as it is written down, whatever the batches, and different for different frames."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.frames import frame, runs_of_frames

from infra.errors import StreamError
from streams.chain import GENESIS
from streams.operations import Operation
from streams.read import Message
from streams.seal import Seal, Sealing, seal_of


def sealed(frames: list[Message], previous: str = GENESIS, cuts: tuple[int, ...] = ()) -> Seal:
    run = Sealing(frames[0].offset, previous)
    for start, end in zip((0, *cuts), (*cuts, len(frames)), strict=True):
        run.add(frames[start:end])
    return run.seal()


def by_the_book(frames: list[Message], previous: str) -> str:
    """The digest as streams/seal.py writes it down, frame by frame."""
    times = lengths = subjects = headers = payloads = b""
    for _, recorded, subject, given_headers, data in frames:
        counted = [f"{k}:{v}" for k, v in given_headers.items() if k[:5] != "Nats-" or k == "Nats-Msg-Id"]
        text = "\r\n".join(sorted(counted)).encode()
        times += recorded.to_bytes(8, "big")
        for part in (subject.encode(), text, data):
            lengths += len(part).to_bytes(8, "big")
        subjects, headers, payloads = subjects + subject.encode(), headers + text, payloads + data
    columns = {"times": times, "lengths": lengths, "subjects": subjects}
    columns |= {"headers": headers, "payloads": payloads}
    text = f"flightledger seal 1\nprevious {previous}\nfirst {frames[0].offset}\nlast {frames[-1].offset}\n"
    text += "".join(f"{name} {hashlib.sha256(data).hexdigest()}\n" for name, data in columns.items())
    return hashlib.sha256(text.encode()).hexdigest()


@given(runs_of_frames(), st.binary(min_size=32, max_size=32).map(bytes.hex))
def test_the_digest_is_the_one_that_is_written_down(frames: list[Message], previous: str) -> None:
    assert sealed(frames, previous).digest == by_the_book(frames, previous)


@given(runs_of_frames(), st.data())
def test_how_a_run_is_cut_into_batches_makes_no_difference(
    frames: list[Message], data: st.DataObject
) -> None:
    cuts = tuple(sorted(data.draw(st.lists(st.integers(0, len(frames)), max_size=3))))
    one, other = sealed(frames), sealed(frames, cuts=cuts)
    assert one.fields() == other.fields()


@given(runs_of_frames(), runs_of_frames())
def test_two_runs_have_the_same_digest_only_when_they_are_the_same(
    one: list[Message], other: list[Message]
) -> None:
    def counting(frames: list[Message]) -> list[Message]:
        return [
            f._replace(headers={k: v for k, v in f.headers.items() if k != "Nats-Batch-Id"}) for f in frames
        ]

    assert (sealed(one).digest == sealed(other).digest) == (counting(one) == counting(other))


@dataclass(frozen=True)
class Flip:
    """One bit of one field of a frame."""

    row: int
    field: str
    bit: int

    def of(self, frames: list[Message]) -> list[Message]:
        found = frames[self.row]
        value = getattr(found, self.field)
        if self.field == "recorded":
            changed: object = value ^ 1 << self.bit % 63
        else:
            place = self.bit // 8 % len(value)
            changed = bytes(b ^ (1 << self.bit % 8 if at == place else 0) for at, b in enumerate(value))
        return [*frames[: self.row], found._replace(**{self.field: changed}), *frames[self.row + 1 :]]


flips = st.builds(Flip, st.integers(0, 9), st.sampled_from(["recorded", "data"]), st.integers(0, 999))


@given(flips)
def test_a_flipped_bit_changes_digest_column_and_mark_of_that_frame_alone(flip: Flip) -> None:
    frames = [frame(offset, bytes(range(offset, offset + 50))) for offset in range(7, 17)]
    before, after = sealed(frames), sealed(flip.of(frames))
    assert before.digest != after.digest
    changed = [name for name in before.columns if before.columns[name] != after.columns[name]]
    assert changed == [{"recorded": "times", "data": "payloads"}[flip.field]]
    assert np.flatnonzero(before.marks != after.marks).tolist() == [flip.row]


def test_bytes_can_not_move_from_one_frame_to_the_next_unseen() -> None:
    one = [frame(1, b"ab"), frame(2, b"c")]
    other = [one[0]._replace(data=b"a"), one[1]._replace(data=b"bc")]
    assert sealed(one).digest != sealed(other).digest


@given(runs_of_frames())
def test_an_event_holds_a_seal_and_gives_it_back(frames: list[Message]) -> None:
    seal = sealed(frames)
    found = seal_of(Operation(1, 1, "sealed", seal.fields()))
    assert found.fields() == seal.fields()
    assert found.frames == len(found.marks) == len(frames)


def test_what_is_no_seal_is_refused_with_its_place() -> None:
    good = sealed([frame(1, b"x")]).fields()
    for bad in (
        {},
        good | {"marks": "?"},
        good | {"columns": {}},
        good | {"first": None},
        good | {"marks": 7},
    ):
        with pytest.raises(StreamError, match="OPERATIONS offset 17: not a seal"):
            seal_of(Operation(17, 1, "sealed", bad))


def test_a_run_has_no_hole() -> None:
    run = Sealing(5)
    for wrong in ([6], [5, 7], [5, 5], [6, 5]):
        with pytest.raises(StreamError, match="FRAMES offset 5"):
            run.add([frame(offset, b"") for offset in wrong])
    assert len(run) == 0
