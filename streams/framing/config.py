"""The `[links.framing]` table of mission.toml: how a link's bytes are cut into frames."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Literal, get_args

from infra.errors import ConfigError
from streams.framing.frame import MAX_FRAME
from streams.framing.space_packet import MIN_PACKET
from streams.framing.sync_marker import ASM

Kind = Literal["datagram", "fixed", "packets", "transfer-frames"]
Content = Literal["packets", "single"]

MAX_HEADER = 65_536
"""Bytes of the largest header that may stand before each packet or at the start of each frame."""

MIN_TRANSFER_FRAME = 6 + 1  # primary header and one byte of data


@dataclass(frozen=True)
class FramingConfig:
    """How a link's bytes are cut into frames, and what a frame holds.

    - `kind`: "datagram" (a datagram is a frame), "fixed" (`length` bytes each), "packets" (CCSDS space
      packets back to back), "transfer-frames" (CCSDS TM transfer frames).
    - `length`: bytes of a frame. Needed for "fixed"; for "transfer-frames" without its sync marker; for
      "packets" optional, the largest frame to expect: a longer length field means lost synchronisation.
    - `header`: bytes before each packet ("packets") or at the start of each frame, kept and not parsed.
    - `asm`, `fecf`, `randomised`: transfer frames have a sync marker, an error control field, are randomised.
    - `content`: a frame holds CCSDS "packets" back to back, or as a whole is a "single" one.
    """

    kind: Kind
    length: int | None = None
    header: int = 0
    asm: bool = True
    fecf: bool = False
    randomised: bool = False
    content: Content = "packets"

    @classmethod
    def from_mapping(cls, mapping: Mapping[str, Any], where: str) -> FramingConfig:
        """Read a table as TOML or JSON gives it; `where` names its place in messages.

        Raises ConfigError for a missing or unknown key, a wrong type, or a value out of range.
        """
        known = [field.name for field in fields(cls)]
        for key in mapping:
            if key not in known:
                raise ConfigError(f"unknown key {key!r}", where=where, fix=f"known keys: {', '.join(known)}")
        if "kind" not in mapping:
            raise ConfigError("`kind` is missing", where=where, fix=f"one of {_choices(Kind)}")
        for key, value in mapping.items():
            _check_type(key, value, where)
        config = cls(**mapping)
        _check_keys_fit_kind(config, mapping, where)
        _check_sizes(config, where)
        return config


def _choices(literal: Any) -> str:
    return ", ".join(f'"{choice}"' for choice in get_args(literal))


def _check_type(key: str, value: Any, where: str) -> None:
    if key in ("kind", "content"):
        literal = Kind if key == "kind" else Content
        if value not in get_args(literal):
            raise ConfigError(f"`{key}` is {value!r}", where=where, fix=f"one of {_choices(literal)}")
    elif key in ("length", "header"):
        if type(value) is not int:
            raise ConfigError(f"`{key}` is {value!r}", where=where, fix="a whole number of bytes")
    elif type(value) is not bool:
        raise ConfigError(f"`{key}` is {value!r}", where=where, fix="true or false")


def _check_keys_fit_kind(config: FramingConfig, mapping: Mapping[str, Any], where: str) -> None:
    if config.kind == "transfer-frames":
        unfit = [key for key in ("header", "content") if key in mapping]
    else:
        unfit = [key for key in ("asm", "fecf", "randomised") if key in mapping]
        if config.kind == "datagram" and "length" in mapping:
            unfit.append("length")
    if unfit:
        raise ConfigError(
            f"`{unfit[0]}` has no meaning with kind {config.kind!r}", where=where, fix=f"remove `{unfit[0]}`"
        )
    if config.length is None and config.kind in ("fixed", "transfer-frames"):
        raise ConfigError(
            f"`length` is missing: kind {config.kind!r} needs it", where=where, fix="bytes of each frame"
        )


def _check_sizes(config: FramingConfig, where: str) -> None:
    if not 0 <= config.header <= MAX_HEADER:
        raise ConfigError(f"`header` is {config.header}", where=where, fix=f"0 to {MAX_HEADER} bytes")
    if config.length is None:
        return
    least, most = 1 + config.header, MAX_FRAME
    if config.kind == "packets":
        least = config.header + MIN_PACKET
    elif config.kind == "transfer-frames":
        least = MIN_TRANSFER_FRAME + 2 * config.fecf
        most = MAX_FRAME - len(ASM)
    if config.length < least:
        raise ConfigError(f"`length` is {config.length}", where=where, fix=f"at least {least} bytes")
    if config.length > most:
        raise ConfigError(
            f"`length` is {config.length}: too large for one message of NATS",
            where=where,
            fix=f"at most {most} bytes",
        )
