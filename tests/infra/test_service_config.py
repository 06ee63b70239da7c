"""Precedence and failures of a service's configuration."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.config import Config, load_config, parse_args
from infra.errors import ConfigError

REQUIRED = ("NATS_URL", "SERVICE_NAME", "DATA_DIR")


def write(path: Path, content: object) -> str:
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return str(path)


def test_arguments_win_over_environment_which_wins_over_the_file(tmp_path: Path) -> None:
    file = write(tmp_path / "c.json", {"A": "file", "B": "file", "C": "file"})
    config = load_config(["--A=arg"], {"CONFIG_FILE": file, "A": "env", "B": "env"})
    assert (config["A"], config["B"], config["C"]) == ("arg", "env", "file")


def test_the_file_may_be_named_by_an_argument_and_a_key_selected_in_it(tmp_path: Path) -> None:
    file = write(tmp_path / "c.json", {"parser": {"N": 3, "nested": {"x": 1}}, "writer": {"N": 4}})
    config = load_config(["--config-file", file, "--CONFIG_KEY=writer"], {"CONFIG_KEY": "parser"})
    assert config["N"] == 4


def test_keys_are_the_same_in_any_spelling() -> None:
    config = load_config(["--nats-url=a:1", "--Data_Dir", "d"], {"service_name": "s"}, required=REQUIRED)
    assert config["NATS_URL"] == config["nats-url"] == "a:1"
    assert config["DATA_DIR"] == "d"
    assert "service-name" in config


def test_dev_fills_in_only_what_is_missing(tmp_path: Path) -> None:
    config = load_config(["--dev", "--DATA_DIR=x"], {"SERVICE_NAME": "s"}, required=REQUIRED)
    assert config["NATS_URL"] == "localhost:4222"
    assert (config["DATA_DIR"], config["SERVICE_NAME"]) == ("x", "s")


def test_dev_given_as_false_fills_in_nothing() -> None:
    with pytest.raises(ConfigError):
        load_config(["--dev=false"], {}, required=REQUIRED)


def test_an_empty_variable_does_not_hide_a_configured_value(tmp_path: Path) -> None:
    file = write(tmp_path / "c.json", {"NATS_URL": "a:1"})
    assert load_config([], {"NATS_URL": "", "CONFIG_FILE": file})["NATS_URL"] == "a:1"


def test_all_missing_keys_are_named_at_once() -> None:
    with pytest.raises(ConfigError, match="NATS_URL, DATA_DIR") as caught:
        load_config(["--SERVICE_NAME=s"], {}, required=REQUIRED)
    assert "--DATA_DIR=" in str(caught.value)


@pytest.mark.parametrize(
    ("content", "key", "text"),
    [
        ("{not json", "", "not JSON"),
        ("[1]", "", "not a JSON object"),
        ('{"a": 1}', "a", "not a JSON object"),
        ('{"a": {}, "b": {}}', "c", "keys of the file: a, b"),
        ("[1]", "c", "no key 'c'"),
    ],
)
def test_a_wrong_file_is_refused_with_its_name(tmp_path: Path, content: str, key: str, text: str) -> None:
    file = write(tmp_path / "c.json", content)
    with pytest.raises(ConfigError, match=text) as caught:
        load_config([f"--CONFIG_FILE={file}", f"--CONFIG_KEY={key}"], {})
    assert file in str(caught.value)


def test_an_absent_file_is_refused_with_its_name(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read") as caught:
        load_config([], {"CONFIG_FILE": str(tmp_path / "none.json")})
    assert "none.json" in str(caught.value)


def test_a_file_that_is_not_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "c.json").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError, match="UTF-8"):
        load_config([], {"CONFIG_FILE": str(tmp_path / "c.json")})


def test_flags_do_not_swallow_the_next_word() -> None:
    assert parse_args(["--dev", "word", "--x", "--y", "1", "--z"]) == {
        "DEV": True,
        "X": True,
        "Y": "1",
        "Z": True,
    }


def test_a_config_does_not_show_its_values() -> None:
    assert "secret" not in repr(Config({"NATS_PASSWORD": "secret"}))


@given(st.dictionaries(st.from_regex(r"[A-Z][A-Z_]{0,8}", fullmatch=True), st.text()))
def test_every_key_and_value_given_as_an_argument_is_read_back(values: dict[str, str]) -> None:
    assert parse_args([f"--{key}={value}" for key, value in values.items()]) == values
