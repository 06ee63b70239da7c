"""Data encodings: how a raw value stands in the packet (XTCE 1.2, DataEncodingType).

Known limits, each refused at load with file and line: bitOrder other than mostSignificantBitFirst, least
significant byte first for a number that is not a whole number of bytes, byte orders that are neither of the
two usual ones, float encodings other than IEEE 754 and MIL-STD-1750A, transform algorithms of binaries.
"""

from __future__ import annotations

from dataclasses import dataclass

from streams.xtce.calibrators import Calibration, read_calibration
from streams.xtce.element import Node
from streams.xtce.sizes import FixedSize, Size, read_size

_SCHEMES = {
    "unsigned": "unsigned", "twosComplement": "twosComplement", "signMagnitude": "signMagnitude",
    "onesComplement": "onesComplement", "BCD": "BCD", "packedBCD": "packedBCD",
    "twosCompliment": "twosComplement", "signed": "twosComplement",  # written so in real databases
}  # fmt: skip
_DIGIT_BITS = {"BCD": 8, "packedBCD": 4}
_FLOATS = {
    "IEEE754": ("IEEE754", {16, 32, 64}),
    "IEEE754_1985": ("IEEE754", {16, 32, 64}),
    "MILSTD_1750A": ("MILSTD_1750A", {32, 48}),
}
_CHARSETS = {
    "US-ASCII": "ascii", "UTF-8": "utf-8", "ISO-8859-1": "latin-1", "Windows-1252": "cp1252",
    "UTF-16": "utf-16", "UTF-16LE": "utf-16-le", "UTF-16BE": "utf-16-be",
    "UTF-32": "utf-32", "UTF-32LE": "utf-32-le", "UTF-32BE": "utf-32-be",
}  # fmt: skip


@dataclass(frozen=True)
class IntegerEncoding:
    """An integer of 1 to 64 bits; `little` means least significant byte first."""

    bits: int
    scheme: str
    little: bool
    calibration: Calibration | None
    place: str


@dataclass(frozen=True)
class FloatEncoding:
    """A float: IEEE 754 of 16, 32, 64 bits or MIL-STD-1750A of 32, 48 bits."""

    bits: int
    scheme: str
    little: bool
    calibration: Calibration | None
    place: str


@dataclass(frozen=True)
class StringEncoding:
    """Text in a buffer. `size` is the buffer's size in bits; None: it ends with what it holds.

    `terminator` ends the text inside the buffer; `tag_bits` is the width of a size in front of the text,
    which counts bytes of text (XTCE leaves the unit open; bytes is what Yamcs and F Prime write).
    """

    size: Size | None
    max_bits: int
    charset: str
    terminator: bytes | None
    tag_bits: int | None
    place: str


@dataclass(frozen=True)
class BinaryEncoding:
    """Bytes as they are; `size` in bits."""

    size: Size
    place: str


Encoding = IntegerEncoding | FloatEncoding | StringEncoding | BinaryEncoding
ENCODING_TAGS = ("IntegerDataEncoding", "FloatDataEncoding", "StringDataEncoding", "BinaryDataEncoding")


def read_encoding(node: Node) -> Encoding:
    """One of the four data encodings."""
    if node.string("bitOrder", "mostSignificantBitFirst") != "mostSignificantBitFirst":
        raise node.unsupported("bitOrder leastSignificantBitFirst")
    match node.tag:
        case "IntegerDataEncoding":
            return _integer(node)
        case "FloatDataEncoding":
            return _float(node)
        case "StringDataEncoding":
            return _string(node)
    return _binary(node)


def _integer(node: Node) -> IntegerEncoding:
    bits = node.integer("sizeInBits", 8)
    if not 1 <= bits <= 64:
        raise node.error(f"an integer of {bits} bits cannot be decoded", "use sizeInBits from 1 to 64")
    scheme = _SCHEMES.get(node.string("encoding", "unsigned"))
    if scheme is None:
        raise node.unsupported(
            f'the integer encoding "{node.string("encoding")}"', "use unsigned or twosComplement"
        )
    if bits % _DIGIT_BITS.get(scheme, 1):
        raise node.error(
            f"{bits} bits are no whole number of {scheme} digits", f"use a multiple of {_DIGIT_BITS[scheme]}"
        )
    return IntegerEncoding(bits, scheme, _little(node, bits), read_calibration(node), node.place)


