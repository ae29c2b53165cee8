"""What machines read on a landing page, judged by the libraries that read such pages."""

import json
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
import rdflib
import signposting
from idutils.normalizers import normalize_doi  # pyright: ignore[reportUnknownVariableType]
from idutils.validators import is_doi  # pyright: ignore[reportUnknownVariableType]
from lxml import etree
from rdflib.namespace import RDF
from tests.unit.equipment.pidinst.facts import MODEL
from tests.unit.surfaces.http.landing.pages import AT, DOI, PUBLIC_URL, known, page, shown
from tests.unit.surfaces.http.landing.test_page import HOSTILE

from cora.equipment.pidinst.forms import FORMS
from cora.equipment.pidinst.forms.dublin_core import oai_dc
from cora.equipment.values import AgentIdentifier, Manufacturer
from cora.kernel.when import When
from cora.surfaces.http.landing.head import json_ld
from cora.surfaces.http.landing.signposting import LICENSE, header_of, header_of_form, linkset

LANDING = f"{PUBLIC_URL}/id/{UUID(int=10)}"
SCHEMA = rdflib.Namespace("https://schema.org/")


def _tags(of: Any) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for each in shown(of).iter("meta"):
        if each.get("name"):
            found.setdefault(each.get("name"), []).append(each.get("content"))
    return found


def test_reference_managers_find_what_they_cite() -> None:
    tags = _tags(page())
    assert tags["DC.identifier"][0] == f"https://doi.org/{DOI}"
    assert tags["citation_doi"] == [DOI]
    assert tags["DC.title"] == tags["citation_title"] == ["Stage"]
    assert tags["DC.creator"] == tags["citation_author"] == ["Aerotech"]
    assert tags["DC.publisher"] == ["Advanced Photon Source"]
    assert tags["DC.date"][0] == "2026"
    assert tags["citation_publication_date"] == ["2026"]
    assert tags["citation_keywords"] == ["Rotary stage; angle"]
    assert tags["DCTERMS.hasPart"] == ["https://doi.org/10.82433/part"]
    assert "robots" not in tags
    assert is_doi(tags["citation_doi"][0])
    assert normalize_doi(tags["DC.identifier"][0]) == DOI
    assert "citation_doi" not in _tags(page(persistent_id=known(test=True)))


def test_dublin_core_is_the_same_in_the_page_and_as_a_form() -> None:
    told = page()
    of_page = [
        (name.removeprefix("DC."), text) for name, texts in _tags(told).items() for text in texts
        if name.startswith("DC.") and name not in ("DC.language", "DC.rights")
    ]  # fmt: skip
    form = etree.fromstring(oai_dc(told.published))
    assert sorted(of_page) == sorted((etree.QName(each).localname, each.text or "") for each in form)


def test_the_json_ld_is_rdf_about_the_identifier() -> None:
    graph = rdflib.Graph().parse(data=json_ld(page()), format="json-ld")
    own = rdflib.URIRef(f"https://doi.org/{DOI}")
    assert SCHEMA.CreativeWork in set(graph.objects(own, RDF.type))
    assert [str(each) for each in graph.objects(own, SCHEMA.name)] == ["Stage"]
    assert [str(each) for each in graph.objects(own, SCHEMA.license)] == [LICENSE]
    (script,) = shown(page()).findall(".//script[@type='application/ld+json']")
    assert json.loads(script.text or "") == json.loads(json_ld(page()))


def test_no_name_ends_the_json_ld() -> None:
    told = json_ld(page(HOSTILE, description=HOSTILE))
    assert "<" not in told
    assert json.loads(told)["name"] == HOSTILE


def _signposts(found: Any) -> dict[str, list[tuple[str, str | None]]]:
    told: dict[str, list[tuple[str, str | None]]] = {}
    for each in found:
        told.setdefault(str(each.rel), []).append((str(each.target), each.type and str(each.type)))
    return {relation: sorted(links, key=str) for relation, links in told.items()}


