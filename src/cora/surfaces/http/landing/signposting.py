"""FAIR Signposting (profile of 2023-10-02): what leads machines from a landing page to all that belongs to it.

Level 1 is the header `Link` and the same as elements of the page; level 2 the link set (RFC 9264), with absolute
anchors, which also tells of each form that it describes the page.

A page of the past, its link set and its forms lead to each other as they were at that moment; what is cited stays.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from cora.equipment.landing.page import LandingPage
from cora.equipment.pidinst.forms import FORMS
from cora.equipment.pidinst.forms.dublin_core import NAMESPACE as OAI_DC_NAMESPACE
from cora.equipment.pidinst.forms.form import Form
from cora.equipment.pidinst.forms.writing import LICENSE, as_json, as_url
from cora.equipment.pidinst.published import agent_url
from cora.kernel.when import NOW, When
from cora.surfaces.http.endpoints import query_of

LICENSE_NAME = "CC0 1.0"
LINKSET = "application/linkset+json"
LINKSET_NAME = "linkset.json"

_TYPES = ("https://schema.org/AboutPage", "https://schema.org/IndividualProduct")
_PIDINST = "https://doi.org/10.15497/RDA00070"
_PIDINST_1_1 = "https://schema.pidinst.org/1.1"
"""As the working group proposes to name it."""
# For forms whose media type says no more than how they are written.
_PROFILES = {
    "pidinst.json": _PIDINST,
    "pidinst.xml": _PIDINST,
    "pidinst-1.1.json": _PIDINST_1_1,
    "pidinst-1.1.xml": _PIDINST_1_1,
    "datacite.xml": "http://datacite.org/schema/kernel-4",
    "schema-org.jsonld": "https://schema.org/",
    "oai-dc.xml": OAI_DC_NAMESPACE,
}


@dataclass(frozen=True)
class Link:
    """A typed link."""

    relation: str
    href: str
    type: str | None = None
    profile: str | None = None


def place_of(page: LandingPage, form: Form, when: When = NOW) -> str:
    """The URL of a form."""
    return f"{page.published.record.landing_page}/{form.name}{query_of(when)}"


def links_of(page: LandingPage, when: When = NOW) -> Iterator[Link]:
    """Level 1."""
    published = page.published
    yield Link("cite-as", published.uri)
    for form in FORMS:
        yield Link("describedby", place_of(page, form, when), form.media_type, _PROFILES.get(form.name))
    for type in _TYPES:
        yield Link("type", type)
    yield Link("license", LICENSE)
    for maker in published.record.manufacturers:
        known = maker.manufacturer_identifier
        url = known and agent_url(known.manufacturer_identifier_type, known.manufacturer_identifier)
        if url and as_url(url):
            yield Link("author", url)


def header_of(page: LandingPage, when: When = NOW) -> bytes:
    """The header `Link` of the landing page."""
    linkset = to_linkset(page.published.record.landing_page, when)
    return ", ".join(map(_as_header, (*links_of(page, when), linkset))).encode("ascii")


def header_of_form(landing_page: str, when: When = NOW) -> bytes:
    """The header `Link` of a form: what it describes."""
    describes = Link("describes", landing_page + query_of(when), "text/html")
    return ", ".join(map(_as_header, (describes, to_linkset(landing_page, when)))).encode("ascii")


def to_linkset(landing_page: str, when: When = NOW) -> Link:
    """What leads to the link set."""
    return Link("linkset", f"{landing_page}/{LINKSET_NAME}{query_of(when)}", LINKSET)


def linkset(page: LandingPage, when: When = NOW) -> bytes:
    """Level 2: the link set."""
    own = page.published.record.landing_page + query_of(when)
    told: dict[str, Any] = {"anchor": own}
    for each in links_of(page, when):
        told.setdefault(each.relation, []).append(_target(each))
    describes = [{"href": own, "type": "text/html"}]
    forms = [{"anchor": place_of(page, form, when), "describes": describes} for form in FORMS]
    return as_json({"linkset": [told, *forms]})


def _target(link: Link) -> dict[str, Any]:
    target = {"href": link.href, "type": link.type, "profile": link.profile}
    return {name: value for name, value in target.items() if value is not None}


def _as_header(link: Link) -> str:
    further = "".join(
        f'; {name}="{value}"' for name, value in (("type", link.type), ("profile", link.profile)) if value is not None
    )
    return f'<{link.href}>; rel="{link.relation}"{further}'
