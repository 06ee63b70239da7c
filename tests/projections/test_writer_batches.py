import pyarrow as pa

from projections.clickhouse import ClickHouse, connect
from projections.schema import create_fixed_tables
from projections.writer import Writer
from streams.parsed_rows import FRAME_SCHEMA


def rows(offset: int, links: list[str]) -> pa.RecordBatch:
    count = len(links)
    codes = pa.array(range(count), pa.int32())
    texts = pa.DictionaryArray.from_arrays(codes, pa.array(links))
    times = pa.array([offset] * count, pa.timestamp("ns", tz="UTC"))
    same = pa.DictionaryArray.from_arrays(pa.array([0] * count, pa.int32()), pa.array(["parsed"]))
    numbers = pa.array(range(offset, offset + count), pa.uint64())
    counts = pa.array([1] * count, pa.uint32())
    return pa.RecordBatch.from_arrays(
        [numbers, texts, texts, times, times, counts, counts, same], schema=FRAME_SCHEMA
    )


def test_runs_that_name_links_by_different_dictionaries_are_one_insert(
    clickhouse_server, unique_name: str
) -> None:
    clickhouse = connect(clickhouse_server.url)
    create_fixed_tables(clickhouse)
    writer = Writer(clickhouse, lambda name: (_ for _ in ()).throw(KeyError(name)))
    writer.add(unique_name, "frames", rows(1, ["a", "b"]), fixed=True)
    writer.add(unique_name, "frames", rows(3, ["b", "c", "ä"]), fixed=True)
    writer.flush()
    assert links_of(clickhouse, unique_name) == ["a", "b", "b", "c", "ä"]


def links_of(clickhouse: ClickHouse, generation: str) -> list[str]:
    found = clickhouse.rows(
        "SELECT link FROM frames WHERE generation = {generation:String} ORDER BY frame_offset",
        {"generation": generation},
    )
    return [row["link"] for row in found]
