"""What the simulated device needs to know from mission.toml: where to listen, and its own settings."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from infra.errors import ConfigError
from infra.simulator.flight import COUNTDOWN_S
from infra.simulator.telecommands import NAMES

DEFAULT_PORT = 7101
MISSION_FILE = "mission.toml"

_LIMITS = {
    "speed": (0.001, 10_000.0), "seed": (0, 2**63 - 1), "port": (0, 65_535), "countdown": (0.0, 86_400.0),
    "uplink_loss": (0.0, 1.0),
}  # fmt: skip
_KINDS: dict[str, tuple[type, ...]] = {
    "speed": (int, float), "seed": (int,), "countdown": (int, float), "uplink_loss": (int, float),
    "uplink_loss_by_name": (dict,),
}  # fmt: skip
_KNOWN = (
    "link, speed, countdown and uplink_loss (numbers), seed (a whole number), "
    "uplink_loss_by_name (a table of numbers)"
)


@dataclass(frozen=True)
class SimulatorConfig:
    """Settings of the simulated device.

    The device listens on `host` and `port` (port 0: any free one). `speed` is how many seconds of flight
    pass in one second; `seed` names the flight, `countdown` says how many seconds of it pass before ignition.
    A telecommand is lost on its way up with the probability `uplink_loss`, or that of its name in
    `uplink_loss_by_name`.
    """

    host: str = "127.0.0.1"
    port: int = DEFAULT_PORT
    speed: float = 5.0
    seed: int = 1
    countdown: float = COUNTDOWN_S
    uplink_loss: float = 0.0
    uplink_loss_by_name: Mapping[str, float] = field(default_factory=dict)

    @classmethod
    def from_mapping(cls, settings: Mapping[str, Any], where: str) -> SimulatorConfig:
        """Read the content of a mission.toml: `[simulator]`, host and port from the link it names.

        `[simulator]` may have `link` (default: the first one) and every other setting. Raises ConfigError.
        """
        own = dict(settings.get("simulator", {}))
        link = _link(settings.get("links", []), own.pop("link", None), where)
        for key, value in own.items():
            if key not in _KINDS or not isinstance(value, _KINDS[key]) or isinstance(value, bool):
                raise ConfigError(
                    f"[simulator] has {key} = {value!r}", where=where, fix=f"known are {_KNOWN}"
                )
        address = {key: link[key] for key in ("host", "port") if key in link}
        return cls(**address, **own).checked(where)

    def checked(self, where: str = "") -> SimulatorConfig:
        """This config, if its numbers make sense; ConfigError otherwise."""
        for name, (low, high) in _LIMITS.items():
            _check(name, getattr(self, name), low, high, where)
        for name, probability in self.uplink_loss_by_name.items():
            if name not in NAMES:
                known = ", ".join(sorted(NAMES))
                raise ConfigError(f"there is no telecommand {name}", where=where, fix=f"known are {known}")
            _check(f"uplink_loss_by_name of {name}", probability, 0.0, 1.0, where)
        return self


def _check(name: str, value: Any, low: float, high: float, where: str) -> None:
    if not isinstance(value, int | float) or not low <= value <= high:
        raise ConfigError(f"{name} is {value}", where=where, fix=f"use a number from {low:g} to {high:g}")


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
