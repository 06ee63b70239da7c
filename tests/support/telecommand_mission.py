"""A small mission with telecommands for tests, and a device on TCP that keeps a log of what it got.

Telecommands, APID 200: NOOP (NUMBER tells them apart), ARM (critical: one approval), FIRE (severe: two), SAFE
(verified by MODE in STATUS), DEPLOY (needs LEVEL above 100 in STATUS, waits half a second for it), DIVE (the
same, waits for nothing). Telemetry: REPORT (APID 50, service 1) and STATUS (APID 51).
"""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
import time
from collections.abc import Callable
from pathlib import Path

from support.waiting import wait_until

APID, REPORT, STATUS = 200, 50, 51
MODES = {"SAFE": 0, "NOMINAL": 1}

_TOML = """\
name = "telecommands"
database = ["telecommands.xml"]
root = "Header"
[[links]]
name = "radio"
transport = "tcp-client"
port = {port}
[links.framing]
kind = "packets"
length = 64
{links}
[commands]
link = "radio"
{commands}
[commands.packet]
header = "ccsds"
apid = 200
"""
_FIELDS = {
    "VERSION": 3, "KIND": 1, "SECONDARY": 1, "APID": 11, "FLAGS": 2, "COUNT": 14, "LENGTH": 16, "SERVICE": 8,
    "SUBSERVICE": 8, "REQUEST_APID": 16, "REQUEST_SEQUENCE_COUNT": 16, "STEP": 8, "FAILURE_CODE": 8,
    "LEVEL": 16,
}  # fmt: skip
_ENTRIES = {
    ("REPORT", REPORT): list(_FIELDS)[7:13],
    ("STATUS", STATUS): ["MODE", "LEVEL"],
}
_CONSTRAINT = """<TransmissionConstraintList><TransmissionConstraint {timeout}>
<Comparison parameterRef="LEVEL" comparisonOperator="&gt;" value="100"/></TransmissionConstraint>
</TransmissionConstraintList>"""
_COMMANDS = {
    "NOOP": "",
    "ARM": '<DefaultSignificance consequenceLevel="critical"/>',
    "FIRE": '<DefaultSignificance consequenceLevel="severe"/>',
    "SAFE": """<VerifierSet><CompleteVerifier><ComparisonList><Comparison parameterRef="MODE" value="SAFE"/>
</ComparisonList><CheckWindow timeToStartChecking="PT0S" timeToStopChecking="PT60S"
timeWindowIsRelativeTo="commandRelease"/></CompleteVerifier></VerifierSet>""",
    "DEPLOY": _CONSTRAINT.format(timeout='timeOut="PT0.5S"'),
    "DIVE": _CONSTRAINT.format(timeout=""),
}


def write_mission(folder: Path, port: int, *, commands: str = "", links: str = "") -> Path:
    """Write the mission's folder and return it; `commands` and `links` are lines for mission.toml."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "mission.toml").write_text(_TOML.format(port=port, commands=commands, links=links))
    (folder / "telecommands.xml").write_text(_xtce())
    return folder


def _xtce() -> str:
    return f"""<SpaceSystem name="T" xmlns="http://www.omg.org/spec/XTCE/20180204">
