import tomllib
from typing import Any

import pytest

from infra.errors import ConfigError
from streams.framing import FramingConfig
from streams.links import LinkConfig, make_link
from streams.links.backoff import FIRST, LONGEST, Backoff

WHERE = "mission.toml"
PACKETS = {"kind": "packets"}

TOML = """
[[links]]
name = "radio"
transport = "tcp-client"
host = "127.0.0.1"
port = 7001
[links.framing]
kind = "packets"

[[links]]
name = "beacon-2"
transport = "udp"
port = 0
remote_host = "127.0.0.1"
remote_port = 7002

[[links]]
name = "cable"
transport = "serial"
device = "/dev/ttyUSB0"
baud = 9600
[links.framing]
kind = "transfer-frames"
length = 1115
[links.uplink]
kind = "cltu"
scid = 7
"""


def test_the_links_of_a_mission_are_read() -> None:
    radio, beacon, cable = (LinkConfig.from_mapping(link, WHERE) for link in tomllib.loads(TOML)["links"])
    assert radio == LinkConfig("radio", "tcp-client", FramingConfig("packets"), "127.0.0.1", 7001)
    assert (beacon.framing.kind, beacon.remote_port) == ("datagram", 7002)
    assert (cable.device, cable.baud, cable.framing.length) == ("/dev/ttyUSB0", 9600, 1115)
    assert make_link(beacon).config is beacon
    assert [dict(link.uplink) for link in (radio, beacon, cable)] == [{}, {}, {"kind": "cltu", "scid": 7}]


@pytest.mark.parametrize(
    ("keys", "says"),
    [
        ({"name": None}, "`name` is missing"),
        ({"name": "Radio"}, "`name` is 'Radio'"),
        ({"name": "a.b"}, "`name` is 'a.b'"),
        ({"name": "radio\n"}, "`name` is"),
        ({"name": 3}, "`name` is 3"),
        ({"transport": None}, "`transport` is missing"),
        ({"transport": "tcp"}, "`transport` is 'tcp'"),
        ({"transport": []}, "`transport` is []"),
        ({"port": None}, "`port` is missing"),
        ({"uplink": "cltu"}, "`uplink` is 'cltu'"),
        ({"port": 0}, "1 to 65535"),
        ({"port": "7001"}, "`port` is '7001'"),
        ({"port": True}, "`port` is True"),
        ({"host": ""}, "`host` is empty"),
        ({"prot": 3}, "unknown key 'prot'"),
        ({"baud": 9600}, "unknown key 'baud'"),
        ({"framing": None}, "`framing` is missing"),
        ({"framing": "packets"}, "`framing` is 'packets'"),
        ({"framing": {"kind": "fixed"}}, "link 'radio', framing: `length` is missing"),
        ({"framing": {"kind": "datagram"}}, "does not fit tcp-client"),
        ({"transport": "udp", "remote_host": "127.0.0.1"}, "belong together"),
        ({"transport": "serial", "port": None}, "`device` is missing"),
        ({"transport": "serial", "port": None, "device": "x", "baud": 0}, "`baud` is 0"),
        ({"transport": "file", "port": None, "path": "x", "follow": 1}, "true or false"),
        (
            {"transport": "file", "port": None, "path": "x", "uplink": {"kind": "packets"}},
            "no meaning with file",
        ),
    ],
)
def test_a_wrong_table_is_refused_with_its_place_and_what_to_do(keys: dict[str, Any], says: str) -> None:
    table = {"name": "radio", "transport": "tcp-client", "port": 7001, "framing": PACKETS} | keys
    with pytest.raises(ConfigError) as error:
        LinkConfig.from_mapping({key: value for key, value in table.items() if value is not None}, WHERE)
    assert says in str(error.value)
    assert WHERE in str(error.value)
    assert error.value.fix


def test_waits_double_up_to_the_longest_with_jitter_and_start_anew() -> None:
    backoff = Backoff()
    waits = [backoff.next_wait() for _ in range(12)]
    for number, wait in enumerate(waits):
        full = min(FIRST * 2**number, LONGEST)
        assert full / 2 <= wait <= full
    backoff.settle(since=float("inf"), brought_bytes=False)
    assert backoff.next_wait() >= LONGEST / 2
    backoff.settle(since=float("inf"), brought_bytes=True)
    assert backoff.next_wait() <= FIRST


def test_the_same_reason_is_news_once() -> None:
    backoff = Backoff()
    assert [backoff.is_news(why) for why in ("refused", "refused", "no route", "refused")] == [1, 0, 1, 1]
    backoff.settle(since=0, brought_bytes=False)
    assert backoff.is_news("refused")
