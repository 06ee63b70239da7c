"""ClickHouse: schema, writer, queries and the query service."""
