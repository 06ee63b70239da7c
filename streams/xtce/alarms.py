"""Alarm definitions of parameter types, also by context (XTCE 1.2, NumericAlarmType, EnumerationAlarmType).

Known limit: only alarms on a value are read (StaticAlarmRanges, AlarmMultiRanges, EnumerationAlarmList);
change alarms, conditions, string alarms and numbers of violations become remarks.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from streams.xtce.bounds import read_bound
from streams.xtce.conditions import Condition, read_condition
from streams.xtce.element import Node, UnsupportedError

LEVELS = ("normal", "watch", "warning", "distress", "critical", "severe")
"""Concern levels, least severe first."""

_STATIC = {f"{level.capitalize()}Range": level for level in LEVELS[1:]}


@dataclass(frozen=True)
class AlarmRange:
    """One alarm condition on a parameter's value.

    `form` "outside": in alarm when the value is outside minimum to maximum; "inside": when it is within;
    "label": when the value is the label; "otherwise": when the value is a label that no other alarm names.
    Minimum and maximum of None are open; inclusive ends belong to the range.
    """

    level: str
    form: Literal["outside", "inside", "label", "otherwise"]
    minimum: float | None = None
    maximum: float | None = None
    min_inclusive: bool = True
    max_inclusive: bool = True
    label: str = ""

    def contains(self, value: float) -> bool:
        """Whether a number lies within minimum to maximum."""
        above = self.minimum is None or (
            value >= self.minimum if self.min_inclusive else value > self.minimum
        )
        below = self.maximum is None or (
            value <= self.maximum if self.max_inclusive else value < self.maximum
        )
        return above and below

    def violated(self, value: float | str) -> bool:
        """Whether this one alarm holds for a value; "otherwise" holds for every label, and is asked last."""
        if isinstance(value, str):
            return self.form == "otherwise" or (self.form == "label" and value == self.label)
        if self.form not in {"outside", "inside"} or math.isnan(value):
            return False
        return self.contains(value) == (self.form == "inside")


@dataclass(frozen=True)
class ContextAlarm:
    """The alarms that count, in place of the default ones, in packets in which a condition holds.

    Of several the first one counts whose condition holds.
    """

    condition: Condition
    alarms: tuple[AlarmRange, ...]
    place: str


def read_alarms(type_node: Node) -> tuple[AlarmRange, ...]:
    """The DefaultAlarm of a parameter type, most severe first, "otherwise" behind all others."""
    alarm = type_node.child("DefaultAlarm")
    return () if alarm is None else _ranges(alarm)


def read_context_alarms(type_node: Node) -> tuple[ContextAlarm, ...]:
    """The ContextAlarmList of a parameter type, in its order.

    Empty when one of its conditions can not be read: which one counts depends on all those before it.
    """
    listed = type_node.child("ContextAlarmList")
    if listed is None:
        return ()
    try:
        return tuple(
            ContextAlarm(read_condition(alarm.need("ContextMatch")), _ranges(alarm), alarm.place)
            for alarm in listed.children("ContextAlarm")
        )
    except UnsupportedError as error:
        listed.remark(f"ContextAlarmList was read over, its DefaultAlarm alone is watched: {error}")
        return ()


def _ranges(alarm: Node) -> tuple[AlarmRange, ...]:
    """What a DefaultAlarm or a ContextAlarm holds."""
    if alarm.integer("minViolations", 1) > 1:
        alarm.remark("minViolations was read over: each violation counts")
    found: list[AlarmRange] = []
    for child in alarm.children():
        match child.tag:
            case "StaticAlarmRanges":
                found += _static(child)
            case "AlarmMultiRanges":
                found += [
                    _range(part, _level(part, "level"), _form(part)) for part in child.children("Range")
                ]
            case "EnumerationAlarmList":
                found += _labels(child, _level(alarm, "defaultAlarmLevel", "normal"))
            case "AncillaryDataSet" | "ContextMatch":
                pass
            case _:
                child.remark(f"{child.tag} in {alarm.tag} was read over: this alarm is not watched")
    return tuple(sorted(found, key=lambda part: (part.form == "otherwise", -LEVELS.index(part.level))))


def _static(node: Node) -> list[AlarmRange]:
    form = _form(node)
    return [_range(child, _STATIC[child.tag], form) for child in node.children(*_STATIC)]


def _labels(node: Node, default: str) -> list[AlarmRange]:
    found = [
        AlarmRange(_level(child, "alarmLevel"), "label", label=child.string("enumerationLabel"))
        for child in node.children("EnumerationAlarm")
    ]
    return found if default == "normal" else [*found, AlarmRange(default, "otherwise")]


def _range(node: Node, level: str, form: Literal["outside", "inside"]) -> AlarmRange:
    minimum, min_inclusive = read_bound(node, "min", node.number)
    maximum, max_inclusive = read_bound(node, "max", node.number)
    if minimum is not None and maximum is not None and minimum > maximum:
        raise node.error(f"the alarm range from {minimum:g} to {maximum:g} is empty", "exchange its two ends")
    return AlarmRange(level, form, minimum, maximum, min_inclusive, max_inclusive)


def _form(node: Node) -> Literal["outside", "inside"]:
    form = node.string("rangeForm", "outside")
    if form == "inside":
        return "inside"
    if form == "outside":
        return "outside"
    raise node.error(f'rangeForm="{form}" is unknown', 'write "outside" or "inside"')


def _level(node: Node, name: str, default: str | None = None) -> str:
    level = node.string(name, default)
    if level not in LEVELS:
        raise node.error(f'{name}="{level}" is no concern level', f"use one of {', '.join(LEVELS)}")
    return level
