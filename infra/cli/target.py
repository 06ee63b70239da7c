"""The options by which every command names its system: `--data`, or `--nats-url`, and `--user`."""

from __future__ import annotations

import argparse
import getpass
import os
import sys
from pathlib import Path

from infra.access import AccessFolder
from infra.errors import ConfigError
from infra.program.target import Target


def add_options(common: argparse.ArgumentParser) -> None:
    """Add the options; they may stand before or behind the command's name."""
    common.add_argument(
        "--data", type=Path, default=argparse.SUPPRESS, metavar="DIR", help="data folder (default ./data)"
    )
    common.add_argument(
        "--nats-url", default=argparse.SUPPRESS, metavar="URL", help="a running system, instead of --data"
    )
    common.add_argument(
        "--user",
        default=argparse.SUPPRESS,
        metavar="NAME",
        help="act as this person (or NATS_USER); the password is asked for, or NATS_PASSWORD",
    )


def target_of(options: argparse.Namespace) -> Target:
    """Return which system is meant, and as whom. Raises ConfigError for a user without a password.

    On a data folder without users nobody signs in: there a name is what it claims to be.
    """
    user = getattr(options, "user", None) or os.environ.get("NATS_USER", "")
    password = os.environ.get("NATS_PASSWORD", "") if user else ""
    nats_url = getattr(options, "nats_url", "")
    if user and not password and (nats_url or AccessFolder(options.data).users.all()):
        if not sys.stdin.isatty():
            raise ConfigError(f"there is no password for {user}", fix="give it as NATS_PASSWORD")
        password = getpass.getpass(f"password of {user}: ")
    return Target(options.data, nats_url, user, password)
