"""The forms on Postgres: as it is and as it was, for assets and for fixtures, over HTTP and as a tool."""

import json
from collections.abc import AsyncGenerator
from typing import Any

import httpx
import pytest
from lxml import etree
from tests.integration.support.past import (
    BUILT,
    DOI,
    INSTALLED,
    SCRAPPED,
    STORED,
    SWAPPED,
    WITH_FIRST_CAMERA,
    Hutch,
    hutch,
)

from cora.equipment.pidinst.forms import FORMS, pidinst
from cora.equipment.pidinst.forms.datacite import violations
from cora.kernel.principal import Role
from cora.surfaces.start import Opened

OWN_DOI = DOI.lower()
EVERY_FORM = pytest.mark.parametrize("form", FORMS, ids=lambda form: form.name)


@pytest.fixture(scope="module")
async def world(module_cora: Opened) -> AsyncGenerator[Hutch]:
    async with hutch(module_cora) as made:
        yield made


async def get(world: Hutch, path: str, role: Role = Role.ANONYMOUS, **options: Any) -> httpx.Response:
    return await world.world.surfaces.web[role].get(path.format(**world.ids), **options)


@EVERY_FORM
async def test_everybody_sees_each_form_of_what_has_an_identifier(world: Hutch, form: Any) -> None:
    answer = await get(world, f"/id/{{second}}/{form.name}")
    assert answer.status_code == 200, answer.text
    told = answer.text.casefold()
    assert OWN_DOI in told
    assert "maker" in told
    assert (await get(world, f"/id/{{first}}/{form.name}")).status_code == 401
    assert (await get(world, f"/id/{{first}}/{form.name}", Role.READER)).status_code == 200


@EVERY_FORM
async def test_each_form_can_be_had_as_it_was(world: Hutch, form: Any) -> None:
    own, negotiated = f"/id/{{second}}/{form.name}", {"Accept": form.asked_for_as[0]}
    for when in ({"true_at": WITH_FIRST_CAMERA}, {"as_of": str(world.before_storing)}):
        assert (await get(world, own, params=when)).status_code == 200
        found = await get(world, "/id/{second}", params=when, headers=negotiated)
        assert (await get(world, found.headers["content-location"])).content == found.content
        assert (await get(world, "/assets/{second}/pidinst", params=when, headers=negotiated)).status_code == 200
    before = {"true_at": "2026-01-15T12:00:00Z"}
    then = await get(world, own, Role.READER, params=before)
    assert then.status_code == 200
    assert OWN_DOI not in then.text.casefold()
    assert (await get(world, own, params=before)).status_code == 401
    assert (await get(world, own, Role.READER, params={"as_of": BUILT})).status_code == 404
    assert (await get(world, own, params={"as_of": "yesterday"})).json()["errors"][0]["pointer"] == "/as_of"
    assert (await get(world, own, params={"nonsense": "1"})).status_code == 422


async def test_what_ended_shows_its_end_only_since_then(world: Hutch) -> None:
    async def dates(**when: str) -> list[tuple[str, str]]:
        answer = await get(world, "/id/{first}/datacite.xml", Role.READER, params=when)
        assert violations(answer.content) == []
        found = etree.fromstring(answer.content).findall(".//{*}date")
        return [(each.get("dateInformation") or "", (each.text or "")[:10]) for each in found]

    began = ("Commissioned", INSTALLED[:10])
    assert await dates() == [began, ("Decommissioned", SCRAPPED[:10])]
    assert await dates(true_at=STORED) == [began]


async def test_what_goes_out_is_valid_and_published_by_the_facility(world: Hutch) -> None:
    assert violations((await get(world, "/id/{second}/datacite.xml")).content) == []
    assert pidinst.violations((await get(world, "/id/{second}/pidinst.xml")).content) == []
    told = (await get(world, "/id/{second}/datacite.json")).json()
    assert told["publisher"] == {"name": "Photon Source"}
    assert told["publicationYear"] == int(SWAPPED[:4])
    assert told["id"] == f"https://doi.org/{OWN_DOI}"


async def test_a_fixture_is_published_by_the_facility_of_what_it_binds(world: Hutch) -> None:
    fixture = await world.world.citable()
    await world.world.do("assign_fixture_persistent_id", fixture_id=fixture, scheme="DOI")
    told = (await get(world, f"/id/{fixture}/datacite.json")).json()
    assert told["publisher"]["name"] == "Hall 7"
    assert told["descriptions"][-1]["descriptionType"] == "Other"
    page = await get(world, f"/id/{fixture}")
    assert page.headers["content-type"].startswith("text/html")
    assert page.headers["vary"] == "Accept"
    record = await get(world, f"/fixtures/{fixture}/pidinst", headers={"Accept": "application/xml"})
    assert pidinst.violations(record.content) == []


async def test_a_tool_tells_the_form_with_what_it_loses(world: Hutch) -> None:
    told = await world.tool("get_pidinst_form", record_id=world.ids["second"], form="datacite.json")
    assert told["media_type"] == "application/vnd.datacite.datacite+json"
    assert json.loads(told["text"]) == (await get(world, "/id/{second}/datacite.json")).json()
    assert "SchemaVersion" in [loss["property"] for loss in told["loss"]]
