"""A stopped nats-server's files, as somebody with access to its disk sees and changes them.

A block file is a row of records: length (its highest bit says that there are headers), offset, recorded time,
length of the subject, subject, length of the headers, headers, payload, and a checksum of 8 bytes.
"""

from __future__ import annotations

import hashlib
import struct
from dataclasses import dataclass, replace
from pathlib import Path

from support.highway_hash import highway_hash_64

_HEADER = struct.Struct("<IQqH")
_HAS_HEADERS = 1 << 31
_CHECKSUM = 8


@dataclass(frozen=True)
class Record:
    """A message as it is stored."""

    offset: int
    recorded: int
    subject: bytes
    headers: bytes
    data: bytes
    checksum: bytes = b""

    def packed(self) -> bytes:
        """The record's bytes."""
        body = self.subject
        if self.headers:
            body += struct.pack("<I", len(self.headers)) + self.headers
        size = _HEADER.size + len(body) + len(self.data) + _CHECKSUM
        flag = _HAS_HEADERS if self.headers else 0
        head = _HEADER.pack(size | flag, self.offset, self.recorded, len(self.subject))
        return head + body + self.data + self.checksum

    def mended(self, key: bytes) -> Record:
        """The record with the checksum that the server would have made."""
        hashed = struct.pack("<Qq", self.offset, self.recorded) + self.subject + self.headers + self.data
        return replace(self, checksum=highway_hash_64(key, hashed))


class Block:
    """The first block file of a stream in a data folder."""

    def __init__(self, data: Path, stream: str) -> None:
        (self.file,) = (data / "nats").glob(f"jetstream/*/streams/{stream}/msgs/1.blk")
        self.key = hashlib.sha256(f"{stream}-1".encode()).digest()
        self.records = list(_records(self.file.read_bytes()))

    def row(self, offset: int) -> int:
        """Where the record with this offset stands."""
        return next(row for row, record in enumerate(self.records) if record.offset == offset)

    def change(self, at: int, /, *, mend: bool = True, **fields: object) -> None:
        """Change fields of a message, and its checksum with them unless a mere disk fault is meant."""
        row = self.row(at)
        changed = replace(self.records[row], **fields)  # type: ignore[arg-type]
        self.records[row] = changed.mended(self.key) if mend else changed

    def save(self, *, forget_index: bool = True) -> None:
        """Write the file; without its index the server reads the block anew."""
        self.file.write_bytes(b"".join(record.packed() for record in self.records))
        if forget_index:
            (self.file.parent / "index.db").unlink()


def _records(content: bytes):  # type: ignore[no-untyped-def]
    at = 0
    while at < len(content):
        size, offset, recorded, subject_size = _HEADER.unpack_from(content, at)
        end = at + (size & ~_HAS_HEADERS)
        start = at + _HEADER.size
        subject, rest = content[start : start + subject_size], content[start + subject_size : end - _CHECKSUM]
        headers = b""
        if size & _HAS_HEADERS:
            (length,) = struct.unpack_from("<I", rest)
            headers, rest = rest[4 : 4 + length], rest[4 + length :]
        yield Record(offset, recorded, subject, headers, rest, content[end - _CHECKSUM : end])
        at = end
