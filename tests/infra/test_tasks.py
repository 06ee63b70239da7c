import asyncio

from infra.tasks import end_tasks


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
