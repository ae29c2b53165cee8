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
_OF_ANYTHING = frozenset(("identifier", "name"))
_OF_PIDINST = frozenset((
    "landingpage", "manufacturer", "manufacturers", "instrumenttype", "instrumenttypes", "measuredvariable",
    "measuredvariables", "alternateidentifier", "alternateidentifiers",
))  # fmt: skip
_OF_OWNERS = frozenset(("owner", "ownername", "ownercontact", "owneridentifier", "owneridentifiervalue"))
# What answers and containers say of themselves.
_OF_ANSWERS = frozenset((
    "responseDate", "request", "header", "about", "schemaVersion", "isReferenceQuality", "datacentreSymbol",
))  # fmt: skip


_GOES_ON = "these are not all of them, the answer goes on: {}"


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


def records_in_xml(
    root: etree._Element, format: Format, refused: list[NotUnderstood], notes: list[NotUnderstood]
) -> Iterator[Found]:
    """The records of an XML document: its root, those in an answer of OAI-PMH, or those in any other root."""
    elements = _elements(root, 0, notes)
    if not elements:
        says = f"neither PIDINST nor DataCite: the root is <{local_name(root)}>"
        refused.append(NotUnderstood(_line_of(root), says))
    for number, element in enumerate(elements, 1):
        spot = Spot(number, f"/{local_name(element)}", int(element.sourceline or 0))
        is_datacite = local_name(element) == "resource"
        own = Format.DATACITE if is_datacite else Format.PIDINST
        if format not in (Format.AUTO, own):
            refused.append(NotUnderstood(spot, f"a record of {own}, not of {format}; leave --format out"))
            continue
        yield Found(xml_part(element, spot), Dialect.DATACITE_XML if is_datacite else Dialect.PIDINST_XML)


def _elements(element: etree._Element, depth: int, notes: list[NotUnderstood]) -> list[etree._Element]:
    """The records in an element; what stands beside them and is none is told."""
    if local_name(element).casefold() == "instrument" or _is_datacite(element):
        return [element]
    if depth == _MOST_WRAPPERS:
        return []
    inside = [(child, _elements(child, depth + 1, notes)) for child in element]
    found = [record for _, records in inside for record in records]
    for child, records in inside:
        name = local_name(child)
        if name == "resumptionToken" and (child.text or "").strip():
            notes.append(NotUnderstood(_line_of(child), _GOES_ON.format(f"resumptionToken {child.text}")))
        elif found and not records and name not in (*_OF_ANSWERS, "resumptionToken"):
            is_deleted = any(each.get("status") == "deleted" for each in child)
            what = "it is deleted" if is_deleted else "neither PIDINST nor DataCite"
            notes.append(NotUnderstood(_line_of(child), f"<{name}> is not read: {what}"))
    return found


def _line_of(element: etree._Element) -> Spot:
    return Spot(line=int(element.sourceline or 0))


def _is_datacite(element: etree._Element) -> bool:
    namespace = etree.QName(element).namespace or _DATACITE
    return local_name(element) == "resource" and namespace.startswith(_DATACITE)


def records_in_json(
    part: Part, format: Format, refused: list[NotUnderstood], notes: list[NotUnderstood]
) -> Iterator[Found]:
    """The records of a JSON document: itself, those of a list, or of an answer of B2INST or DataCite."""
    further = links.member("next") if (links := part.member("links")) else None
    if further is not None and not further.is_empty:
        notes.append(NotUnderstood(further.spot, _GOES_ON.format((further.text or "").strip() or "links.next")))
    for number, each in enumerate(_parts(part, refused), 1):
        numbered = _numbered(each, number)
        dialect = _forced(numbered, format) or _dialect_of(numbered)
        if dialect is None:
            refused.append(NotUnderstood(numbered.spot, f"neither PIDINST nor DataCite: {_seen(numbered)}"))
        else:
            yield Found(numbered, dialect)


def _parts(part: Part, refused: list[NotUnderstood]) -> Iterator[Part]:
    """The parts that are records."""
    if values_of(part) is not None:
        yield part
        return
    if part.items is not None:
        for item in _inside(part, part.items, refused):
            yield from _parts(item, refused)
        return
    hits = part.member("hits")
    if hits is not None:
        found = hits.member("hits") or hits
        for item in _inside(part, found.items or (), refused):
            yield from _parts(item, refused)
        return
    data = part.member("data")
    if data is not None and data.text is None and (data.items is not None or data.member("attributes")):
        for item in _inside(part, data.each(), refused):
            yield item.member("attributes") or item
        return
    yield part.member("attributes") or part.member("metadata") or part


def _inside(part: Part, items: Sequence[Part], refused: list[NotUnderstood]) -> Sequence[Part]:
    """What stands inside of a part; nothing there is told."""
    if not items:
        refused.append(NotUnderstood(part.spot, "there is no record in it"))
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
            return (_dialect_of(part) or _dialect_of_pidinst(part)) if part.members is not None else None
        case Format.HANDLE:
            return Dialect.HANDLE
        case Format.DATACITE:
            return Dialect.DATACITE_JSON if part.members is not None else None
        case Format.AUTO:
            return None


def _dialect_of(part: Part) -> Dialect | None:
    if values_of(part) is not None:
        return Dialect.HANDLE
    keys = {key_of(name) for name in part.members or {}}
    if keys & {"creators", "titles", "publicationyear"}:
        return Dialect.DATACITE_JSON
    likely = [name for name, each in (part.members or {}).items() if _is_likely(name, each)]
    return None if not keys & _OF_PIDINST and len(likely) < 2 else _dialect_of_pidinst(part)


def _is_likely(name: str, part: Part) -> bool:
    """Whether a member is likely one of PIDINST. Many a thing has a name, an owner and a version of its schema; the
    last two are told by what is in them."""
    key = key_of(name)
    if key in ("owner", "owners"):
        return any(key_of(inner) in _OF_OWNERS for item in part.each() for inner in item.members or {})
    if key == "schemaversion":
        return (part.text or "").strip().startswith("1.")
    return key in _OF_ANYTHING


def _dialect_of_pidinst(part: Part) -> Dialect:
    names = part.members or {}
    keys = {key_of(name) for name in names}
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
    if not part.members:
        return "it is empty"
    return (
        f"its keys are {', '.join(list(part.members)[:8])}; a record has two of identifier, schemaVersion (1.x), name "
        "and owners with an ownerName, or a landing page, manufacturers, instrument types, measured variables or "
        "alternate identifiers; --format says it where it is one nevertheless"
    )
