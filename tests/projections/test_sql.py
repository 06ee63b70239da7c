"""Free SQL: the projections can be read and nothing else can, within limits of time, rows and memory."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from threading import Event

import pytest

from infra.embedded.clickhouse_process import SQL_USER, ClickHouseServer
from infra.embedded.folder import DataFolder
from infra.embedded.process import ServerProcess
from infra.errors import ConfigError, QueryError, ServerError
from projections.clickhouse import ClickHouse, connect, connect_reader
from projections.queries.answer import Row
from projections.queries.sql import SqlUser
from projections.schema import create_fixed_tables

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "clickhouse.md"

SECRET = "the-content-of-a-file"


class Analyst:
    """A server with low limits, its service's connection, and the restricted user's questions."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.clickhouse: ClickHouse = connect(url)
        create_fixed_tables(self.clickhouse)
        self.clickhouse.command(
            "INSERT INTO offsets SELECT 'c', 's', toString(number), number, now() FROM numbers(5)"
        )
        self.user = SqlUser(lambda: connect_reader(url, user=SQL_USER), self.clickhouse)

    def ask(self, query: str) -> list[Row]:
        return list(self.user.ask(query).rows())


@pytest.fixture(scope="module")
def analyst(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Analyst]:
    folder = DataFolder(tmp_path_factory.mktemp("sql"))
    server = ClickHouseServer(folder, max_memory=1_200_000_000, sql_seconds=2)
    process = ServerProcess(server, folder, Event())
    process.start()
    try:
        yield Analyst(f"http://127.0.0.1:{server.port}")
    finally:
        process.stop()


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    file = tmp_path / "secret"
    file.write_text(SECRET)
    return file


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("SELECT count() AS n FROM offsets", [{"n": 5}]),
        ("SELECT count() AS n FROM offsets -- all of them", [{"n": 5}]),
        ("SELECT count() AS n FROM offsets;", [{"n": 5}]),
        ("(SELECT 1 AS n) UNION ALL (SELECT 1 AS n)", [{"n": 1}, {"n": 1}]),
        ("WITH 5 AS x SELECT x + number AS n FROM numbers(2)", [{"n": 5}, {"n": 6}]),
        ("EXISTS TABLE packets", [{"result": 1}]),
        ("SELECT 'file(''x'') url( python(' AS text", [{"text": "file('x') url( python("}]),
        ("SELECT toFloat64('nan') AS x, toFloat64('-inf') AS y", [{"x": "NaN", "y": "-Infinity"}]),
        ("SELECT 18446744073709551615 AS big, -9223372036854775808 AS low",
         [{"big": 2**64 - 1, "low": -(2**63)}]),
        ("SELECT [1, 2] AS list, map('a', 1) AS m, toDecimal32(1.5, 2) AS d, unhex('ff41') AS octets",
         [{"list": [1, 2], "m": [["a", 1]], "d": "1.50", "octets": "\\xffA"}]),
        ("SELECT toDateTime64('2026-01-02 03:04:05.123456789', 9, 'UTC') AS t",
         [{"t": "2026-01-02T03:04:05.123456789Z"}]),
        ("SELECT toUUID('61f0c404-5cb3-11e7-907b-a6006ad3dba0') AS u, toDate('2026-01-02') AS day",
         [{"u": "61f0c404-5cb3-11e7-907b-a6006ad3dba0", "day": "2026-01-02"}]),
    ],
)  # fmt: skip
def test_questions_are_answered(analyst: Analyst, query: str, expected: list[Row]) -> None:
    assert analyst.ask(query) == expected


def test_a_column_with_the_name_of_a_refused_function_is_written_with_its_table(analyst: Analyst) -> None:
    with pytest.raises(QueryError, match="DESCRIBE a table for its columns"):
        analyst.ask("SELECT t.file FROM offsets AS t")


def test_tables_and_columns_can_be_looked_up(analyst: Analyst) -> None:
    names = {row["name"] for row in analyst.ask("SHOW TABLES")}
    assert {"frames", "packets", "quarantine", "gaps", "columns", "samples"} <= names
    assert "frame_offset" in {row["name"] for row in analyst.ask("DESCRIBE gaps")}


