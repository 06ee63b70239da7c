"""The lines of an export, one JSON document each; `verify_export.py` reads them, docs/audit.md tells them."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import orjson

from streams.chain import counting_headers
from streams.read import Message

FORMAT = "flightledger export 1"

ABOUT = (
    "A record of a flight. Each line is a JSON document: export, event, mission, frame or signature.",
    "event, frame: a message of a stream, with its offset there, its recorded time (ns since 1970, UTC),",
    "  subject, headers, and its payload as text (UTF-8) or in Base64. Offsets begin at 1 and have no holes.",
    "Hash of an event: the SHA-256 of offset and recorded time as decimal text, subject, header text and",
    "  payload, each of the five behind its length as 8 bytes. Header text: Name:value, sorted, with CR LF",
    "  between them. The header Fl-Previous-Hash carries the hash of the event before it, in the first event",
    "  64 zeros.",
    "Seal: an event operation.sealed. Its digest is the SHA-256 of nine lines, each ended by LF:",
    "  'flightledger seal 1', 'previous <digest of the seal before, or 64 zeros>', 'first <offset>',",
    "  'last <offset>', then 'times', 'lengths', 'subjects', 'headers' and 'payloads', each with the SHA-256",
    "  of that column of the run of frames: recorded times (8 bytes each); lengths of subject, header text",
    "  and payload (8 bytes each, frame by frame); subjects; header texts; payloads, one behind the other.",
    "Digests are in hexadecimal, numbers big-endian. mission: the files that the event at that offset of",
    "  OPERATIONS loaded; its digest is the SHA-256 of their names and contents, each behind its length.",
    "signature: by Ed25519 (RFC 8032), over the text 'flightledger export 1', LF, and the 32 bytes of the",
    "  SHA-256 of everything before that line. The key in this line alone proves nothing: get the ground",
    "  station's public key, or its fingerprint, over another way.",
)


def export_line(
    public_key: str,
    made: int,
    counts: Mapping[str, int],
    frames: tuple[int, int] | None,
    asked: Mapping[str, Any],
) -> bytes:
    """Return the first line. `counts`: events of OPERATIONS and COMMANDS; `frames`: first and last offset."""
    return _line(
        "export",
        format=FORMAT,
        about=ABOUT,
        made=f"{datetime.fromtimestamp(made // 10**9, tz=UTC):%Y-%m-%dT%H:%M:%SZ}",
        public_key=public_key,
        events=dict(counts),
        frames=None if frames is None else {"first": frames[0], "last": frames[1]},
        asked={key: value for key, value in asked.items() if value is not None},
    )


def event_line(stream: str, event: Message) -> bytes:
    """Return an event; its payload as text if it is UTF-8."""
    return _line("event", stream=stream, **_message(event), **_content(event.data))


def mission_line(operation: int, files: Mapping[str, bytes]) -> bytes:
    """Return the files of the mission that the event at this offset of OPERATIONS loaded."""
    found = [{"name": name, **_content(data)} for name, data in files.items()]
    return _line("mission", operation=operation, files=found)


def frame_line(frame: Message) -> bytes:
    """Return a frame."""
    return _line("frame", **_message(frame), base64=base64.b64encode(frame.data).decode())


def signature_line(sha256: str, signature: bytes) -> bytes:
    """Return the last line, spelled in exactly this way so that not a bit of it can differ."""
    return (
        f'{{"line":"signature","algorithm":"Ed25519","sha256":"{sha256}","signature":"{signature.hex()}"}}\n'
    ).encode()


def signed_bytes(sha256: str) -> bytes:
    """Return what is signed."""
    return f"{FORMAT}\n".encode() + bytes.fromhex(sha256)


def _message(message: Message) -> dict[str, Any]:
    return {
        "offset": message.offset,
        "recorded": message.recorded,
        "subject": message.subject,
        "headers": counting_headers(message.headers),
    }


def _content(data: bytes) -> dict[str, str]:
    try:
        return {"text": data.decode()}
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(data).decode()}


def _line(line: str, **fields: Any) -> bytes:
    return orjson.dumps({"line": line, **fields}, option=orjson.OPT_APPEND_NEWLINE)