<TelemetryMetaData><ParameterTypeSet>{"".join(map(_number, sorted(set(_FIELDS.values()))))}
<EnumeratedParameterType name="mode"><IntegerDataEncoding sizeInBits="8"/><EnumerationList>
<Enumeration value="0" label="SAFE"/><Enumeration value="1" label="NOMINAL"/></EnumerationList>
</EnumeratedParameterType></ParameterTypeSet>
<ParameterSet>{"".join(map(_parameter, _FIELDS))}
<Parameter name="MODE" parameterTypeRef="mode"/></ParameterSet><ContainerSet>
<SequenceContainer name="Header" abstract="true">{_entries(list(_FIELDS)[:7])}</SequenceContainer>
{"".join(_packet(name, apid, entries) for (name, apid), entries in _ENTRIES.items())}</ContainerSet>
</TelemetryMetaData><CommandMetaData><ArgumentTypeSet>
<IntegerArgumentType name="u32" signed="false"><IntegerDataEncoding sizeInBits="32"/><ValidRangeSet>
<ValidRange minInclusive="0" maxInclusive="1000000"/></ValidRangeSet></IntegerArgumentType></ArgumentTypeSet>
<MetaCommandSet>{"".join(_command(name, code) for code, name in enumerate(_COMMANDS, 1))}</MetaCommandSet>
</CommandMetaData></SpaceSystem>
"""


def _number(bits: int) -> str:
    return (
        f'<IntegerParameterType name="u{bits}" signed="false"><IntegerDataEncoding sizeInBits="{bits}"/>'
        "</IntegerParameterType>"
    )


def _parameter(name: str) -> str:
    return f'<Parameter name="{name}" parameterTypeRef="u{_FIELDS[name]}"/>'


def _entries(names: list[str]) -> str:
    rows = "".join(f'<ParameterRefEntry parameterRef="{name}"/>' for name in names)
    return f"<EntryList>{rows}</EntryList>"


def _packet(name: str, apid: int, entries: list[str]) -> str:
    return (
        f'<SequenceContainer name="{name}">{_entries(entries)}<BaseContainer containerRef="Header">'
        f'<RestrictionCriteria><Comparison parameterRef="APID" value="{apid}"/></RestrictionCriteria>'
        "</BaseContainer></SequenceContainer>"
    )


def _command(name: str, code: int) -> str:
    return (
        f'<MetaCommand name="{name}"><ArgumentList>'
        f'<Argument name="NUMBER" argumentTypeRef="u32" initialValue="0"/></ArgumentList>'
        f'<CommandContainer name="{name}"><EntryList>'
        f'<FixedValueEntry binaryValue="{code:02x}" sizeInBits="8"/>'
        f'<ArgumentRefEntry argumentRef="NUMBER"/></EntryList></CommandContainer>'
        f"{_COMMANDS[name]}</MetaCommand>"
    )


def space_packet(apid: int, count: int, body: bytes) -> bytes:
    """A telemetry packet."""
    return struct.pack(">HHH", apid, 0xC000 | count % 16_384, len(body) - 1) + body


def report(subtype: int, count: int, *, step: int = 0, code: int = 0, apid: int = APID) -> bytes:
    """A report of service 1 about the telecommand with a sequence count."""
    return space_packet(REPORT, count, struct.pack(">BBHHBB", 1, subtype, apid, count, step, code))


def status(mode: str = "NOMINAL", level: int = 0) -> bytes:
    """A STATUS packet."""
    return space_packet(STATUS, 0, struct.pack(">BH", MODES[mode], level))


class Received:
    """A telecommand as the device understood it; `at` is when it came, ns UTC."""

    def __init__(self, packet: bytes) -> None:
        self.at = time.time_ns()
        self.packet = packet
        self.count = int.from_bytes(packet[2:4], "big") & 0x3FFF
        self.code, self.number = struct.unpack(">BI", packet[6:11])


def accept_and_complete(received: Received) -> list[bytes]:
    """What an obedient device answers."""
    return [report(1, received.count), report(7, received.count)]


class Device:
    """Listens on a port of 127.0.0.1, keeps every telecommand it gets, answers as it is told."""

    def __init__(self, answer: Callable[[Received], list[bytes]] = lambda received: []) -> None:
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._server.getsockname()[1]
        self.answer = answer
        self.received: list[Received] = []
        self.leftovers: list[bytes] = []
        self._connections: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def numbers(self) -> list[int]:
        """The NUMBER of each telecommand it got, in order."""
        return [one.number for one in self.received]

    @property
    def connected(self) -> bool:
        return bool(self._connections)

    def send(self, *packets: bytes) -> None:
        """Send telemetry on the newest connection."""
        self._connections[-1].sendall(b"".join(packets))

    def send_when_connected(self, *packets: bytes, deadline: float = 20.0) -> None:
        """Send telemetry as soon as somebody is connected, from a thread of its own."""

        def wait_and_send() -> None:
            wait_until(lambda: self.connected, deadline, "the device is connected")
            self.send(*packets)

        threading.Thread(target=wait_and_send, daemon=True).start()

    def hang_up(self) -> None:
        """End all connections; who connects again is taken."""
        for connection in list(self._connections):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
            connection.close()
        self._connections.clear()

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()
        self.hang_up()

    def __enter__(self) -> Device:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._server.accept()
            except OSError:
                return
            self._connections.append(connection)
            threading.Thread(target=self._read, args=(connection,), daemon=True).start()

    def _read(self, connection: socket.socket) -> None:
        waiting = b""
        try:
            while data := connection.recv(65_536):
                waiting += data
                while len(waiting) >= 6 and len(waiting) >= (size := int.from_bytes(waiting[4:6], "big") + 7):
                    received = Received(waiting[:size])
                    waiting = waiting[size:]
                    self.received.append(received)
                    if answers := self.answer(received):
                        connection.sendall(b"".join(answers))
        except OSError:
            pass
        if waiting:
            self.leftovers.append(waiting)
        if connection in self._connections:
            self._connections.remove(connection)
