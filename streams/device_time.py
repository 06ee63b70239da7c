"""The device's clock mapped to UTC: the `generated` time of a packet.

`generated` = epoch + sum(parameter x unit) - leap seconds, in integer nanoseconds where the parameters are
integers. A mission without a mapping has no generated time (null), never a guessed one (law 7).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from infra.errors import ConfigError

UNITS_NS: dict[str, Fraction] = {
    "ns": Fraction(1),
    "us": Fraction(1_000),
    "ms": Fraction(1_000_000),
    "s": Fraction(1_000_000_000),
    "min": Fraction(60_000_000_000),
    "h": Fraction(3_600_000_000_000),
    "day": Fraction(86_400_000_000_000),
}
EARLIEST_NS = -2_208_988_800_000_000_000
LATEST_NS = 9_214_646_400_000_000_000
"""1900-01-01 and 2262-01-01: outside, a time does not fit ClickHouse's DateTime64(9)."""

UNFIT = EARLIEST_NS - 1
"""What stands for a time that does not fit."""

ABSENT = EARLIEST_NS - 2
"""What stands for the time of a packet that does not tell it."""

_FRACTION = re.compile(r"1/(\d+) (\w+)")


@dataclass(frozen=True)
class Term:
    """One summand: the label of a parameter and its unit in nanoseconds."""

    parameter: str
    unit_ns: Fraction


@dataclass(frozen=True)
class DeviceClock:
    """The mapping of one mission, from `[time]` of `mission.toml`; without terms it knows no time."""

    epoch_ns: int = 0
    terms: tuple[Term, ...] = ()

    @classmethod
    def from_mapping(cls, mapping: Mapping[str, Any] | None, where: str) -> DeviceClock:
        """Read `[time]`: `epoch` (ISO 8601, UTC), `leap_seconds`, `terms`. Raises ConfigError."""
        if not mapping:
            return cls()
        if unknown := set(mapping) - {"epoch", "leap_seconds", "terms"}:
            raise ConfigError(f"[time] has the unknown key {sorted(unknown)[0]}", where=where)
        try:
            epoch = datetime.fromisoformat(str(mapping["epoch"]))
        except (KeyError, ValueError) as error:
            raise ConfigError("[time] needs epoch, an ISO 8601 time", where=where) from error
        epoch = epoch if epoch.tzinfo else epoch.replace(tzinfo=UTC)
        delta = epoch - datetime(1970, 1, 1, tzinfo=UTC)
        epoch_ns = (delta.days * 86_400 + delta.seconds) * 10**9 + delta.microseconds * 1_000
        leap_ns = int(Fraction(str(mapping.get("leap_seconds", 0))) * 10**9)
        terms = tuple(_term(term, where) for term in mapping.get("terms", []))
        if not terms:
            raise ConfigError("[time] needs at least one [[time.terms]]", where=where)
        return cls(epoch_ns - leap_ns, terms)

    def generated(self, batch: pa.RecordBatch) -> npt.NDArray[np.int64] | None:
        """Return ns UTC for each row, `UNFIT` or `ABSENT`; None when the packet type tells no time.

        The raw column of a parameter wins over its value.
        """
        columns = [_numbers_of(batch, term.parameter) for term in self.terms]
        if not columns or any(column is None for column in columns):
            return None
        total = np.full(batch.num_rows, float(self.epoch_ns))
        exact = np.full(batch.num_rows, self.epoch_ns, dtype=np.int64)
        is_absent = np.zeros(batch.num_rows, dtype=bool)
        for term, column in zip(self.terms, columns, strict=True):
            is_absent |= pc.is_null(column).to_numpy(zero_copy_only=False)
            values = pc.fill_null(column, 0).to_numpy(zero_copy_only=False)
            with np.errstate(over="ignore", invalid="ignore"):
                rough = values.astype(np.float64) * float(term.unit_ns)
                total += rough
            if values.dtype.kind == "f":
                exact += np.where(np.abs(rough) < 2**63, rough, 0).astype(np.int64)
            else:
                exact += _scaled(values, term.unit_ns)
        fits = np.isfinite(total) & (total > EARLIEST_NS) & (total < LATEST_NS)
        return np.where(is_absent, ABSENT, np.where(fits, exact, UNFIT))


def _term(mapping: Mapping[str, Any], where: str) -> Term:
    if "parameter" not in mapping or set(mapping) - {"parameter", "unit"}:
        raise ConfigError("[[time.terms]] has the keys parameter and unit", where=where)
    unit = _unit(str(mapping.get("unit", "s")), where)
    return Term(str(mapping["parameter"]), unit)


def _unit(text: str, where: str) -> Fraction:
    if text in UNITS_NS:
        return UNITS_NS[text]
    found = _FRACTION.fullmatch(text)
    if found is not None and found[2] in UNITS_NS and int(found[1]) > 0:
        unit = UNITS_NS[found[2]] / int(found[1])
        if unit.numerator * unit.denominator < 2**63:
            return unit
    raise ConfigError(
        f"[[time.terms]] unit {text!r}", where=where, fix=f'use {", ".join(UNITS_NS)} or like "1/65536 s"'
    )


def _numbers_of(batch: pa.RecordBatch, parameter: str) -> pa.Array | None:
    for name in (f"{parameter}__raw", parameter):
        index = batch.schema.get_field_index(name)
        if index >= 0:
            column = batch.column(index)
            is_number = pa.types.is_integer(column.type) or pa.types.is_floating(column.type)
            return column if is_number else None
    return None


def _scaled(values: npt.NDArray[Any], unit: Fraction) -> npt.NDArray[np.int64]:
    """Multiply integers by a rational number of nanoseconds, exactly, rounding down; overflow wraps."""
    whole = values.astype(np.int64)
    with np.errstate(over="ignore"):
        steps, rest = np.divmod(whole, unit.denominator)
        return steps * np.int64(unit.numerator) + (rest * np.int64(unit.numerator)) // unit.denominator
