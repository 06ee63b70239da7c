"""The option by which commands share long work among worker processes."""

from __future__ import annotations

import argparse
import os

_WORKERS = max(1, (os.cpu_count() or 2) - 1)
"""One core is left to the live path."""


def workers_option() -> argparse.ArgumentParser:
    """Return a parent parser with `--workers N`."""
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("--workers", type=int, default=_WORKERS, metavar="N", help="processes to share it")
    return parser
