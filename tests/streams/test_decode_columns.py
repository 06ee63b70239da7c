"""Names, roles and labels of columns."""

from __future__ import annotations

from pathlib import Path

import pytest
import xtce_text as xml
from hypothesis import given
from hypothesis import strategies as st

from streams.decode import RESERVED, PacketType, compile_decoder
from streams.decode.columns import unique_labels

FLOAT = '<FloatParameterType name="F"><IntegerDataEncoding sizeInBits="8"/></FloatParameterType>'


def packet_type(
    folder: Path, entries: list[str], types: dict[str, str] | None = None, inner: str = ""
) -> PacketType:
    """The type of a packet with entries by name; parameters that are not `In/…` are defined at the top."""
    kinds = types or {}
    names = dict.fromkeys(name for name in entries if "/" not in name)
    parameters = "".join(xml.parameter(name, kinds.get(name, "U8")) for name in names)
    containers = xml.container("P", "".join(map(xml.entry, entries)))
    text = xml.system(xml.telemetry(xml.integer("U8") + FLOAT, parameters, containers) + inner)
    (found,) = compile_decoder(xml.load(folder, text), "P").packet_types
    return found


def system_in(*names: str) -> str:
    parameters = "".join(xml.parameter(name, "U8") for name in names)
    return xml.system(xml.telemetry("", parameters), "In").split("\n", 1)[1]


def test_a_value_comes_before_its_raw_value(tmp_path: Path) -> None:
    columns = packet_type(tmp_path, ["a", "b"], {"b": "F"}).columns
    assert [(column.name, column.role, column.label) for column in columns] == [
        ("a", "both", "a"),
        ("b", "value", "b"),
        ("b__raw", "raw", "b"),
    ]
    assert [column.parameter for column in columns] == ["/T/a", "/T/b", "/T/b"]


def test_the_last_of_several_instances_has_the_plain_label(tmp_path: Path) -> None:
    columns = packet_type(tmp_path, ["s", "a", "s", "s"]).columns
    assert [(column.name, column.label) for column in columns] == [
        ("s__1", "s__1"),
        ("a", "a"),
        ("s__2", "s__2"),
        ("s", "s"),
    ]


@pytest.mark.parametrize("name", sorted(RESERVED))
def test_a_parameter_with_a_reserved_name_gets_its_path(tmp_path: Path, name: str) -> None:
    (column,) = packet_type(tmp_path, [name]).columns
    assert (column.name, column.label) == (f"T_{name}", name)


def test_parameters_of_the_same_name_get_as_much_path_as_tells_them_apart(tmp_path: Path) -> None:
    columns = packet_type(tmp_path, ["v", "In/v", "w"], inner=system_in("v")).columns
    assert [(column.name, column.label) for column in columns] == [
        ("T_v", "T/v"),
        ("In_v", "In/v"),
        ("w", "w"),
    ]


def test_names_that_look_like_made_ones_are_not_taken_from_them(tmp_path: Path) -> None:
    columns = packet_type(tmp_path, ["b", "b__raw", "s", "s__1", "s"], {"b": "F"}).columns
    assert [column.name for column in columns] == ["b", "b__raw_2", "b__raw", "s__1_2", "s__1", "s"]
    assert len({column.name for column in columns}) == len(columns)


def test_types_of_the_same_name_get_their_path(tmp_path: Path) -> None:
    one = xml.system(
        xml.telemetry(
            xml.integer("U8"), xml.parameter("a", "U8"), xml.container("R", xml.entry("a"), abstract=True)
        ),
        "A",
    )
    two = "".join(
        xml.system(
            xml.telemetry("", "", xml.container("P", "", "/A/R", xml.comparison("/A/a", number))), name
        ).split("\n", 1)[1]
        for number, name in enumerate("XY")
    )
    decoder = compile_decoder(xml.load(tmp_path, one, xml.system(two, "B")))
    assert [kind.name for kind in decoder.packet_types] == ["X_P", "Y_P"]
    assert [kind.qualified_name for kind in decoder.packet_types] == ["/B/X/P", "/B/Y/P"]


def test_a_packet_type_knows_its_parameters_and_where_it_is_defined(tmp_path: Path) -> None:
    found = packet_type(tmp_path, ["a", "b", "a"])
    assert [parameter.name for parameter in found.parameters] == ["a", "b"]
    assert (found.fixed, found.size_bits, found.file) == (True, 24, "part0.xml")
    assert found.line > 1


@given(
    st.sets(
        st.lists(st.sampled_from(["a", "b", "c"]), min_size=1, max_size=4).map(
            lambda path: "/" + "/".join(path)
        ),
        min_size=1,
    )
)
def test_labels_are_unique_ends_of_paths(names: set[str]) -> None:
    labels = unique_labels(sorted(names))
    assert set(labels) == names
    assert len(set(labels.values())) == len(names)
    assert all(name == f"/{label}" or name.endswith(f"/{label}") for name, label in labels.items())