def test_machines_find_all_who_made_it() -> None:
    esrf = Manufacturer("ESRF", AgentIdentifier("https://ror.org/02550n020", "ROR"))
    told = page(model=replace(MODEL, further_manufacturers=(esrf,)))
    assert _tags(told)["citation_author"] == ["Aerotech", "ESRF"]
    found = signposting.find_signposting_http_link([header_of(told).decode()], LANDING)
    assert [url for url, _ in _signposts(found.signposts)["author"]] == [
        "https://ror.org/02550n020", "https://ror.org/05gvnxz63",
    ]  # fmt: skip


def test_signposting_reads_the_same_from_header_and_page() -> None:
    of_header = signposting.find_signposting_http_link([header_of(page()).decode()], LANDING)
    told = _signposts(of_header.signposts)
    assert told["cite-as"] == [(f"https://doi.org/{DOI}", None)]
    assert len(told["describedby"]) == len(FORMS)
    assert {url for url, _ in told["type"]} == {"https://schema.org/AboutPage", "https://schema.org/IndividualProduct"}
    assert told["license"] == [(LICENSE, None)]
    assert told["author"] == [("https://ror.org/05gvnxz63", None)]
    assert told["linkset"] == [(f"{LANDING}/linkset.json", "application/linkset+json")]
    links = [each for each in shown(page()).iter("link") if each.get("rel") in told]
    of_page: dict[str, list[tuple[str, str | None]]] = {}
    for each in links:
        of_page.setdefault(each.get("rel"), []).append((each.get("href"), each.get("type")))
    assert {relation: sorted(found, key=str) for relation, found in of_page.items()} == told


@pytest.mark.parametrize(
    ("when", "query"),
    [
        (When(as_of=7), "?as_of=7"),
        (When(true_at=AT), "?true_at=2026-05-03T14:05:00Z"),
        (When(as_of=AT, true_at=AT), "?as_of=2026-05-03T14:05:00Z&true_at=2026-05-03T14:05:00Z"),
    ],
)
def test_all_links_of_the_past_lead_to_the_same_moment(when: When, query: str) -> None:
    of_header = signposting.find_signposting_http_link([header_of(page(), when).decode()], LANDING)
    told = _signposts(of_header.signposts)
    assert told["cite-as"] == [(f"https://doi.org/{DOI}", None)]
    forms = {f"{LANDING}/{form.name}{query}" for form in FORMS}
    assert {url for url, _ in told["describedby"]} == forms
    assert told["linkset"] == [(f"{LANDING}/linkset.json{query}", "application/linkset+json")]
    in_page = [(each.get("rel"), each.get("href")) for each in shown(page(), when).iter("link")]
    assert {href for relation, href in in_page if relation == "describedby"} == forms
    assert [href for relation, href in in_page if relation == "linkset"] == [f"{LANDING}/linkset.json{query}"]
    own, *described = json.loads(linkset(page(), when))["linkset"]
    assert own["anchor"] == LANDING + query
    assert own["cite-as"] == [{"href": f"https://doi.org/{DOI}"}]
    assert {each["href"] for each in own["describedby"]} == {each["anchor"] for each in described} == forms
    assert [each["describes"][0]["href"] for each in described] == [LANDING + query] * len(FORMS)
    form = header_of_form(LANDING, when).decode()
    assert f'<{LANDING}{query}>; rel="describes"; type="text/html"' in form
    assert f'<{LANDING}/linkset.json{query}>; rel="linkset"' in form


def test_the_link_set_tells_of_the_page_and_of_each_form() -> None:
    told = json.loads(linkset(page()))["linkset"]
    assert told[0]["anchor"] == LANDING
    assert told[0]["cite-as"] == [{"href": f"https://doi.org/{DOI}"}]
    assert {each["href"] for each in told[0]["describedby"]} == {each["anchor"] for each in told[1:]}
    for each in told[1:]:
        assert each["describes"] == [{"href": LANDING, "type": "text/html"}]
    (pidinst,) = [each for each in told[0]["describedby"] if each["href"].endswith("pidinst.json")]
    assert pidinst["profile"] == "https://doi.org/10.15497/RDA00070"


def test_a_form_says_what_it_describes() -> None:
    told = header_of_form(LANDING).decode()
    assert f'<{LANDING}>; rel="describes"; type="text/html"' in told
