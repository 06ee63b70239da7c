"""A mission: the folder with `mission.toml` and XTCE files, as one value with one digest.

The whole content travels as a bundle inside an OPERATIONS event, so the streams alone can rebuild every
derived row. The digest of the bundle names the generation.
"""

from __future__ import annotations

import base64
import hashlib
import tempfile
import tomllib
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

from infra.errors import ConfigError, MissionError
from streams.decode import Decoder, compile_decoder
from streams.device_time import DeviceClock
from streams.framing import FramingConfig
from streams.links import LinkConfig
from streams.xtce import Database, load_database

MISSION_FILE = "mission.toml"
_KEYS = {"name", "title", "database", "root", "time", "links", "simulator", "commands", "streams"}


@dataclass(frozen=True)
class Mission:
    """One loaded mission; make it with `load_mission` or `unbundle`."""

    name: str
    title: str
    root: str | None
    clock: DeviceClock
    links: tuple[LinkConfig, ...]
    database: Database
    files: tuple[tuple[str, bytes], ...]
    settings: Mapping[str, Any] = field(default_factory=dict)

    @property
    def digest(self) -> str:
        """Hex SHA-256 over names and contents of the mission's files, each behind its length (8 bytes)."""
        digest = hashlib.sha256()
        for name, content in self.files:
            for part in (name.encode(), content):
                digest.update(len(part).to_bytes(8, "big"))
                digest.update(part)
        return digest.hexdigest()

    def decoder(self) -> Decoder:
        """Compile the mission database to a decoder; MissionError when it has no usable root."""
        return compile_decoder(self.database, self.root)

    def framing(self, link: str) -> FramingConfig:
        """Return how frames of `link` are built; space packets back to back for a link it does not name."""
        for config in self.links:
            if config.name == link:
                return config.framing
        return self.links[0].framing if self.links else FramingConfig(kind="packets")


def load_mission(path: Path) -> Mission:
    """Load a mission folder, or a single XTCE file as a mission with default settings.

    Raises MissionError or ConfigError, naming file and line where there is one.
    """
    if not path.exists():
        raise MissionError("there is no such mission folder or XTCE file", where=str(path))
    if path.is_file() and path.suffix == ".toml":
        path = path.parent
    if path.is_file():
        return _assemble({}, path.parent, [path.name])
    settings_file = path / MISSION_FILE
    settings = _read_settings(settings_file) if settings_file.exists() else {}
    given = settings.get("database") or sorted(file.name for file in path.glob("*.xml"))
    names = [given] if isinstance(given, str) else list(given)
    if not names:
        raise MissionError("the folder has no XTCE file", where=str(path), fix="add one, ending in .xml")
    for name in names:
        if not (_is_inside(name) and (path / name).is_file()):
            raise MissionError(
                f"the database {name!r} is missing",
                where=str(settings_file),
                fix="name a file in the mission's folder",
            )
    return _assemble(settings, path, names)


def _is_inside(name: str) -> bool:
    """Say whether a file's name stays in the folder that it is relative to."""
    return not Path(name).is_absolute() and ".." not in Path(name).parts


def _read_settings(file: Path) -> dict[str, Any]:
    try:
        settings = tomllib.loads(file.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"not valid TOML: {error}", where=str(file)) from error
    if unknown := sorted(set(settings) - _KEYS):
        raise ConfigError(
            f"unknown key {', '.join(unknown)}", where=str(file), fix=f"known are {', '.join(sorted(_KEYS))}"
        )
    return settings


def _assemble(settings: dict[str, Any], folder: Path, databases: Sequence[str]) -> Mission:
    settings_file, root = folder / MISSION_FILE, settings.get("root")
    where = str(settings_file if settings else folder / databases[0])
    names = [MISSION_FILE, *databases] if settings else databases
    database = load_database([folder / name for name in databases], root=root)
    name = str(settings.get("name", database.name))
    return Mission(
        name=name,
        title=str(settings.get("title", name)),
        root=root,
        clock=DeviceClock.from_mapping(settings.get("time"), where),
        links=tuple(LinkConfig.from_mapping(link, where) for link in settings.get("links", [])),
        database=database,
        files=tuple((name, (folder / name).read_bytes()) for name in names),
        settings=settings,
    )


def bundle(mission: Mission) -> str:
    """Pack the mission's files as text (Base64 of deflated JSON) for an event."""
    content = {name: base64.b64encode(data).decode() for name, data in mission.files}
    return base64.b64encode(zlib.compress(orjson.dumps(content), 6)).decode()


def bundled_files(text: str) -> dict[str, bytes]:
    """Return names and contents of the files in a bundle, in the order in which the digest takes them.

    Raises MissionError when the text is no bundle.
    """
    try:
        content = {
            name: base64.b64decode(data)
            for name, data in orjson.loads(zlib.decompress(base64.b64decode(text))).items()
            if _is_inside(name)
        }
        if not content:
            raise ValueError("it has no files")
    except (ValueError, zlib.error, AttributeError, TypeError) as error:
        raise MissionError(f"the recorded mission can not be read: {error}", where="OPERATIONS") from error
    return content


def unbundle(text: str) -> Mission:
    """The inverse of `bundle`: load the mission from an event's text. Raises MissionError."""
    content = bundled_files(text)
    with tempfile.TemporaryDirectory(prefix="flightledger-mission-") as folder:
        for name, data in content.items():
            (Path(folder) / name).parent.mkdir(parents=True, exist_ok=True)
            (Path(folder) / name).write_bytes(data)
        if MISSION_FILE in content:
            return load_mission(Path(folder))
        return _assemble({}, Path(folder), list(content))
