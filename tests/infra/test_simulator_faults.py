"""What the radio loses and damages, and that the truth about it is true: against what a ground receives."""

from __future__ import annotations

import itertools
from collections import Counter

import pytest
from support.kestrel import flight, frames_of, gaps_in, parsed, sequence_counts

from infra.simulator import Fate, Flight
from infra.simulator.packets import MAX_PACKET_SIZE
from infra.simulator.truth import Item

SEEDS = (1, 2, 3)


def sent(one: Flight) -> list[Item]:
    return [item for item in one.items if item.fate is not Fate.LOST]


@pytest.mark.parametrize("seed", SEEDS)
def test_sequence_counts_go_on_except_where_the_truth_says_lost(seed: int) -> None:
    truth = flight(seed).truth
    for apid, made in truth.made.items():
        whole = [item for item in sent(flight(seed)) if item.apid == apid]
        counts = [int.from_bytes(item.data[2:4], "big") & 0x3FFF for item in whole]
        missing = set(range(made)) - {item.ordinal for item in whole}
        assert counts == [item.ordinal % 16_384 for item in whole]
        assert missing == set(truth.lost.get(apid, ()))


@pytest.mark.parametrize("seed", SEEDS)
def test_every_packet_has_one_fate_and_the_truth_counts_them(seed: int) -> None:
    one = flight(seed)
    fates = Counter(item.fate for item in one.items)
    lost, damaged = one.truth.lost, one.truth.damaged
    assert sum(map(len, lost.values())) == fates[Fate.LOST] > 100
    assert sum(map(len, damaged.values())) == fates[Fate.TRUNCATED] + fates[Fate.BAD_LENGTH]
    assert one.truth.garbage == fates[Fate.GARBAGE]
    assert sum(one.truth.made.values()) == len(one.items) - fates[Fate.GARBAGE]
    assert one.truth.bytes_sent == len(one.to_bytes())
    for kind in (Fate.TRUNCATED, Fate.BAD_LENGTH, Fate.GARBAGE):
        assert 9 <= fates[kind] <= 10  # two in each of five minutes, but for the end of the last one


def test_what_is_damaged_is_what_was_made_but_for_the_damage() -> None:
    for item in flight().truth.damage:
        if item.fate is Fate.GARBAGE:
            continue
        size = 7 + int.from_bytes(item.data[4:6], "big")
        assert int.from_bytes(item.data[:2], "big") == 0x0800 | item.apid
        assert int.from_bytes(item.data[2:4], "big") & 0x3FFF == item.ordinal % 16_384
        assert size != len(item.data)
        assert size > len(item.data) or item.fate is Fate.BAD_LENGTH


def test_the_radio_is_silent_while_the_rocket_tumbles_and_when_its_parachute_opens() -> None:
    times = flight().times
    for at, start, stop in ((times.apogee, 0.3, 1.0), (times.main, 0.1, 0.35)):
        during = [item.fate for item in flight().items if at + start <= item.t < at + stop]
        assert len(during) > 20 and set(during) == {Fate.LOST}


@pytest.mark.parametrize("seed", SEEDS)
def test_a_ground_gets_all_that_is_neither_lost_nor_damaged_nor_at_risk(seed: int) -> None:
    one = flight(seed)
    found = Counter(frame.data for frame in frames_of(one.to_bytes()) if not frame.torn)
    risky = {(apid, ordinal) for apid, ordinals in one.truth.at_risk.items() for ordinal in ordinals}
    for item in sent(one):
        if item.fate is Fate.WHOLE and (item.apid, item.ordinal) not in risky:
            assert found[item.data] == 1, item


@pytest.mark.parametrize("seed", SEEDS)
def test_a_ground_loses_no_byte_and_only_damage_costs_it_packets(seed: int) -> None:
    one = flight(seed)
    frames = frames_of(one.to_bytes())
    assert b"".join(frame.data for frame in frames) == one.to_bytes()
    torn = sum(len(frame.data) for frame in frames if frame.torn)
    assert 0 < torn < 4 * MAX_PACKET_SIZE * len(one.truth.damage)


@pytest.mark.parametrize("seed", SEEDS)
def test_gaps_that_a_ground_sees_are_what_was_lost_and_what_damage_hid(seed: int) -> None:
    truth = flight(seed).truth
    counts = sequence_counts(parsed(frames_of(flight(seed).to_bytes())))
    for apid, made in truth.made.items():
        steps = [(after - before) % 16_384 for before, after in itertools.pairwise(counts[apid])]
        arrived = set(itertools.accumulate(steps, initial=counts[apid][0]))
        assert max(arrived) < made
        missing, lost = set(range(made)) - arrived, set(truth.lost.get(apid, ()))
        assert lost <= missing
        assert missing - lost <= {*truth.damaged.get(apid, ()), *truth.at_risk.get(apid, ())}
        # What is lost before the first packet of a kind, or after the last one, leaves no gap.
        between = [ordinal for ordinal in missing if min(arrived) < ordinal < max(arrived)]
        assert sum(count for _, count in gaps_in(counts[apid])) == len(between)
