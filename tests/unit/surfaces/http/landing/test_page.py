"""What people read on a landing page: every part, in order, for every reader, and nothing that anybody smuggles in."""

import re
from dataclasses import replace
from datetime import UTC, datetime
from urllib.parse import quote
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.equipment.pidinst.facts import MODEL
from tests.unit.surfaces.http.landing.pages import AT, DOI, PUBLIC_URL, known, page, said, shown

from cora.equipment.aggregates.persistent_id import PersistentIdStatus, Withdrawal
from cora.equipment.landing.page import Neighbour
from cora.equipment.pidinst.forms import FORMS
from cora.equipment.related_identifier import RelatedIdentifier, RelatedIdentifierScheme, RelationType
from cora.equipment.values import AgentIdentifier, Manufacturer, Term
from cora.kernel.when import When
from cora.surfaces.http.landing.markup import day, link, minute, text
from cora.surfaces.http.landing.page import MOST_COMPONENTS, landing_page, missing_page

HOSTILE = "</title></script><script>alert(1)</script><!--\"' onfocus=x & Söhne"
JANUARY = datetime(2026, 1, 1, tzinfo=UTC)
WITHDRAWN = known(status=PersistentIdStatus.WITHDRAWN, withdrawal=Withdrawal("Entered <twice>", AT))


def test_each_part_has_a_heading_in_order_under_one_title() -> None:
    tree = shown(page())
    headings = [(each.tag, said(each)) for each in tree.iter("h1", "h2", "h3")]
    assert headings == [
        ("h1", "Stage"),
        ("h2", "Persistent identifier"),
        ("h2", "About"),
        ("h2", "State"),
        ("h2", "Where it is"),
        ("h2", "Components"),
        ("h2", "Its life"),
        ("h2", "How to cite"),
        ("h2", "All formats"),
    ]
    assert tree.get("lang") == "en"
    assert tree.findtext(".//title") == "Stage"
    assert len(tree.findall(".//main")) == 1
    ids = [each.get("id") for each in tree.iter() if each.get("id")]
    assert len(set(ids)) == len(ids)
    for each in tree.iter("section"):
        assert each.get("aria-labelledby") in ids
    for each in tree.iter("input"):
        assert each.get("id") in [label.get("for") for label in tree.iter("label")]


def test_the_identifier_is_a_full_link_and_can_be_copied_without_a_script() -> None:
    tree = shown(page())
    url = f"https://doi.org/{DOI}"
    assert [each.text for each in tree.iter("a") if each.get("href") == url] == [url]
    (field,) = tree.iter("input")
    assert field.get("value") == url
    assert field.get("readonly") is not None


def test_it_says_how_it_is_where_it_is_and_since_when() -> None:
    told = said(shown(page()))
    assert "Faulted since 3 May 2026" in told
    assert "In service since 3 May 2026" in told
    assert "Slot Stage slot since 3 May 2026" in told
    assert "3 May 2026, 14:05 UTC Installed in slot Stage" in told
    assert "Older ones" in told
    for each in ("Turns samples.", "Advanced Photon Source", "Aerotech", "ABRS", "Rotary stage", "angle", "SN-7"):
        assert each in told
    assert "DOI 10.1234/drawing, revision B" in told
    for each in shown(page()).iter("time"):
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", each.get("datetime") or "")


def test_owner_maker_type_and_what_belongs_to_it_are_links_where_they_lead_somewhere() -> None:
    links = {said(each): each.get("href") for each in shown(page()).iter("a")}
    assert links["Aerotech"] == "https://ror.org/05gvnxz63"
    assert links["Advanced Photon Source"] == "https://ror.org/05gvnxz63"
    assert links["Rotary stage"] == "https://vocabulary.example/stage"
    assert links["Stage facility"] == "https://facility.example"
    assert links["Stage part"] == f"{PUBLIC_URL}/id/{UUID(int=30)}"
    assert links["https://doi.org/10.82433/part"] == "https://doi.org/10.82433/part"
    assert "Stage secret" not in links
    for form in FORMS:
        assert links[form.title] == f"{PUBLIC_URL}/id/{UUID(int=10)}/{form.name}"


