"""The mission database: XTCE files (CCSDS 660.1-G, OMG XTCE 1.2) as a model of parameters and containers.

>>> from pathlib import Path
>>> from streams.xtce import load_database
>>> database = load_database([Path("missions/demo/demo.xml")])  # doctest: +SKIP
>>> database.parameters["/Demo/voltage"].unit  # doctest: +SKIP
'V'
"""

from streams.xtce.alarms import LEVELS, AlarmRange
from streams.xtce.containers import Container, Entry
from streams.xtce.database import Database, load_database
from streams.xtce.parameters import Parameter
from streams.xtce.types import (
    AbsoluteTimeType,
    BinaryType,
    BooleanType,
    EnumeratedType,
    FloatType,
    IntegerType,
    ParameterType,
    RelativeTimeType,
    StringType,
)

__all__ = [
    "LEVELS",
    "AbsoluteTimeType",
    "AlarmRange",
    "BinaryType",
    "BooleanType",
    "Container",
    "Database",
    "Entry",
    "EnumeratedType",
    "FloatType",
    "IntegerType",
    "Parameter",
    "ParameterType",
    "RelativeTimeType",
    "StringType",
    "load_database",
]
