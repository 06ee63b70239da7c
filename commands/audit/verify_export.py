#!/usr/bin/env python3
"""Verify a record of a flight that Flight Ledger exported. This file needs nothing else of Flight Ledger.

    python verify_export.py FLIGHT.jsonl --key KEY [--head HEAD ...] [--json]

KEY is the ground station's public key (64 digits), its fingerprint (eight groups of four digits), or a file
that contains one of them. Get it from the people, not out of the export. Without it this program can only say
that the export is consistent in itself: whoever changed it may have signed it again with a key of his own.
HEAD (STREAM:OFFSET:HASH, or a file that contains some) was written down earlier: it must be in the record.

Needed: Python 3.9 or later and the package `cryptography` (pip install cryptography), for one thing: Ed25519.

What is verified:
 1. the signature over all bytes of the file, and by whose key;
 2. OPERATIONS and COMMANDS: all events are there from the first on, each with the hash of the one before;
 3. FRAMES: all frames of the record are there, and the digest of each seal over them is the right one;
 4. the mission's files are those that were loaded.

Exit code 0: all good; 1: something is not as it was recorded; 2: wrong use.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import json
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO

try:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
except ImportError:
    print("The package cryptography is missing: pip install cryptography", file=sys.stderr)
    sys.exit(2)

FORMAT = "flightledger export 1"
FIRST = "0" * 64  # what stands for the hash before the first event, and for the digest before the first seal
COLUMNS = ("times", "lengths", "subjects", "headers", "payloads")
LONGEST_LINE = 64 * 1024 * 1024

Head = tuple[str, int, str]  # stream, offset and hash


class BrokenError(Exception):
    """Something is not as it was recorded; the text says what, and where."""


def number(value: int) -> bytes:
    """Return a number as 8 bytes, big-endian."""
    return value.to_bytes(8, "big")


def header_text(headers: dict[str, str]) -> bytes:
    """Return the headers as one text: Name:value, sorted, with CR LF between them."""
    return "\r\n".join(sorted(f"{name}:{value}" for name, value in headers.items())).encode()


def payload(document: dict[str, Any]) -> bytes:
    """Return the payload of an event, a frame or a file, which stands as text or in Base64."""
    if "text" in document:
        return str(document["text"]).encode()
    return base64.b64decode(document["base64"], validate=True)


def digest_of_parts(*parts: bytes) -> str:
    """Return the SHA-256 over parts, each behind its length."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(number(len(part)) + part)
    return digest.hexdigest()


def event_hash(event: dict[str, Any]) -> str:
    """Return the hash of an event."""
    offset, recorded = str(event["offset"]).encode(), str(event["recorded"]).encode()
    return digest_of_parts(
        offset, recorded, event["subject"].encode(), header_text(event["headers"]), payload(event)
    )


def seal_digest(seal: dict[str, Any], columns: dict[str, str]) -> str:
    """Return the digest of a seal with these digests of its columns."""
    lines = ["flightledger seal 1", f"previous {seal['previous']}", f"first {seal['first']}"]
    lines += [f"last {seal['last']}", *(f"{name} {columns[name]}" for name in COLUMNS)]
    return hashlib.sha256("".join(f"{line}\n" for line in lines).encode()).hexdigest()


class Chain:
    """OPERATIONS or COMMANDS: events without a hole, each with the hash of the one before it."""

    def __init__(self, stream: str) -> None:
        self.stream, self.count, self.hash = stream, 0, FIRST
        self.wanted: dict[int, str] = {}  # hashes by offset that must be met (heads, notes of COMMANDS)

    def add(self, event: dict[str, Any]) -> None:
        """Check the next event."""
        self.count += 1
        if event["offset"] != self.count:
            raise BrokenError(f"{self.stream} offset {self.count} is missing, {event['offset']} follows")
        if event["headers"].get("Fl-Previous-Hash") != self.hash:
            raise BrokenError(
                f"{self.stream} offset {self.count} does not carry the hash of the event before it"
            )
        self.hash = event_hash(event)
        wanted = self.wanted.pop(self.count, self.hash)
        if wanted != self.hash:
            raise BrokenError(
                f"{self.stream} offset {self.count} has another hash than was written down: {wanted}"
            )


