"""Which system a command talks to, and as whom."""

from __future__ import annotations

import getpass
from dataclasses import dataclass, field
from pathlib import Path

from nats.aio.client import Client

from infra.access.services import PREFIX
from streams.names import token


@dataclass(frozen=True)
class Target:
    """The system of a data folder, or with `nats_url` the one at an address, which is never started here.

    With `user` and `password` a command acts as that person, else as whoever can read the data folder; a user
    without a password is a name that is claimed where nobody signs in.
    """

    data: Path
    nats_url: str = ""
    user: str = ""
    password: str = field(default="", repr=False)


def asker(nc: Client) -> str:
    """Return the name under which this connection asks: a token of `telecommand.<name>.submit`.

    The person who signed in; on the data folder's own account the user of this operating system.
    """
    user = str(nc.options.get("user") or "")
    return token(getpass.getuser()) if not user or user.startswith(PREFIX) else user
