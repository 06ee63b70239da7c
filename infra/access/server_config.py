"""Users and services as nats-server's `accounts` block: one account for the ledger, one for each person.

Permissions on subjects alone do not keep a person out of FRAMES: the server itself, and every service,
answers a request on the reply subject that the request names, and that may be `frame.radio`. In an account
of one person, reply subjects are that person's alone; what crosses into the ledger is what its account
exports and the person's imports, subject by subject. docs/decisions/008 tells more, and
tests/infra/test_access_server.py tries all of this on a real server.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from infra.access.grants import Grants
from infra.access.passwords import new_secret
from infra.access.roles import LIVE, Role, grants_of, requests_of
from infra.access.services import (
    ANONYMOUS,
    account_names,
    grants_of_anonymous,
    grants_of_service,
    signs_in_as,
)
from infra.access.users import User

LEDGER = "LEDGER"
"""The account that holds the streams, and in which the services work."""

Config = dict[str, Any]


def access_config(
    users: Iterable[User], hashes: Mapping[str, str], *, open_without_users: bool = True
) -> Config:
    """Return the keys `accounts` and, while there is no user, `no_auth_user` of nats-server's configuration.

    `hashes` has the password hash of each service account. Without `open_without_users` everybody has to sign
    in, always.
    """
    people = list(users)
    entries = [_entry(signs_in_as(name), hashes[name], grants_of_service(name)) for name in account_names()]
    config: Config = {
        "accounts": {LEDGER: _ledger(entries)} | {f"person-{user.name}": _person(user) for user in people}
    }
    if not people and open_without_users:
        # Its password must not be a hash: the server compares it with itself when nobody signs in.
        entries.append(_entry(ANONYMOUS, new_secret()[0], grants_of_anonymous()))
        config["no_auth_user"] = ANONYMOUS
    return config


def _entry(name: str, password: str, grants: Grants) -> Config:
    return {"user": name, "password": password, "permissions": grants.permissions()}


def _ledger(users: list[Config]) -> Config:
    streams = [{"stream": subject} for subject in LIVE]
    # `stream`: an answer may be several messages, and several instances may answer.
    services = [{"service": subject, "response_type": "stream"} for subject in requests_of(Role.ADMIN, "*")]
    return {"jetstream": "enabled", "users": users, "exports": [*streams, *services]}


def _person(user: User) -> Config:
    streams = [{"stream": {"account": LEDGER, "subject": subject}} for subject in LIVE]
    services = [
        {"service": {"account": LEDGER, "subject": subject}} for subject in requests_of(user.role, user.name)
    ]
    return {
        "users": [_entry(user.name, user.password, grants_of(user.role, user.name))],
        "imports": [*streams, *services],
    }
