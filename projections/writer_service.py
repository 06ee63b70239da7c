"""The database writer as a service: all streams into ClickHouse, whatever happens in between."""

from __future__ import annotations

import asyncio
import logging
import time

import orjson
from nats.errors import Error as NatsError

from infra.errors import FlightLedgerError, ProjectionError
from infra.meter import Meter
from infra.service import Service
from infra.tasks import run_together
from projections.archive.fill import follow_frames
from projections.clickhouse import ClickHouse
from projections.describe import describe_generation
from projections.event_log import check_event_log
from projections.schema import create_fixed_tables
from projections.telecommands.projector import RowMaking, project_telecommands
from projections.writer import Writer, position, write_generations
from projections.writer_flow import CONSUMER, Run, run_writer
from projections.writer_restart import WriterRestarts
from streams import names
from streams.event_log import ensure_streams
from streams.feed import Feed
from streams.generations import Generations, read_generations
from streams.mission import Mission
from streams.read import Message, StreamReader

_RETRY_S = 1.0
_KNOWN_WITHIN_S = 10.0

log = logging.getLogger(__name__)


class WriterService:
    """Runs the writer until cancelled; `row_making` turns events of COMMANDS into rows."""

    def __init__(self, service: Service, clickhouse: ClickHouse, row_making: RowMaking) -> None:
        self._service, self._clickhouse, self._row_making = service, clickhouse, row_making
        self._state = Generations()
        self._feed: Feed[list[Message]] = Feed()
        self._meter, self._offset, self._left_out = Meter(), 0, 0
        self._archived = self._archive_behind = 0
        service.figures.update(
            offset=lambda: self._offset,
            behind=lambda: self._feed.behind,
            rows_per_s=self._meter.rate,
            left_out=lambda: self._left_out,
            archived=lambda: self._archived,
            archive_behind=lambda: self._archive_behind,
        )
        self._described: set[str] = set()
        self._restarts = WriterRestarts(service, clickhouse, self._end_run)

    async def run(self) -> None:
        """Write, restarting behind the stored position after whatever went wrong."""
        await ensure_streams(self._service.js)
        await asyncio.to_thread(create_fixed_tables, self._clickhouse)
        await check_event_log(self._service.nc, self._clickhouse)
        await self._restarts.offer()
        self._service.ready.set()
        await run_together(
            self._follow_operations(),
            self._restarts.follow(),
            self._write(),
            project_telecommands(self._service.nc, self._clickhouse, self._row_making),
            follow_frames(
                self._service.nc, self._clickhouse, busy=self._is_busy, report=self._report_archive
            ),
        )

    async def _write(self) -> None:
        while True:
            self._feed = Feed()
            writer = Writer(self._clickhouse, self._mission_of)
            try:
                await self._restarts.turn()
                await run_writer(
                    self._service.nc,
                    self._clickhouse,
                    writer,
                    feed=self._feed,
                    report=self._report,
                    hole=self._fill_hole,
                )
            except Exception as error:
                foreseen = isinstance(error, FlightLedgerError | NatsError | OSError | TimeoutError)
                text = "the writer stopped: %s; going on behind its stored position"
                log.error(text, error or repr(error), exc_info=not foreseen)
                await asyncio.sleep(_RETRY_S)

    def _end_run(self) -> None:
        self._feed.stop()

    def _report(self, run: Run) -> None:
        """Called from the dataflow's thread with each run of messages that is in the tables."""
        self._meter.add(sum(one.rows.num_rows for one in run.rows))
        self._offset, self._left_out = run.last, self._left_out + len(run.bad)
        for text in run.bad:
            log.error("left out: %s", text)

    def _is_busy(self) -> bool:
        return self._feed.behind > 0 or not self._feed.idle

    def _report_archive(self, offset: int, behind: int) -> None:
        self._archived, self._archive_behind = offset, behind

    async def _follow_operations(self) -> None:
        """Keep the table `generations` as OPERATIONS says, and `columns` as each one's mission says."""
        while True:
            try:
                async with StreamReader(self._service.nc, names.OPERATIONS) as reader:
                    while True:
                        if await reader.read(1.0):
                            self._state = await read_generations(self._service.nc)
                            await asyncio.to_thread(write_generations, self._clickhouse, self._state)
                            await asyncio.to_thread(self._describe)
            except (FlightLedgerError, NatsError, OSError, TimeoutError) as error:
                log.error("OPERATIONS can not be followed: %s; trying again", error)
                await asyncio.sleep(_RETRY_S)

    def _describe(self) -> None:
        """Make a generation's parameters known before its first packet: a page can show what will come."""
        for name, one in self._state.known.items():
            if one.dropped:
                self._described.discard(name)
            elif name not in self._described:
                describe_generation(self._clickhouse, name, self._state.mission_of(name))
                self._described.add(name)

    def _mission_of(self, generation: str) -> Mission:
        """Called from the dataflow's thread; a generation is in OPERATIONS before its first row."""
        deadline = time.monotonic() + _KNOWN_WITHIN_S
        while generation not in self._state.known:
            if time.monotonic() > deadline:
                raise ProjectionError(
                    "the generation is not in OPERATIONS", where=generation, fix="restart the parser"
                )
            time.sleep(0.05)
        return self._state.mission_of(generation)

    async def _fill_hole(self, expected: int, found: int) -> None:
        """TELEMETRY lost messages to its size limit: let the parser make them again."""
        live = self._state.live or ""
        done = await asyncio.to_thread(position, self._clickhouse, CONSUMER, names.FRAMES, live)
        log.warning(
            "TELEMETRY no longer has %d to %d: parsing again from frame %d", expected, found - 1, done + 1
        )
        request = orjson.dumps({"from_offset": done + 1})
        try:
            await self._service.nc.request("parser.restart", request, timeout=10.0)
        except (NatsError, TimeoutError) as error:
            raise ProjectionError(
                f"TELEMETRY has a hole and the parser does not answer: {error!r}",
                where=f"TELEMETRY offset {expected}",
                fix="start the parser",
            ) from error
