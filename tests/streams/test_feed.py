import asyncio

import pytest

from streams.feed import Feed, StreamSource, dataflow, run_flow


class WrongError(Exception):
    pass


def run(step, write, items: list[int]) -> None:  # type: ignore[no-untyped-def]
    feed: Feed[int] = Feed()

    async def fill() -> None:
        for item in items:
            await feed.put(item)
        await asyncio.Event().wait()  # the flow ends first

    source = StreamSource("numbers", feed, lambda item: item + 1, 0)
    asyncio.run(run_flow(dataflow("test", feed, source, step, write), feed, fill()))


@pytest.mark.parametrize("wrong", ["step", "write"])
def test_what_a_step_raises_comes_out_as_it_was_and_nothing_is_done_after_it(
    wrong: str, capfd: pytest.CaptureFixture[str]
) -> None:
    seen: list[int] = []

    def step(item: int) -> int:
        if wrong == "step" and item == 3:
            raise WrongError("three")
        return item

    def write(item: int) -> None:
        if wrong == "write" and item == 3:
            raise WrongError("three")
        seen.append(item)

    with pytest.raises(WrongError, match="three"):
        run(step, write, [1, 2, 3, 4, 5])
    assert seen == [1, 2]
    assert "panicked" not in capfd.readouterr().err
