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
        return _assemble({}, [path], path.stem)
    settings_file = path / MISSION_FILE
    settings = _read_settings(settings_file) if settings_file.exists() else {}
    names = settings.get("database") or sorted(file.name for file in path.glob("*.xml"))
    databases = [path / name for name in ([names] if isinstance(names, str) else names)]
    if not databases:
        raise MissionError("the folder has no XTCE file", where=str(path), fix="add one, ending in .xml")
    for file in databases:
        if not file.is_file():
            raise MissionError(f"the database {file.name} is missing", where=str(settings_file))
    return _assemble(settings, databases, path.resolve().name, settings_file)


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


def _assemble(
    settings: dict[str, Any], databases: Sequence[Path], name: str, settings_file: Path | None = None
) -> Mission:
    where = str(settings_file or databases[0])
    root = settings.get("root")
    database = load_database(databases, root=root)
    links = tuple(LinkConfig.from_mapping(link, where) for link in settings.get("links", []))
    files = [(file.name, file.read_bytes()) for file in databases]
    if settings_file is not None and settings_file.exists():
        files.insert(0, (MISSION_FILE, settings_file.read_bytes()))
    return Mission(
        name=str(settings.get("name", database.name if settings_file is None else name)),
        title=str(settings.get("title", settings.get("name", name))),
        root=root,
        clock=DeviceClock.from_mapping(settings.get("time"), where),
        links=links,
        database=database,
        files=tuple(files),
        settings=settings,
    )


def bundle(mission: Mission) -> str:
    """Pack the mission's files as text (Base64 of deflated JSON) for an event."""
    content = {name: base64.b64encode(data).decode() for name, data in mission.files}
    return base64.b64encode(zlib.compress(orjson.dumps(content), 6)).decode()


def bundled_files(text: str) -> dict[str, bytes]:
    """Return names and contents of the files in a bundle, in the order in which the digest takes them."""
    content = orjson.loads(zlib.decompress(base64.b64decode(text)))
    return {name: base64.b64decode(data) for name, data in content.items()}


def unbundle(text: str) -> Mission:
    """The inverse of `bundle`: load the mission from an event's text."""
    content = bundled_files(text)
    with tempfile.TemporaryDirectory(prefix="flightledger-mission-") as folder:
        for name, data in content.items():
            (Path(folder) / Path(name).name).write_bytes(data)
        if MISSION_FILE in content:
            return load_mission(Path(folder))
        return _assemble({}, [Path(folder) / name for name in content], next(iter(content)).rsplit(".", 1)[0])
