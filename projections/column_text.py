"""A parameter's column of a packet table `t` as exact text, and as a number where it is one."""

from __future__ import annotations

import pyarrow as pa

from projections.clickhouse import quoted

_TIME, _BINARY = str(pa.timestamp("ns", tz="UTC")), str(pa.binary())
_NUMBERS = ("int", "uint", "float", "double", "halffloat", "bool")


def is_number(kind: str) -> bool:
    """Say whether an Arrow type, by its name, is one of numbers or booleans."""
    return kind.startswith(_NUMBERS)


def text_of(column: str, kind: str) -> str:
    """Return the expression of a column's values as exact text; bytes are hexadecimal, times ISO 8601."""
    if kind == _BINARY:
        return f"lower(hex({column_of(column)}))"
    if kind == _TIME:
        return f"concat(replaceOne(toString({column_of(column)}), ' ', 'T'), 'Z')"
    return f"toString({column_of(column)})"


def number_of(column: str, kind: str) -> str:
    """Return the expression of a column's values as 64-bit floats, NULL for what is no number."""
    return f"toFloat64({column_of(column)})" if is_number(kind) else "NULL"


def column_of(name: str) -> str:
    """Return a column of the table `t`."""
    return f"t.{quoted(name)}"
