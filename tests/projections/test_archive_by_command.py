"""The frame archive as a user meets it: filled by an import, proven, refused where it was changed, mended."""

from __future__ import annotations

import pytest
from support.flights import imported_mixture
from support.program import Program

from infra.embedded.servers import EmbeddedServers
from projections.clickhouse import connect

FRAMES = 25_000


@pytest.fixture(scope="module")
def imported(tmp_path_factory: pytest.TempPathFactory) -> Program:
    program, _ = imported_mixture(tmp_path_factory.mktemp("archive"), FRAMES)
    return program


def change(program: Program, statement: str) -> None:
    with EmbeddedServers(program.data) as servers:
        clickhouse = connect(servers.clickhouse_url)
        clickhouse.command(f"ALTER TABLE archive {statement} SETTINGS mutations_sync = 2")
        clickhouse.close()


def test_the_archive_gives_the_content_that_the_stream_gives_until_it_is_changed(imported: Program) -> None:
    program = imported
    verified = program.run("archive", "verify", "--json").row
    assert verified["good"]
    assert (verified["unsealed"], verified["missing"]) == (0, 0)
    assert verified["frames"] > FRAMES
    found = [
        program.run("reprocess", "--workers", workers, "--name", f"w{workers}{more}", *more, "--json").row
        for workers, more in ((1, ()), (1, ("--from-archive",)), (2, ("--from-archive",)))
    ]
    assert [row["frames"] for row in found] == [verified["frames"]] * 3
    assert len({row["content"]["digest"] for row in found}) == 1
    assert found[0]["content"]["rows"]["quarantine"] > 0

    change(program, "UPDATE data = concat(data, 'x') WHERE offset = 15017")
    found_out = program.run("archive", "verify", code=1).stdout.decode()
    sealed = "than the seal over 10001 to 20000"
    assert f"archive offset 15017: other lengths and bytes {sealed}" in found_out
    again = ("reprocess", "--from-archive", "--name", "again")
    refused = program.run(*again, code=2).error
    for words in ("archive offset 15017", "seal over 10001 to 20000", "archive rebuild"):
        assert words in refused
    program.run("archive", "rebuild")
    assert program.run("archive", "verify", "--json").row["good"]
    assert program.run(*again, "--json").row["content"]["digest"] == found[0]["content"]["digest"]


def test_what_the_archive_does_not_have_comes_from_the_stream(imported: Program) -> None:
    program = imported
    with EmbeddedServers(program.data) as servers:
        clickhouse = connect(servers.clickhouse_url)
        clickhouse.command("ALTER TABLE archive DELETE WHERE offset > 12000 SETTINGS mutations_sync = 2")
        clickhouse.command("DELETE FROM offsets WHERE consumer = 'frame-archive'")
        clickhouse.command("INSERT INTO offsets VALUES ('frame-archive', 'FRAMES', '', 12000, now64(9))")
        clickhouse.close()
    verified = program.run("archive", "verify", "--json").row
    assert (verified["good"], verified["frames"], verified["unsealed"]) == (True, 10000, 2000)
    one, other = (
        program.run("reprocess", "--name", f"s{len(more)}", *more, "--json").row["content"]
        for more in ((), ("--from-archive",))
    )
    assert one == other
    program.run("archive", "rebuild")
    assert program.run("archive", "verify", "--json").row["frames"] > FRAMES
