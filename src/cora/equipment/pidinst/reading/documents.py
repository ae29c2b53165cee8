"""From the bytes of a file to parts: JSON with its numbers as they are written, XML without entities and network."""

import json
import re
from codecs import BOM_UTF8
from typing import Any

from lxml import etree

from cora.equipment.pidinst.reading.parts import DEEPEST, MOST_PARTS, Builder, NotUnderstood, Pairs, Part, Spot
from cora.equipment.pidinst.reading.parts import UnreadableError as Unreadable

_POSITION = re.compile(r" ?, line [0-9]+, column [0-9]+$")
LARGEST = 10 * 1024 * 1024
_XSI = "{http://www.w3.org/2001/XMLSchema-instance}"
_XML = "{http://www.w3.org/XML/1998/namespace}"
_WEB_PAGE = re.compile(rb"\s*(<\?xml[^>]*>\s*)?(<!--.{0,2000}?-->\s*)?<(!doctype\s+)?html\b", re.IGNORECASE | re.DOTALL)
LINE_BREAK = "\u2028"
"""What a `<br/>` becomes: white space that no line end of a document that is merely wrapped is."""


def is_xml(content: bytes) -> bool:
    """Whether it begins as XML does, in whatever encoding."""
    return content.replace(b"\x00", b"").lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n")[:1] == b"<"


def json_part(content: bytes, notes: list[NotUnderstood]) -> Part:
    """A JSON document. Raises `UnreadableError`."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Unreadable(f"it is not text in UTF-8 (byte {error.start + 1})") from error
    return Builder(notes).part(_loaded(text), Spot())


def inner_json(text: str, spot: Spot, notes: list[NotUnderstood]) -> Part | None:
    """JSON that stands as text in a value; None where it is none."""
    try:
        return Builder(notes).part(_loaded(text), spot)
    except Unreadable:
        return None


def _loaded(text: str) -> Any:
    try:
        return json.loads(text, object_pairs_hook=Pairs, parse_int=str, parse_float=str, parse_constant=str)
    except json.JSONDecodeError as error:
        raise Unreadable(f"it is not JSON: {error.msg.lower()} (column {error.colno})", error.lineno) from error
    except RecursionError as error:
        raise Unreadable(f"it is nested deeper than {DEEPEST} levels") from error


def xml_root(content: bytes) -> etree._Element:
    """The root of an XML document. Raises `UnreadableError`."""
    if _WEB_PAGE.match(content.removeprefix(BOM_UTF8)):
        raise Unreadable("it is a web page and no record; fetch the record itself")
    parser = etree.XMLParser(
        resolve_entities=False, load_dtd=False, no_network=True, huge_tree=False, remove_comments=True, remove_pis=True
    )
    try:
        root = etree.fromstring(content, parser)
    except etree.XMLSyntaxError as error:
        says = _POSITION.sub("", " ".join(str(error.msg).split()))
        raise Unreadable(f"it is not XML: {says}", error.lineno or 0) from error
    except (ValueError, LookupError) as error:
        raise Unreadable(f"it is not XML: {error}") from error
    about: Any = root.getroottree().docinfo
    if about.doctype:
        raise Unreadable("it has a document type (DTD), which is not read here; remove it", 1)
    if sum(1 for _ in root.iter()) > MOST_PARTS:
        raise Unreadable(f"it has more than {MOST_PARTS:,} elements; divide it")
    return root


def local_name(element: etree._Element) -> str:
    """The name of an element without its namespace."""
    return etree.QName(element).localname


def xml_part(element: etree._Element, spot: Spot, depth: int = 0) -> Part:
    """An element as JSON would have it.

    A wrapper whose children are all of its singular is a list, what has
    attributes has a member of its own name for its text, and a child that
    stands there several times is a list. Raises `UnreadableError`.
    """
    if depth > DEEPEST:
        raise Unreadable(f"it is nested deeper than {DEEPEST} levels", spot.line)
    name, children = local_name(element), list(element)
    attributes = {
        etree.QName(key).localname: Part(spot.below(f"@{etree.QName(key).localname}"), str(value))
        for key, value in element.attrib.items()
        if str(key) == f"{_XML}lang" or not str(key).startswith((_XSI, _XML))
    }
    own = (element.text or "") + "".join(child.tail or "" for child in children)
    if not children or own.strip():
        text = _text(element)
        if attributes:
            return Part(spot, members={name: Part(spot, text), **attributes})
        return Part(spot, text)
    kinds = {local_name(child) for child in children}
    if len(kinds) == 1 and name in _plurals(next(iter(kinds))) and not attributes:
        return Part(
            spot, items=tuple(xml_part(child, _at(spot, child, number), depth + 1)
                              for number, child in enumerate(children, 1)),
        )  # fmt: skip
    found: dict[str, list[Part]] = {}
    for child in children:
        same = found.setdefault(local_name(child), [])
        same.append(xml_part(child, _at(spot, child, len(same) + 1), depth + 1))
    members = {key: parts[0] if len(parts) == 1 else Part(parts[0].spot, items=tuple(parts))
               for key, parts in found.items()}  # fmt: skip
    return Part(spot, members={**attributes, **members})


def _text(element: etree._Element) -> str:
    parts = [element.text or ""]
    for child in element:
        parts += [LINE_BREAK if local_name(child) == "br" else _text(child), child.tail or ""]
    return "".join(parts)


def _at(spot: Spot, child: etree._Element, number: int) -> Spot:
    below = spot.below(local_name(child) if number == 1 else f"{local_name(child)}[{number}]")
    return below._replace(line=int(child.sourceline or 0))


def _plurals(name: str) -> tuple[str, ...]:
    return (f"{name}s", f"{name[:-1]}ies")
