"""The deployment's key signs exports (Ed25519, RFC 8032). It is made on first use, in the data folder.

Only its owner may read it: whoever has the file can sign as this ground station. When it is lost, what it
signed can still be verified.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
import stat
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from infra.errors import ConfigError

KEY_FILE = "audit-key.pem"


def load_or_make_key(folder: Path) -> Ed25519PrivateKey:
    """Return the key of a data folder. Raises ConfigError when its file is damaged or others can read it."""
    file = folder / KEY_FILE
    try:
        if not file.exists():
            _make(file)
        content, mode = file.read_bytes(), stat.S_IMODE(file.stat().st_mode)
    except OSError as error:
        raise ConfigError(f"the key can not be made or read: {error.strerror}", where=str(file)) from error
    if mode & 0o077:
        fix = f"chmod 600 {file}; if others could read it, make another one (move this one away)"
        raise ConfigError(f"others may use the key: its mode is {mode:o}", where=str(file), fix=fix)
    try:
        key = load_pem_private_key(content, None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise ConfigError(f"no key: {error}", where=str(file), fix="restore it, or move it away") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise ConfigError("not an Ed25519 key", where=str(file), fix="restore it, or move it away")
    return key


def public_hex(key: Ed25519PrivateKey) -> str:
    """Return the public key's 32 bytes in hexadecimal."""
    return key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw).hex()


def fingerprint(public: str) -> str:
    """Return 128 bits of the SHA-256 of a public key (given in hexadecimal), in groups to be read aloud.

    >>> fingerprint("00" * 32)
    '6668-7aad-f862-bd77-6c8f-c18b-8e9f-8e20'
    """
    digits = hashlib.sha256(bytes.fromhex(public)).hexdigest()[:32]
    return "-".join(digits[at : at + 4] for at in range(0, 32, 4))


def _make(file: Path) -> None:
    """Write a new key; a program that makes one at the same time wins, or this one does."""
    content = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    fresh = file.with_name(f"{file.name}.{secrets.token_hex(4)}")
    fd = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(fd, "wb") as out:
            out.write(content)
            out.flush()
            os.fsync(out.fileno())
        with contextlib.suppress(FileExistsError):
            os.link(fresh, file)
    finally:
        fresh.unlink()
