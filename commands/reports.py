"""Reports about telecommands: request verification, service 1 (ECSS-E-ST-70-41C, sections 6.1 and 8.1).

Which packets are reports and where the request stands in them, the mission says by the names of parameters,
in `[commands.verification]` of mission.toml; what the standard itself prescribes is here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any, NamedTuple

from commands.board import PacketKey
from commands.telemetry import Field, Row, TelemetryMap
from infra.errors import ConfigError

SERVICE = 1

SUBTYPES: Mapping[int, tuple[str, str]] = {
    1: ("accepted", ""),
    2: ("failed", "acceptance"),
    3: ("started", ""),
    4: ("failed", "start"),
    5: ("progressed", ""),
    6: ("failed", "progress"),
    7: ("completed", ""),
    8: ("failed", "completion"),
    10: ("failed", "acceptance"),  # failed routing: it did not even get to who would accept it
}
"""Message subtype -> event, and the stage of a failure."""

DEFAULTS: Mapping[str, str] = {
    "packets": "*",
    "service": "SERVICE",
    "subtype": "SUBSERVICE",
    "apid": "REQUEST_APID",
    "sequence_count": "REQUEST_SEQUENCE_COUNT",
    "packet_id": "REQUEST_ID",
    "sequence_control": "REQUEST_SEQUENCE_CONTROL",
    "step": "STEP",
    "code": "FAILURE_CODE",
    "detail": "FAILURE_DETAIL",
}
"""Names of parameters, where `[commands.verification]` has no other; `packets` is a shell pattern.

The request is `apid` and `sequence_count`, or the two whole 16-bit fields `packet_id` and `sequence_control`.
"""

_FLAGS = (("accepted", 8), ("started", 4), ("progressed", 2), ("completed", 1))


class Report(NamedTuple):
    """What a report says: about which packet, which event it makes, and the fields of that event."""

    about: PacketKey
    event: str
    why: str
    fields: dict[str, Any]


@dataclass(frozen=True)
class _Columns:
    """Where a packet type has the parts of a report; the columns of raw values."""

    service: str
    subtype: str
    request: tuple[str, str]
    whole: bool
    details: Mapping[str, Field]

    def detail(self, row: Row, key: str) -> Any:
        return row.get(self.details[key].value) if key in self.details else None


class Reports:
    """Finds reports among the packets of a mission."""

    def __init__(self, telemetry: TelemetryMap, settings: Mapping[str, Any]) -> None:
        """Raises ConfigError for an unknown key of `settings`, or a packet that is no report."""
        for key, value in settings.items():
            if key not in DEFAULTS or not isinstance(value, str):
                raise ConfigError(
                    f"{key} = {value!r}",
                    where="mission.toml, [commands.verification]",
                    fix=f"keys are {', '.join(DEFAULTS)}, each a text",
                )
        names = {**DEFAULTS, **settings}
        found = {
            packet: _columns(telemetry.of_packet(packet), names)
            for packet in telemetry.types
            if fnmatchcase(packet, names["packets"])
        }
        self._columns = {packet: columns for packet, columns in found.items() if columns is not None}
        if "packets" in settings and not self._columns:
            raise ConfigError(
                f"no packet type {names['packets']} has the parameters of a report",
                where="mission.toml, [commands.verification]",
                fix=f"name them: {', '.join(DEFAULTS)}",
            )

    @property
    def packets(self) -> frozenset[str]:
        """The packet types that may be reports."""
        return frozenset(self._columns)

    def read(self, row: Row) -> Report | None:
        """Return what a packet reports; None when it is no report of service 1."""
        columns = self._columns.get(row.packet)
        if columns is None or row.get(columns.service) != SERVICE or row.get(columns.subtype) not in SUBTYPES:
            return None
        first, second = (row.get(name) for name in columns.request)
        if not isinstance(first, int) or not isinstance(second, int):
            return None
        event, stage = SUBTYPES[row.get(columns.subtype)]
        about = (first & 0x7FF, second & 0x3FFF) if columns.whole else (first, second)
        fields = row.origin()
        if stage:
            fields["stage"] = stage
        values = {field.value: row.get(field.value) for field in columns.details.values()}
        fields["values"] = {name: value for name, value in values.items() if value is not None}
        step, code = columns.detail(row, "step"), columns.detail(row, "code")
        if event == "progressed" and isinstance(step, int):
            fields["step"] = step
        why = f"reported by {row.packet}"
        if stage and isinstance(code, int | str):
            fields["code"] = code
            why += f": {code}"
        return Report(about, event, why, fields)


def expected(packet: bytes) -> tuple[str, ...]:
    """Return the reports that a telecommand packet asks for: its acknowledgement flags (7.4.4.1).

    For a packet without the secondary header of revision C: acceptance and completion.
    """
    has_header = len(packet) > 6 and packet[0] & 0x08
    if not has_header or packet[6] >> 4 != 2:
        return ("accepted", "completed")
    return tuple(event for event, flag in _FLAGS if packet[6] & flag and event != "progressed")


def packet_key(packet: bytes) -> PacketKey | None:
    """Return APID and sequence count of a telecommand packet; None for bytes that are no space packet."""
    if len(packet) < 7 or packet[0] & 0xF0 != 0x10 or int.from_bytes(packet[4:6], "big") + 7 != len(packet):
        return None
    return int.from_bytes(packet[:2], "big") & 0x7FF, int.from_bytes(packet[2:4], "big") & 0x3FFF


def _columns(fields: Mapping[str, Field], names: Mapping[str, str]) -> _Columns | None:
    def find(key: str) -> Field | None:
        wanted = names[key]
        return next(
            (field for name, field in fields.items() if name == wanted or name.endswith(f"/{wanted}")), None
        )

    service, subtype = find("service"), find("subtype")
    parts, whole = (find("apid"), find("sequence_count")), (find("packet_id"), find("sequence_control"))
    request = parts if all(parts) else whole
    if service is None or subtype is None or request[0] is None or request[1] is None:
        return None
    details = {key: field for key in ("step", "code", "detail") if (field := find(key)) is not None}
    return _Columns(service.raw, subtype.raw, (request[0].raw, request[1].raw), request is whole, details)
