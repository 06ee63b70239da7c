"""The hash chain of COMMANDS and OPERATIONS: each event carries the SHA-256 of the one before it.

An event is appended only behind the very event whose hash it carries (`Nats-Expected-Last-Sequence`), so two
writers can not fork the chain. The hash covers what the stream says of an event, its offset and recorded
time included: whoever changes, removes, inserts or reorders events must forge every later one as well.
Proven by `tests/streams/test_chain.py`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import NamedTuple

import orjson
from nats.aio.client import Client
from nats.errors import Error as NatsError
from nats.js.errors import APIError

from infra.errors import StreamError
from streams import names
from streams.read import Message

GENESIS = "0" * 64
"""What the first event of a stream carries."""

_WRONG_LAST_SEQUENCE = 10071
_TRIES = 100
_TIMEOUT_S = 10.0


class ConflictError(StreamError):
    """Another writer was first: the subjects an event counts on have a newer one than the writer knew."""


class Expected(NamedTuple):
    """The offset of the last event on subjects (`command.17.*`) that an append counts on; 0 for none."""

    subjects: str
    offset: int


def event_hash(event: Message) -> str:
    """Return the hex SHA-256 over an event.

    Five parts, each behind its length as 8 bytes (big-endian): offset and recorded time (ns UTC) as decimal
    text, the subject, the headers (see `header_text`), the payload.
    """
    digest = hashlib.sha256()
    texts = (str(event.offset).encode(), str(event.recorded).encode(), event.subject.encode())
    for part in (*texts, header_text(event.headers), event.data):
        digest.update(len(part).to_bytes(8, "big"))
        digest.update(part)
    return digest.hexdigest()


def header_text(headers: Mapping[str, str]) -> bytes:
    """Return the headers that count as one text: `Name:value`, sorted, joined by CR LF.

    Neither name nor value can hold CR LF (it ends a header on the wire), nor a name a colon. Headers that
    begin with `Nats-` belong to the transport and do not count, except `Nats-Msg-Id`.
    """
    return "\r\n".join([f"{name}:{headers[name]}" for name in _order(tuple(headers))]).encode()


def counting_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """Return the headers that count, in the order of `header_text`."""
    return {name: headers[name] for name in _order(tuple(headers))}


async def append_event(
    nc: Client,
    stream: str,
    subject: str,
    data: bytes,
    *,
    headers: Mapping[str, str] | None = None,
    expected: Expected | None = None,
) -> int:
    """Append an event to the end of a chained stream and return its offset.

    Tries again when another writer extended the chain meanwhile, unless that touched the subjects of
    `expected`: then ConflictError, and nothing was appended. StreamError when the stream refuses.
    """
    for _ in range(_TRIES):
        if expected is not None:
            await _check(nc, stream, expected)
        last = await last_event(nc, stream)
        marks = {
            **(headers or {}),
            names.PREVIOUS_HASH: event_hash(last) if last else GENESIS,
            "Nats-Expected-Last-Sequence": str(last.offset if last else 0),
        }
        if expected is not None:
            marks["Nats-Expected-Last-Subject-Sequence"] = str(expected.offset)
            marks["Nats-Expected-Last-Subject-Sequence-Subject"] = expected.subjects
        try:
            return int((await nc.jetstream().publish(subject, data, stream=stream, headers=marks)).seq)
        except APIError as error:
            if error.err_code != _WRONG_LAST_SEQUENCE:
                raise StreamError(f"the event was refused: {error.description}", where=subject) from error
        except (NatsError, TimeoutError) as error:
            raise StreamError(
                f"no acknowledgement of the event: {error!r}",
                where=subject,
                fix="it may be in the stream or not; look before you append it again",
            ) from error
    raise StreamError("too many writers at once", where=subject, fix="try again")


async def last_event(nc: Client, stream: str, subjects: str = ">") -> Message | None:
    """Return the newest event of a stream, or of some of its subjects; None when there is none."""
    question = orjson.dumps({"last_by_subj": subjects})
    try:
        answer = await nc.request(f"$JS.API.DIRECT.GET.{stream}", question, timeout=_TIMEOUT_S)
    except (NatsError, TimeoutError) as error:
        raise StreamError(
            f"the last event can not be read: {error!r}",
            where=stream,
            fix="is the server up and the stream made?",
        ) from error
    found = {str(key): value for key, value in (answer.headers or {}).items()}
    if "Nats-Sequence" not in found:
        if found.get("Status") == "404":
            return None
        raise StreamError(f"the last event can not be read: {found}", where=stream, fix="is it there?")
    headers = {key: value for key, value in found.items() if _counts(key)}
    recorded = _nanoseconds(found["Nats-Time-Stamp"])
    return Message(int(found["Nats-Sequence"]), recorded, found["Nats-Subject"], headers, answer.data)


async def _check(nc: Client, stream: str, expected: Expected) -> None:
    newest = await last_event(nc, stream, expected.subjects)
    at = newest.offset if newest else 0
    if at != expected.offset:
        raise ConflictError(
            f"another writer was first: the newest event is {newest.subject if newest else 'none'}",
            where=f"{stream} offset {at}, {expected.subjects}, where {expected.offset} was expected",
            fix="read the events again and decide anew",
        )


@lru_cache(maxsize=1024)
def _order(given: tuple[str, ...]) -> tuple[str, ...]:
    """Return those names that count in the order of their lines; few sets of names ever occur."""
    return tuple(sorted(filter(_counts, given), key=lambda name: f"{name}:"))


def _counts(header: str) -> bool:
    return header == names.MESSAGE_ID or not header.startswith("Nats-")


def _nanoseconds(text: str) -> int:
    """Return ns UTC of an RFC 3339 time with up to nine decimals, as the server writes them."""
    seconds, _, decimals = text.rstrip("Z").partition(".")
    moment = datetime.fromisoformat(seconds).replace(tzinfo=UTC)
    return int(moment.timestamp()) * 10**9 + int(decimals.ljust(9, "0") or 0)
