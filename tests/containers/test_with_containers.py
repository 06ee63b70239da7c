"""The acceptance path on servers in containers: the same services and commands, other addresses.

Without a container engine the same path runs in tests/infra/test_distributed_services.py, on servers that
were started by hand.
"""

from __future__ import annotations

import shutil
import subprocess
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.guarded_server import PASSWORD
from support.images import image
from support.program import Ended, Running, run_command
from support.small_mission import recording, write_mission
from support.waiting import wait_until
from testcontainers.core.container import DockerContainer

from infra.access import AccessFolder, Role


def engine() -> str:
    """Return why there is no container engine; empty where one answers."""
    if shutil.which("docker") is None:
        return "no docker command"
    asked = subprocess.run(["docker", "info"], capture_output=True, text=True, timeout=30, check=False)
    return (
        "" if asked.returncode == 0 else "no Docker engine answers: " + asked.stderr.strip().splitlines()[-1]
    )


REASON = engine()
pytestmark = pytest.mark.skipif(bool(REASON), reason=REASON)


class Deployment:
    """Servers in containers, and the services of this checkout on them."""

    def __init__(self, folder: Path, nats_url: str, clickhouse_url: str, access: AccessFolder) -> None:
        self.folder, self.nats_url, self.clickhouse_url, self.access = (
            folder,
            nats_url,
            clickhouse_url,
            access,
        )
        self.running: list[Running] = []

    def start(self, service: str, mission: Path) -> None:
        user, password = self.access.credentials(service) or ("", "")
        settings = {
            "NATS_URL": self.nats_url,
            "NATS_USER": user,
            "NATS_PASSWORD": password,
            "CLICKHOUSE_URL": self.clickhouse_url,
            "CLICKHOUSE_USER": "flightledger",
            "CLICKHOUSE_PASSWORD": "flightledger",
            "DATA_DIR": str(self.folder / service),
            "MISSION": str(mission),
        }
        arguments = ["service", service, *(f"--{key}={value}" for key, value in settings.items())]
        self.running.append(Running(arguments, self.folder / f"{service}-log"))

    def run(self, *arguments: object, user: str = "service-local") -> Ended:
        account = self.access.credentials(user.removeprefix("service-"))
        password = account[1] if account else PASSWORD
        ended = run_command("--nats-url", self.nats_url, "--user", user, *arguments, NATS_PASSWORD=password)
        assert ended.code == 0, ended.stderr
        return ended


@pytest.fixture(scope="module")
def deployment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    """nats-server and ClickHouse from their images, with the accounts that `user nats-config` prints."""
    folder = tmp_path_factory.mktemp("containers")
    access = AccessFolder(folder / "deployment")
    access.users.add("vera", Role.VIEWER, PASSWORD, "now")
    printed = run_command("--data", folder / "deployment", "user", "nats-config").stdout.decode()
    (folder / "nats-server.conf").write_text(
        f"max_payload: 8MB\njetstream {{ store_dir: /tmp/js }}\n{printed}"
    )
    nats = (
        DockerContainer(image("nats"))
        .with_exposed_ports(4222)
        .with_volume_mapping(str(folder / "nats-server.conf"), "/etc/nats/server.conf", "ro")
        .with_command("-c /etc/nats/server.conf")
    )
    clickhouse = (
        DockerContainer(image("clickhouse"))
        .with_exposed_ports(8123)
        .with_env("CLICKHOUSE_USER", "flightledger")
        .with_env("CLICKHOUSE_PASSWORD", "flightledger")
    )
    with nats, clickhouse:
        made = Deployment(
            folder,
            f"nats://{nats.get_container_host_ip()}:{nats.get_exposed_port(4222)}",
            f"http://{clickhouse.get_container_host_ip()}:{clickhouse.get_exposed_port(8123)}",
            access,
        )
        try:
            wait_until(lambda: pings(made.clickhouse_url), 120, "ClickHouse answers")
            yield made
        finally:
            for service in made.running:
                service.stop()


def test_a_recording_is_imported_and_answered_from_servers_in_containers(
    deployment: Deployment, tmp_path: Path
) -> None:
    mission = write_mission(tmp_path / "mission")
    for service in ("query", "writer", "parser"):
        deployment.start(service, mission)
    wait_until(lambda: answers(deployment), 120, "the services answer")
    imported = deployment.run(
        "import", recording(tmp_path / "flight.bin", 2000), "--mission", mission, "--json"
    ).row
    assert imported["frames"] == {"parsed": 2000}
    assert len(deployment.run("query", "packets", "--json", user="vera").rows) == 2000
    again = deployment.run("import", tmp_path / "flight.bin", "--mission", mission, "--json").row
    assert again == imported | {"frames_added": 0}
    assert deployment.run("doctor", "--json").row["problems"] == 0


def pings(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/ping", timeout=2) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def answers(deployment: Deployment) -> bool:
    asked = run_command(
        "--nats-url", deployment.nats_url, "--user", "vera", "parser", "status", NATS_PASSWORD=PASSWORD
    )
    return asked.code == 0
