"""The forms over HTTP: each at its own URL and by negotiation, for whom they are, and what they say of caching."""

import json
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Any, get_args
from uuid import UUID

import httpx
import pytest
from fastapi import FastAPI
from lxml import etree
from tests.unit.surfaces.http.client import PUBLIC_URL, client, make_app, register_facility, send_raw

from cora.equipment.features.get_pidinst_form import FormName, GetPidinstForm
from cora.equipment.pidinst.forms import FORMS, pidinst
from cora.equipment.pidinst.forms.datacite import violations as datacite_violations
from cora.equipment.pidinst.forms.writing import TEST_REMARK
from cora.surfaces.http.forms import MEDIA_TYPES

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"
EVERY_FORM = pytest.mark.parametrize("form", FORMS, ids=lambda form: form.name)


@dataclass(frozen=True)
class Shown:
    """An application with an asset that has an identifier and a part of it that has none."""

    app: FastAPI
    api: httpx.AsyncClient
    anybody: httpx.AsyncClient
    asset: str
    part: str


@pytest.fixture
async def shown() -> AsyncGenerator[Shown]:
    app = make_app()
    async with client(app) as api, client(app, None) as anybody:
        await register_facility(api)
        terms = [{"name": "angle", "identifier": "http://qudt.org/vocab/quantitykind/Angle", "scheme": "QUDT"}]
        family = {"name": "RotaryStage", "measured_variables": terms}
        family_id = (await api.post("/families", json=family)).json()["id"]
        model = {"name": "ABRS", "manufacturer": {"name": "Aerotech"}, "part_number": "1"}
        model = {**model, "declared_family_ids": [family_id]}
        model_id = (await api.post("/models", json=model)).json()["id"]
        owner = {
            "name": "APS",
            "contact": "secret@aps.example",
            "identifier": {"value": "https://ror.org/05gvnxz63", "scheme": "ROR"},
        }
        new = {"name": "Söhne <&> tower", "tier": "Unit", "facility_code": "aps", "model_id": model_id}
        new = {**new, "family_ids": [family_id], "owners": [owner]}
        asset = (await api.post("/assets", json=new)).json()["id"]
        part = (await api.post("/assets", json={"name": "Part", "tier": "Device", "parent_id": asset})).json()["id"]
        assigned = await api.post(f"/assets/{asset}/assign-persistent-id", json={"scheme": "DOI", "suffix": "tower"})
        assert assigned.status_code == 201, assigned.text
        yield Shown(app, api, anybody, asset, part)


@EVERY_FORM
async def test_each_form_has_its_own_url_for_everybody(shown: Shown, form: Any) -> None:
    answer = await shown.anybody.get(f"/id/{shown.asset}/{form.name}")
    assert answer.status_code == 200
    assert answer.headers["content-type"].partition(";")[0] == form.media_type
    assert TEST_REMARK in answer.text
    assert "secret@" not in answer.text
    head = await shown.anybody.head(f"/id/{shown.asset}/{form.name}")
    assert (head.status_code, head.content) == (200, b"")


async def test_what_goes_out_is_valid(shown: Shown) -> None:
    async def get(name: str) -> bytes:
        return (await shown.anybody.get(f"/id/{shown.asset}/{name}")).content

    assert datacite_violations(await get("datacite.xml")) == []
    assert pidinst.violations(await get("pidinst.xml")) == []
    assert pidinst.violations(await get("pidinst-1.1.xml"), "1.1") == []
    told = etree.fromstring(await get("pidinst-1.1.xml"))
    quantity = told.find("measuredQuantities/measuredQuantity/measuredQuantityIdentifier")
    assert quantity is not None
    assert quantity.text == "http://qudt.org/vocab/quantitykind/Angle"
    datacite = json.loads(await get("datacite.json"))
    assert datacite["publisher"] == {"name": "Facility aps"}
    assert datacite["url"] == f"{PUBLIC_URL}/id/{shown.asset}"


@EVERY_FORM
async def test_each_form_is_found_by_its_media_types(shown: Shown, form: Any) -> None:
    places = [f"/id/{shown.asset}", f"/assets/{shown.asset}/pidinst"]
    own = (await shown.anybody.get(f"/id/{shown.asset}/{form.name}")).content
    for place in places:
        for media_type in form.asked_for_as:
            answer = await shown.anybody.get(place, headers={"Accept": media_type})
            assert answer.status_code == 200
            assert answer.headers["vary"] == "Accept"
            assert answer.headers["content-type"].partition(";")[0] == media_type
            if place.endswith("pidinst") and media_type == "application/json":
                assert answer.json()["complete"] is True
            else:
                assert answer.content == own
                assert answer.headers["content-location"] == f"/id/{shown.asset}/{form.name}"


