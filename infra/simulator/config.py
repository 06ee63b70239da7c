"""What the simulated device needs to know from mission.toml: where to listen, and its own settings."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from infra.errors import ConfigError

DEFAULT_PORT = 7101
MISSION_FILE = "mission.toml"


@dataclass(frozen=True)
class SimulatorConfig:
    """Settings of the simulated device.

    The device listens on `host` and `port` (port 0: any free one). `speed` is how many seconds of flight
    pass in one second; `seed` names the flight.
    """

    host: str = "127.0.0.1"
    port: int = DEFAULT_PORT
    speed: float = 5.0
    seed: int = 1

    @classmethod
    def from_mapping(cls, settings: Mapping[str, Any], where: str) -> SimulatorConfig:
        """Read the content of a mission.toml: `[simulator]`, host and port from the link it names.

        `[simulator]` may have `link` (default: the first one), `speed` and `seed`. Raises ConfigError.
        """
        own = dict(settings.get("simulator", {}))
        link = _link(settings.get("links", []), own.pop("link", None), where)
        known = {"speed": (int, float), "seed": (int,)}
        for key, value in own.items():
            if key not in known or not isinstance(value, known[key]) or isinstance(value, bool):
                raise ConfigError(
                    f"[simulator] has {key} = {value!r}",
                    where=where,
                    fix="known are link, speed (a number) and seed (a whole number)",
                )
        config = cls(
            host=str(link.get("host", cls.host)),
            port=int(link.get("port", cls.port)),
            speed=float(own.get("speed", cls.speed)),
            seed=int(own.get("seed", cls.seed)),
        )
        return config.checked(where)

    def checked(self, where: str = "") -> SimulatorConfig:
        """This config, if its numbers make sense; ConfigError otherwise."""
        limits = {"speed": (0.001, 10_000.0), "seed": (0, 2**63 - 1), "port": (0, 65_535)}
        for item in fields(self):
            if item.name in limits:
                low, high = limits[item.name]
                value = getattr(self, item.name)
                if not low <= value <= high:
                    raise ConfigError(
                        f"{item.name} is {value}", where=where, fix=f"use a number from {low} to {high}"
                    )
        return self


def load_simulator_config(mission: Path) -> SimulatorConfig:
    """Read the simulator's settings from a mission folder; raises ConfigError, naming the file."""
    file = mission / MISSION_FILE
    try:
        settings = tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ConfigError(
            "there is no mission.toml", where=str(mission), fix="name a mission folder"
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"not valid TOML: {error}", where=str(file)) from error
    return SimulatorConfig.from_mapping(settings, str(file))


def _link(links: list[Mapping[str, Any]], name: str | None, where: str) -> Mapping[str, Any]:
    chosen = [link for link in links if name is None or link.get("name") == name]
    if not chosen:
        raise ConfigError(
            "the mission has no link for the simulator" if name is None else f"there is no link {name!r}",
            where=where,
            fix='add [[links]] with transport = "tcp-client"',
        )
    if chosen[0].get("transport") != "tcp-client":
        raise ConfigError(
            f"the simulator cannot serve the link {chosen[0].get('name')!r}",
            where=where,
            fix='it is a modem on TCP: the link needs transport = "tcp-client"',
        )
    return chosen[0]
