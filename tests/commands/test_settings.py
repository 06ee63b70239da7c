from pathlib import Path

import pytest
from support.telecommand_mission import write_mission

from commands.settings import settings_of
from infra.errors import ConfigError
from streams.mission import load_mission


def test_a_mission_without_settings_asks_for_approvals_of_what_may_do_harm(tmp_path: Path) -> None:
    settings = settings_of(load_mission(write_mission(tmp_path / "m", 1)))
    assert settings.approvals == {"critical": 1, "severe": 2}
    assert settings.may("anyone", "submit", "/T/FIRE")


def test_rights_are_of_users_for_actions_and_telecommands(tmp_path: Path) -> None:
    lines = """rights = [{ users = ["anna"], may = ["submit", "cancel"], telecommands = ["N*", "/T/ARM"] }]
approvals = { distress = 1 }
claim_within_s = 3"""
    settings = settings_of(load_mission(write_mission(tmp_path / "m", 1, commands=lines)))
    assert settings.may("anna", "submit", "/T/NOOP")
    assert settings.may("anna", "cancel", "/T/ARM")
    assert not settings.may("anna", "approve", "/T/NOOP")
    assert not settings.may("anna", "submit", "/T/FIRE")
    assert not settings.may("ben", "submit", "/T/NOOP")
    assert settings.actions_of("anna", "/T/NOOP") == ["submit", "cancel"]
    assert settings.actions_of("ben", "/T/NOOP") == []
    assert (settings.approvals, settings.claim_within_s) == ({"distress": 1}, 3.0)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("claim_within_s = 0", "claim_within_s = 0"),
        ('claim_within_s = "long"', "claim_within_s = 'long'"),
        ("approvals = { grave = 1 }", "approvals has grave = 1"),
        ("approvals = { critical = 12 }", "approvals has critical = 12"),
        ("approvals = 2", "approvals = 2"),
        ('rights = ["anna"]', "`rights` is not a list of tables"),
        ('rights = [{ users = "anna" }]', "rights has users = 'anna'"),
        ('rights = [{ may = ["launch"] }]', "rights has may = 'launch'"),
        ("patience = 3", "unknown key 'patience'"),
    ],
)
def test_a_setting_that_makes_no_sense_is_named(tmp_path: Path, line: str, words: str) -> None:
    with pytest.raises(ConfigError) as raised:
        settings_of(load_mission(write_mission(tmp_path / "m", 1, commands=line)))
    assert words in str(raised.value)


def test_a_default_link_that_is_none_is_named(tmp_path: Path) -> None:
    folder = write_mission(tmp_path / "m", 1)
    file = folder / "mission.toml"
    file.write_text(file.read_text().replace('link = "radio"', 'link = "moon"'))
    with pytest.raises(ConfigError, match="moon"):
        settings_of(load_mission(folder))
