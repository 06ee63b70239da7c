"""Configuration of a service, as Telestion's: arguments over environment over a JSON file.

- `--NATS_URL=…`, `--nats-url=…`, `--nats-url …` and `--flag` (true) on the command line,
- environment variables,
- the JSON object in the file named by `CONFIG_FILE`, or the object under its key `CONFIG_KEY`,
- with `--dev`: defaults for what is then still missing.

Keys are compared in upper case with `_` for `-`, so `config["nats-url"]` is `config["NATS_URL"]`.
This module reads neither `sys.argv` nor `os.environ`: both are handed in (see `infra.service`).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from infra.errors import ConfigError

DEV_DEFAULTS: Mapping[str, str] = {
    "NATS_URL": "localhost:4222",
    "SERVICE_NAME": "dev",
    "DATA_DIR": "./data",
}
"""What `--dev` fills in where nothing else is configured."""

FLAGS = frozenset({"DEV", "JSON", "HELP", "VERSION"})
"""Options that never take the next word as their value."""


class Config(Mapping[str, Any]):
    """All configured keys; look-ups ignore case and the difference of `-` and `_`."""

    def __init__(self, *sources: Mapping[str, Any]) -> None:
        """Later sources win over earlier ones."""
        self._values: dict[str, Any] = {}
        for source in sources:
            self._values.update({normal_key(key): value for key, value in source.items()})

    def __getitem__(self, key: str) -> Any:
        return self._values[normal_key(key)]

    def __contains__(self, key: object) -> bool:
        return isinstance(key, str) and normal_key(key) in self._values

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __repr__(self) -> str:
        # Values may be passwords: only the names are shown.
        return f"Config({', '.join(sorted(self._values))})"

    def text(self, key: str, default: str = "") -> str:
        """Return the value as text; a missing or empty one is `default`."""
        value = self.get(key)
        return default if value is None or value == "" else str(value)


def normal_key(key: str) -> str:
    """Return the one spelling of a key: upper case, `_` for `-`."""
    return key.strip().upper().replace("-", "_")


def load_config(args: Sequence[str], environ: Mapping[str, str], *, required: Iterable[str] = ()) -> Config:
    """Merge arguments, environment and file, and check that every `required` key has a value.

    Raises ConfigError, which names all missing keys at once and how each can be given.
    """
    from_args = parse_args(args)
    named = Config(environ, from_args)
    from_file = _read_file(named)
    defaults = DEV_DEFAULTS if is_on(from_args.get("DEV")) else {}
    config = Config(defaults, _present(from_file), _present(environ), from_args)
    missing = [key for key in required if not config.text(key)]
    if missing:
        raise ConfigError(
            f"missing configuration: {', '.join(missing)}",
            fix=f"give {', '.join(f'--{key}=…' for key in missing)}, the environment variables of the"
            " same names, a JSON file named by CONFIG_FILE, or --dev for defaults",
        )
    return config


def parse_args(args: Sequence[str]) -> dict[str, Any]:
    """Read `--KEY=VALUE`, `--KEY VALUE` and `--FLAG`; other words are left to the program."""
    values: dict[str, Any] = {}
    words = list(args)
    position = 0
    while position < len(words):
        word = words[position]
        position += 1
        if word == "--":
            break
        if not word.startswith("--"):
            continue
        key, equals, value = word[2:].partition("=")
        if equals:
            values[normal_key(key)] = value
        elif normal_key(key) in FLAGS or position == len(words) or words[position].startswith("-"):
            values[normal_key(key)] = True
        else:
            values[normal_key(key)] = words[position]
            position += 1
    return values


def is_on(value: Any) -> bool:
    """Say whether a flag's value means yes: `--dev`, `--dev=true`, `--dev=1`."""
    return str(value).strip().lower() in {"true", "1", "yes", "on"}


def _present(source: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out empty values, so that an empty variable does not hide a configured one."""
    return {key: value for key, value in source.items() if value not in ("", None)}


def _read_file(named: Config) -> Mapping[str, Any]:
    name = named.text("CONFIG_FILE")
    if not name:
        return {}
    try:
        content = json.loads(Path(name).read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(
            f"the configuration file cannot be read: {error.strerror or error}",
            where=name,
            fix="correct CONFIG_FILE, or the file's permissions",
        ) from error
    except UnicodeDecodeError as error:
        raise ConfigError(
            "the configuration file is not UTF-8 text", where=name, fix="save it as UTF-8 JSON"
        ) from error
    except json.JSONDecodeError as error:
        raise ConfigError(
            f"the configuration file is not JSON: {error.msg}",
            where=f"{name}:{error.lineno}:{error.colno}",
            fix="correct the file at that line and column",
        ) from error
    return _select(content, named.text("CONFIG_KEY"), name)


def _select(content: Any, key: str, name: str) -> Mapping[str, Any]:
    if key:
        if not isinstance(content, dict) or key not in content:
            known = ", ".join(sorted(content)) if isinstance(content, dict) else "none: it is not an object"
            raise ConfigError(
                f"the configuration file has no key {key!r}",
                where=name,
                fix=f"correct CONFIG_KEY; keys of the file: {known}",
            )
        content = content[key]
    if not isinstance(content, dict):
        what = f"the value under {key!r}" if key else "the configuration file's content"
        raise ConfigError(f"{what} is not a JSON object", where=name, fix='write it as {"KEY": "value"}')
    return content
