"""How values become XML, JSON and plain text, whatever characters are in them."""

import json
import re
from functools import cache
from importlib.resources import files
from typing import Any, cast
from urllib.parse import quote

from lxml import etree

from cora.equipment.pidinst.published import PublishedRecord, identifier_url
from cora.equipment.pidinst.record import PidinstRecord
from cora.equipment.related_identifier import RelatedIdentifierScheme

LICENSE = "https://spdx.org/licenses/CC0-1.0"
"""Of what is told about an instrument, as DataCite wants it of all metadata."""
TEST_REMARK = "Test identifier: it resolves nowhere and must not be cited."
TEST_BESIDE_REMARK = "What it is related to has a test identifier, which resolves nowhere and must not be cited."

_UNFIT = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_URL = re.compile(r"https?://[A-Za-z0-9.-]+(:[0-9]+)?([/?#]([A-Za-z0-9._~:/?#@!$&'()*+,;=-]|%[0-9A-Fa-f]{2})*)?")
_RESOLVERS = {
    RelatedIdentifierScheme.ARK: "https://n2t.net/",
    RelatedIdentifierScheme.ARXIV: "https://arxiv.org/abs/",
    RelatedIdentifierScheme.BIBCODE: "https://ui.adsabs.harvard.edu/abs/",
    RelatedIdentifierScheme.PMID: "https://pubmed.ncbi.nlm.nih.gov/",
    RelatedIdentifierScheme.RAID: "https://raid.org/",
    RelatedIdentifierScheme.RRID: "https://scicrunch.org/resolver/",
    RelatedIdentifierScheme.SWHID: "https://archive.softwareheritage.org/",
}
_SCHEMAS = files("cora.equipment.pidinst") / "schemas"


def fit(text: str) -> str:
    """The text with U+FFFD for each character that XML 1.0 (section 2.2) cannot hold."""
    return _UNFIT.sub("\ufffd", text)


def remarks(published: PublishedRecord) -> tuple[str, ...]:
    """What keeps readers from citing the identifier: that it is a test, or why it was withdrawn."""
    return (
        *((TEST_REMARK if published.is_test else TEST_BESIDE_REMARK,) if published.record.test else ()),
        *((f"Withdrawn identifier, not to be cited: {published.withdrawn}",) if published.withdrawn else ()),
    )


def described(published: PublishedRecord) -> str | None:
    """The description, with the remarks on the identifier."""
    return "\n".join(filter(None, (published.record.description, *remarks(published)))) or None


def on_one_line(text: str) -> str:
    """The text without line ends and without what cannot be seen."""
    return " ".join("".join(each if each.isprintable() else " " for each in text).split())


def valued(members: dict[str, Any], name: str) -> dict[str, Any]:
    """The members of a part, with `...Value` inside its identifier, as B2INST and the handle records have it."""
    return {key: renamed(each, name) if key == name else each for key, each in members.items()}


def renamed(members: dict[str, Any], name: str) -> dict[str, Any]:
    """The members with `<name>Value` for `<name>`."""
    return {f"{name}Value" if key == name else key: each for key, each in members.items()}


def as_url(text: str) -> str | None:
    """The text, if it is an absolute http(s) URL that every reader takes."""
    return text if _URL.fullmatch(text) and text.count("#") < 2 else None


def related_url(scheme: RelatedIdentifierScheme, value: str) -> str | None:
    """The link of a related identifier: itself if it is a URL, else at the resolver of its scheme, if there is one."""
    if (url := as_url(value) or identifier_url(scheme, value)) is not None:
        return url
    return _RESOLVERS[scheme] + quote(value, safe="/:;=()") if scheme in _RESOLVERS else None


def keywords(record: PidinstRecord) -> list[str]:
    """Under what an instrument is found: its types, what it measures and how, and its subjects, each once."""
    return list(
        dict.fromkeys(
            (
                *(each.instrument_type_name for each in record.instrument_types),
                *record.measured_variables,
                *(each.measurement_technique_name for each in record.measurement_techniques),
                *(each.subject_name for each in record.subjects),
            )
        )
    )


def as_json(value: Any) -> bytes:
    """A value as JSON for people too: indented, in UTF-8."""
    return json.dumps(_all_fit(value), ensure_ascii=False, indent=2).encode() + b"\n"


def as_xml(root: etree._Element) -> bytes:
    """A document, indented, in UTF-8."""
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True)


def add(parent: etree._Element, name: str, text: str | None = None, **attributes: str | None) -> etree._Element:
    """Add an element in the namespace of its parent; attributes that are None are left out."""
    namespace = etree.QName(parent).namespace
    element = etree.SubElement(parent, etree.QName(namespace, name) if namespace else name)
    element.text = None if text is None else fit(text)
    for key, value in attributes.items():
        if value is not None:
            element.set(key, fit(value))
    return element


def violations_of(xml: bytes, schema: str) -> list[str]:
    """What is wrong with a document by one of the schemas here; nothing when it is valid. Never leaves the machine."""
    try:
        document = etree.fromstring(xml, _parser())
    except etree.XMLSyntaxError as error:
        return [f"line {error.lineno}: {error.msg}"]
    about: Any = document.getroottree().docinfo
    if about.doctype:
        return ["line 1: a document type is not read here"]
    known = _schema(schema)
    if known.validate(document):
        return []
    errors: Any = known.error_log
    return [f"line {each.line}: {each.message}" for each in errors]


def _parser() -> etree.XMLParser:
    return etree.XMLParser(resolve_entities=False, load_dtd=False, no_network=True, huge_tree=False)


@cache
def _schema(name: str) -> etree.XMLSchema:
    return etree.XMLSchema(etree.parse(str(_SCHEMAS / name), _parser()))


def _all_fit(value: Any) -> Any:
    match value:
        case str():
            return fit(value)
        case dict():
            return {name: _all_fit(each) for name, each in cast("dict[str, Any]", value).items()}
        case list() | tuple():
            return [_all_fit(each) for each in cast("list[Any]", value)]
        case _:
            return value
