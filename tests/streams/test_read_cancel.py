import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from streams.read import StreamReader


def test_a_cancellation_that_comes_together_with_news_ends_the_reading(
    connect: Callable[..., Any], unique_name: str
) -> None:
    async def main() -> None:
        async with connect() as nc:
            await nc.jetstream().add_stream(name=unique_name, subjects=[f"{unique_name}.>"])
            async with StreamReader(nc, unique_name) as reader:

                async def for_ever() -> None:
                    while True:
                        await reader.read(5.0)

                reading = asyncio.create_task(for_ever())
                await asyncio.sleep(0.1)  # it waits now
                reader._news.set()
                await asyncio.sleep(0)  # the news has woken what waits for it, not yet the reading
                reading.cancel()
                done, _ = await asyncio.wait({reading}, timeout=10)
                assert done
                with pytest.raises(asyncio.CancelledError):
                    reading.result()
                await nc.jetstream().delete_stream(unique_name)

    asyncio.run(main())
