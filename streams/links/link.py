"""What every link does, whatever carries it, and whom it tells."""

from __future__ import annotations

from typing import Protocol

from infra.errors import LinkError
from streams.links.config import LinkConfig


class LinkDownError(LinkError):
    """A link that is down: not a byte has left."""


class LinkEvents(Protocol):
    """Who hears of a link. A `connection` is a number, from 1, that a link uses once.

    Each connection needs a framer of its own, to be flushed at `down`.
    """

    def up(self, connection: int, peer: str) -> None:
        """A connection begins; `peer` is the device's address, or where it is listened."""
        ...

    def down(self, connection: int, why: str) -> None:
        """A connection ended, all its bytes were handed over; or, without `up`, it could not be opened.

        A connection that cannot be opened is tried on and on; the same reason is told once.
        """
        ...

    async def chunk(self, connection: int, data: bytes, received: int) -> None:
        """Bytes arrived at `received` (ns UTC since 1970); with udp a datagram each.

        The next chunk of this connection comes when this one returned: that is the back-pressure. What it
        raises ends `Link.run`.
        """
        ...

    def lost(self, connection: int, count: int) -> None:
        """`count` datagrams came faster than they were taken and are lost (udp only)."""
        ...


class Link(Protocol):
    """A way to and from a device."""

    @property
    def config(self) -> LinkConfig:
        """What the link was made of."""
        ...

    @property
    def is_up(self) -> bool:
        """True when `send` would try."""
        ...

    async def run(self, events: LinkEvents) -> None:
        """Keep the link up until cancelled; reconnects by itself, see `Backoff`. A link runs once at a time.

        When it is cancelled, it stops reading, hands over what it has read, and tells `down`: no byte that
        was read is lost. Only a file that is not followed comes to an end by itself.
        """
        ...

    async def send(self, data: bytes) -> None:
        """Send bytes; returns when all were handed to the operating system.

        Raises LinkDownError when the link is down (then not a byte has left), another LinkError when it
        breaks while sending (then some bytes may have). Nothing is ever sent again by itself.
        """
        ...


def link_is_down(config: LinkConfig, why: str = "no device is connected") -> LinkDownError:
    """Return the error of a telecommand that cannot leave: not a byte has."""
    return LinkDownError(
        f"the link is down, nothing was sent: {why}",
        where=f"link {config.name}",
        fix="send it anew when the link is up",
    )


def link_broke(config: LinkConfig, why: str) -> LinkError:
    """Return the error of a link that broke while it sent: some bytes may have left."""
    return LinkError(
        f"the link broke while sending, some bytes may have left: {why}",
        where=f"link {config.name}",
        fix="find out what the device got before you send it anew",
    )
