"""Passwords: kept as bcrypt hashes in the form that nats-server compares with, never as they are."""

from __future__ import annotations

import secrets

import bcrypt

from infra.errors import ConfigError

SHORTEST, LONGEST = 8, 72
"""Characters at least; bytes at most, which is all that bcrypt looks at."""

COST = 11
"""2**11 rounds, as nats-server's own tool has it: a tenth of a second for whoever guesses."""

_COST_OF_A_SECRET = 4  # a generated secret has 256 bits: nobody guesses it, however fast


def hash_password(password: str) -> str:
    """Return the hash of a person's password. Raises ConfigError for one that is too short or too long."""
    if len(password) < SHORTEST:
        raise ConfigError(f"the password has fewer than {SHORTEST} characters", fix="choose a longer one")
    if len(password.encode()) > LONGEST:
        raise ConfigError(f"the password has more than {LONGEST} bytes", fix="choose a shorter one")
    return _hashed(password, COST)


def new_secret() -> tuple[str, str]:
    """Return a generated password of a service and its hash."""
    secret = secrets.token_urlsafe(32)
    return secret, _hashed(secret, _COST_OF_A_SECRET)


def is_password(password: str, hashed: str) -> bool:
    """Say whether a hash is that of this password."""
    return bcrypt.checkpw(password.encode(), hashed.encode())


def _hashed(password: str, cost: int) -> str:
    return bcrypt.hashpw(password.encode(), bcrypt.gensalt(cost, prefix=b"2a")).decode()
