"""The machine: room on the disk, its clock, and the versions of the parts."""

from __future__ import annotations

import ctypes
import re
import shutil
import sys
from importlib import metadata
from pathlib import Path

from infra.program.checks.finding import Finding, ok, problem, remark

LEAST_FREE_BYTES = 2 * 1000**3
LEAST_FREE_SHARE = 0.05

_PARTS = ("nats-py", "bytewax", "chdb", "clickhouse-connect", "pyarrow", "numpy")
_PINNED = re.compile(r"([A-Za-z0-9_.-]+)==([^;\s]+)$")
_TIMEX_BYTES = 512  # room for struct timex; `modes`, its first field, is 0: only look
_TIME_ERROR = 5


def check_disk(data_dir: Path) -> list[Finding]:
    """Look at the room on the disk that holds the data folder: a full disk loses frames."""
    usage = shutil.disk_usage(data_dir)
    text = f"{usage.free / 1e9:.1f} GB of {usage.total / 1e9:.1f} GB are free on the disk of {data_dir}"
    if usage.free < LEAST_FREE_BYTES or usage.free < LEAST_FREE_SHARE * usage.total:
        return [problem("disk", text, "make room: frames that can not be stored are lost")]
    return [ok("disk", text)]


def check_clock() -> list[Finding]:
    """Ask the kernel whether its clock is kept right (adjtimex(2)); received times are as good as it is."""
    if not sys.platform.startswith("linux"):
        return []
    state = ctypes.CDLL(None, use_errno=True).adjtimex(ctypes.create_string_buffer(_TIMEX_BYTES))
    if state < 0:
        return [remark("clock", "the kernel does not say whether the clock is right", "check it by hand")]
    if state == _TIME_ERROR:
        return [
            remark("clock", "nothing keeps this machine's clock right", "start an NTP client, such as chrony")
        ]
    return [ok("clock", "this machine's clock is kept right")]


def check_versions() -> list[Finding]:
    """Look whether the packages are those that this version was made for."""
    installed = {name: metadata.version(name) for name in _PARTS}
    python = ".".join(map(str, sys.version_info[:3]))
    text = ", ".join([f"Python {python}", *(f"{name} {version}" for name, version in installed.items())])
    found = [
        problem(
            "versions", f"{name} is {metadata.version(name)}, not {wanted}", f"pip install {name}=={wanted}"
        )
        for name, wanted in pinned(metadata.requires("flightledger") or [])
        if metadata.version(name) != wanted
    ]
    return found or [ok("versions", text)]


def pinned(requirements: list[str]) -> list[tuple[str, str]]:
    """Return name and version of the requirements that want one version and no other."""
    matches = (_PINNED.fullmatch(text.strip()) for text in requirements)
    return [(match[1], match[2]) for match in matches if match is not None]