class Seals:
    """The seals in OPERATIONS, and the frames of the record against them."""

    def __init__(self, frames: dict[str, int] | None) -> None:
        self.first, self.last = (frames["first"], frames["last"]) if frames else (1, 0)
        self.next, self.previous, self.sealed_to = self.first, FIRST, 0
        self.over_frames: list[dict[str, Any]] = []  # those seals that cover the frames of this record
        self.wanted: dict[int, str] = {}  # digests of seals by their last offset that must be met
        self.columns: dict[str, Any] = {}  # of the run that has begun

    def add_seal(self, event: dict[str, Any]) -> None:
        """Check that a seal follows on the one before and has the digest of its own fields."""
        seal = json.loads(payload(event))
        where = f"OPERATIONS offset {event['offset']}: the seal over {seal['first']} to {seal['last']}"
        if seal["previous"] != self.previous or not self.sealed_to < seal["first"] <= seal["last"]:
            raise BrokenError(f"{where} does not follow on the one before it")
        if seal["digest"] != seal_digest(seal, seal["columns"]):
            raise BrokenError(f"{where} has not the digest of its own fields")
        self.previous, self.sealed_to = seal["digest"], seal["last"]
        wanted = self.wanted.pop(seal["last"], seal["digest"])
        if wanted != seal["digest"]:
            raise BrokenError(f"{where} has another digest than was written down: {wanted}")
        if self.first <= seal["last"] and seal["first"] <= self.last:
            self.over_frames.append({name: seal[name] for name in ("first", "last", "previous", "digest")})

    def add_frame(self, frame: dict[str, Any]) -> None:
        """Check the next frame; at the end of a seal's run, its digest."""
        if frame["offset"] != self.next:
            raise BrokenError(f"FRAMES offset {self.next} is missing, {frame['offset']} follows")
        if not self.columns:
            if not self.over_frames or self.over_frames[0]["first"] != self.next:
                raise BrokenError(f"FRAMES offset {self.next} does not begin a seal")
            self.columns = {name: hashlib.sha256() for name in COLUMNS}
        subject, headers, data = frame["subject"].encode(), header_text(frame["headers"]), payload(frame)
        self.columns["times"].update(number(frame["recorded"]))
        self.columns["lengths"].update(number(len(subject)) + number(len(headers)) + number(len(data)))
        self.columns["subjects"].update(subject)
        self.columns["headers"].update(headers)
        self.columns["payloads"].update(data)
        self.next += 1
        if self.next > self.over_frames[0]["last"]:
            self.compare(self.over_frames.pop(0))

    def compare(self, seal: dict[str, Any]) -> None:
        """Compare the run that has ended with its seal."""
        columns = {name: column.hexdigest() for name, column in self.columns.items()}
        self.columns = {}
        if seal_digest(seal, columns) != seal["digest"]:
            run = f"{seal['first']} to {seal['last']}"
            raise BrokenError(f"FRAMES offset {run}: one of these frames is not what was sealed")

    def finish(self) -> None:
        """Check that no frame is missing at the end."""
        if self.next != self.last + 1 or self.columns or self.over_frames:
            raise BrokenError(f"FRAMES offset {self.next} is missing, and so are all up to {self.last}")


