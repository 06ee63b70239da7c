"""An answer as an Arrow table, and as what analysts like better."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pyarrow as pa


@dataclass(frozen=True)
class Rows:
    """Rows of one question. Times are timestamps in UTC with nanoseconds, values have their exact types."""

    arrow: pa.Table

    def __len__(self) -> int:
        return int(self.arrow.num_rows)

    @property
    def columns(self) -> list[str]:
        """Names of the columns."""
        return list(self.arrow.column_names)

    def to_pandas(self) -> Any:
        """Return a pandas DataFrame; columns that pandas can not share with Arrow are copied.

        Integers that may be missing stay integers (pandas' nullable types), so that 64 bits stay exact.
        """
        import pandas as pd  # noqa: PLC0415 - only who asks for pandas needs it

        nullable = {
            pa.int8(): pd.Int8Dtype(), pa.int16(): pd.Int16Dtype(), pa.int32(): pd.Int32Dtype(),
            pa.int64(): pd.Int64Dtype(), pa.uint8(): pd.UInt8Dtype(), pa.uint16(): pd.UInt16Dtype(),
            pa.uint32(): pd.UInt32Dtype(), pa.uint64(): pd.UInt64Dtype(), pa.bool_(): pd.BooleanDtype(),
        }  # fmt: skip
        with_nulls = {
            field.type
            for field, column in zip(self.arrow.schema, self.arrow.columns, strict=True)
            if column.null_count
        }
        return self.arrow.to_pandas(
            types_mapper=lambda kind: nullable.get(kind) if kind in with_nulls else None, split_blocks=True
        )

    def to_polars(self) -> Any:
        """Return a polars DataFrame, which shares Arrow's memory."""
        import polars as pl  # noqa: PLC0415 - only who asks for polars needs it

        return pl.from_arrow(self.arrow)

    def __repr__(self) -> str:
        return f"Rows({len(self)} of {', '.join(self.columns)})"
