"""The images that deployments use, as infra/deploy/compose.yaml names them."""

from __future__ import annotations

import re
from pathlib import Path

DEPLOY = Path(__file__).resolve().parents[2] / "infra" / "deploy"


def image(service: str) -> str:
    """Return the image of a service of compose.yaml."""
    text = (DEPLOY / "compose.yaml").read_text()
    found = re.search(rf"^  {service}:\n(?:    .*\n)*?    image: (\S+)$", text, re.MULTILINE)
    assert found is not None, service
    return found[1]
