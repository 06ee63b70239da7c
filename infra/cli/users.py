"""`flightledger user …`: who may sign in, and with what role."""

from __future__ import annotations

import argparse
import asyncio
import getpass
import json
import sys
from datetime import UTC, datetime
from typing import Any

from infra.access import AccessFolder, Role
from infra.access.services import account_names
from infra.access.users import User
from infra.cli.output import console, print_json, print_table
from infra.embedded.reload import Reloaded, reload_access
from infra.errors import ConfigError
from infra.program.access_events import note_change

_FORCE = {
    Reloaded.IN_FORCE: "in force now",
    Reloaded.NO_SERVER: "in force when the program is started",
    Reloaded.STILL_CLOSED: "no user is left, so nobody gets in until the program is started again",
}


def add_commands(commands: Any, common: argparse.ArgumentParser) -> None:
    """Add `user` and its verbs."""
    group = commands.add_parser("user", parents=[common], help="who may sign in")
    verbs = group.add_subparsers(dest="verb", required=True, metavar="VERB")
    words = argparse.ArgumentParser(add_help=False)
    words.add_argument("--password-stdin", action="store_true", help="read the password from standard input")
    roles = [role.value for role in Role]

    def add(name: str, run: Any, text: str, *parents: argparse.ArgumentParser) -> argparse.ArgumentParser:
        verb: argparse.ArgumentParser = verbs.add_parser(name, parents=[common, *parents], help=text)
        verb.set_defaults(run=run)
        return verb

    add("list", run_list, "all users and their roles")
    added = add("add", run_add, "let a person in", words)
    added.add_argument("--role", required=True, choices=roles)
    changed = add("role", run_role, "give a person another role")
    for verb in (added, changed, add("password", run_password, "another password", words)):
        verb.add_argument("name", metavar="NAME")
    changed.add_argument("role", choices=roles, metavar="ROLE")
    add("remove", run_remove, "let a person in no more").add_argument("name", metavar="NAME")
    add(
        "nats-config",
        run_nats_config,
        "users and services for the configuration of a nats-server of your own",
    )
    shown = add("credentials", run_credentials, "NATS_USER and NATS_PASSWORD of a service")
    shown.add_argument("name", choices=account_names(), metavar="SERVICE")


async def run_list(options: argparse.Namespace) -> int:
    """Show the users, never their hashes."""
    rows = [_row(user) for user in _access(options).users.all()]
    if options.json:
        for row in rows:
            print_json(row)
    elif rows:
        print_table(rows)
    else:
        console().print("no user: whoever can reach this machine's loopback address may do everything")
    return 0


async def run_add(options: argparse.Namespace) -> int:
    """Add a person."""
    added = datetime.now(UTC).isoformat(timespec="seconds")
    users = _access(options).users
    user = users.add(options.name, Role(options.role), _password(options), added)
    return await _in_force(options, "added", f"added as {user.role}", _row(user))


async def run_role(options: argparse.Namespace) -> int:
    """Change a role."""
    _access(options).users.set_role(options.name, Role(options.role))
    return await _in_force(options, "changed", f"is {options.role} now", {"role": options.role})


async def run_password(options: argparse.Namespace) -> int:
    """Change a password."""
    _access(options).users.set_password(options.name, _password(options))
    return await _in_force(options, "changed", "has another password", {})


async def run_remove(options: argparse.Namespace) -> int:
    """Remove a person, who is signed out at once."""
    _access(options).users.remove(options.name)
    return await _in_force(options, "removed", "removed", {})


async def run_nats_config(options: argparse.Namespace) -> int:
    """Print what the configuration of a nats-server of your own includes; see docs/deployment.md."""
    config = _access(options).server_config(open_without_users=False)
    print(f"accounts: {json.dumps(config['accounts'], indent=2)}")
    return 0


async def run_credentials(options: argparse.Namespace) -> int:
    """Print the credentials of a service as lines of an environment file."""
    access = _access(options)
    access.server_config()
    user, password = access.credentials(options.name) or ("", "")
    print(f"NATS_USER={user}\nNATS_PASSWORD={password}")
    return 0


async def _in_force(options: argparse.Namespace, done: str, change: str, fields: dict[str, Any]) -> int:
    """Let a running system take the change over, note it in OPERATIONS, and say since when it counts."""
    reloaded = await asyncio.to_thread(reload_access, options.data)
    if reloaded is not Reloaded.NO_SERVER:
        await note_change(options.data, f"{options.name}: {change}")
    if options.json:
        print_json({"done": done, "name": options.name, **fields, "in_force": reloaded.value})
    else:
        console().print(f"{options.name}: {change}; {_FORCE[reloaded]}", soft_wrap=True)
    return 0


def _access(options: argparse.Namespace) -> AccessFolder:
    if getattr(options, "nats_url", ""):
        raise ConfigError(
            "users are kept in a data folder, not at an address", fix="give --data, without --nats-url"
        )
    return AccessFolder(options.data)


def _row(user: User) -> dict[str, Any]:
    return {"name": user.name, "role": user.role.value, "added": user.added}


def _password(options: argparse.Namespace) -> str:
    """Read a password: the first line of standard input, or twice from the terminal."""
    if options.password_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    if not sys.stdin.isatty():
        raise ConfigError("there is no terminal to ask for the password", fix="give --password-stdin")
    password = getpass.getpass(f"password of {options.name}: ")
    if getpass.getpass("the same again: ") != password:
        raise ConfigError("the two passwords differ", fix="try again")
    return password
