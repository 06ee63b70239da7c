"""The mission database: XTCE files (CCSDS 660.1-G, OMG XTCE 1.2) as a model of parameters, containers and
telecommands.

>>> from pathlib import Path
>>> from streams.xtce import load_database
>>> database = load_database([Path("missions/demo/demo.xml")])  # doctest: +SKIP
>>> database.parameters["/Demo/voltage"].unit  # doctest: +SKIP
'V'
"""

from streams.xtce.alarms import LEVELS, AlarmRange
from streams.xtce.arguments import Argument, ArgumentType, ValidRange
from streams.xtce.command_containers import CommandContainer
from streams.xtce.commands import MetaCommand
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
from streams.xtce.verifiers import CheckWindow, Constraint, Significance, Verifier

__all__ = [
    "LEVELS",
    "AbsoluteTimeType",
    "AlarmRange",
    "Argument",
    "ArgumentType",
    "BinaryType",
    "BooleanType",
    "CheckWindow",
    "CommandContainer",
    "Constraint",
    "Container",
    "Database",
    "Entry",
    "EnumeratedType",
    "FloatType",
    "IntegerType",
    "MetaCommand",
    "Parameter",
    "ParameterType",
    "RelativeTimeType",
    "Significance",
    "StringType",
    "ValidRange",
    "Verifier",
    "load_database",
]