def test_an_owner_can_be_written_to_where_contacts_are_published() -> None:
    assert "mailto:" not in landing_page(page()).decode()
    assert "Advanced Photon Source (ada@example.org)" in said(shown(page(contact="ada@example.org")))
    for address in ("ada@example.org", '"><script>@x.y', "a&b=c@x.y?bcc=z"):
        links = [
            each for each in shown(page(contact=address)).iter("a") if (each.get("href") or "").startswith("mailto")
        ]
        assert [each.text for each in links] == [address]
        assert [each.get("href") for each in links] == ["mailto:" + quote(address, safe="@")]


def test_a_tombstone_says_why_and_when_and_keeps_what_it_was() -> None:
    tree = shown(page(persistent_id=WITHDRAWN))
    told = said(tree)
    assert "withdrawn on 3 May 2026" in told
    assert "Why: Entered <twice>" in told
    assert "How it was cited" in told
    assert "Aerotech" in told
    assert "Faulted" not in told
    assert tree.findtext(".//title") == "Withdrawn: Stage"


def test_a_test_identifier_is_said_to_be_one_and_leads_nowhere() -> None:
    tree = shown(page(persistent_id=known(test=True)))
    assert "test identifier" in said(tree)
    assert not [each for each in tree.iter("a") if DOI in (each.get("href") or "")]
    assert tree.find(".//meta[@name='robots']").get("content") == "noindex"


def test_an_earlier_state_says_so_and_leads_to_the_same_moment() -> None:
    tree = shown(page(), When(true_at=JANUARY))
    assert tree.find(".//meta[@name='robots']").get("content") == "noindex"
    assert tree.find(".//link[@rel='canonical']").get("href") == f"{PUBLIC_URL}/id/{UUID(int=10)}"
    links = [each.get("href") or "" for each in tree.iter("a")]
    assert f"{PUBLIC_URL}/id/{UUID(int=10)}/pidinst.json?true_at=2026-01-01T00:00:00Z" in links


@pytest.mark.parametrize(
    ("when", "words"),
    [
        (When(true_at=JANUARY), "This is how it was on 1 January 2026, 00:00 UTC."),
        (When(as_of=JANUARY), "This is what the record said on 1 January 2026, 00:00 UTC."),
        (When(as_of=1024), "This is what the record said at position 1024 of the log."),
        (
            When(as_of=AT, true_at=JANUARY),
            "This is how it was on 1 January 2026, 00:00 UTC, by what the record said on 3 May 2026, 14:05 UTC.",
        ),
        (
            When(as_of=0, true_at=JANUARY),
            "This is how it was on 1 January 2026, 00:00 UTC, by what the record said at position 0 of the log.",
        ),
    ],
)
def test_an_earlier_state_names_its_moment(when: When, words: str) -> None:
    assert f"{words} How it stands now" in said(shown(page(), when))


def test_the_page_of_now_names_no_moment() -> None:
    assert "How it stands now" not in said(shown(page()))


def test_many_components_are_not_all_named() -> None:
    many = tuple(Neighbour(f"part {number}", UUID(int=number)) for number in range(MOST_COMPONENTS + 7))
    assert "And 7 more" in said(shown(page(components=many)))


MANUAL = RelatedIdentifier(RelationType.HAS_METADATA, "10.5438/manual", RelatedIdentifierScheme.DOI, "Sensor <ML>")
DRAWN = RelatedIdentifier(RelationType.IS_DESCRIBED_BY, "10.1234/drawing", RelatedIdentifierScheme.DOI, "Drawing B")
SCRIPT = RelatedIdentifier(RelationType.REFERENCES, "javascript:alert(1)", RelatedIdentifierScheme.URL, "Brochure")
BOOK = RelatedIdentifier(RelationType.WAS_USED_IN, "978-3-16-148410-0", RelatedIdentifierScheme.ISBN)
PAPER = RelatedIdentifier(RelationType.WAS_USED_IN, "12345", RelatedIdentifierScheme.PMID)


def test_what_it_is_related_to_is_a_link_where_it_leads_somewhere() -> None:
    tree = shown(page(related=(MANUAL, DRAWN, SCRIPT, BOOK, PAPER)))
    (part,) = tree.xpath("//section[@aria-labelledby='related']")
    told = said(part)
    assert "Described in metadata Sensor <ML> DOI: 10.5438/manual" in told
    assert "References Brochure URL: javascript:alert(1)" in told
    assert "Was used in ISBN: 978-3-16-148410-0" in told
    # Its drawing, its parts and its whole are shown elsewhere.
    assert "Drawing B" not in told
    assert "10.82433/part" not in told
    assert {said(each): each.get("href") for each in part.iter("a")} == {
        "Sensor <ML>": "https://doi.org/10.5438/manual",
        "PMID: 12345": "https://pubmed.ncbi.nlm.nih.gov/12345",
    }


