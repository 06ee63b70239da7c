"""Who connects: refusals, inboxes of their own, several addresses, and addresses that may be shown."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from support.guarded_server import PASSWORD, guarded_server
from support.waiting import run_async, wait_until_async

from infra.connection import connect_nats, without_password
from infra.errors import AccessError
from infra.program.connecting import connected


def test_several_addresses_are_one_cluster_of_which_one_is_enough(nats_server: Any) -> None:
    async def main() -> None:
        nc = await connect_nats(f"nats://127.0.0.1:1, {nats_server.url}", name="test")
        assert nc.is_connected
        await nc.close()

    run_async(main)


def test_what_is_refused_is_told_and_the_inboxes_of_a_user_are_its_own(tmp_path: Path) -> None:
    async def main(url: str) -> None:
        refused: list[str] = []
        nc = await connect_nats(url, name="test", user="vera", password=PASSWORD, on_refused=refused.append)
        assert nc.new_inbox().startswith("_INBOX.vera.")
        await nc.publish("frame.radio", b"")
        await nc.subscribe("frame.>")
        await wait_until_async(lambda: len(refused) == 2)
        assert refused == ['publish to "frame.radio"', 'subscription to "frame.>"']
        await nc.close()

    with guarded_server(tmp_path) as guarded:
        run_async(main, guarded.url)


def test_a_refusal_ends_what_waits_for_an_answer_and_says_who_may_not_do_what(tmp_path: Path) -> None:
    async def main(url: str) -> None:
        with pytest.raises(AccessError, match=r'vera may not publish to "parser.restart"'):
            async with connected(url, ("vera", PASSWORD)) as nc:
                await nc.request("parser.restart", b"{}", timeout=60)
        async with connected(url, ("vera", PASSWORD)) as nc:
            assert nc.is_connected, "the task goes on after it"

    with guarded_server(tmp_path) as guarded:
        run_async(main, guarded.url, deadline=20)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("localhost:4222", "nats://localhost:4222"),
        ("nats://anna:se:cr@et@host:1", "nats://host:1"),
        ("tls://token@a:1, nats://b:2", "tls://a:1,nats://b:2"),
    ],
)
def test_an_address_is_shown_without_its_password(url: str, shown: str) -> None:
    assert without_password(url) == shown
