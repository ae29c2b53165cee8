"""What a landing page tells machines in its head: Dublin Core and citation tags, typed links, and JSON-LD."""

import json
from collections.abc import Iterator

from cora.equipment.landing.page import LandingPage
from cora.equipment.pidinst.forms.dublin_core import elements
from cora.equipment.pidinst.forms.schema_org import schema_org
from cora.equipment.pidinst.forms.writing import LICENSE, on_one_line, related_url
from cora.kernel.when import NOW, When
from cora.surfaces.http.landing.markup import text
from cora.surfaces.http.landing.signposting import Link, links_of, to_linkset

_LONGEST_SUMMARY = 300


def head_of(page: LandingPage, when: When = NOW) -> str:
    """The elements of the head, but title and style. What is a test, or was once so, is not for search engines."""
    landing_page = page.published.record.landing_page
    lines = [
        f'<link rel="canonical" href="{text(landing_page)}">',
        *(['<meta name="robots" content="noindex">'] if not when.is_now or page.published.is_test else []),
        '<link rel="schema.DC" href="http://purl.org/dc/elements/1.1/">',
        '<link rel="schema.DCTERMS" href="http://purl.org/dc/terms/">',
        *(f'<meta name="{name}" content="{text(value)}">' for name, value in _tags(page) if value),
        *map(_link, (*links_of(page, when), to_linkset(landing_page, when))),
        f'<script type="application/ld+json">{json_ld(page)}</script>',
    ]
    return "\n".join(lines) + "\n"


def json_ld(page: LandingPage) -> str:
    """The record as schema.org has it; safe within a `script` element."""
    told = json.dumps(schema_org(page.published), ensure_ascii=True, separators=(",", ":"))
    # Whatever could end the element, or begin a comment in it.
    return told.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _tags(page: LandingPage) -> Iterator[tuple[str, str]]:
    published, record = page.published, page.published.record
    told = elements(published)
    yield "description", _summary(record.description or record.name)
    for name, value in told:
        yield f"DC.{name}", _summary(value) if name == "description" else on_one_line(value)
    for part in record.related_identifiers:
        if part.relation_type in ("HasComponent", "IsComponentOf"):
            name = "DCTERMS.hasPart" if part.relation_type == "HasComponent" else "DCTERMS.isPartOf"
            yield name, related_url(part.related_identifier_type, part.related_identifier) or part.related_identifier
    yield "DC.rights", LICENSE
    yield "citation_title", record.name
    for maker in record.manufacturers:
        yield "citation_author", maker.manufacturer_name
    yield "citation_publisher", published.publisher.name
    yield "citation_publication_date", f"{published.publication_year:04}"
    if published.resolves:
        yield "citation_doi", published.doi or ""
    yield "citation_public_url", record.landing_page
    yield "citation_keywords", "; ".join(value for name, value in told if name == "subject")


def _summary(value: str) -> str:
    return on_one_line(value)[:_LONGEST_SUMMARY]


def _link(link: Link) -> str:
    said = (("type", link.type), ("profile", link.profile))
    further = "".join(f' {name}="{text(value)}"' for name, value in said if value)
    return f'<link rel="{link.relation}" href="{text(link.href)}"{further}>'
