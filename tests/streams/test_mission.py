from pathlib import Path

import pytest
from support import small_mission

from infra.errors import ConfigError, FlightLedgerError, MissionError
from streams.mission import Mission, bundle, load_mission, unbundle


def changed(folder: Path, old: str, new: str) -> Path:
    file = small_mission.write_mission(folder) / "mission.toml"
    assert old in file.read_text()
    file.write_text(file.read_text().replace(old, new))
    return folder


def same(one: Mission, other: Mission) -> bool:
    return (one.name, one.title, one.root, one.files, one.digest, one.links, one.clock, one.settings) == (
        other.name,
        other.title,
        other.root,
        other.files,
        other.digest,
        other.links,
        other.clock,
        other.settings,
    )


def without_settings(folder: Path) -> Path:
    (small_mission.write_mission(folder) / "mission.toml").unlink()
    return folder


def without_name(folder: Path) -> Path:
    return changed(folder, 'name = "small"\n', "")


def with_folders(folder: Path) -> Path:
    changed(folder, 'database = ["small.xml"]', 'database = ["common/small.xml"]')
    (folder / "common").mkdir()
    (folder / "small.xml").rename(folder / "common" / "small.xml")
    return folder


@pytest.mark.parametrize(
    "make",
    [small_mission.write_mission, without_settings, without_name, with_folders],
    ids=lambda f: f.__name__,
)
def test_a_mission_comes_out_of_its_bundle_as_it_was(tmp_path: Path, make: object) -> None:
    mission = load_mission(make(tmp_path / "m"))  # type: ignore[operator]
    again = unbundle(bundle(mission))
    assert same(mission, again)
    assert same(mission, unbundle(bundle(again)))
    assert [kind.name for kind in again.decoder().packet_types] == ["ATTITUDE", "MODE_PACKET", "NOTE"]


def test_one_xtce_file_is_a_mission_too(tmp_path: Path) -> None:
    file = small_mission.write_mission(tmp_path / "m") / "small.xml"
    mission = load_mission(file)
    assert (mission.name, mission.links) == ("Small", ())
    assert mission.framing("any").kind == "packets"
    assert same(mission, unbundle(bundle(mission)))


def test_the_digest_tells_missions_apart_and_does_not_depend_on_the_place(tmp_path: Path) -> None:
    one = load_mission(small_mission.write_mission(tmp_path / "one"))
    two = load_mission(small_mission.write_mission(tmp_path / "two") / "mission.toml")
    other = load_mission(changed(tmp_path / "other", 'unit = "s"', 'unit = "ms"'))
    assert one.digest == two.digest != other.digest


def test_a_link_that_the_mission_does_not_name_is_framed_as_its_first_one(tmp_path: Path) -> None:
    mission = load_mission(small_mission.write_mission(tmp_path / "m"))
    assert mission.framing("frames").kind == "transfer-frames"
    assert mission.framing("nobody") == mission.framing("radio")


@pytest.mark.parametrize(
    ("old", "new", "kind", "words"),
    [
        ("[time]", "[tim", ConfigError, "not valid TOML"),
        ("[time]", "[watch]", ConfigError, "unknown key"),
        ("small.xml", "large.xml", MissionError, "'large.xml' is missing"),
        ("small.xml", "../m/small.xml", MissionError, "mission's folder"),
        ('unit = "s"', 'unit = "fortnight"', ConfigError, "fortnight"),
        ('unit = "s"', 'unit = "1/0 s"', ConfigError, "1/0 s"),
        ('unit = "s"', 'unit = "1/1000000000000007 day"', ConfigError, "1/1000000000000007 day"),
        ('unit = "s"', 'units = "s"', ConfigError, "parameter and unit"),
        ("2000-01-01T00:00:00Z", "in the year 2000", ConfigError, "ISO 8601"),
        ('kind = "packets"', 'kind = "parcels"', ConfigError, "parcels"),
    ],
)
def test_what_is_wrong_in_mission_toml_is_said_with_the_file(
    tmp_path: Path, old: str, new: str, kind: type[FlightLedgerError], words: str
) -> None:
    with pytest.raises(kind, match=words) as caught:
        load_mission(changed(tmp_path / "m", old, new))
    assert "mission.toml" in str(caught.value)


def test_a_mission_that_is_not_there_or_has_no_database_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(MissionError, match="no such mission"):
        load_mission(tmp_path / "nowhere")
    with pytest.raises(MissionError, match="no XTCE file"):
        load_mission(tmp_path)


@pytest.mark.parametrize("text", ["", "!", "bm90IGRlZmxhdGVk", "eJyrrgUAAXUA+Q=="])
def test_a_recorded_mission_that_is_none_is_an_error(text: str) -> None:
    with pytest.raises(MissionError, match="OPERATIONS: the recorded mission can not be read"):
        unbundle(text)
