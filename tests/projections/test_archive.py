"""The frame archive: equal to FRAMES, and whatever is changed in it is found by the seals."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from nats.aio.client import Client
from support.projected import Projected
from support.real_streams import Connect, all_streams, append_frames, messages_of
from support.waiting import run_async, wait_until_async

from infra.errors import ProjectionError
from projections.archive import stretches as stretches_module
from projections.archive.fill import archived, fill, follow_frames, rewrite
from projections.archive.seals import read_seals
from projections.archive.stretches import WrongStretchError, stretches
from projections.archive.table import archive_rows
from projections.archive.verify import ArchiveReport, verify_archive
from projections.clickhouse import ClickHouse
from projections.generations.digest import archive_content
from projections.writer import store_position
from streams import names
from streams.frame_batch import FrameBatch
from streams.sealer import Sealer

FRAMES, PER_SEAL = 260, 100


@asynccontextmanager
async def archived_stream(connect: Connect, clickhouse: ClickHouse) -> AsyncIterator[Client]:
    """FRAMES with frames of two sessions; seals over the first 200 and an archive of all 260."""
    async with all_streams(connect) as nc:
        await append_frames(nc, 150)
        await append_frames(nc, 50, 150, session="s2")
        await Sealer(nc, frames=PER_SEAL).catch_up()
        await append_frames(nc, 60, 200)
        await fill(nc, clickhouse, FRAMES)
        yield nc


def test_the_archive_has_every_frame_as_it_is_in_the_stream(connect: Connect, projected: Projected) -> None:
    async def main() -> None:
        async with archived_stream(connect, projected.clickhouse) as nc:
            expected = archive_rows(await messages_of(nc, names.FRAMES))
        found = projected.clickhouse.select("SELECT * FROM archive ORDER BY offset")
        assert found.num_rows == FRAMES
        for name in ("offset", "headers", "data", "recorded"):
            assert found.column(name).combine_chunks().equals(expected.column(name).combine_chunks()), name
        (told,) = projected.rows("SELECT link, session, received, recorded FROM archive WHERE offset = 151")
        assert (told["link"], told["session"]) == ("radio", "s2")
        assert told["received"].value == 10**18 + 150

    run_async(main)


def test_archiving_twice_or_by_two_at_once_counts_nothing_twice(
    connect: Connect, projected: Projected
) -> None:
    async def main() -> None:
        clickhouse = projected.clickhouse
        async with archived_stream(connect, clickhouse) as nc:
            content = archive_content(clickhouse)
            assert content.rows == {"archive": FRAMES}
            store_position(clickhouse, "frame-archive", names.FRAMES, 90)  # killed behind an insert
            await asyncio.gather(fill(nc, clickhouse, FRAMES), fill(nc, clickhouse, FRAMES))
            assert await rewrite(nc, clickhouse) == archived(clickhouse) == FRAMES
            assert archive_content(clickhouse) == content

    run_async(main)


def test_new_frames_come_into_the_archive_while_the_live_path_is_idle_and_also_when_it_never_is(
    connect: Connect, projected: Projected
) -> None:
    async def main() -> None:
        async with all_streams(connect) as nc:
            told: list[tuple[int, int]] = []
            for busy in (False, True):
                task = asyncio.create_task(
                    follow_frames(
                        nc,
                        projected.clickhouse,
                        busy=lambda busy=busy: busy,
                        report=lambda *at: told.append(at),
                    )
                )
                await append_frames(nc, 10, 10 * busy)
                wanted = 10 + 10 * busy
                await wait_until_async(lambda wanted=wanted: bool(told) and told[-1] == (wanted, 0))
                task.cancel()
                await asyncio.wait({task})
            assert archived(projected.clickhouse) == 20

    run_async(main)


def test_an_archive_that_has_more_than_the_stream_is_kept_and_said_so(
    connect: Connect, projected: Projected
) -> None:
    async def main() -> None:
        async with all_streams(connect) as nc:
            store_position(projected.clickhouse, "frame-archive", names.FRAMES, 5)
            with pytest.raises(ProjectionError, match="its end is gone"):
                await fill(nc, projected.clickhouse, 9)

    run_async(main)


async def report(nc: Client, clickhouse: ClickHouse) -> ArchiveReport:
    return await verify_archive(nc, clickhouse)


def test_a_good_archive_is_proven_and_what_is_not_sealed_is_counted(
    connect: Connect, projected: Projected
) -> None:
    async def main() -> None:
        async with archived_stream(connect, projected.clickhouse) as nc:
            await append_frames(nc, 3, FRAMES)
            found = await report(nc, projected.clickhouse)
            assert found.good
            assert (found.frames, found.seals, found.unsealed, found.missing) == (200, 2, 60, 3)

    run_async(main)


CHANGES = {
    "bytes": "UPDATE data = concat(char(bitXor(ascii(data), 1)), substring(data, 2)) WHERE offset = 117",
    "recorded times": "UPDATE recorded = recorded + INTERVAL 1 NANOSECOND WHERE offset = 117",
    "headers": "UPDATE headers = replaceOne(headers, 's1', 'sX') WHERE offset = 117",
    "subjects": "UPDATE subject = 'frame.radia' WHERE offset = 117",
    "lengths and bytes": "UPDATE data = concat(data, 'x') WHERE offset = 117",
    "missing": "DELETE WHERE offset = 117",
}


@pytest.mark.parametrize(("what", "change"), CHANGES.items())
def test_a_changed_frame_is_found_named_refused_and_mended_by_a_rewrite(
    connect: Connect, projected: Projected, what: str, change: str
) -> None:
    async def main() -> None:
        clickhouse = projected.clickhouse
        async with archived_stream(connect, clickhouse) as nc:
            clickhouse.command(f"ALTER TABLE archive {change} SETTINGS mutations_sync = 2")
            found = await report(nc, clickhouse)
            assert not found.good
            (wrong,) = found.wrong
            assert (wrong.first, wrong.last, wrong.offset) == (101, 200, 117)
            assert what in wrong.what
            one, other = stretches(clickhouse, (await read_seals(nc)).sealed)
            assert (one.wrong, other.wrong) == (None, wrong)
            assert list(other.frames) == []
            assert "archive rebuild" in str(WrongStretchError(wrong))
            await rewrite(nc, clickhouse)
            assert (await report(nc, clickhouse)).good

    run_async(main)


def test_a_frame_that_is_put_over_another_is_found(connect: Connect, projected: Projected) -> None:
    async def main() -> None:
        async with archived_stream(connect, projected.clickhouse) as nc:
            frames = (await messages_of(nc, names.FRAMES))[49:51]
            forged = [frames[0]._replace(data=frames[1].data)]
            projected.clickhouse.insert("archive", archive_rows(forged))
            (wrong,) = (await report(nc, projected.clickhouse)).wrong
            assert (wrong.offset, wrong.what) == (50, "other bytes")

    run_async(main)


def test_a_stretch_too_large_to_be_held_is_read_twice_and_is_the_same(
    connect: Connect, projected: Projected, monkeypatch: pytest.MonkeyPatch
) -> None:
    def bodies(clickhouse: ClickHouse, sealed: list) -> list[bytes]:  # type: ignore[type-arg]
        batches = [FrameBatch.from_columns(f) for one in stretches(clickhouse, sealed) for f in one.frames]
        return [batch.frame(row) for batch in batches for row in range(len(batch))]

    async def main() -> None:
        async with archived_stream(connect, projected.clickhouse) as nc:
            sealed = (await read_seals(nc)).sealed
            held = bodies(projected.clickhouse, sealed)
            monkeypatch.setattr(stretches_module, "HELD_BYTES", 1000)
            assert bodies(projected.clickhouse, sealed) == held
            assert held == [one.data for one in await messages_of(nc, names.FRAMES)][:200]

    run_async(main)
