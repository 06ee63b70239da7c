"""Access control of one data folder: its users, and the credentials of its services.

```
<data>/users.json                  the users
<data>/run/service-accounts.json   a generated password for each service: whoever can read it may join
```
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from infra.access.passwords import new_secret
from infra.access.private_file import one_at_a_time, read_private, write_private
from infra.access.server_config import access_config
from infra.access.services import LOCAL, account_names, signs_in_as
from infra.access.users import Users

ACCOUNTS_FILE = "service-accounts.json"


class AccessFolder:
    """Users and service accounts of a data folder."""

    def __init__(self, data_dir: Path) -> None:
        self.users = Users(data_dir)
        self._accounts = data_dir / "run" / ACCOUNTS_FILE

    def server_config(self, *, open_without_users: bool = True) -> dict[str, Any]:
        """Return what nats-server's configuration has of it now; missing service accounts are made."""
        hashes = {name: entry["hash"] for name, entry in self._all_accounts().items()}
        return access_config(self.users.all(), hashes, open_without_users=open_without_users)

    def credentials(self, account: str = LOCAL) -> tuple[str, str] | None:
        """Return NATS user and password of a service account; None where the folder has none of it."""
        entry = (read_private(self._accounts) or {}).get(account)
        return (signs_in_as(account), str(entry["password"])) if entry else None

    def _all_accounts(self) -> dict[str, dict[str, str]]:
        """Return the accounts; they are kept over restarts, so that other programs stay connected."""
        self._accounts.parent.mkdir(parents=True, exist_ok=True)
        with one_at_a_time(self._accounts.with_name(f"{ACCOUNTS_FILE}.lock")):
            known: dict[str, dict[str, str]] = read_private(self._accounts) or {}
            missing = [name for name in account_names() if name not in known]
            for name in missing:
                secret, hashed = new_secret()
                known[name] = {"password": secret, "hash": hashed}
            if missing:
                write_private(self._accounts, known)
        return known
