"""The users of a deployment: `users.json` in the data folder, readable by its owner alone.

Each entry has the role and the bcrypt hash of the password. Names are one lower-case token of a subject, so
that no two persons have names that only look different.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from infra.access.passwords import hash_password
from infra.access.private_file import one_at_a_time, read_private, write_private
from infra.access.roles import Role
from infra.access.services import ANONYMOUS, PREFIX
from infra.errors import ConfigError

FILE = "users.json"

_NAME = re.compile(r"[a-z][a-z0-9_-]{0,31}")


@dataclass(frozen=True)
class User:
    """One person; `password` is the hash, `added` a time in ISO 8601, UTC."""

    name: str
    role: Role
    password: str
    added: str


class Users:
    """The file of users. Every change is a whole new file; two programs at once do not undo each other."""

    def __init__(self, data_dir: Path) -> None:
        self.path = data_dir / FILE
        self._lock = data_dir / "run" / f"{FILE}.lock"

    def all(self) -> list[User]:
        """Return all users, by name. Raises ConfigError for a file that makes no sense."""
        return sorted(self._read().values(), key=lambda user: user.name)

    def add(self, name: str, role: Role, password: str, added: str) -> User:
        """Add a person. Raises ConfigError for a name that is taken, reserved or malformed."""
        _check_name(name)
        user = User(name, role, hash_password(password), added)
        with self._edited() as users:
            if name in users:
                raise ConfigError(
                    f"there is a user {name!r} already",
                    where=str(self.path),
                    fix="`user password` or `user role` change one; or choose another name",
                )
            users[name] = user
        return user

    def remove(self, name: str) -> None:
        """Remove a person. Raises ConfigError where there is none of this name."""
        with self._edited() as users:
            del users[self._known(users, name)]

    def set_password(self, name: str, password: str) -> None:
        """Give a person another password."""
        hashed = hash_password(password)
        with self._edited() as users:
            users[name] = replace(users[self._known(users, name)], password=hashed)

    def set_role(self, name: str, role: Role) -> None:
        """Give a person another role."""
        with self._edited() as users:
            users[name] = replace(users[self._known(users, name)], role=role)

    @contextmanager
    def _edited(self) -> Iterator[dict[str, User]]:
        self._lock.parent.mkdir(parents=True, exist_ok=True)
        with one_at_a_time(self._lock):
            users = self._read()
            yield users
            write_private(self.path, {"users": [asdict(user) for user in users.values()]})

    def _read(self) -> dict[str, User]:
        content = read_private(self.path)
        if content is None:
            return {}
        try:
            users = [User(**{**entry, "role": Role(entry["role"])}) for entry in content["users"]]
        except (KeyError, TypeError, ValueError) as error:
            raise ConfigError(
                f"the file of users makes no sense: {error!r}",
                where=str(self.path),
                fix="restore it, or remove it",
            ) from error
        return {user.name: user for user in users}

    def _known(self, users: dict[str, User], name: str) -> str:
        if name not in users:
            known = ", ".join(sorted(users)) or "none"
            raise ConfigError(f"there is no user {name!r}", where=str(self.path), fix=f"users are: {known}")
        return name


def _check_name(name: str) -> None:
    if not _NAME.fullmatch(name):
        raise ConfigError(
            f"{name!r} is no name of a user",
            fix="a lower-case letter, then letters, digits, - and _, at most 32",
        )
    if name == ANONYMOUS or name.startswith(PREFIX):
        raise ConfigError(f"{name!r} is kept for the program's own accounts", fix="choose another name")
