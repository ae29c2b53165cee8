"""Finds out what a document is, and where its records are: XML by its root element, JSON by its keys."""

from collections.abc import Iterator, Sequence
from enum import StrEnum
from typing import NamedTuple

from lxml import etree

from cora.equipment.pidinst.reading.documents import local_name, xml_part
from cora.equipment.pidinst.reading.handle import values_of
from cora.equipment.pidinst.reading.parts import NotUnderstood, Part, Spot, key_of
from cora.equipment.pidinst.reading.record import Dialect

_DATACITE = "http://datacite.org/schema/kernel-"
_MOST_WRAPPERS = 6
_OF_PIDINST = frozenset((
    "identifier", "schemaversion", "landingpage", "name", "owner", "owners", "manufacturer", "manufacturers",
    "instrumenttype", "instrumenttypes",
))  # fmt: skip


class Format(StrEnum):
    """Which dialects are meant; `auto` finds it out."""

    AUTO = "auto"
    PIDINST = "pidinst"
    HANDLE = "handle"
    DATACITE = "datacite"


class Found(NamedTuple):
    """A record, and what it is written in."""

    part: Part
    dialect: Dialect


def records_in_xml(root: etree._Element, format: Format, notes: list[NotUnderstood]) -> Iterator[Found]:
    """The records of an XML document: its root, those in an answer of OAI-PMH, or those in any other root."""
    elements = list(_elements(root, 0))
    if not elements:
        spot = Spot(line=int(root.sourceline or 0))
        notes.append(NotUnderstood(spot, f"neither PIDINST nor DataCite: the root is <{local_name(root)}>"))
    for number, element in enumerate(elements, 1):
        spot = Spot(number, f"/{local_name(element)}", int(element.sourceline or 0))
        is_datacite = local_name(element) == "resource"
        own = Format.DATACITE if is_datacite else Format.PIDINST
        if format not in (Format.AUTO, own):
            notes.append(NotUnderstood(spot, f"a record of {own}, not of {format}; leave --format out"))
            continue
        yield Found(xml_part(element, spot), Dialect.DATACITE_XML if is_datacite else Dialect.PIDINST_XML)


def _elements(element: etree._Element, depth: int) -> Iterator[etree._Element]:
    if local_name(element) == "instrument" or _is_datacite(element):
        yield element
    elif depth < _MOST_WRAPPERS:
        for child in element:
            yield from _elements(child, depth + 1)


def _is_datacite(element: etree._Element) -> bool:
    namespace = etree.QName(element).namespace or _DATACITE
    return local_name(element) == "resource" and namespace.startswith(_DATACITE)


def records_in_json(part: Part, format: Format, notes: list[NotUnderstood]) -> Iterator[Found]:
    """The records of a JSON document: itself, those of a list, or of an answer of B2INST or DataCite."""
    for number, each in enumerate(_parts(part, notes), 1):
        numbered = _numbered(each, number)
        dialect = _forced(numbered, format) or _dialect_of(numbered)
        if dialect is None:
            notes.append(NotUnderstood(numbered.spot, f"neither PIDINST nor DataCite: {_seen(numbered)}"))
        else:
            yield Found(numbered, dialect)


def _parts(part: Part, notes: list[NotUnderstood]) -> Iterator[Part]:
    """The parts that are records."""
    if values_of(part) is not None:
        yield part
        return
    if part.items is not None:
        for item in _inside(part, part.items, notes):
            yield from _parts(item, notes)
        return
    hits = part.member("hits")
    if hits is not None:
        found = hits.member("hits") or hits
        for item in _inside(part, found.items or (), notes):
            yield from _parts(item, notes)
        return
    data = part.member("data")
    if data is not None and data.text is None and (data.items is not None or data.member("attributes")):
        for item in _inside(part, data.each(), notes):
            yield item.member("attributes") or item
        return
    yield part.member("attributes") or part.member("metadata") or part


def _inside(part: Part, items: Sequence[Part], notes: list[NotUnderstood]) -> Sequence[Part]:
    """What stands inside of a part; nothing there is told."""
    if not items:
        notes.append(NotUnderstood(part.spot, "there is no record in it"))
    return items


def _numbered(part: Part, number: int) -> Part:
    """The part with the number of its record in all its spots; its path is that in the file."""
    spot = part.spot._replace(record=number)
    items = None if part.items is None else tuple(_numbered(item, number) for item in part.items)
    members = None if part.members is None else {name: _numbered(each, number) for name, each in part.members.items()}
    return Part(spot, part.text, items, members)


def _forced(part: Part, format: Format) -> Dialect | None:
    if part.members is None and part.items is None:
        return None
    match format:
        case Format.PIDINST:
            return _dialect_of(part) if part.members is not None else None
        case Format.HANDLE:
            return Dialect.HANDLE
        case Format.DATACITE:
            return Dialect.DATACITE_JSON if part.members is not None else None
        case Format.AUTO:
            return None


def _dialect_of(part: Part) -> Dialect | None:
    if values_of(part) is not None:
        return Dialect.HANDLE
    names = part.members or {}
    keys = {key_of(name) for name in names}
    if keys & {"creators", "titles", "publicationyear"}:
        return Dialect.DATACITE_JSON
    if not keys & _OF_PIDINST:
        return None
    if any("_" in name for name in names):
        return Dialect.LINKML
    if not any(name[:1].isupper() for name in names):
        return Dialect.PIDINST_JSON
    if keys & {"owners", "manufacturers"}:
        return Dialect.INSTRUMENTDB
    owner = next((each for name, each in names.items() if key_of(name) == "owner"), None)
    is_flat = owner is not None and any("ownerIdentifierValue" in (item.members or {}) for item in owner.each())
    return Dialect.SMS if is_flat else Dialect.B2INST


def _seen(part: Part) -> str:
    if part.members is None:
        return "it is no JSON object"
    return f"its keys are {', '.join(list(part.members)[:8])}" if part.members else "it is empty"
