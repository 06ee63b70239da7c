"""One `[[links]]` table of mission.toml: a way to and from a device, with its framing."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from infra.errors import ConfigError
from streams.framing import FramingConfig

Transport = Literal["tcp-client", "tcp-server", "udp", "serial", "file"]

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]*")
_KEYS: dict[str, dict[str, bool]] = {  # keys of each transport; True: needed
    "tcp-client": {"host": False, "port": True},
    "tcp-server": {"host": False, "port": True},
    "udp": {"host": False, "port": True, "remote_host": False, "remote_port": False},
    "serial": {"device": True, "baud": False},
    "file": {"path": True, "follow": False},
}
_TABLES_AND_NAMES = ("name", "transport", "framing", "uplink")
_TYPES: dict[str, Any] = {"port": int, "remote_port": int, "baud": int, "follow": bool}  # all others: str
_TYPE_NAMES: dict[Any, str] = {int: "a whole number", bool: "true or false", str: "a text"}


@dataclass(frozen=True)
class LinkConfig:
    """How a device is reached.

    `name` becomes a token of a NATS subject. `host` and `port` are where to connect to (tcp-client) or where
    to listen (tcp-server, udp; port 0: any free one). `remote_host` and `remote_port` are where telecommands
    go by UDP. A `file` is read once, or with `follow` for as long as it grows. `uplink` says how telecommands
    leave; commands/uplink_framing.py reads it.
    """

    name: str
    transport: Transport
    framing: FramingConfig = field(default_factory=lambda: FramingConfig("datagram"))
    host: str = "127.0.0.1"
    port: int = 0
    remote_host: str = ""
    remote_port: int = 0
    device: str = ""
    baud: int = 115_200
    path: str = ""
    follow: bool = False
    uplink: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def from_mapping(cls, mapping: Mapping[str, Any], where: str) -> LinkConfig:
        """Read a table as TOML or JSON gives it; `where` names its place in messages.

        `framing` may be left out for udp: datagrams. Raises ConfigError for a missing or unknown key, a wrong
        type, or a value out of range.
        """
        name, transport = _name(mapping, where), _transport(mapping, where)
        where = f"{where}, link {name!r}"
        keys = _KEYS[transport]
        given = {key: value for key, value in mapping.items() if key not in _TABLES_AND_NAMES}
        _check_keys(given, transport, where)
        for key, value in given.items():
            _check_value(key, value, transport, where)
        if ("remote_host" in given) != ("remote_port" in given):
            raise ConfigError("`remote_host` and `remote_port` belong together", where=where, fix="give both")
        for key in (key for key, is_needed in keys.items() if is_needed and key not in given):
            raise ConfigError(f"`{key}` is missing: {transport} needs it", where=where, fix=f"add `{key}`")
        framing, uplink = _framing(mapping, transport, where), _uplink(mapping, transport, where)
        return cls(name=name, transport=transport, framing=framing, uplink=uplink, **given)


def _name(mapping: Mapping[str, Any], where: str) -> str:
    name = mapping.get("name")
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        what = "`name` is missing" if name is None else f"`name` is {name!r}"
        raise ConfigError(what, where=where, fix="lower-case letters, digits, - and _, as in radio-1")
    return name


def _transport(mapping: Mapping[str, Any], where: str) -> Transport:
    transport = mapping.get("transport")
    for choice in get_args(Transport):
        if transport == choice:
            return choice  # type: ignore[no-any-return]
    what = "`transport` is missing" if transport is None else f"`transport` is {transport!r}"
    raise ConfigError(what, where=where, fix=f"one of {', '.join(get_args(Transport))}")


def _check_keys(given: Mapping[str, Any], transport: str, where: str) -> None:
    known = [*_KEYS[transport], "framing", "uplink"]
    for key in given:
        if key not in known:
            fix = f"{transport} knows: name, transport, {', '.join(known)}"
            raise ConfigError(f"unknown key {key!r}", where=where, fix=fix)


def _check_value(key: str, value: Any, transport: str, where: str) -> None:
    wanted = _TYPES.get(key, str)
    if type(value) is not wanted:
        raise ConfigError(f"`{key}` is {value!r}", where=where, fix=_TYPE_NAMES[wanted])
    if wanted is str and not value:
        raise ConfigError(f"`{key}` is empty", where=where, fix="give it a value or remove it")
    if key in ("port", "remote_port"):
        least = 0 if key == "port" and transport in ("tcp-server", "udp") else 1
        _check_range(key, value, (least, 65_535), where)
    elif key == "baud":
        _check_range(key, value, (1, 100_000_000), where)


def _check_range(key: str, value: int, limits: tuple[int, int], where: str) -> None:
    if not limits[0] <= value <= limits[1]:
        raise ConfigError(f"`{key}` is {value}", where=where, fix=f"{limits[0]} to {limits[1]}")


def _uplink(mapping: Mapping[str, Any], transport: str, where: str) -> Mapping[str, Any]:
    table = mapping.get("uplink", {})
    if not isinstance(table, Mapping):
        raise ConfigError(f"`uplink` is {table!r}", where=where, fix="a table: [links.uplink]")
    if table and transport == "file":
        raise ConfigError("`uplink` has no meaning with file", where=where, fix="remove `uplink`")
    return table


def _framing(mapping: Mapping[str, Any], transport: str, where: str) -> FramingConfig:
    table = mapping.get("framing")
    if table is None and transport == "udp":
        return FramingConfig("datagram")
    if not isinstance(table, Mapping):
        what = "`framing` is missing" if table is None else f"`framing` is {table!r}"
        raise ConfigError(
            what, where=where, fix='a table: [links.framing] with kind = "packets", for example'
        )
    framing = FramingConfig.from_mapping(table, f"{where}, framing")
    if framing.kind == "datagram" and transport != "udp":
        what = f'kind "datagram" does not fit {transport}: it carries bytes without ends'
        raise ConfigError(what, where=f"{where}, framing", fix="another kind, or transport udp")
    return framing
