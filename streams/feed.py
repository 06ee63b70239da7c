"""The seam between asyncio (the connection) and bytewax (which runs in a thread of its own).

bytewax 0.21: a source that raises StopIteration ends its flow cleanly, and the flow may run in a thread
that is not the main one.
"""

from __future__ import annotations

import asyncio
import queue
from collections.abc import Callable, Coroutine
from typing import Any, Generic, TypeVar

import bytewax.operators as op
from bytewax.dataflow import Dataflow
from bytewax.inputs import FixedPartitionedSource, StatefulSourcePartition
from bytewax.outputs import DynamicSink, StatelessSinkPartition
from bytewax.run import cli_main

from infra.tasks import end_tasks

Item = TypeVar("Item")
Result = TypeVar("Result")

_DEPTH = 3
_POLL_S = 0.002
_STOP_CHECK_S = 0.2


class Feed(Generic[Item]):
    """A bounded queue from a coroutine to a dataflow's source."""

    def __init__(self) -> None:
        self._queue: queue.Queue[Item | None] = queue.Queue(_DEPTH)  # None wakes a taker at the end
        self.stopped = False
        self.ended = False
        self.behind = 0
        """Messages that the stream has behind the last one taken from it."""
        self.idle = False
        """Whether the dataflow has done everything it was given, and waits."""
        self.failure: Exception | None = None

    async def put(self, item: Item) -> None:
        """Hand over an item, waiting while the dataflow has enough to do."""
        await self._put(item)

    async def end(self) -> None:
        """Say that nothing more comes: the dataflow ends after all that was put."""
        await self._put(None)
        self.ended = True

    def stop(self) -> None:
        """Let the dataflow end after what it has begun."""
        self.stopped = True

    def fail(self, error: Exception) -> None:
        """Let the dataflow end, without doing anything more, because a step raised `error`."""
        self.failure = self.failure or error
        self.stop()

    @property
    def over(self) -> bool:
        """Say whether the dataflow has nothing left to take."""
        return self.stopped or (self.ended and self._queue.empty())

    async def _put(self, item: Item | None) -> None:
        while not self.stopped:
            try:
                self._queue.put_nowait(item)
            except queue.Full:
                await asyncio.sleep(_POLL_S)
            else:
                return

    def take(self) -> Item | None:
        """Wait a moment for the next item (called in the dataflow's thread)."""
        self.idle = self._queue.empty()
        try:
            item = self._queue.get(timeout=_STOP_CHECK_S)
        except queue.Empty:
            return None
        self.idle = False
        return item


class _Partition(StatefulSourcePartition[Item, int]):
    def __init__(self, feed: Feed[Item], offset_after: Callable[[Item], int], start: int) -> None:
        self._feed, self._offset_after, self._offset = feed, offset_after, start

    def next_batch(self) -> list[Item]:
        if self._feed.over:
            raise StopIteration
        item = self._feed.take()
        if item is None:
            return []
        self._offset = self._offset_after(item)
        return [item]

    def snapshot(self) -> int:
        return self._offset


class StreamSource(FixedPartitionedSource[Item, int]):
    """A stream as a bytewax source: one partition, whose state is the offset to go on at.

    That offset is stored together with what the flow writes (in the last message of a run, or in the
    table `offsets`), never apart from it, so that no crash can separate the two.
    """

    def __init__(
        self, stream: str, feed: Feed[Item], offset_after: Callable[[Item], int], start: int
    ) -> None:
        self._stream, self._feed, self._offset_after, self._start = stream, feed, offset_after, start

    def list_parts(self) -> list[str]:
        """One partition: the stream."""
        return [self._stream]

    def build_part(self, step_id: str, for_part: str, resume_state: int | None) -> _Partition[Item]:
        """Return the partition; `resume_state` is the offset of a snapshot, if bytewax keeps them."""
        return _Partition(self._feed, self._offset_after, resume_state or self._start)


class _Writer(StatelessSinkPartition[Item]):
    def __init__(self, write: Callable[[Item], None]) -> None:
        self._write = write

    def write_batch(self, items: list[Item]) -> None:
        for item in items:
            self._write(item)


class FunctionSink(DynamicSink[Item]):
    """A sink that hands each item to a function, which returns when it is safely written."""

    def __init__(self, write: Callable[[Item], None]) -> None:
        self._write = write

    def build(self, step_id: str, worker_index: int, worker_count: int) -> _Writer[Item]:
        """Return the one partition of a worker."""
        return _Writer(self._write)


def dataflow(
    name: str,
    feed: Feed[Item],
    source: StreamSource[Item],
    step: Callable[[Item], Result],
    write: Callable[[Result], None],
) -> Dataflow:
    """Return the flow source -> step -> sink; each item is a whole run of messages.

    What `step` or `write` raises ends the flow by way of the feed, and `run_flow` raises it: an exception
    that reaches bytewax itself is a panic with a backtrace, and comes out as another one.
    """

    def guarded(item: Item) -> list[Result]:
        return _attempt(feed, lambda: step(item))

    def written(result: Result) -> None:
        _attempt(feed, lambda: write(result))

    flow = Dataflow(name)
    items = op.input("read", flow, source)
    results = op.flat_map("step", items, guarded)
    op.output("write", results, FunctionSink(written))
    return flow


def _attempt(feed: Feed[Any], action: Callable[[], Result]) -> list[Result]:
    """Return the one result of an action, or none when it or something before it failed."""
    if feed.failure is not None:
        return []
    try:
        return [action()]
    except Exception as error:
        feed.fail(error)
        return []


async def run_flow(flow: Dataflow, feed: Feed[Item], fill: Coroutine[Any, Any, None]) -> None:
    """Run a flow in a thread while `fill` feeds it, and raise what either raised.

    Returns when the flow has ended; when `fill` returns without `feed.end()`, the flow is stopped.
    """
    flow_task = asyncio.ensure_future(asyncio.to_thread(cli_main, flow))
    fill_task = asyncio.ensure_future(fill)
    try:
        await asyncio.wait({flow_task, fill_task}, return_when=asyncio.FIRST_COMPLETED)
        if feed.ended and not fill_task.exception():
            await asyncio.wait({flow_task})
    finally:
        feed.stop()
        await end_tasks(fill_task)
        results = await asyncio.gather(fill_task, flow_task, return_exceptions=True)
    for result in (feed.failure, *results):
        if isinstance(result, Exception):
            raise result
