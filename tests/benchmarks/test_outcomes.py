"""What a measurement answers, and what the command line makes of it."""

from __future__ import annotations

import json
from collections.abc import Callable
from types import SimpleNamespace

import pytest

import benchmarks.__main__ as command
from benchmarks.decode_numpy import bare
from benchmarks.figures import Outcome, Rate, SkippedError, expect
from benchmarks.memory import MB, Sample, judge
from benchmarks.options import Options
from benchmarks.page import slowest_second
from benchmarks.timing import best_in_turns
from infra.errors import ServerError


def test_a_ratio_below_the_aim_is_no_success_and_a_ratio_without_an_aim_is() -> None:
    missed, reached, free = (Rate("x", "frames/s", 10.0, 20.0, "bare", aim) for aim in (0.6, 0.5, None))
    assert (missed.ratio, missed.reached, reached.reached, free.reached) == (0.5, False, True, True)
    assert Outcome([reached, free]).good
    assert not Outcome([reached, missed]).good
    assert not Outcome([reached], failure="wrong").good


def test_contenders_run_in_turns() -> None:
    turns: list[str] = []

    def run(name: str) -> Callable[[], object]:
        return lambda: turns.append(name) if not turns or turns[-1] != name else None

    best = best_in_turns(2, {"a": run("a"), "b": run("b")})
    assert turns == ["a", "b", "a", "b"]
    assert all(seconds > 0 for seconds in best.values())


def measured(monkeypatch: pytest.MonkeyPatch, run: Callable[[Options], Outcome]) -> None:
    monkeypatch.setattr(command.importlib, "import_module", lambda name: SimpleNamespace(run=run))


def test_json_is_one_document_with_every_measurement(
    monkeypatch: pytest.MonkeyPatch, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    measured(
        monkeypatch, lambda options: Outcome([Rate("x", "y/s", 3.0, 2.0, "z", 1.0)], {"seed": options.seed})
    )
    assert command.main(["decode", "fuzz", "--json", "--seed", "5"]) == 0
    document = json.loads(capsysbinary.readouterr().out)
    assert list(document["measurements"]) == ["decode", "fuzz"]
    found = document["measurements"]["fuzz"]
    assert (found["good"], found["rates"][0]["ratio"], found["facts"]) == (True, 1.5, {"seed": 5})


@pytest.mark.parametrize(
    ("error", "code", "shown"),
    [
        (SkippedError("no recording"), 0, "skipped: no recording"),
        (ServerError("no server"), 1, "FAILED: no server"),
    ],
)
def test_what_can_not_be_measured_is_said_and_only_a_failure_is_an_error(
    error: Exception,
    code: int,
    shown: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def run(options: Options) -> Outcome:
        raise error

    measured(monkeypatch, run)
    assert command.main(["decode"]) == code
    assert shown in capsys.readouterr().out


def test_a_wrong_result_is_a_failure(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    measured(monkeypatch, lambda options: Outcome(facts={"x": expect(1 == 2, "one is not two")}))  # noqa: PLR0133
    assert command.main(["decode"]) == 1
    assert "one is not two" in capsys.readouterr().out


def test_an_unknown_name_is_wrong_use(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        command.main(["decodo"])
    assert ended.value.code == 2
    assert "decodo" in capsys.readouterr().err


def test_memory_that_stays_flat_after_it_is_warm_is_good_and_memory_that_grows_is_a_failure() -> None:
    frames = range(0, 1_000, 10)
    flat = [Sample(frame, min(frame, 150) * MB + 100 * MB) for frame in frames]
    growing = [Sample(frame, (100 + frame) * MB) for frame in frames]
    assert judge(flat).good
    assert "grew" in judge(growing).failure


def test_the_numpy_baseline_finds_the_fields_of_a_packet_written_by_hand() -> None:
    packet = bytes.fromhex("080b c123 0040 0001 00000002 0003") + bytes(57)
    columns = bare(packet)
    first = {name: column[0].item() for name, column in columns.items()}
    assert (first["PKT_APID"], first["SEC_HDR_FLG"], first["SEQ_FLGS"], first["SRC_SEQ_CTR"]) == (
        11,
        1,
        3,
        0x123,
    )
    assert (first["PKT_LEN"], first["DOY"], first["MSEC"], first["USEC__raw"]) == (64, 1.0, 2.0, 3)


def test_the_slowest_second_is_that_with_the_fewest_frames_wherever_it_begins() -> None:
    even = [number * 20.0 for number in range(200)]
    assert slowest_second(even) == 50
    halting = [time for time in even if not 1_510 < time < 1_790]
    assert slowest_second(halting) == 50 - 14
