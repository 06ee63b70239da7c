"""Progress on a terminal: bars with rates; nothing in a pipe."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    ProgressColumn,
    Task,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text


class _Rate(ProgressColumn):
    def __init__(self, unit: str) -> None:
        super().__init__()
        self._unit = unit

    def render(self, task: Task) -> Text:
        speed = task.finished_speed or task.speed
        return Text(f"{speed:,.0f} {self._unit}/s" if speed else "")


def _counted(unit: str) -> tuple[ProgressColumn, ...]:
    """Return the columns of a bar that counts something."""
    return (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.completed:,.0f} of {task.total:,.0f}"),
        _Rate(unit),
        TimeRemainingColumn(),
    )


@contextmanager
def bytes_bar(total: int, text: str) -> Iterator[Callable[[int], None]]:
    """Show how many bytes of a file are done."""
    if not sys.stderr.isatty():
        yield lambda done: None
        return
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with Progress(*columns, transient=True) as bar:
        task = bar.add_task(text, total=total)
        yield lambda done: bar.update(task, completed=done)


@contextmanager
def frames_bar(text: str) -> Iterator[Callable[[int, int], None]]:
    """Show how many frames are done, of how many, and the rate."""
    if not sys.stderr.isatty():
        yield lambda done, total: None
        return
    with Progress(*_counted("frames"), transient=True) as bar:
        task = bar.add_task(text, total=0)
        yield lambda done, total: bar.update(task, completed=done, total=total)


@contextmanager
def stream_bars() -> Iterator[Callable[[str, int, int], None]]:
    """Show for each stream how many of its messages are done, of how many, and the rate."""
    if not sys.stderr.isatty():
        yield lambda stream, done, total: None
        return
    with Progress(*_counted("messages"), transient=True) as bar:
        tasks: dict[str, TaskID] = {}

        def tell(stream: str, done: int, total: int) -> None:
            if stream not in tasks:
                tasks[stream] = bar.add_task(stream, total=total)
            bar.update(tasks[stream], completed=done)

        yield tell
