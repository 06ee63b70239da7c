"""Single frames of FRAMES, read directly by offset: where an origin's bytes come from."""

from __future__ import annotations

from nats.aio.client import Client
from nats.js.api import RawStreamMsg
from nats.js.errors import NotFoundError

from infra.errors import QueryError
from projections.queries.answer import Row, iso_time
from projections.queries.scope import parse_time
from streams import names
from streams.read import Message

_RECORDED = "Nats-Time-Stamp"


async def read_frame(nc: Client, offset: int) -> Message:
    """Return the frame at an offset. Raises QueryError when FRAMES has none there."""
    try:
        return _message(await nc.jetstream().get_msg(names.FRAMES, offset, direct=True))
    except NotFoundError as error:
        raise QueryError(
            "there is no frame with this offset", where=f"FRAMES offset {offset}", fix="see `query frames`"
        ) from error


async def next_frame(nc: Client, before: Message) -> Message | None:
    """Return the next frame of the same link and session, None when there is none yet."""
    try:
        found = await nc.jetstream().get_msg(
            names.FRAMES, before.offset + 1, before.subject, direct=True, next=True
        )
    except NotFoundError:
        return None
    message = _message(found)
    same = message.headers.get(names.SESSION) == before.headers.get(names.SESSION)
    return message if same else None


def shown(frame: Message) -> Row:
    """Return a frame as an answer shows it; `hex` is its bytes as they were received."""
    received = frame.headers.get(names.RECEIVED, "")
    return {
        "frame_offset": frame.offset,
        "link": link_of(frame),
        "session": frame.headers.get(names.SESSION),
        "received": iso_time(int(received)) if received.isdigit() and len(received) < 20 else None,
        "recorded": iso_time(frame.recorded),
        "message_id": frame.headers.get(names.MESSAGE_ID),
        "size": len(frame.data),
        "hex": frame.data.hex(),
    }


def link_of(frame: Message) -> str:
    """Return the name of the link that a frame came over."""
    return frame.subject.split(".", 1)[-1]


def _message(found: RawStreamMsg) -> Message:
    headers = found.headers or {}
    recorded = parse_time(headers.get(_RECORDED), _RECORDED) or 0
    return Message(found.seq or 0, recorded, found.subject or "", headers, found.data or b"")
