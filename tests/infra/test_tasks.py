import asyncio

import pytest

from infra.tasks import end_tasks, run_together


def test_a_task_that_swallows_a_cancellation_is_ended_all_the_same() -> None:
    swallowed = 0

    async def deaf() -> None:
        nonlocal swallowed
        while True:
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                swallowed += 1
                if swallowed == 3:
                    raise

    async def main() -> None:
        task, done = asyncio.create_task(deaf()), asyncio.create_task(asyncio.sleep(0))
        await asyncio.sleep(0.01)
        await asyncio.wait_for(end_tasks(task, done, patience=0.01), 20)
        assert task.cancelled()
        assert done.done()

    asyncio.run(main())
    assert swallowed == 3


def test_what_runs_together_ends_with_the_first_that_raises() -> None:
    ended = []

    async def goes_on() -> None:
        try:
            await asyncio.sleep(60)
        finally:
            ended.append("goes on")

    async def fails() -> None:
        await asyncio.sleep(0.01)
        raise ValueError("no")

    async def returns() -> None:
        ended.append("returns")

    with pytest.raises(ValueError, match="no"):
        asyncio.run(run_together(goes_on(), returns(), fails()))
    assert ended == ["returns", "goes on"]


def test_what_runs_together_returns_when_all_have_and_is_cancelled_with_all() -> None:
    cancelled = 0

    async def goes_on() -> None:
        nonlocal cancelled
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            cancelled += 1
            raise

    async def main() -> None:
        await run_together(asyncio.sleep(0), asyncio.sleep(0.01))
        task = asyncio.create_task(run_together(goes_on(), goes_on()))
        await asyncio.sleep(0.01)
        await end_tasks(task)

    asyncio.run(main())
    assert cancelled == 2
