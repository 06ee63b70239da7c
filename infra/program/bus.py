"""What has to be on the bus before anything works: the streams, and the bucket of dashboards."""

from __future__ import annotations

from nats.errors import Error as NatsError
from nats.js import JetStreamContext
from nats.js.api import KeyValueConfig, RePublish
from nats.js.errors import BadRequestError, NotFoundError

from infra.errors import StreamError
from streams.event_log import ensure_streams

DASHBOARDS = "dashboards"
"""Bucket of the pages' dashboards; what is put there is told to everybody on `dashboard.<key>`."""

_HISTORY = 10
_MAX_BYTES = 64 * 1024 * 1024
_MAX_VALUE = 256 * 1024


async def ensure_bus(js: JetStreamContext) -> None:
    """Make the streams and the bucket that are missing. Raises StreamError when the server refuses."""
    await ensure_streams(js)
    config = KeyValueConfig(
        bucket=DASHBOARDS,
        description="dashboards of the web page",
        history=_HISTORY,
        max_bytes=_MAX_BYTES,
        max_value_size=_MAX_VALUE,
        direct=True,
        republish=RePublish(src=f"$KV.{DASHBOARDS}.>", dest="dashboard.>"),
    )
    try:
        await js.stream_info(f"KV_{DASHBOARDS}")
    except NotFoundError:
        try:
            await js.create_key_value(config)
        except BadRequestError as error:
            if "name already in use" not in str(error):  # two programs may start at the same moment
                raise StreamError(f"the bucket could not be made: {error}", where=DASHBOARDS) from error
        except NatsError as error:
            raise StreamError(f"the bucket could not be made: {error}", where=DASHBOARDS) from error
