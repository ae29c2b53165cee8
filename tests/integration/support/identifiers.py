"""The identifiers that a page or a form tells, with their schemes, and those that idutils does not take for one."""

import json
import re
from collections.abc import Iterator
from typing import Any, cast

from idutils import validators
from lxml import etree, html

Told = tuple[str, str]
"""The scheme and the identifier."""

_TAGS = {"citation_doi": "DOI", "citation_public_url": "URL"}
# Those that say by themselves what they are.
_LINKS = {
    **dict.fromkeys(("@id", "url", "URL", "sameAs", "valueUri", "valueURI", "schemeUri", "schemeURI"), "URL"),
    **dict.fromkeys(("landingPage", "LandingPage"), "URL"),
    **dict.fromkeys(("doi", "DOI"), "DOI"),
}
# A name of a vocabulary, and what people call by any name, also by that of a scheme.
_NO_IDENTIFIERS = ("subject", "alternateIdentifier", "alternateIdentifierValue")


def is_known(told: Told) -> bool:
    """Whether idutils knows the scheme."""
    return _validator(told[0]) is not None


def is_refused(told: Told) -> bool:
    """Whether idutils knows the scheme and does not take this for one of its identifiers."""
    validator = _validator(told[0])
    return validator is not None and not validator(told[1])


def _validator(scheme: str) -> Any:
    return getattr(validators, f"is_{scheme.casefold()}", None)


def of_page(text: str) -> set[Told]:
    """Those in the head of a landing page, in its links and in its JSON-LD."""
    page: Any = html.fromstring(text)
    found = {("URL", each.get("href")) for each in page.iter("a", "link") if "mailto:" not in each.get("href")}
    for tag in page.iter("meta"):
        name, value = tag.get("name") or "", tag.get("content")
        if name in _TAGS:
            found.add((_TAGS[name], value))
        elif name == "DC.identifier" and value.startswith("https://"):
            found |= {("URL", value), *_resolved(value)}
        elif name.startswith("DCTERMS."):
            found.add(("DOI" if value.startswith("10.") else "Handle", value))
    for script in page.iterfind(".//script[@type='application/ld+json']"):
        found |= set(_in_json(json.loads(script.text)))
    return found | {each for _, url in found for each in _resolved(url)}


def of_form(name: str, text: str) -> set[Told]:
    """Those in a form of a record."""
    if name == "handle.json":
        values = [each["parsed_data"] for each in json.loads(text)]
        return {told for each in values if each[0] in "[{" for told in _in_json(json.loads(each))}
    if name == "bibtex.bib":
        return {("DOI", each) for each in re.findall(r"doi = \{(.*)\}", text)}
    if "json" in name:
        return set(_in_json(json.loads(text)))
    if name.endswith("xml"):
        return set(_in_xml(etree.fromstring(text.encode())))
    return set()


def _resolved(url: str) -> Iterator[Told]:
    for resolver, scheme in (("https://doi.org/", "DOI"), ("https://hdl.handle.net/", "Handle")):
        if url.startswith(resolver):
            yield scheme, url
    for scheme in ("ror", "orcid"):
        if url.startswith(f"https://{scheme}.org/"):
            yield scheme, url


def _in_json(value: Any) -> Iterator[Told]:
    """Beside an identifier stands its type or scheme, called after it."""
    match value:
        case dict():
            members = cast("dict[str, Any]", value)
            yield from _pairs(members)
            if members.get("@type") == "PropertyValue":
                yield members["propertyID"], members["value"]
            for each in members.values():
                yield from _in_json(each)
        case list():
            for each in cast("list[Any]", value):
                yield from _in_json(each)
        case _:
            pass


def _in_xml(root: etree._Element) -> Iterator[Told]:
    for element in root.iter("{*}*"):
        name = etree.QName(element).localname
        yield from _pairs({**{str(key): each for key, each in element.attrib.items()}, name: element.text or ""})


def _pairs(members: dict[str, Any]) -> Iterator[Told]:
    for key, value in members.items():
        if not isinstance(value, str) or key in _NO_IDENTIFIERS:
            continue
        if key in _LINKS:
            yield _LINKS[key], value
        for scheme in (members.get(f"{key.removesuffix('Value')}{end}") for end in ("Type", "Scheme")):
            if isinstance(scheme, str):
                yield scheme, value