class Record:
    """An export, line by line; `header` is its first line."""

    def __init__(self, header: dict[str, Any], heads: Iterable[Head]) -> None:
        if header["line"] != "export" or header["format"] != FORMAT:
            raise BrokenError(f"this does not begin like a '{FORMAT}'")
        self.header = header
        self.seals = Seals(header["frames"])
        self.chains = {stream: Chain(stream) for stream in ("OPERATIONS", "COMMANDS")}
        self.missions: dict[int, str] = {}  # digests of loaded missions by offset, until their files came
        self.files = 0
        self.step = 0
        for head in heads:
            self.want(*head)

    def want(self, stream: str, offset: int, digest: str) -> None:
        """Let a stream have to have this hash at this offset."""
        wanted = self.seals.wanted if stream == "FRAMES" else self.chains[stream].wanted
        if wanted.setdefault(offset, digest) != digest:
            raise BrokenError(f"{stream} offset {offset} was written down with two hashes")

    def add(self, document: dict[str, Any]) -> None:
        """Check the next line of the record."""
        line = document["line"]
        steps = {("mission", ""): 1, ("event", "OPERATIONS"): 1, ("event", "COMMANDS"): 2, ("frame", ""): 3}
        step = steps.get((line, document.get("stream", "")), 0)
        if step < max(self.step, 1):
            raise BrokenError(f"the line '{line}' does not belong here")
        self.step = step
        if line == "event":
            self.add_event(document)
        elif line == "mission":
            self.add_mission(document)
        else:
            self.seals.add_frame(document)

    def add_event(self, event: dict[str, Any]) -> None:
        """Check an event, and take what it says of other streams."""
        self.chains[event["stream"]].add(event)
        if event["stream"] != "OPERATIONS":
            return
        if event["subject"] == "operation.sealed":
            self.seals.add_seal(event)
        elif event["subject"] == "operation.commands-sealed":
            note = json.loads(payload(event))
            self.want("COMMANDS", note["offset"], note["hash"])
        elif event["subject"] == "operation.mission-loaded":
            self.missions[event["offset"]] = json.loads(payload(event))["digest"]

    def add_mission(self, document: dict[str, Any]) -> None:
        """Check the files of a loaded mission."""
        files = [(file["name"].encode(), payload(file)) for file in document["files"]]
        if document["operation"] != self.chains["OPERATIONS"].count:
            raise BrokenError("the files of a mission must follow the event that loaded it")
        wanted = self.missions.pop(document["operation"], None)
        if digest_of_parts(*(part for file in files for part in file)) != wanted:
            raise BrokenError(
                f"these are not the files that OPERATIONS offset {document['operation']} loaded"
            )
        self.files += len(files)

    def finish(self) -> None:
        """Check that nothing is missing at the end."""
        for stream, chain in self.chains.items():
            if chain.count != self.header["events"][stream]:
                raise BrokenError(f"{stream} offset {chain.count + 1} is missing")
        self.seals.finish()
        if self.missions:
            raise BrokenError(f"the files that OPERATIONS offset {min(self.missions)} loaded are missing")
        wanted = {stream: chain.wanted for stream, chain in self.chains.items()}
        for stream, hashes in (wanted | {"FRAMES": self.seals.wanted}).items():
            for offset, digest in hashes.items():
                why = "(was it written down after the export?)"
                raise BrokenError(
                    f"{stream} offset {offset} with the hash {digest} is not in the record {why}"
                )


def verify(lines: Iterable[bytes], heads: Iterable[Head] = ()) -> Record:
    """Verify the lines of an export. Raises BrokenError at the first thing that is not as it was recorded."""
    record, end, digest, at = None, None, hashlib.sha256(), 0
    try:
        for line in lines:
            at += 1
            if end is not None:
                raise BrokenError("there is something behind the signature")
            if len(line) > LONGEST_LINE or not line.endswith(b"\n"):
                raise BrokenError("the line is too long, or its end is missing")
            document = json.loads(line)
            if document["line"] == "signature":
                end = (line, document)
                continue
            digest.update(line)
            if record is None:
                record = Record(document, heads)
            else:
                record.add(document)
        if record is None or end is None:
            raise BrokenError("the end of the record, with its signature, is missing")
        record.finish()
        check_signature(*end, digest.hexdigest(), record.header["public_key"])
    except BrokenError as error:
        raise BrokenError(f"line {at}: {error}") from error
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError) as error:
        raise BrokenError(f"line {at}: this can not be read: {error!r}") from error
    return record


def check_signature(line: bytes, document: dict[str, Any], sha256: str, public_key: str) -> None:
    """Check the last line: the hash of all lines before it, signed by the key in the first line."""
    written = document.get("sha256")
    spelled = '{"line":"signature","algorithm":"Ed25519","sha256":"%s","signature":"%s"}\n'
    if written != sha256:
        raise BrokenError(f"the record was changed: its SHA-256 is {sha256}, but {written} was signed")
    try:
        signature = bytes.fromhex(document["signature"])
        if line != (spelled % (sha256, signature.hex())).encode():  # each bit of the line counts
            raise BrokenError("the signature is not spelled as it was made")
        key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(public_key))
        key.verify(signature, f"{FORMAT}\n".encode() + bytes.fromhex(sha256))
    except (ValueError, TypeError, KeyError, InvalidSignature) as error:
        raise BrokenError("the signature is not one by the key that the record names") from error


