"""Starting a program of this folder and reading the JSON line by which it says that it is ready."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent


@contextmanager
def program(name: str, *arguments: str) -> Iterator[tuple[subprocess.Popen[str], dict[str, Any]]]:
    """Run `tests/support/<name>.py` and give it with what its first line says; killed at the end."""
    command = [sys.executable, str(FOLDER / f"{name}.py"), *arguments]
    child = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert child.stdout is not None
        line = child.stdout.readline()
        assert line, f"{name} ended with {child.wait()} before it was ready"
        yield child, json.loads(line)
    finally:
        child.kill()
        child.wait()
        if child.stdout is not None:
            child.stdout.close()
