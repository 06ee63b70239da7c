"""The table `[commands]` of mission.toml: approvals, times, rights; docs/telecommand-life.md explains it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

from infra.errors import ConfigError
from streams.mission import Mission

ACTIONS = ("submit", "approve", "cancel", "hold", "resume", "resolve", "note")
"""What a person may ask for."""

LEVELS = ("none", "watch", "warning", "distress", "critical", "severe")
"""How much harm a telecommand may do (XTCE, consequenceLevel), least first."""

DEFAULT_APPROVALS = {"critical": 1, "severe": 2}
LONGEST_CLAIM_S = 600
"""How long a released telecommand may wait for an uplink at most."""

_WHERE = "mission.toml, [commands]"


@dataclass(frozen=True)
class Right:
    """Some users may do some actions, with some telecommands; all three are shell patterns (`*`)."""

    users: tuple[str, ...] = ("*",)
    may: tuple[str, ...] = ("*",)
    telecommands: tuple[str, ...] = ("*",)

    def covers(self, user: str, action: str, telecommand: str) -> bool:
        """Whether it allows this; a telecommand goes by its local or its qualified name."""
        names = (telecommand, telecommand.rpartition("/")[2])
        return (
            any(fnmatchcase(user, pattern) for pattern in self.users)
            and any(fnmatchcase(action, pattern) for pattern in self.may)
            and any(fnmatchcase(name, pattern) for name in names for pattern in self.telecommands)
        )


@dataclass(frozen=True)
class CommandSettings:
    """Times in seconds; `approvals` by level of significance, none for a level that is not named.

    `expires_after_s`: how long a telecommand waits behind the time at which it may leave first.
    `claim_within_s`: how long a released one waits for an uplink to claim it.
    `accept_within_s`, `complete_within_s`: from sending to the report, where the mission database has no
    check window. `fresh_within_s`: how old a sample may be that a transmission constraint looks at.
    """

    link: str = ""
    approvals: Mapping[str, int] = field(default_factory=lambda: DEFAULT_APPROVALS)
    expires_after_s: float = 3600.0
    claim_within_s: float = 10.0
    accept_within_s: float = 10.0
    complete_within_s: float = 60.0
    fresh_within_s: float = 10.0
    rights: tuple[Right, ...] = (Right(),)
    verification: Mapping[str, Any] = field(default_factory=dict)

    def may(self, user: str, action: str, telecommand: str = "*") -> bool:
        """Whether a person may do this; without `rights` everyone may do everything."""
        return any(right.covers(user, action, telecommand) for right in self.rights)

    def actions_of(self, user: str, telecommand: str) -> list[str]:
        """Return what a person may do with a telecommand."""
        return [action for action in ACTIONS if self.may(user, action, telecommand)]


def settings_of(mission: Mission) -> CommandSettings:
    """Read a mission's `[commands]`. Raises ConfigError, naming the key."""
    table = mission.settings.get("commands", {})
    if not isinstance(table, Mapping):
        raise ConfigError("`commands` is not a table", where="mission.toml", fix="write [commands]")
    known = [*CommandSettings.__annotations__, "packet"]
    if unknown := sorted(set(table) - set(known)):
        raise ConfigError(f"unknown key {unknown[0]!r}", where=_WHERE, fix=f"known are {', '.join(known)}")
    times = {key: _seconds(key, value) for key, value in table.items() if key.endswith("_s")}
    link = table.get("link", "")
    names = [config.name for config in mission.links]
    if link and link not in names:
        raise ConfigError(f"link = {link!r} is no link", where=_WHERE, fix=f"one of {', '.join(names)}")
    return CommandSettings(
        link=link or (names[0] if len(names) == 1 else ""),
        approvals=_approvals(table.get("approvals", DEFAULT_APPROVALS)),
        rights=_rights(table["rights"]) if "rights" in table else (Right(),),
        verification=_verification(table.get("verification", {})),
        **times,
    )


def _seconds(key: str, value: Any) -> float:
    longest = LONGEST_CLAIM_S if key == "claim_within_s" else 10**9
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= longest:
        raise ConfigError(f"{key} = {value!r}", where=_WHERE, fix=f"seconds, above 0, at most {longest}")
    return float(value)


def _verification(table: Any) -> Mapping[str, Any]:
    if not isinstance(table, Mapping):
        raise ConfigError(f"verification = {table!r}", where=_WHERE, fix="write [commands.verification]")
    return table


def _approvals(table: Any) -> dict[str, int]:
    if not isinstance(table, Mapping):
        raise ConfigError(f"approvals = {table!r}", where=_WHERE, fix="a table: { critical = 1, severe = 2 }")
    for level, count in table.items():
        if level not in LEVELS or type(count) is not int or not 0 <= count <= 9:
            fix = f"levels are {', '.join(LEVELS)}; 0 to 9 approvals"
            raise ConfigError(f"approvals has {level} = {count!r}", where=_WHERE, fix=fix)
    return dict(table)


def _rights(tables: Any) -> tuple[Right, ...]:
    if not isinstance(tables, list) or not all(isinstance(table, Mapping) for table in tables):
        raise ConfigError("`rights` is not a list of tables", where=_WHERE, fix="write [[commands.rights]]")
    return tuple(map(_right, tables))


def _right(table: Mapping[str, Any]) -> Right:
    known = Right.__annotations__
    for key, value in table.items():
        if key not in known or not isinstance(value, list) or not all(isinstance(one, str) for one in value):
            fix = f"keys are {', '.join(known)}, each a list of texts"
            raise ConfigError(f"rights has {key} = {value!r}", where=_WHERE, fix=fix)
    for action in table.get("may", ()):
        if not any(fnmatchcase(known_one, action) for known_one in ACTIONS):
            raise ConfigError(
                f"rights has may = {action!r}", where=_WHERE, fix=f"one of {', '.join(ACTIONS)}"
            )
    return Right(**{key: tuple(value) for key, value in table.items()})
