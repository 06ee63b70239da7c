"""XTCE text for tests, and packets written bit by bit without any code of the decoder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from streams.xtce import Database, load_database

NAMESPACE = "http://www.omg.org/spec/XTCE/20180204"


def integer(name: str, bits: int = 8, encoding: str = "unsigned", inside: str = "", order: str = "") -> str:
    byte_order = f' byteOrder="{order}"' if order else ""
    return (
        f'<IntegerParameterType name="{name}">'
        f'<IntegerDataEncoding sizeInBits="{bits}" encoding="{encoding}"{byte_order}>'
        f"{inside}</IntegerDataEncoding></IntegerParameterType>"
    )


def parameter(name: str, type_name: str) -> str:
    return f'<Parameter name="{name}" parameterTypeRef="{type_name}"/>'


def entry(name: str, inside: str = "") -> str:
    return f'<ParameterRefEntry parameterRef="{name}">{inside}</ParameterRefEntry>'


def container(name: str, entries: str, base: str = "", restriction: str = "", abstract: bool = False) -> str:
    criteria = f"<RestrictionCriteria>{restriction}</RestrictionCriteria>" if restriction else ""
    inherits = f'<BaseContainer containerRef="{base}">{criteria}</BaseContainer>' if base else ""
    return (
        f'<SequenceContainer name="{name}" abstract="{str(abstract).lower()}">'
        f"<EntryList>{entries}</EntryList>{inherits}</SequenceContainer>"
    )


def comparison(name: str, value: Any, operator: str = "==", calibrated: bool = True) -> str:
    escaped = operator.replace("<", "&lt;").replace(">", "&gt;")
    return (
        f'<Comparison parameterRef="{name}" value="{value}" comparisonOperator="{escaped}" '
        f'useCalibratedValue="{str(calibrated).lower()}"/>'
    )


def telemetry(types: str = "", parameters: str = "", containers: str = "") -> str:
    return (
        f"<TelemetryMetaData>\n<ParameterTypeSet>\n{types}\n</ParameterTypeSet>\n"
        f"<ParameterSet>\n{parameters}\n</ParameterSet>\n<ContainerSet>\n{containers}\n</ContainerSet>\n"
        f"</TelemetryMetaData>"
    )


def system(inside: str, name: str = "T", namespace: str = NAMESPACE) -> str:
    xmlns = f' xmlns="{namespace}"' if namespace else ""
    return f'<?xml version="1.0"?>\n<SpaceSystem name="{name}"{xmlns}>\n{inside}\n</SpaceSystem>\n'


def load(folder: Path, *texts: str, root: str | None = None) -> Database:
    """Load a database from texts, written to files in a folder."""
    paths = []
    for number, text in enumerate(texts):
        path = folder / f"part{number}.xml"
        path.write_text(text, encoding="utf-8")
        paths.append(path)
    return load_database(paths, root=root)


class BitWriter:
    """Bits one after the other, as one big integer."""

    def __init__(self) -> None:
        self.number, self.size = 0, 0

    def put(self, pattern: int, bits: int) -> BitWriter:
        assert 0 <= pattern < 1 << bits
        self.number, self.size = self.number << bits | pattern, self.size + bits
        return self

    def packet(self) -> bytes:
        """The bits as bytes, filled up with zeros on the right."""
        return (self.number << (-self.size % 8)).to_bytes((self.size + 7) // 8, "big")


def batch(*packets: bytes) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Packets in one buffer, as `Decoder.decode` takes them."""
    lengths = np.array([len(packet) for packet in packets], np.int64)
    starts = np.cumsum(lengths) - lengths
    return np.frombuffer(b"".join(packets), np.uint8), starts, lengths
