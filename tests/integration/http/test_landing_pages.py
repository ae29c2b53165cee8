"""Landing pages on Postgres: what the world sees of a life, and what it does not; tombstones, the past, search
engines."""

from collections.abc import AsyncGenerator
from datetime import timedelta
from typing import Any
from xml.etree import ElementTree

import httpx
import pytest
from benchmarks.inside import counted
from lxml import html
from signposting import find_signposting_http_link
from tests.integration.support.past import (
    WITH_FIRST_CAMERA,
    WITH_SECOND_CAMERA,
    Hutch,
    hutch,
)

from cora.equipment.keep_publications import keep_publications
from cora.equipment.landing.life import MOST, MOST_READ
from cora.kernel.principal import Role
from cora.surfaces.http.landing.crawlers import sitemap
from cora.surfaces.http.messages import Request
from cora.surfaces.start import Opened

SECRET = "ada@example.org"
BROWSER = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}


@pytest.fixture(scope="module")
async def world(module_cora: Opened) -> AsyncGenerator[Hutch]:
    async with hutch(module_cora) as made:
        do, ids = made.world.do, made.ids
        await do("assign_asset_persistent_id", asset_id=ids["stage"], scheme="DOI", suffix="stage")
        await do("fault_asset", asset_id=ids["stage"], reason=f"noise, says {SECRET}")
        await do("fault_asset", asset_id=ids["stage"], reason="more noise")
        await do("add_asset_note", asset_id=ids["stage"], text="a note for us")
        owner = {"name": "Institute", "contact": SECRET}
        await do("add_asset_owner", asset_id=ids["stage"], owner=owner)
        yield made


async def get(world: Hutch, path: str, role: Role = Role.ANONYMOUS, **options: Any) -> httpx.Response:
    return await world.world.surfaces.web[role].get(path.format(**world.ids), **options)


def said(page: httpx.Response) -> str:
    told: Any = html.fromstring(page.content)
    return " ".join(told.text_content().split())


def life(page: httpx.Response) -> list[str]:
    rows = html.fromstring(page.content).findall(".//ol[@class='life']/li")
    return [each.findtext("span") or "" for each in rows]


async def test_the_life_is_told_in_words_the_latest_first(world: Hutch) -> None:
    page = await get(world, "/id/{second}")
    assert page.status_code == 200
    assert life(page) == [
        "Installed in slot S-CAM",
        "Identifier published",
        "Put into service",
        "Entered in the equipment record",
    ]
    assert life(await get(world, "/id/{stage}")) == [
        "Reported faulty",
        "Reported faulty",
        "Identifier published",
        "Installed in slot S-ROT",
        "Put into service",
        "Component screw entered in the equipment record",
        "Entered in the equipment record",
    ]


async def test_it_says_how_it_is_where_it_is_and_what_belongs_to_it(world: Hutch) -> None:
    told = said(await get(world, "/id/{stage}"))
    assert "Condition Faulted since" in told
    assert "Service In service since 1 February 2026" in told
    assert "Slot S-ROT since 1 February 2026" in told
    assert "Part of Photon Source › 2-BM" in told
    assert "Components screw" in told
    assert "Institute" in told


async def test_no_reason_no_note_no_address_and_nobody_is_told(world: Hutch) -> None:
    for role in (Role.ANONYMOUS, Role.ADMIN):
        page = (await get(world, "/id/{stage}", role)).text
        for secret in (SECRET, "noise", "a note for us", "an admin", str(world.world.surfaces.cora.settings.data_dir)):
            assert secret not in page
    assert "@example" not in page


