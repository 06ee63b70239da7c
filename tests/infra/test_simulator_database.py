"""`rocket.xml` and the simulated rocket say the same: read as XML here, by none of the project's code."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import space_packet_parser
from lxml import etree
from support.kestrel import MISSION, pus

from infra.simulator import calibration
from infra.simulator.housekeeping import HOT_BAY_C
from infra.simulator.packets import Apid
from infra.simulator.telecommands import FIRE_CODE, NAMES, TERMINATION_CODE, Failure, RefusedError, decode
from infra.simulator.verification import Subtype
from streams.mission import load_mission

ROCKET = MISSION / "rocket.xml"
SCHEMA = Path(space_packet_parser.__file__).parent / "xtce" / "schemas" / "SpaceSystem.xsd"
XML_NAMESPACE = b"""<schema xmlns="http://www.w3.org/2001/XMLSchema"
    targetNamespace="http://www.w3.org/XML/1998/namespace"><attribute name="base" type="anyURI"/></schema>"""
"""All that the schema of XTCE needs of the XML namespace, which it would fetch from the web."""


class OwnXmlNamespace(etree.Resolver):
    def resolve(self, url: str, public_id: str, context: Any) -> Any:
        return self.resolve_string(XML_NAMESPACE, context) if url.endswith("xml.xsd") else None


@pytest.fixture(scope="module")
def rocket() -> Any:
    tree = etree.parse(ROCKET, etree.XMLParser(remove_comments=True))
    for element in tree.iter():
        element.tag = etree.QName(element).localname
    return tree.getroot()


def named(rocket: Any, tag: str, name: str) -> Any:
    (found,) = [element for element in rocket.iter(tag) if element.get("name") == name]
    return found


def test_the_database_is_valid_by_the_schema_of_xtce() -> None:
    parser = etree.XMLParser()
    parser.resolvers.add(OwnXmlNamespace())
    schema = etree.XMLSchema(etree.fromstring(SCHEMA.read_bytes(), parser))
    assert schema.validate(etree.parse(ROCKET)), schema.error_log


def test_the_telemetry_of_the_database_is_loaded_without_a_remark() -> None:
    database = load_mission(MISSION).database
    assert [remark for remark in database.remarks if "CommandMetaData" not in remark] == []


@pytest.mark.parametrize(
    ("name", "curve"),
    [
        ("AccelerationType", calibration.ACCELERATION),
        ("RateType", calibration.RATE),
        ("PressureType", calibration.PRESSURE),
        ("SensorTemperatureType", calibration.SENSOR_TEMPERATURE),
        ("DilutionType", calibration.HDOP),
        ("BatteryVoltageType", calibration.BATTERY_VOLTAGE),
        ("BusVoltageType", calibration.BUS_VOLTAGE),
        ("PyroVoltageType", calibration.PYRO_VOLTAGE),
        ("CurrentType", calibration.CURRENT_COARSE),
        ("LoadType", calibration.CPU_LOAD),
    ],
)
def test_polynomials_are_those_of_the_instruments(
    rocket: Any, name: str, curve: calibration.Polynomial
) -> None:
    terms = named(rocket, "FloatParameterType", name).find(".//DefaultCalibrator/PolynomialCalibrator")
    found = {int(term.get("exponent")): float(term.get("coefficient")) for term in terms}
    assert found == {power: value for power, value in enumerate(curve.coefficients) if value}


def test_the_fine_range_and_the_thermistors_are_those_of_the_instruments(rocket: Any) -> None:
    fine = named(rocket, "FloatParameterType", "CurrentType").find(".//ContextCalibrator//Term")
    assert float(fine.get("coefficient")) == calibration.CURRENT_FINE.coefficients[1]
    for place in ("Battery", "MotorBay", "Avionics"):
        curve = named(rocket, "FloatParameterType", f"{place}TemperatureType").iter("SplinePoint")
        points = tuple((int(point.get("raw")), float(point.get("calibrated"))) for point in curve)
        assert points == calibration.THERMISTOR.points


def test_the_motor_bay_is_hot_where_the_database_says_so(rocket: Any) -> None:
    bay = named(rocket, "FloatParameterType", "MotorBayTemperatureType")
    assert float(bay.find(".//WarningRange").get("maxInclusive")) == HOT_BAY_C


def test_packet_types_have_their_apid(rocket: Any) -> None:
    for apid in (*Apid, 200):
        name = {105: "VerificationReport", 200: "TelecommandPacket"}.get(int(apid)) or Apid(apid).name
        container = next(
            one.getparent() for one in rocket.iter("EntryList") if one.getparent().get("name") == name
        )
        comparisons = container.iter("Comparison")
        values = [one.get("value") for one in comparisons if one.get("parameterRef") == "APID"]
        assert values == [str(int(apid))]


def test_reports_have_their_subtype(rocket: Any) -> None:
    for subtype in Subtype:
        (comparison,) = named(rocket, "SequenceContainer", f"TC_{subtype.name}").iter("Comparison")
        assert (comparison.get("parameterRef"), comparison.get("value")) == ("SUBSERVICE", str(int(subtype)))


def test_failure_codes_are_the_same(rocket: Any) -> None:
    labels = named(rocket, "EnumeratedParameterType", "FailureCodeType").iter("Enumeration")
    assert {one.get("label"): int(one.get("value")) for one in labels} == {
        code.name: int(code) for code in Failure
    }


# --- Telecommands


class Telecommands:
    """The MetaCommands, with what they inherit."""

    def __init__(self, rocket: Any) -> None:
        self.rocket = rocket
        self.all = {one.get("name"): one for one in rocket.iter("MetaCommand")}

    def concrete(self) -> list[str]:
        return [name for name, one in self.all.items() if one.get("abstract") != "true"]

    def chain(self, name: str) -> Iterator[Any]:
        """A MetaCommand after those that it extends."""
        base = self.all[name].find("BaseMetaCommand")
        if base is not None:
            yield from self.chain(base.get("metaCommandRef"))
        yield self.all[name]

    def fixed(self, name: str) -> dict[str, int]:
        comparisons = [c for one in self.chain(name) for c in one.find("CommandContainer").iter("Comparison")]
        return {c.get("parameterRef"): int(c.get("value")) for c in comparisons if c.get("value").isdigit()}

    def assigned(self, name: str) -> dict[str, str]:
        found = [a for one in self.chain(name) for a in one.iter("ArgumentAssignment")]
        return {a.get("argumentName"): a.get("argumentValue") for a in found}

    def types(self, name: str) -> dict[str, Any]:
        """The type of each argument that a person gives."""
        arguments = [a for one in self.chain(name) for a in one.iter("Argument")]
        types = {a.get("name"): self.type(a.get("argumentTypeRef")) for a in arguments}
        return {key: value for key, value in types.items() if key not in self.assigned(name)}

    def type(self, name: str) -> Any:
        return next(one for one in self.rocket.find(".//ArgumentTypeSet") if one.get("name") == name)

    def pack(self, name: str, values: dict[str, int]) -> bytes:
        """The packet with raw values of its arguments."""
        bits, fixed = "", self.fixed(name)
        values = values | {key: int(value == "True") for key, value in self.assigned(name).items()}
        for one in self.chain(name):
            for entry in one.find("CommandContainer/EntryList"):
                if entry.tag == "FixedValueEntry":
                    bits += "0" * int(entry.get("sizeInBits"))
                elif entry.tag == "ArgumentRefEntry":
                    argument = entry.get("argumentRef")
                    size = self.size(name, argument)
                    bits += format(values[argument] % (1 << size), f"0{size}b")
        body = int(bits, 2).to_bytes(len(bits) // 8, "big") if bits else b""
        return pus(fixed["TC_SERVICE"], fixed["TC_SUBSERVICE"], body, apid=fixed["APID"])

    def size(self, name: str, argument: str) -> int:
        arguments = {a.get("name"): a for one in self.chain(name) for a in one.iter("Argument")}
        kind = self.type(arguments[argument].get("argumentTypeRef"))
        fixed = kind.find(".//FixedValue")
        encoding = next(one for one in kind if one.tag.endswith("DataEncoding"))
        return int(fixed.text) if fixed is not None else int(encoding.get("sizeInBits"))


@pytest.fixture(scope="module")
def telecommands(rocket: Any) -> Telecommands:
    return Telecommands(rocket)


def float_bits(value: float) -> int:
    return int.from_bytes(struct.pack(">f", value), "big")


def raws_of(kind: Any) -> Sequence[list[int]]:
    """Raw values of an argument type that are allowed, and some that are not."""
    limits = kind.find(".//ValidRange")
    if kind.tag == "EnumeratedArgumentType":
        good = [int(one.get("value")) for one in kind.iter("Enumeration")]
        return good, [min(good) - 1, max(good) + 1]
    if kind.tag == "FloatArgumentType":
        low, high = float(limits.get("minInclusive")), float(limits.get("maxInclusive"))
        good, bad = [low, high], [low - 0.1, high + 0.1]
        return [list(map(float_bits, values)) for values in (good, bad)]
    if limits is not None:
        low, high = int(limits.get("minInclusive")), int(limits.get("maxInclusive"))
        return [low, high], [low - 1, high + 1]
    if kind.tag == "BinaryArgumentType":
        return [int.from_bytes(FIRE_CODE, "big"), int.from_bytes(TERMINATION_CODE, "big")], []
    if kind.tag == "StringArgumentType":
        return [int.from_bytes(b"text".ljust(32, b"\0"), "big"), 0], []
    return [0, 1], []


def test_the_rocket_knows_the_telecommands_of_the_database_and_no_other(telecommands: Telecommands) -> None:
    assert set(telecommands.concrete()) == NAMES


def test_the_rocket_takes_what_the_database_allows_and_refuses_what_it_does_not(
    telecommands: Telecommands,
) -> None:
    """But for rates: the database allows up to 100 Hz of everything, the instruments do not."""
    for name in telecommands.concrete():
        types = telecommands.types(name)
        usual = {argument: raws_of(kind)[0][0] for argument, kind in types.items()}
        assert decode(telecommands.pack(name, usual)).name == name
        assert set(decode(telecommands.pack(name, usual)).arguments) >= set(types)
        for argument, kind in types.items():
            good, bad = raws_of(kind)
            for raw in good:
                decode(telecommands.pack(name, usual | {argument: raw}))
            for raw in bad:
                with pytest.raises(RefusedError) as refused:
                    decode(telecommands.pack(name, usual | {argument: raw}))
                assert refused.value.failure is Failure.BAD_ARGUMENT


def test_help_texts_name_the_codes_that_the_rocket_knows(rocket: Any) -> None:
    for name, code in (("FIRE_DROGUE", FIRE_CODE), ("TERMINATE_FLIGHT", TERMINATION_CODE)):
        text = named(rocket, "MetaCommand", name).findtext("LongDescription")
        assert f"The code is {code.hex().upper()}." in text


def test_every_telecommand_is_verified_from_its_acceptance_to_its_end(telecommands: Telecommands) -> None:
    for name in telecommands.concrete():
        verifiers = [v for one in telecommands.chain(name) for v in one.iterfind("VerifierSet/*")]
        references = {v.tag: v.find("ContainerRef") for v in verifiers if v.find("ContainerRef") is not None}
        containers = {tag: reference.get("containerRef") for tag, reference in references.items()}
        assert containers == {
            "AcceptedVerifier": "TC_ACCEPTED",
            "ExecutionVerifier": "TC_STARTED",
            "CompleteVerifier": "TC_COMPLETED",
            "FailedVerifier": "TC_FAILED",
        }
        assert all(v.find("CheckWindow") is not None for v in verifiers)


def test_everything_in_the_database_has_a_description(rocket: Any) -> None:
    for tag in ("Parameter", "SequenceContainer", "MetaCommand", "Argument"):
        assert all(one.get("shortDescription") for one in rocket.iter(tag))
