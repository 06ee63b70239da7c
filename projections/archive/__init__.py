"""The frame archive: FRAMES once more, as columns in ClickHouse, proven equal to the stream by its seals."""