async def test_an_earlier_page_is_of_that_moment(world: Hutch) -> None:
    before = await get(world, "/id/{second}", params={"true_at": WITH_FIRST_CAMERA})
    assert life(before) == ["Identifier published", "Put into service", "Entered in the equipment record"]
    assert "Slot" not in said(before)
    after = await get(world, "/id/{second}", params={"true_at": WITH_SECOND_CAMERA})
    assert "Slot S-CAM since 1 March 2026" in said(after)
    assert (await get(world, "/id/{second}", params={"true_at": "2026-01-15T12:00:00Z"})).status_code == 404
    unreadable = {"as_of": "<yesterday>"}
    assert (await get(world, "/id/{second}", params=unreadable)).json()["code"] == "InvalidRequest"
    refused = await get(world, "/id/{second}", headers=BROWSER, params=unreadable)
    assert (refused.status_code, refused.headers["content-type"]) == (422, "text/html; charset=utf-8")
    assert "/as_of: " in said(refused)
    assert "<yesterday>" not in refused.text
    assert (await get(world, "/id/{second}", params={"utm_source": "mail"})).status_code == 200


async def test_what_has_no_public_identifier_is_told_to_browsers_in_words(world: Hutch) -> None:
    for path in ("/id/{first}", "/id/{beamline}", "/id/01935c5e-7b1a-7c3e-9f2d-5a6b7c8d9e0f", "/id/x"):
        page = await get(world, path, headers=BROWSER)
        assert page.status_code == 404
        assert page.headers["content-type"] == "text/html; charset=utf-8"
        assert "No public page here" in page.text
        problem = await get(world, path)
        assert (problem.status_code, problem.json()["code"]) == (404, "UnknownPath")
        assert (await get(world, f"{path}/linkset.json")).status_code == 404


async def test_an_address_with_a_slash_or_an_unknown_form_is_told_to_browsers_in_words(world: Hutch) -> None:
    moved = await get(world, "/id/{stage}/", headers=BROWSER, params={"utm_source": "mail"})
    assert moved.status_code == 308
    assert moved.headers["location"] == f"../{world.ids['stage']}?utm_source=mail"
    for path in ("/id/x/", "/id/{stage}/nope.txt"):
        page = await get(world, path, headers=BROWSER)
        assert page.status_code == 404
        assert "No public page here" in page.text
    assert (await get(world, "/id/{stage}/nope.txt")).json()["code"] == "InvalidRequest"