@pytest.mark.parametrize(
    ("query", "advice"),
    [
        ("INSERT INTO offsets SELECT * FROM offsets", "is not a question"),
        ("DROP TABLE offsets", "is not a question"),
        ("ALTER TABLE offsets DELETE WHERE 1", "is not a question"),
        ("TRUNCATE TABLE offsets", "is not a question"),
        ("CREATE TABLE x (a Int8) ENGINE = Memory", "is not a question"),
        ("SET max_execution_time = 1000", "is not a question"),
        ("SYSTEM SHUTDOWN", "is not a question"),
        ("KILL QUERY WHERE 1", "is not a question"),
        ("GRANT ALL ON *.* TO default", "is not a question"),
        ("BACKUP TABLE offsets TO File('/tmp/x')", "is not a question"),
        ("SELECT 1 SETTINGS max_execution_time = 1000", "only reads, under limits that are fixed"),
        ("SELECT 1 SETTINGS readonly = 0", "`query sql` only reads, under limits that are fixed"),
        ("SELECT 1; DROP TABLE offsets", "give one SELECT"),
        ("SELECT 1 INTO OUTFILE '/tmp/flightledger-x'", "INTO OUTFILE"),
        ("SELECT 1 FORMAT JSON", "give one SELECT, without FORMAT"),
        ("SELEC 1", "give one SELECT"),
        ("", "give one SELECT"),
        ("SELECT * FROM nope", "SHOW TABLES lists them"),
        ("SELECT nope FROM offsets", "DESCRIBE a table for its columns"),
        ("SELECT name FROM system.users", "`query sql` reads the tables and views of the projections"),
        ("SELECT * FROM system.processes", "`query sql` reads the tables and views of the projections"),
        ("SELECT * FROM system.server_settings", "`query sql` reads the tables and views of the projections"),
        ("SELECT * FROM system.disks", "`query sql` reads the tables and views of the projections"),
        ("SELECT * FROM information_schema.tables", "`query sql` reads the tables and views"),
        ("SHOW GRANTS FOR default", "`query sql` reads the tables and views of the projections"),
        ("SHOW CREATE USER default", "`query sql` reads the tables and views of the projections"),
    ],
)  # fmt: skip
def test_whatever_does_more_than_read_is_refused_with_what_to_do(
    analyst: Analyst, query: str, advice: str
) -> None:
    with pytest.raises(QueryError, match=r".") as refused:
        analyst.ask(query)
    assert advice in str(refused.value)
    assert "\n" not in str(refused.value)
    assert analyst.ask("SELECT count() AS n FROM offsets") == [{"n": 5}]


REACHING_OUT = [
    "SELECT file('{file}')",
    "SELECT arrayMap(file, ['{file}'])",
    "SELECT arrayMap(x -> file(x), ['{file}'])",
    "SELECT * APPLY(file) FROM (SELECT '{file}' AS a)",
    "SELECT `\\x66ile`('{file}')",
    "SELECT \"fi\\x6ce\"('{file}')",
    "SELECT /* - */ file /* - */ ('{file}')",
    "WITH (SELECT file('{file}')) AS x SELECT x",
    "SELECT * FROM file('{file}', 'LineAsString')",
    "SELECT * FROM filesystem('{folder}')",
    "SELECT * FROM sqlite('{file}', 't')",
    "SELECT * FROM icebergLocal('{folder}')",
    "SELECT * FROM deltaLakeLocal('{folder}')",
    "SELECT * FROM url('http://127.0.0.1:1/', 'LineAsString')",
    "SELECT * FROM s3('http://127.0.0.1/bucket/x', 'CSV')",
    "SELECT * FROM remote('127.0.0.1', 'system', 'one')",
    "SELECT * FROM cluster('default', system.one)",
    "SELECT * FROM mysql('127.0.0.1:1', 'b', 'c', 'd', 'e')",
    "SELECT * FROM postgresql('127.0.0.1:1', 'b', 'c', 'd', 'e')",
    "SELECT * FROM executable('ls', 'LineAsString', 'a String')",
    "SELECT * FROM python('os')",
    "SELECT 1 WHERE 1 IN python('os')",
    "SELECT * FROM eval('SELECT 1')",
    "SELECT * FROM merge('system', '.*')",
    "SELECT * FROM mergeTreeIndex('flightledger', 'offsets')",
    "EXPLAIN SELECT file('{file}')",
    "DESCRIBE TABLE file('{file}', 'LineAsString')",
    "SELECT getMacro('x')",
    "SELECT aiGenerate('hello')",
    "SELECT hostName()",
]


@pytest.mark.parametrize("query", REACHING_OUT)
def test_nothing_outside_of_the_projections_can_be_reached(
    analyst: Analyst, secret: Path, query: str
) -> None:
    with pytest.raises(QueryError, match=r".") as refused:
        analyst.ask(query.replace("{file}", str(secret)).replace("{folder}", str(secret.parent)))
    assert SECRET not in str(refused.value)
    assert "reach out of the projections" in str(refused.value)
    assert analyst.ask("SELECT count() AS n FROM offsets") == [{"n": 5}]


def test_the_user_itself_can_not_write_or_read_elsewhere_without_our_check(analyst: Analyst) -> None:
    """The rights of the database are a second wall behind the check of names."""
    user = connect_reader(analyst.url, user=SQL_USER)
    for query in ("SELECT * FROM url('http://127.0.0.1:1/', 'LineAsString')", "SELECT * FROM system.users"):
        with pytest.raises(Exception, match="Not enough privileges"):
            list(user.stream(query))
    for statement in ("DROP TABLE offsets", "INSERT INTO offsets SELECT * FROM offsets"):
        with pytest.raises(Exception, match=r"Not enough privileges|readonly"):
            user.command(statement)


