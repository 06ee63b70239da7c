"""The four streams: what each keeps, for how long, and that nothing in them can be changed.

Law 1: FRAMES, COMMANDS and OPERATIONS only ever grow; the server itself refuses to delete or purge.
Proven by `tests/streams/test_event_log.py`.
"""

from __future__ import annotations

from nats.errors import Error as NatsError
from nats.js import JetStreamContext
from nats.js.api import DiscardPolicy, RetentionPolicy, StorageType, StreamConfig
from nats.js.errors import BadRequestError, NotFoundError

from infra.errors import StreamError
from streams import names

DUPLICATE_WINDOW_S = 30.0
"""How long the server remembers a frame's id: bridges what is under way while a connection breaks."""

TELEMETRY_MAX_BYTES = 8 * 1024**3
"""TELEMETRY is derived: past this size its oldest messages go (the writer then asks for a parser restart)."""

_KEEPS_ALL: dict[str, tuple[object, ...]] = {
    "retention": (RetentionPolicy.LIMITS,),
    "storage": (StorageType.FILE,),
    "max_msgs": (-1, 0, None),
    "max_bytes": (-1, 0, None),
    "max_age": (0, None),
    "max_msgs_per_subject": (-1, 0, None),
    "deny_delete": (True,),
    "deny_purge": (True,),
    "allow_rollup_hdrs": (False, None),
    "allow_msg_ttl": (False, None),
}
"""Settings of a stream that only ever grows, with the values that say so."""


def _truth(name: str, subject: str) -> StreamConfig:
    return StreamConfig(
        name=name,
        subjects=[subject],
        retention=RetentionPolicy.LIMITS,
        storage=StorageType.FILE,
        discard=DiscardPolicy.NEW,
        duplicate_window=DUPLICATE_WINDOW_S,
        deny_delete=True,
        deny_purge=True,
        allow_direct=True,
        allow_rollup_hdrs=False,
        allow_atomic=True,  # one durable write for a whole batch of frames: ten times the rate
    )


def stream_configs() -> tuple[StreamConfig, ...]:
    """Return the configuration of FRAMES, COMMANDS, OPERATIONS and TELEMETRY."""
    telemetry = StreamConfig(
        name=names.TELEMETRY,
        subjects=["telemetry.>", "parsed.>"],
        retention=RetentionPolicy.LIMITS,
        storage=StorageType.FILE,
        discard=DiscardPolicy.OLD,
        max_bytes=TELEMETRY_MAX_BYTES,
        duplicate_window=1.0,
        allow_direct=True,
        allow_atomic=True,
    )
    return (
        _truth(names.FRAMES, "frame.*"),
        _truth(names.COMMANDS, "command.*.*"),
        _truth(names.OPERATIONS, "operation.*"),
        telemetry,
    )


async def ensure_streams(js: JetStreamContext) -> None:
    """Create the streams that are missing; leave those that exist as they are.

    Raises StreamError when the server refuses, or when an existing stream of the truth may lose messages.
    """
    for config in stream_configs():
        assert config.name
        try:
            found = (await js.stream_info(config.name)).config
        except NotFoundError:
            await _create(js, config)
        else:
            if config.deny_delete:
                _check_keeps_all(found)


async def _create(js: JetStreamContext, config: StreamConfig) -> None:
    try:
        await js.add_stream(config)
    except BadRequestError as error:
        if "name already in use" not in str(error):  # two services may start at the same moment
            raise StreamError(
                f"the stream could not be created: {error}",
                where=str(config.name),
                fix="check the server's JetStream limits and the user's permissions",
            ) from error
    except NatsError as error:
        raise StreamError(f"the stream could not be created: {error}", where=str(config.name)) from error


def _check_keeps_all(found: StreamConfig) -> None:
    wrong = [setting for setting, value in _KEEPS_ALL.items() if getattr(found, setting) not in value]
    if wrong:
        raise StreamError(
            f"the stream may lose messages: its {', '.join(wrong)} is not as it must be",
            where=str(found.name),
            fix="whoever made it must set "
            + ", ".join(f"{setting} to {_KEEPS_ALL[setting][0]}" for setting in wrong),
        )
