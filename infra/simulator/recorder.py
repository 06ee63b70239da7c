"""The rocket's recorder: a card on board with every packet as it is made, before the radio loses any."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType

from infra.errors import ConfigError


class Recorder:
    """Writes packets to a new file, back to back; without a path it does nothing. Close it, or use `with`."""

    def __init__(self, path: Path | None = None) -> None:
        """Raises ConfigError for a file that is there already: another flight may be on it."""
        try:
            self._file = path.open("xb") if path else None
        except OSError as error:
            raise ConfigError(
                f"the recorder cannot write: {error.strerror}", where=str(path), fix="name another file"
            ) from error

    def __enter__(self) -> Recorder:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def write(self, packet: bytes) -> None:
        """Add a packet; it is in the file for certain when the recorder is closed."""
        if self._file is not None:
            self._file.write(packet)

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()