def test_system_tables_that_can_be_read_tell_no_secret(analyst: Analyst) -> None:
    telling = {
        "users", "roles", "grants", "quotas", "settings_profiles", "row_policies", "processes", "query_log",
        "server_settings", "named_collections", "macros", "clusters", "disks", "storage_policies", "errors",
        "stack_trace", "text_log", "session_log", "certificates", "user_directories", "backups", "parts",
    }  # fmt: skip
    names = [
        row["name"]
        for row in analyst.clickhouse.rows("SELECT name FROM system.tables WHERE database = 'system'")
    ]
    readable = set()
    for name in sorted(telling & set(names)):
        try:
            if analyst.ask(f"SELECT * FROM system.{name} LIMIT 1"):
                readable.add(name)
        except QueryError:
            continue
    assert readable <= {"parts"}


def test_a_question_that_takes_too_long_is_stopped(analyst: Analyst) -> None:
    with pytest.raises(QueryError, match=r"Timeout exceeded.*ask for less: a condition"):
        analyst.ask("SELECT sum(sipHash64(number)) FROM numbers(1000000000000)")


def test_a_question_with_too_many_rows_is_stopped(analyst: Analyst) -> None:
    with pytest.raises(QueryError, match=r"Limit for result exceeded.*add a LIMIT, or aggregate"):
        analyst.ask("SELECT number FROM numbers(1000001)")
    assert len(analyst.ask("SELECT number FROM numbers(1000000)")) == 1_000_000


def test_a_question_that_needs_too_much_memory_is_stopped(analyst: Analyst) -> None:
    with pytest.raises(QueryError, match=r"memory limit exceeded.*group or sort less"):
        analyst.ask("SELECT length(groupArray(number)) FROM numbers(200000000)")


def test_an_error_in_the_middle_of_an_answer_is_an_error(analyst: Analyst) -> None:
    with pytest.raises(QueryError, match="Value passed to"):
        analyst.ask("SELECT throwIf(number = 500000) FROM numbers(1000000)")


class ServerWithUsers(ClickHouseServer):
    """A server with more users: `asker` with the document's settings and grant, `lax` with fewer settings.

    The embedded engine can not make users by SQL, so the document's statements are written as users.xml.
    """

    def prepare(self) -> Path:
        folder = super().prepare()
        file = folder / "users.xml"
        profile, _, grant = DOCUMENT.read_text().split("```sql\n")[1].split("```")[0].split(";\n")[:3]
        limits = dict(re.findall(r"(\w+) = (\d+)", profile))
        users = {"asker": limits, "lax": {"readonly": "1", "max_result_rows": "100000"}}
        settings = "".join(f"<{name}>{_xml(values)}</{name}>" for name, values in users.items())
        query = grant.strip().replace(" TO flightledger_sql", "")
        people = "".join(
            f"<{name}><password>x</password><networks><ip>127.0.0.1</ip></networks><profile>{name}</profile>"
            f"<quota>default</quota><grants><query>{query}</query></grants></{name}>"
            for name in users
        )
        text = file.read_text().replace("</profiles>", f"{settings}</profiles>")
        file.write_text(text.replace("</users>", f"{people}</users>"))
        return folder


def _xml(values: dict[str, str]) -> str:
    return "".join(f"<{name}>{value}</{name}>" for name, value in values.items())


@pytest.fixture(scope="module")
def documented(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Analyst]:
    folder = DataFolder(tmp_path_factory.mktemp("users"))
    server = ServerWithUsers(folder, max_memory=1_200_000_000)
    process = ServerProcess(server, folder, Event())
    process.start()
    try:
        yield Analyst(f"http://127.0.0.1:{server.port}")
    finally:
        process.stop()


def asking(analyst: Analyst, user: str, password: str = "x") -> SqlUser:
    return SqlUser(lambda: connect_reader(analyst.url, user=user, password=password), analyst.clickhouse)


def test_a_user_as_the_document_says_is_taken(documented: Analyst) -> None:
    user = asking(documented, "asker")
    assert list(user.ask("SELECT count() AS n FROM offsets").rows()) == [{"n": 5}]
    with pytest.raises(QueryError, match="under limits that are fixed"):
        list(user.ask("SELECT 1 SETTINGS max_execution_time = 0").rows())


def test_a_user_who_may_do_more_is_not_taken(documented: Analyst) -> None:
    with pytest.raises(ConfigError, match=r"may do more than read: GRANT .*docs/clickhouse.md"):
        asking(documented, "default", "").ask("SELECT 1")


def test_a_user_without_limits_is_not_taken(documented: Analyst) -> None:
    with pytest.raises(ConfigError, match="has no limit max_execution_time"):
        asking(documented, "lax").ask("SELECT 1")


def test_a_user_who_is_not_there_is_an_error_that_says_which_server(documented: Analyst) -> None:
    with pytest.raises(ServerError, match=r"127.0.0.1.*Authentication failed"):
        asking(documented, "nobody").ask("SELECT 1")