def fingerprint(public_key: str) -> str:
    """Return the fingerprint of a public key: 128 bits of its SHA-256, in groups."""
    digits = hashlib.sha256(bytes.fromhex(public_key)).hexdigest()[:32]
    return "-".join(digits[at : at + 4] for at in range(0, 32, 4))


def text_of(word: str) -> str:
    """Return a word, or the text of the file that it names."""
    try:
        return Path(word).read_text(encoding="utf-8")
    except (OSError, ValueError):
        return word


def keys_in(word: str) -> set[str]:
    """Return the public keys and fingerprints in a word or file."""
    text = text_of(word).lower()
    return set(re.findall(r"\b[0-9a-f]{64}\b|\b[0-9a-f]{4}(?:-[0-9a-f]{4}){7}\b", text))


def heads_in(word: str) -> list[Head]:
    """Return the heads in a word or file, as (stream, offset, hash)."""
    found = re.findall(r"\b(OPERATIONS|COMMANDS|FRAMES):(\d+):([0-9a-f]{64})\b", text_of(word))
    return [(stream, int(offset), digest) for stream, offset, digest in found]


def lines_of(file: BinaryIO) -> Iterator[bytes]:
    """Yield the lines of a file; of one that is too long only its beginning, which is refused then."""
    while line := file.readline(LONGEST_LINE + 1):
        yield line


def report(record: Record, known: bool) -> Iterator[str]:
    """Return what was verified, as text lines."""
    header, frames = record.header, record.header["frames"]
    yield f"made        {header['made']}"
    for stream, chain in record.chains.items():
        head = f", head {stream}:{chain.count}:{chain.hash}" if chain.count else ""
        yield f"{stream:<11} {chain.count} events, all from the first on, chained{head}"
    run = f"offsets {frames['first']} to {frames['last']}, as they were sealed" if frames else "none"
    yield f"FRAMES      {run}"
    yield f"mission     {record.files} files, as they were loaded"
    yield f"signed by   {header['public_key']}"
    yield f"            fingerprint {fingerprint(header['public_key'])}"
    if known:
        yield "GOOD        Nothing was changed, and the signature is by the key that you gave."
    else:
        yield "CONSISTENT ONLY: the record fits the key that stands in it; nothing says whose key that is."
        yield "            Get the ground station's key or fingerprint another way and give it with --key."


def main(arguments: Sequence[str] | None = None) -> int:
    """Verify an export and say what was found."""
    parser = argparse.ArgumentParser(description="Verify a record that Flight Ledger exported.")
    parser.add_argument("file")
    parser.add_argument("--key", help="public key or fingerprint of the ground station, or a file with it")
    parser.add_argument("--head", action="append", default=[], help="STREAM:OFFSET:HASH, or a file with such")
    parser.add_argument("--json", action="store_true", help="answer as JSON")
    options = parser.parse_args(arguments)
    keys = keys_in(options.key) if options.key else set()
    heads = [head for word in options.head for head in heads_in(word)]
    if (options.key and not keys) or (options.head and not heads):
        parser.error("there is no key, or no head, in what was given as --key or --head")
    try:
        with Path(options.file).open("rb") as file:
            record = verify(lines_of(file), heads)
        public = record.header["public_key"]
        if keys and not keys & {public, fingerprint(public)}:
            raise BrokenError(f"signed by another key than the one you gave: {public}, {fingerprint(public)}")
    except BrokenError as error:
        print(json.dumps({"good": False, "broken": str(error)}) if options.json else f"NOT GOOD    {error}")
        return 1
    except OSError as error:
        parser.error(f"{options.file} can not be read: {error}")
    if options.json:
        counts = {stream: chain.count for stream, chain in record.chains.items()}
        answer = {"good": True, "key_given": bool(keys), "public_key": public, "events": counts}
        print(json.dumps(answer | {"frames": record.header["frames"]}))
    else:
        print("\n".join(report(record, bool(keys))))
    return 0


if __name__ == "__main__":
    sys.exit(main())