@pytest.mark.parametrize(
    ("accept", "page", "record"),
    [
        (None, "text/html", "application/json"),
        ("*/*", "text/html", "application/json"),
        (BROWSER, "text/html", "application/json"),
        ("application/*", "application/json", "application/json"),
        ("text/*", "text/html", "application/json"),
        ("application/x-bibtex;q=0.5, application/ld+json;q=0.6", "application/ld+json", "application/ld+json"),
        ("application/x-bibtex, */*;q=0.1", "application/x-bibtex", "application/x-bibtex"),
        ("*/*;q=0.1, application/json;q=0", "text/html", "text/html as JSON"),
        ("application/xml;q=0.9, text/html;q=0.2", "application/xml", "application/xml"),
        ("APPLICATION/LD+JSON", "application/ld+json", "application/ld+json"),
        ('application/ld+json;profile="http://schema.org"', "application/ld+json", "application/ld+json"),
        ("image/png", "text/html", "application/json"),
        ("application/vnd.datacite.datacite+xml;q=nonsense, text/html", "text/html", "application/json"),
        ("", "text/html", "application/json"),
    ],
)
async def test_what_is_liked_best(shown: Shown, accept: str | None, page: str, record: str) -> None:
    for place, liked in ((f"/id/{shown.asset}", page), (f"/assets/{shown.asset}/pidinst", record)):
        headers = [] if accept is None else [(b"accept", accept.encode())]
        answer = await send_raw(shown.app, "GET", place, headers=headers, role=None)
        assert answer.status == 200
        expected = "application/json" if liked.endswith("as JSON") else liked
        assert (answer.header("content-type") or "").partition(";")[0] == expected, place
        assert answer.header("vary") == "Accept"


async def test_accept_may_come_in_several_lines(shown: Shown) -> None:
    lines = [(b"accept", b"application/x-bibtex"), (b"accept", b"text/html;q=0.1")]
    answer = await send_raw(shown.app, "GET", f"/id/{shown.asset}", headers=lines, role=None)
    assert answer.header("content-type") == "application/x-bibtex"


async def test_a_record_without_an_identifier_is_for_readers(shown: Shown) -> None:
    accept = {"Accept": "application/vnd.datacite.datacite+json"}
    for place in (f"/id/{shown.part}/datacite.json", f"/id/{shown.part}", f"/assets/{shown.part}/pidinst"):
        assert (await shown.anybody.get(place, headers=accept)).status_code == 401
        answer = await shown.api.get(place, headers=accept)
        assert answer.status_code == 200
        assert "doi" not in answer.json()
        assert answer.json()["id"] == f"{PUBLIC_URL}/id/{shown.part}"
    assert (await shown.api.get(f"/id/{shown.part}")).status_code == 404


async def test_what_is_not_there(shown: Shown) -> None:
    nobody = UUID(int=0x0190_0000_0000_7000_8000_0000_0000_0000)
    assert (await shown.api.get(f"/id/{nobody}/pidinst.xml")).status_code == 404
    assert (await shown.anybody.get(f"/id/{nobody}/pidinst.xml")).status_code == 401
    assert (await shown.api.get(f"/id/{shown.asset}/other.xml")).json()["errors"][0]["pointer"] == "/form"
    assert (await shown.api.get("/id/x/pidinst.xml")).status_code == 422
    accept = {"Accept": "application/xml"}
    refused = await shown.api.get(f"/fixtures/{shown.asset}/pidinst", headers=accept)
    assert (refused.status_code, refused.json()["code"]) == (404, "FixtureNotFound")
    refused = await shown.api.get("/assets/x/pidinst", headers=accept)
    assert refused.json()["errors"][0]["pointer"] == "/asset_id"


async def test_a_form_that_is_known_is_not_sent_again(shown: Shown) -> None:
    place = f"/id/{shown.asset}/datacite.xml"
    first = await shown.anybody.get(place)
    for known in (first.headers["etag"], f'"x", W/{first.headers["etag"]}', "*"):
        again = await shown.anybody.get(place, headers={"If-None-Match": known})
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["etag"] == first.headers["etag"]
    assert (await shown.anybody.get(place, headers={"If-None-Match": '"x"'})).status_code == 200
    negotiated = {"Accept": "application/vnd.datacite.datacite+xml", "If-None-Match": first.headers["etag"]}
    again = await shown.anybody.get(f"/id/{shown.asset}", headers=negotiated)
    assert (again.status_code, again.headers["vary"]) == (304, "Accept")


def test_every_form_can_be_asked_for() -> None:
    assert get_args(FormName) == tuple(form.name for form in FORMS)
    assert GetPidinstForm(record_id=UUID(int=1), form="pidinst.xml").form == "pidinst.xml"


async def test_the_description_names_all_media_types(shown: Shown) -> None:
    paths = (await shown.anybody.get("/openapi.json")).json()["paths"]
    told = paths["/id/{record_id}/{form}"]["get"]["responses"]["200"]["content"]
    assert set(told) == {form.media_type for form in FORMS}
    for place in ("/assets/{asset_id}/pidinst", "/fixtures/{fixture_id}/pidinst"):
        assert set(MEDIA_TYPES) <= set(paths[place]["get"]["responses"]["200"]["content"])