def _float(node: Node) -> FloatEncoding:
    name = node.string("encoding", "IEEE754_1985")
    scheme, sizes = _FLOATS.get(name, ("", set()))
    bits = node.integer("sizeInBits", 32)
    if bits not in sizes:
        fix = f"use sizeInBits {sorted(sizes)}" if sizes else "use IEEE754_1985 or MILSTD_1750A"
        raise node.unsupported(f'a float of encoding "{name}" with {bits} bits', fix)
    return FloatEncoding(bits, scheme, _little(node, bits), read_calibration(node), node.place)


def _little(node: Node, bits: int) -> bool:
    """Whether the least significant byte comes first: byteOrder, or the ByteOrderList of XTCE 1.0 and 1.1."""
    order = node.string("byteOrder", "mostSignificantByteFirst").strip()
    listed = node.child("ByteOrderList")
    if listed is not None:
        order = ",".join(str(byte.integer("byteSignificance")) for byte in listed.children("Byte"))
    rising = [str(significance) for significance in range((bits + 7) // 8)]
    if bits <= 8 or order in {"mostSignificantByteFirst", ",".join(reversed(rising))}:
        return False
    if order not in {"leastSignificantByteFirst", ",".join(rising)}:
        raise node.unsupported(
            f'the byte order "{order}"', "use mostSignificantByteFirst or leastSignificantByteFirst"
        )
    if bits % 8:
        raise node.error(
            f"least significant byte first is ambiguous for {bits} bits",
            "use whole bytes, or split the field into its bytes",
        )
    return True


def _string(node: Node) -> StringEncoding:
    sized = node.child("SizeInBits") or node.child("Variable")
    if sized is None:
        raise node.error("the string has no size", "add SizeInBits or Variable")
    tag = sized.child("LeadingSize")
    tag_bits = None if tag is None else tag.integer("sizeInBitsOfSizeTag", 16)
    if tag is not None and not 1 <= (tag_bits or 0) <= 64:
        raise tag.error(
            f"a size tag of {tag_bits} bits cannot be decoded", "use 1 to 64 bits, most often 8 or 16"
        )
    charset = _charset(node)
    terminator = None if tag is not None else _terminator(sized, charset)
    size = _string_size(sized, terminator, tag_bits)
    return StringEncoding(
        size, sized.integer("maxSizeInBits", 2**31), charset, terminator, tag_bits, node.place
    )


def _charset(node: Node) -> str:
    name = node.string("encoding", "UTF-8")
    charset = _CHARSETS.get(name)
    if charset is None:
        raise node.unsupported(f'the character encoding "{name}"', f"use one of {', '.join(_CHARSETS)}")
    if charset in {
        "utf-16",
        "utf-32",
    }:  # without a byte order in the name: the attribute's, most significant first
        charset += "-le" if node.string("byteOrder", "") == "leastSignificantByteFirst" else "-be"
    return charset


def _terminator(sized: Node, charset: str) -> bytes | None:
    node = sized.child("TerminationChar")
    if node is None:
        return None
    unit = len("\0".encode(charset))
    try:
        terminator = bytes.fromhex(node.text or "00" * unit)
    except ValueError:
        terminator = b""
    if not terminator or len(terminator) % unit:
        raise node.error(
            f'the TerminationChar "{node.text}" is not {unit} bytes in hexadecimal',
            f'write for example "{"00" * unit}"',
        )
    return terminator


def _string_size(sized: Node, terminator: bytes | None, tag_bits: int | None) -> Size | None:
    has_size = any(sized.children("Fixed", "DynamicValue", "DiscreteLookupList", "FixedValue"))
    if has_size and not _is_ignored(sized):
        return _positive(read_size(sized), sized)
    if terminator is None and tag_bits is None:
        raise sized.error(
            "nothing says where the string ends",
            "add a Fixed size, a DynamicValue, a TerminationChar or a LeadingSize",
        )
    return None


def _is_ignored(sized: Node) -> bool:
    """Whether a size is only there because the schema asks for one; databases for Yamcs name it so."""
    reference = sized.child("DynamicValue/ParameterInstanceRef")
    return reference is not None and reference.optional("parameterRef") == "_yamcs_ignore"


def _binary(node: Node) -> BinaryEncoding:
    if node.child("FromBinaryTransformAlgorithm") is not None:
        raise node.unsupported("a FromBinaryTransformAlgorithm")
    sized = node.need("SizeInBits")
    return BinaryEncoding(_positive(read_size(sized), sized), node.place)


def _positive(size: Size, node: Node) -> Size:
    if isinstance(size, FixedSize) and size.value < 1:
        raise node.error(f"a size of {size.value} bits", "give at least 1 bit")
    return size
