"""One log line per event on standard error: `time=… level=… service=… logger=… message=…`.

Values with spaces, quotes or line breaks are JSON strings, so a line stays one line and parses back.
"""

from __future__ import annotations

import json
import logging
import re
import sys
import time

_PLAIN = re.compile(r"[^\s\"=\\]+")
_QUIET = ("nats", "asyncio", "clickhouse_connect")


class LineFormatter(logging.Formatter):
    """Formats a record as `key=value` pairs on one line, times in UTC with milliseconds."""

    def __init__(self, service: str) -> None:
        super().__init__()
        self._service = service

    def format(self, record: logging.LogRecord) -> str:
        """Return the line, with `error=` holding the traceback where there is one."""
        stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
        pairs = {
            "time": f"{stamp}.{int(record.msecs):03d}Z",
            "level": record.levelname.lower(),
            "service": self._service,
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            pairs["error"] = self.formatException(record.exc_info)
        return " ".join(f"{key}={quoted(value)}" for key, value in pairs.items())


def quoted(value: str) -> str:
    """Return `value` as it is if it is one plain word, else as a JSON string."""
    return value if _PLAIN.fullmatch(value) else json.dumps(value, ensure_ascii=False)


def log_to_stderr(service: str, level: str = "INFO") -> None:
    """Send log lines of this process to standard error; a program that has set up its own logging keeps it.

    `level` is a name of the logging module; an unknown one counts as INFO.
    """
    root = logging.getLogger()
    if root.handlers:
        return
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(LineFormatter(service))
    root.addHandler(handler)
    root.setLevel(getattr(logging, level.upper(), logging.INFO))
    for name in _QUIET:  # these libraries log what our own call-backs report better
        logging.getLogger(name).setLevel(logging.CRITICAL if name == "nats" else logging.WARNING)
