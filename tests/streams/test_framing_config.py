from typing import Any

import pytest

from infra.errors import ConfigError
from streams.framing import MAX_FRAME, FramingConfig, make_framer


def read(**keys: Any) -> FramingConfig:
    return FramingConfig.from_mapping(keys, "mission.toml, link radio, framing")


def test_a_whole_table_is_read() -> None:
    config = read(kind="transfer-frames", length=1115, asm=True, fecf=True, randomised=True)
    assert config == FramingConfig("transfer-frames", 1115, 0, True, True, True, "packets")


@pytest.mark.parametrize(
    ("keys", "says"),
    [
        ({}, "`kind` is missing"),
        ({"kind": "frames"}, "`kind` is 'frames'"),
        ({"kind": ["fixed"]}, "`kind` is"),
        ({"kind": "packets", "lenght": 3}, "unknown key 'lenght'"),
        ({"kind": "fixed"}, "`length` is missing"),
        ({"kind": "transfer-frames"}, "`length` is missing"),
        ({"kind": "fixed", "length": "71"}, "`length` is '71'"),
        ({"kind": "fixed", "length": True}, "`length` is True"),
        ({"kind": "fixed", "length": 0}, "at least 1"),
        ({"kind": "fixed", "length": -1}, "at least 1"),
        ({"kind": "fixed", "length": 10, "header": 10}, "at least 11"),
        ({"kind": "fixed", "length": MAX_FRAME + 1}, f"at most {MAX_FRAME}"),
        ({"kind": "transfer-frames", "length": MAX_FRAME}, "too large"),
        ({"kind": "transfer-frames", "length": 8, "fecf": True}, "at least 9"),
        ({"kind": "transfer-frames", "length": 100, "fecf": 1}, "true or false"),
        ({"kind": "transfer-frames", "length": 100, "header": 2}, "`header` has no meaning"),
        ({"kind": "packets", "header": -1}, "`header` is -1"),
        ({"kind": "packets", "header": 70_000}, "`header` is 70000"),
        ({"kind": "packets", "asm": True}, "`asm` has no meaning"),
        ({"kind": "packets", "header": 4, "length": 10}, "at least 11"),
        ({"kind": "datagram", "length": 10}, "`length` has no meaning"),
        ({"kind": "datagram", "content": "all"}, "`content` is 'all'"),
    ],
)
def test_a_wrong_table_is_refused_with_its_place_and_what_to_do(keys: dict[str, Any], says: str) -> None:
    with pytest.raises(ConfigError) as error:
        read(**keys)
    assert says in str(error.value)
    assert "mission.toml, link radio, framing" in str(error.value)
    assert error.value.fix


@pytest.mark.parametrize(
    "config",
    [
        FramingConfig("datagram"),
        FramingConfig("fixed", 5),
        FramingConfig("packets"),
        FramingConfig("transfer-frames", 20),
        FramingConfig("transfer-frames", 20, asm=False),
    ],
)
def test_every_kind_has_a_framer_that_starts_empty(config: FramingConfig) -> None:
    assert make_framer(config).flush(1) == []