def test_a_stated_part_is_shown_where_it_is_no_component_here() -> None:
    part = RelatedIdentifier(RelationType.HAS_COMPONENT, "21.5/part", RelatedIdentifierScheme.HANDLE)
    assert "Has the component Handle: 21.5/part" in said(shown(page(related=(part,))))


def test_subjects_and_the_identifier_of_a_model_are_links_where_they_lead_somewhere() -> None:
    subjects = (Term("optics", "https://vocab.example/1", "Keywords"), Term("vacuum", "javascript:alert(1)", "URL"))
    abrs = AgentIdentifier("https://vendor.example/abrs", "URL")
    model = replace(MODEL, part_number=MODEL.name, identifier=abrs)
    tree = shown(page(subjects=subjects, model=model))
    links = {said(each): each.get("href") for each in tree.iter("a")}
    assert links["optics"] == "https://vocab.example/1"
    assert "vacuum" not in links
    assert "Subjects optics, vacuum" in said(tree)
    assert links["URL: https://vendor.example/abrs"] == "https://vendor.example/abrs"


def test_all_who_made_it_are_told_with_links_where_they_lead_somewhere() -> None:
    esrf = Manufacturer("ESRF", AgentIdentifier("https://ror.org/02550n020", "ROR"))
    tree = shown(page(model=replace(MODEL, further_manufacturers=(esrf, Manufacturer("Huber <&>")))))
    assert "Manufacturer Aerotech, ESRF, Huber <&>" in said(tree)
    assert {said(each): each.get("href") for each in tree.iter("a")}["ESRF"] == "https://ror.org/02550n020"
    assert "Aerotech; ESRF; Huber <&> (2026). Stage." in said(tree)


def test_what_is_not_there_has_no_part() -> None:
    told = page(components=(), line=(), slot=None, fixture=None, drawing=None, facility=None, condition=None)
    headings = [said(each) for each in shown(told).iter("h2")]
    assert "Components" not in headings
    assert "Where it is" not in headings
    assert "Drawing" not in said(shown(told))


@pytest.mark.parametrize("name", [HOSTILE, "javascript:alert(1)", "a" * 255, "\u202eevil", "<img src=x onerror=y>"])
def test_nothing_that_is_said_becomes_markup(name: str) -> None:
    withdrawn = replace(WITHDRAWN, withdrawal=Withdrawal(name, AT))
    related = (RelatedIdentifier(RelationType.REFERENCES, name, RelatedIdentifierScheme.URL, name),)
    tree = shown(
        page(name, description=name, persistent_id=withdrawn, related=related, subjects=(Term(name, name, "URL"),))
    )
    assert [each.get("type") for each in tree.iter("script")] == ["application/ld+json", None]
    assert [each.text for each in tree.iter("script")][1:] == [each.text for each in shown(page()).iter("script")][1:]
    assert not list(tree.iter("img"))
    assert said(tree.find(".//h1")) == " ".join(name.split())
    for each in tree.iter():
        assert not [name for name in each.attrib if str(name).startswith("on")]
        for attribute in ("href", "src"):
            assert (each.get(attribute) or "https:").startswith(("https:", "http:"))


@given(st.text(max_size=40))
def test_any_name_can_be_shown(name: str) -> None:
    tree = shown(page(name or "x"))
    assert len(list(tree.iter("script"))) == 2
    landing_page(page(name or "x")).decode()


@given(st.text(max_size=30))
def test_a_link_leads_to_the_web_or_nowhere(url: str) -> None:
    assert (" href=" not in link(url, "words")) or url.startswith(("http://", "https://"))


def test_times_are_read_in_utc() -> None:
    moment = datetime.fromisoformat("2026-05-03T23:30:00-05:00")
    assert ">4 May 2026<" in day(moment)
    assert ">4 May 2026, 04:30 UTC<" in minute(moment)
    assert 'datetime="2026-05-04T04:30:00Z"' in day(moment.astimezone(UTC))
    assert text('<"&') == "&lt;&quot;&amp;"


def test_what_is_not_there_is_told_in_words() -> None:
    assert b"<h1>No public page here</h1>" in missing_page()
    assert b"noindex" in missing_page()
