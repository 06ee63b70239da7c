"""The files of infra/deploy, as far as they can be tried without a container engine."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from support.guarded_server import PASSWORD
from support.images import DEPLOY, image
from support.program import COMMAND, run_command
from support.waiting import run_async, wait_until

from infra.access import AccessFolder, Role
from infra.access.services import account_names
from infra.connection import connect_nats
from infra.embedded.nats_process import MAX_PAYLOAD, find_nats_server
from infra.embedded.ports import choose_ports
from infra.embedded.process import accepts
from infra.errors import ServerError
from infra.program.bus import ensure_bus
from infra.program.runners import RUNNERS

pytestmark = pytest.mark.skipif(
    shutil.which("openssl") is None, reason="openssl makes the certificates of this test"
)


def make_certificate(folder: Path) -> Path:
    """Make a certificate for localhost in `tls/`, and return that of the authority that signed it."""
    tls = folder / "tls"
    tls.mkdir(parents=True)
    command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=localhost"
    names = [
        "-addext",
        "subjectAltName=DNS:localhost,IP:127.0.0.1",
        "-addext",
        "basicConstraints=critical,CA:TRUE",
    ]
    files = ["-keyout", str(tls / "server.key"), "-out", str(tls / "server.crt")]
    subprocess.run([*command.split(), *names, *files], check=True, capture_output=True)
    return tls / "server.crt"


@contextmanager
def deployed_nats(folder: Path, access: AccessFolder) -> Iterator[str]:
    """Run a nats-server with the deployment's configuration, on free ports; gives its address."""
    port, monitoring, websocket = choose_ports((0, 0, 0))
    text = (DEPLOY / "nats-server.conf").read_text()
    for wanted, here in (
        ("0.0.0.0:4222", f"127.0.0.1:{port}"),
        ("127.0.0.1:8222", f"127.0.0.1:{monitoring}"),
        ("0.0.0.0:8443", f"127.0.0.1:{websocket}"),
        ("/data/jetstream", str(folder / "jetstream")),
    ):
        assert text.count(wanted) == 1
        text = text.replace(wanted, here)
    (folder / "nats-server.conf").write_text(text)
    printed = run_command("--data", access.users.path.parent, "user", "nats-config")
    (folder / "accounts.conf").write_bytes(printed.stdout)
    command = [find_nats_server(), "-c", "nats-server.conf"]
    subprocess.run([*command, "-t"], cwd=folder, check=True, capture_output=True)
    with (
        (folder / "log").open("wb") as log,
        subprocess.Popen(command, cwd=folder, stdout=log, stderr=log) as server,
    ):
        try:
            wait_until(lambda: accepts(port) and accepts(websocket), what=(folder / "log").read_text())
            yield f"tls://localhost:{port}"
        finally:
            server.terminate()


def test_the_nats_configuration_takes_tls_and_the_deployments_users(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    access = AccessFolder(tmp_path / "deployment")
    access.users.add("vera", Role.VIEWER, PASSWORD, "now")
    authority = make_certificate(tmp_path)
    lines = (
        run_command("--data", tmp_path / "deployment", "user", "credentials", "query")
        .stdout.decode()
        .splitlines()
    )
    credentials = dict(line.split("=", 1) for line in lines)
    assert set(credentials) == {"NATS_USER", "NATS_PASSWORD"}

    async def main(url: str) -> None:
        with pytest.raises(ServerError, match="certificate verify failed"):
            await connect_nats(url, name="test", user="vera", password=PASSWORD)
        monkeypatch.setenv("SSL_CERT_FILE", str(authority))
        user, password = credentials.values()
        query = await connect_nats(url, name="test", user=user, password=password)
        await ensure_bus(query.jetstream())
        assert query.max_payload == MAX_PAYLOAD
        vera = await connect_nats(url, name="test", user="vera", password=PASSWORD)
        with pytest.raises(ServerError, match="refuses this user name"):
            await connect_nats(url, name="test")
        for nc in (query, vera):
            await nc.close()

    with deployed_nats(tmp_path, access) as url:
        run_async(main, url)
        plain = run_command(
            "--nats-url",
            url.replace("tls://", "nats://"),
            "--user",
            "vera",
            "query",
            "latest",
            NATS_PASSWORD=PASSWORD,
        )
        assert plain.code == 2, "without a way to check the certificate nobody gets in"


def test_a_deployment_without_users_is_not_open(tmp_path: Path) -> None:
    access = AccessFolder(tmp_path / "deployment")
    make_certificate(tmp_path)
    with deployed_nats(tmp_path, access) as url:
        anybody = run_command(
            "--nats-url", url, "query", "latest", SSL_CERT_FILE=str(tmp_path / "tls" / "server.crt")
        )
        assert anybody.code == 2 and "refuses" in anybody.error


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed")
def test_the_unit_is_one_that_systemd_takes(tmp_path: Path) -> None:
    text = (DEPLOY / "flightledger@.service").read_text()
    assert "/opt/flightledger/bin/flightledger" in text
    unit = tmp_path / "flightledger@parser.service"
    unit.write_text(text.replace("/opt/flightledger/bin/flightledger", COMMAND[0]))
    done = subprocess.run(
        ["systemd-analyze", "verify", str(unit)], capture_output=True, text=True, check=False
    )
    assert str(unit) not in done.stderr and done.returncode == 0, done.stderr


def test_the_compose_file_runs_each_service_with_its_own_credentials() -> None:
    text = (DEPLOY / "compose.yaml").read_text()
    started = re.findall(r"command: \[service, (\w+)\]", text)
    assert sorted(started) == sorted(RUNNERS)
    for name in started:
        block = re.search(rf"^  {name}:\n((?:    .*\n)+)", text, re.MULTILINE)
        assert block is not None and f"./deployment/{name}.env" in block[1] and name in account_names()
        wants_clickhouse = name in ("query", "generation", "replay", "writer")
        assert ("clickhouse.env" in block[1]) == wants_clickhouse, name
    assert image("nats").startswith("nats:2.") and image("clickhouse").startswith(
        "clickhouse/clickhouse-server:"
    )
    for mounted in re.findall(r"- \./([\w.-]+)(?::|/)", text):
        assert mounted == "deployment" or (DEPLOY / mounted).exists(), mounted


def test_the_image_has_what_its_entry_needs() -> None:
    text = (DEPLOY / "Dockerfile").read_text()
    assert "USER flightledger" in text and 'ENTRYPOINT ["flightledger"]' in text
    python = re.search(r"^FROM python:(3\.\d+)-", text, re.MULTILINE)
    assert python is not None and python[1] in ("3.11", "3.12")
