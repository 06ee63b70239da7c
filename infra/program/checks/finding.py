"""One finding: what was looked at, what was found, and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """Only a problem needs somebody to do something."""

    OK = "ok"
    REMARK = "remark"
    PROBLEM = "problem"


@dataclass(frozen=True)
class Finding:
    """A finding; `fix` says what to do, and is empty where nothing is to be done."""

    check: str
    state: State
    what: str
    fix: str = ""


def ok(check: str, what: str) -> Finding:
    """Return a finding that all is well."""
    return Finding(check, State.OK, what)


def remark(check: str, what: str, fix: str) -> Finding:
    """Return a finding that somebody should know."""
    return Finding(check, State.REMARK, what, fix)


def problem(check: str, what: str, fix: str) -> Finding:
    """Return a finding that needs action."""
    return Finding(check, State.PROBLEM, what, fix)