async def test_it_is_kept_for_a_while_and_then_asked_for_by_its_tag(world: Hutch) -> None:
    page = await get(world, "/id/{stage}", headers=BROWSER)
    assert page.headers["cache-control"] == "public, max-age=60"
    assert page.headers["vary"] == "Accept"
    again = await get(world, "/id/{stage}", headers={**BROWSER, "If-None-Match": page.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    web = world.world.surfaces.web[Role.ANONYMOUS]
    head = await web.head(f"/id/{world.ids['stage']}")
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["etag"] == page.headers["etag"]
    assert head.headers["link"] == page.headers["link"]


async def test_links_lead_to_the_forms_and_back(world: Hutch) -> None:
    page = await get(world, "/id/{second}")
    address = str(page.url)
    found = find_signposting_http_link([page.headers["link"]], address)
    forms = [each for each in found.signposts if str(each.rel) == "describedby"]
    assert len(forms) > 5
    for each in forms:
        form = await get(world, str(each.target).replace(f"/{world.ids['second']}", "/{second}"))
        assert form.status_code == 200
        assert form.headers["content-type"].split(";")[0] == str(each.type)
        assert 'rel="describes"; type="text/html"' in form.headers["link"]
    linkset = await get(world, "/id/{second}/linkset.json")
    assert linkset.headers["content-type"] == "application/linkset+json"
    assert linkset.json()["linkset"][0]["anchor"].endswith(world.ids["second"])
    negotiated = await get(world, "/id/{second}", headers={"Accept": "application/ld+json"})
    assert 'rel="describes"' in negotiated.headers["link"]


async def test_links_of_the_past_lead_to_the_same_moment(world: Hutch) -> None:
    position = (await get(world, "/assets/{second}", Role.READER)).json()["position"]
    for asked, own in (
        ({"utm_source": "mail", "true_at": "2026-03-01T13:00:00+01:00"}, "?true_at=2026-03-01T12:00:00Z"),
        ({"as_of": str(position)}, f"?as_of={position}"),
    ):
        page = await get(world, "/id/{second}", params=asked)
        address = f"/id/{world.ids['second']}"
        found = find_signposting_http_link([page.headers["link"]], str(page.url)).signposts
        linked = [str(each.target) for each in found if str(each.rel) in ("describedby", "linkset")]
        hrefs = [each.get("href") or "" for each in html.fromstring(page.content).iter("a")]
        listed = [each for each in hrefs if "?" in each]
        assert len(linked) > len(listed) > 5
        for link in (*linked, *listed):
            assert link.endswith(own)
            form = await get(world, link)
            assert form.status_code == 200
            if not link.endswith(f"linkset.json{own}"):
                assert f'{address}{own}>; rel="describes"' in form.headers["link"]
                assert f'{address}/linkset.json{own}>; rel="linkset"' in form.headers["link"]
        anchors = [each["anchor"] for each in (await get(world, f"{address}/linkset.json{own}")).json()["linkset"]]
        assert anchors[0].endswith(address + own)
        assert all(each.endswith(own) for each in anchors)


async def test_a_withdrawn_identifier_has_a_tombstone_for_ever(world: Hutch) -> None:
    do = world.world.do
    asset = await world.world.make(
        "register_asset",
        name="Twice",
        tier="Device",
        parent_id=world.ids["beamline"],
        model_id=world.ids["stage_model"],
    )
    await do("assign_asset_persistent_id", asset_id=asset, scheme="DOI", suffix="twice")
    listed = (await get(world, f"/persistent-ids?subject_id={asset}", Role.READER)).json()["items"]
    assert "Do not cite" not in (await get(world, f"/id/{asset}")).text
    await do("withdraw_persistent_id", persistent_id_id=listed[0]["id"], reason="Entered twice")
    await do("decommission_asset", asset_id=asset, reason="never existed")
    tombstone = await get(world, f"/id/{asset}", headers=BROWSER)
    assert tombstone.status_code == 200
    told = said(tombstone)
    assert "This identifier was withdrawn on" in told
    assert "Why: Entered twice" in told
    assert "never existed" not in told
    assert (await get(world, f"/id/{asset}/pidinst.json")).status_code == 200
    for form in ("citation.txt", "datacite.xml", "bibtex.bib"):
        assert "not to be cited: Entered twice" in (await get(world, f"/id/{asset}/{form}")).text
    assert '"creativeWorkStatus":' in tombstone.text


async def test_a_fixture_tells_its_components_and_their_exchange(world: Hutch) -> None:
    fixture = await world.world.citable()
    await world.world.do("assign_fixture_persistent_id", fixture_id=fixture, scheme="DOI")
    page = await get(world, f"/id/{fixture}")
    told = said(page)
    assert "Instrument made of components" in told
    assert "in slot" in told
    assert life(page)[0] == "Identifier published"
    assert life(page)[-1].startswith("Put together from 1 component")


async def test_the_exchange_of_a_component_is_told_where_it_happened(world: Hutch) -> None:
    do = world.world.do
    whole = await world.world.active(parent_id=world.ids["beamline"], model_id=world.ids["stage_model"], name="Mono")
    await do("assign_asset_persistent_id", asset_id=whole, scheme="DOI", suffix="mono")
    parts = [
        {"command": "register_asset", "arguments": {"name": name, "tier": "Device", "parent_id": whole}}
        for name in ("Encoder", "Motor")
    ]
    batch = await world.world.surfaces.web[Role.OPERATOR].post("/batch", json={"commands": parts, "atomic": True})
    assert batch.status_code == 200, batch.text
    made = await get(world, "/id/" + str(whole))
    assert life(made)[0] == "Components Motor and Encoder entered in the equipment record"
    motor = batch.json()["answers"][1]["body"]
    await do("decommission_asset", asset_id=motor["id"], reason="worn out")
    await do("register_asset", name="Motor", tier="Device", parent_id=whole)
    told = life(await get(world, f"/id/{whole}"))
    assert told[:3] == [
        "Component Motor entered in the equipment record",
        "Component Motor decommissioned",
        "Components Motor and Encoder entered in the equipment record",
    ]
    assert life(await get(world, f"/id/{whole}?as_of={motor['position']}")) == told[2:]


async def test_many_events_do_not_bury_a_life_and_the_page_stays_bounded(world: Hutch) -> None:
    asset = await world.world.active(parent_id=world.ids["beamline"], model_id=world.ids["stage_model"])
    await world.world.do("assign_asset_persistent_id", asset_id=asset, scheme="DOI", suffix="busy")
    for number in range(60):
        await world.world.do("add_asset_note", asset_id=asset, text=f"note {number}")
    page = await get(world, f"/id/{asset}")
    assert life(page)[-1] == "Entered in the equipment record"
    for number in range(0, MOST_READ + 50, 50):
        parts = [
            {"command": "register_asset", "arguments": {"name": f"{number}-{at}", "tier": "Device", "parent_id": asset}}
            for at in range(50)
        ]
        await world.world.surfaces.web[Role.OPERATOR].post("/batch", json={"commands": parts, "atomic": True})
    page = await get(world, f"/id/{asset}")
    assert life(page)[0].endswith("and others entered in the equipment record")
    assert life(page)[-1] == "Entered in the equipment record"
    assert "In service since" in said(page)
    for _ in range(MOST_READ):
        await world.world.do("degrade_asset", asset_id=asset, reason="slow")
    page = await get(world, f"/id/{asset}")
    assert len(life(page)) == MOST
    assert "Older ones" in said(page)


async def test_a_page_costs_a_bounded_number_of_statements(world: Hutch) -> None:
    await get(world, "/id/{stage}")
    with counted() as statements:
        await get(world, "/id/{stage}")
    assert len(statements.sent) <= 18, statements.sent


async def test_robots_find_the_pages_and_the_sitemap(world: Hutch) -> None:
    told = (await get(world, "/robots.txt")).text.splitlines()
    assert "Allow: /id/" in told
    assert "Disallow: /" in told
    assert told[-1].startswith("Sitemap: http")


def _locations(body: bytes) -> list[str]:
    return [each.text or "" for each in ElementTree.fromstring(body).iter() if each.tag.endswith("}loc")]


async def test_the_sitemap_lists_all_public_pages_with_their_change(world: Hutch, module_cora: Opened) -> None:
    await keep_publications(module_cora.kernel, module_cora.log.publications, quiet=timedelta(0))
    answer = await get(world, "/sitemap.xml")
    assert answer.headers["content-type"] == "application/xml"
    locations = _locations(answer.content)
    ids = {each.rsplit("/", 1)[1] for each in locations}
    assert {world.ids["stage"], world.ids["second"]} <= ids
    assert world.ids["first"] not in ids
    assert answer.text.count("<lastmod>") == len(locations)
    for location in locations[:3]:
        assert (await get(world, location)).status_code == 200
    assert (await get(world, "/sitemap.xml", params={"from": "x"})).status_code == 422


async def test_a_long_sitemap_is_an_index_of_its_parts(world: Hutch, module_cora: Opened) -> None:
    await keep_publications(module_cora.kernel, module_cora.log.publications, quiet=timedelta(0))
    everything = _locations((await get(world, "/sitemap.xml")).content)

    async def part(query: str) -> list[str]:
        request: Any = Request("GET", "/sitemap.xml", {}, frozenset(), query.encode(), lambda: None, "r")  # pyright: ignore[reportArgumentType]
        reply = await sitemap(request, module_cora.log.publications, "http://cora.test", 2)
        assert reply.stream is not None
        return _locations(b"".join([piece async for piece in reply.stream]))

    index = await part("")
    assert len(index) == -(-len(everything) // 2)
    assert [each.rsplit("/", 1)[1] for start in index for each in await part(start.partition("?")[2])] == [
        each.rsplit("/", 1)[1] for each in everything
    ]


async def test_what_was_scrapped_says_since_when(world: Hutch) -> None:
    await world.world.do("record_asset_persistent_id", asset_id=world.ids["screw"], scheme="DOI", value="10.1234/screw")
    await world.world.do("decommission_asset", asset_id=world.ids["screw"], reason="lost")
    told = said(await get(world, "/id/{screw}"))
    assert "Service Decommissioned since" in told
    assert "Condition" not in told
