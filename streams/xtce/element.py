"""Reading XTCE documents safely: one parsed element that knows its file, its line and its SpaceSystem.

Mission databases come from outside, so the XML parser is closed: no network, no DTD, no entities,
and libxml2's own limits on depth and text size stay on.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.parsers import expat

from lxml import etree

from infra.errors import MissionError

if TYPE_CHECKING:
    from streams.xtce.names import Scope

_BASES = {"0x": 16, "0o": 8, "0b": 2}
_DECIMAL = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?")  # three digits: no 10**999999 from a file
_LINE_LIMIT = 65535
_LINE = "{flight-ledger}line"
_NUMBER_FIX = 'write a decimal number, or an integer with "0x", "0o" or "0b" in front'


class UnsupportedError(MissionError):
    """XTCE that is right, but more than Flight Ledger does."""


def parse_document(content: bytes, file: str) -> Any:
    """Parse one XTCE file; answers the root element, all tags without their namespace.

    Raises MissionError with file and line for text that is not well-formed, and for a DOCTYPE.
    """
    parser = etree.XMLParser(
        no_network=True, resolve_entities=False, load_dtd=False, remove_comments=True, remove_pis=True
    )
    try:
        root = etree.fromstring(content, parser)
    except etree.XMLSyntaxError as error:
        raise MissionError(
            f"the XML is not well-formed: {error.msg}",
            where=f"{file}:{error.lineno or 1}",
            fix="mend the file; an XML editor shows the place",
        ) from None
    if root.getroottree().docinfo.internalDTD is not None:
        raise MissionError(
            "the file has a DOCTYPE",
            where=f"{file}:1",
            fix="remove it: XTCE needs none, entities are refused",
        )
    for element in root.iter(etree.Element):
        element.tag = etree.QName(element).localname
    if content.count(b"\n") >= _LINE_LIMIT:
        _number_lines(root, content)
    return root


def _number_lines(root: Any, content: bytes) -> None:
    """Note each element's line, which libxml2 does not know exactly beyond 65,535; expat does."""
    lines: list[int] = []
    parser = expat.ParserCreate()
    parser.StartElementHandler = lambda _name, _attributes: lines.append(parser.CurrentLineNumber)
    try:
        parser.Parse(content, True)
    except expat.ExpatError:  # an encoding that expat does not know: libxml2's lines have to do
        return
    for element, line in zip(root.iter(etree.Element), lines, strict=True):
        element.set(_LINE, str(line))


def read_file(path: Path) -> bytes:
    """The bytes of one database file; raises MissionError when it cannot be read."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise MissionError(
            f"the XTCE file cannot be read: {error.strerror}",
            where=str(path),
            fix="check the path in mission.toml",
        ) from None


def parse_number(text: str) -> Fraction:
    """An exact number from XTCE text ("12", "0x0C", "-1.5e-3"); raises ValueError for anything else."""
    text = text.strip()
    sign, digits = (-1, text[1:]) if text[:1] == "-" else (1, text)
    base = _BASES.get(digits[:2].lower())
    if base:
        return sign * Fraction(int(digits[2:], base))
    if not _DECIMAL.fullmatch(text):
        raise ValueError(text)
    return Fraction(text)


class Node:
    """One XML element with the place where it stands and the SpaceSystem whose names it sees."""

    __slots__ = ("element", "file", "scope")

    def __init__(self, element: Any, file: str, scope: Scope) -> None:
        self.element = element
        self.file = file
        self.scope = scope

    @property
    def tag(self) -> str:
        """The element's name without namespace."""
        return str(self.element.tag)

    @property
    def line(self) -> int:
        """The line in the file, from 1."""
        return int(self.element.get(_LINE) or self.element.sourceline or 0)

    @property
    def place(self) -> str:
        """`file:line`."""
        return f"{self.file}:{self.line}"

    @property
    def text(self) -> str:
        """The text of the element, stripped."""
        return (self.element.text or "").strip()

    def error(self, what: str, fix: str) -> MissionError:
        """The error to raise about this element."""
        return MissionError(what, where=self.place, fix=fix)

    def unsupported(
        self, what: str, fix: str = "describe it in another way, or leave it out"
    ) -> UnsupportedError:
        """The error to raise about something that XTCE knows and Flight Ledger does not."""
        return UnsupportedError(f"{what} is not supported", where=self.place, fix=fix)

    def within(self, tag: str) -> bool:
        """Whether the element stands inside of one of some tag."""
        return next(self.element.iterancestors(tag), None) is not None

    def remark(self, what: str) -> None:
        """Note something that was read over without harm to packets and telecommands."""
        self.scope.top.remarks.append(f"{self.place}: {what}")

    def children(self, *tags: str) -> Iterator[Node]:
        """The child elements, all or those of some tags, in document order."""
        for child in self.element.iterchildren(etree.Element):
            if not tags or child.tag in tags:
                yield Node(child, self.file, self.scope)

    def child(self, path: str) -> Node | None:
        """The first descendant at a path of tags (`A/B`), or None."""
        found = self.element.find(path)
        return None if found is None else Node(found, self.file, self.scope)

    def need(self, path: str) -> Node:
        """The first descendant at a path of tags; raises MissionError when there is none."""
        found = self.child(path)
        if found is None:
            raise self.error(f"{self.tag} has no {path}", f"add the {path} element")
        return found

    def string(self, name: str, default: str | None = None) -> str:
        """An attribute; without a default it must be there."""
        value = self.element.get(name, default)
        if value is None:
            raise self.error(f'{self.tag} has no attribute "{name}"', f'add {name}="…"')
        return str(value)

    def optional(self, name: str) -> str | None:
        """An attribute, or None."""
        value = self.element.get(name)
        return None if value is None else str(value)

    def boolean(self, name: str, default: bool) -> bool:
        """An attribute of XML's boolean type."""
        text = self.string(name, str(default)).strip().lower()
        if text not in {"true", "false", "1", "0"}:
            raise self.error(f'{name}="{text}" is neither true nor false', 'write "true" or "false"')
        return text in {"true", "1"}

    def exact(self, name: str, default: str | None = None) -> Fraction:
        """An attribute as an exact number."""
        return self._number(self.string(name, default), f'{name}="{self.string(name, default)}"')

    def integer(self, name: str, default: int | None = None) -> int:
        """An attribute as an integer."""
        value = self.exact(name, None if default is None else str(default))
        return self._whole(value, f'{name}="{self.string(name, str(default))}"')

    def number(self, name: str, default: float | None = None) -> float:
        """An attribute as a float; infinities and NaN are refused."""
        return self._finite(self.exact(name, None if default is None else repr(default)), name)

    def text_integer(self) -> int:
        """The element's text as an integer."""
        return self._whole(self._number(self.text, f'{self.tag} "{self.text}"'), f'{self.tag} "{self.text}"')

    def text_number(self) -> Fraction:
        """The element's text as an exact number."""
        return self._number(self.text, f'{self.tag} "{self.text}"')

    def _number(self, text: str, said: str) -> Fraction:
        try:
            return parse_number(text)
        except (ValueError, ZeroDivisionError):
            raise self.error(f"{said} is not a number", _NUMBER_FIX) from None

    def _whole(self, value: Fraction, said: str) -> int:
        if value.denominator != 1:
            raise self.error(f"{said} is not an integer", "write a whole number")
        return value.numerator

    def _finite(self, value: Fraction, name: str) -> float:
        try:
            return float(value)
        except OverflowError:
            raise self.error(f"{name} is too large for a float", "write a number below 1.8e308") from None
