"""The `[commands.packet]` table of mission.toml: what the ground adds to the containers of the database."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Literal, get_args

from infra.errors import ConfigError

Header = Literal["xtce", "ccsds", "pus-c", "none"]
Report = Literal["acceptance", "start", "progress", "completion"]
"""What a device is asked to report on (ECSS-E-ST-70-41C, section 7.4.4.1, acknowledgement flags)."""

MAX_APID = 0x7FF
_TYPES: dict[str, tuple[type, str]] = {
    "packet_error_control": (bool, "true or false"),
    "secondary_header": (bool, "true or false"),
    "apid": (int, f"0 to {MAX_APID}"),
    "source_id": (int, "0 to 65535"),
    "parameters": (dict, "a table: [commands.packet.parameters] with NAME = value"),
}
_LIMITS: dict[str, int] = {"apid": MAX_APID, "source_id": 0xFFFF}


@dataclass(frozen=True)
class PacketConfig:
    """How telecommands become packets.

    - `header`: "xtce" (the containers describe whole space packets; fields of the primary header that have no
      value, the sequence count and the length are computed), "ccsds" (a primary header goes before the
      container), "pus-c" (a primary and a secondary header of ECSS-E-ST-70-41C), "none" (the containers
      describe every byte of something that is no space packet).
    - `packet_error_control`: a CRC-16 ends the packet; left out: with "pus-c" only.
    - `apid`, `source_id`, `acknowledge`: for the built-in headers, where the MetaCommand does not say it.
    - `secondary_header`: with "ccsds", the container starts with a secondary header.
    - `parameters`: values of parameters that the containers leave open.
    """

    header: Header = "xtce"
    packet_error_control: bool = False
    apid: int | None = None
    source_id: int = 0
    acknowledge: tuple[Report, ...] = get_args(Report)
    secondary_header: bool = False
    parameters: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def from_mapping(cls, mapping: Mapping[str, Any], where: str) -> PacketConfig:
        """Read the table as TOML or JSON gives it; raises ConfigError for what is unknown or wrong."""
        known = [entry.name for entry in fields(cls)]
        for key, value in mapping.items():
            if key not in known:
                raise ConfigError(f"unknown key {key!r}", where=where, fix=f"known keys: {', '.join(known)}")
            _check(key, value, where)
        given = dict(mapping)
        given.setdefault("packet_error_control", given.get("header") == "pus-c")
        if "acknowledge" in given:
            given["acknowledge"] = tuple(given["acknowledge"])
        return cls(**given)


def packet_config(commands: Any, where: str) -> PacketConfig:
    """The settings in the `[commands]` table of mission.toml; raises ConfigError."""
    if not isinstance(commands, Mapping):
        raise ConfigError(f"`commands` is {commands!r}", where=where, fix="a table: [commands]")
    for entry in fields(PacketConfig):
        if entry.name in commands:
            raise ConfigError(
                f"`{entry.name}` stands in [commands]", where=where, fix="move it to [commands.packet]"
            )
    table = commands.get("packet", {})
    if not isinstance(table, Mapping):
        raise ConfigError(f"`packet` is {table!r}", where=where, fix="a table: [commands.packet]")
    return PacketConfig.from_mapping(table, f"{where}, [commands.packet]")


def _check(key: str, value: Any, where: str) -> None:
    if key == "header":
        if value not in get_args(Header):
            raise _wrong(key, value, where, f"one of {', '.join(get_args(Header))}")
    elif key == "acknowledge":
        if not isinstance(value, list | tuple) or any(report not in get_args(Report) for report in value):
            raise _wrong(key, value, where, f"a list of {', '.join(get_args(Report))}")
    else:
        wanted, words = _TYPES[key]
        if type(value) is not wanted:
            raise _wrong(key, value, where, words)
        if isinstance(value, int) and key in _LIMITS and not 0 <= value <= _LIMITS[key]:
            raise _wrong(key, value, where, words)


def _wrong(key: str, value: Any, where: str, fix: str) -> ConfigError:
    return ConfigError(f"`{key}` is {value!r}", where=where, fix=fix)
