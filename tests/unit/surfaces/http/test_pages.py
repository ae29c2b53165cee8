"""The pages for people: they work without the internet, say what is a test, and let nothing through as markup."""

import json
import re
from base64 import b64encode
from hashlib import sha256
from html.parser import HTMLParser

import httpx
from tests.unit.memory_log import MemoryLog
from tests.unit.surfaces.http.client import PUBLIC_URL, client, make_app, register_asset, register_facility

from cora.surfaces.http.app import HttpSettings

NAME = 'Tower <script>alert("1")</script> & Söhne'


async def _asset_with_identifier(api: httpx.AsyncClient) -> str:
    """The id of an asset with a stub identifier."""
    await register_facility(api)
    family = (await api.post("/families", json={"name": "RotaryStage"})).json()["id"]
    model = {"name": "ABRS", "manufacturer": {"name": "Aerotech"}, "part_number": "1", "declared_family_ids": [family]}
    model_id = (await api.post("/models", json=model)).json()["id"]
    new = {"name": NAME, "tier": "Unit", "facility_code": "aps", "model_id": model_id, "family_ids": [family]}
    asset = (await api.post("/assets", json={**new, "owners": [{"name": "APS"}]})).json()["id"]
    assigned = await api.post(f"/assets/{asset}/assign-persistent-id", json={"scheme": "DOI", "suffix": "tower"})
    assert assigned.status_code == 201, assigned.text
    assert assigned.json()["url"] == f"{PUBLIC_URL}/id/{asset}"
    assert assigned.headers["location"] == f"/assets/{asset}"
    return asset


class _Elements(HTMLParser):
    def __init__(self, page: str) -> None:
        super().__init__()
        self.names: set[str] = set()
        self.links: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.add(tag)
        self.links += [value or "" for name, value in attrs if name in ("href", "src")]


async def test_an_identifier_leads_to_a_page_for_everybody() -> None:
    app = make_app()
    async with client(app) as api:
        asset = await _asset_with_identifier(api)
    async with client(app, None) as anybody:
        page = await anybody.get(f"/id/{asset}")
        assert page.status_code == 200
        assert page.headers["content-type"].startswith("text/html")
        (script,) = re.findall("<script>(.*?)</script>", page.text, re.DOTALL)
        allowed = b64encode(sha256(script.encode()).digest()).decode()
        assert "&lt;script&gt;" in page.text
        assert "10.0000/cora-stub/tower" in page.text
        assert "test identifier" in page.text
        assert f"script-src 'sha256-{allowed}';" in page.headers["content-security-policy"]
        form = f"{PUBLIC_URL}/id/{asset}/pidinst.json"
        assert form in _Elements(page.text).links
        assert (await anybody.get(form)).status_code == 200
        record = await anybody.get(f"/assets/{asset}/pidinst")
        assert record.status_code == 200
        assert record.json()["name"] == NAME
        assert record.json()["test"] is True
        assert (await anybody.get(f"/assets/{asset}")).status_code == 401


async def test_a_record_without_an_identifier_has_no_page_also_for_those_who_may_read_it() -> None:
    app = make_app()
    async with client(app) as api:
        await register_facility(api)
        asset = (await register_asset(api)).rsplit("/", 1)[1]
        for path in (f"/id/{asset}", "/id/01935c5e-7b1a-7c3e-9f2d-5a6b7c8d9e0f", "/id/x"):
            answer = await api.get(path)
            assert answer.status_code == 404
            assert answer.json()["code"] == "UnknownPath"


async def test_the_pages_load_nothing_from_elsewhere() -> None:
    async with client(make_app(), None) as anybody:
        for path in ("/", "/docs"):
            page = await anybody.get(path)
            assert page.status_code == 200
            links = _Elements(page.text).links
            assert links
            for link in links:
                assert link.startswith("/"), link
                assert (await anybody.get(link)).status_code == 200, link
            assert page.headers["content-security-policy"].startswith("default-src 'none'")
        script = (await anybody.get("/docs/start.js")).text
        url = re.search(r'url: "(.*?)"', script)
        assert url is not None
        assert (await anybody.get(url[1])).json()["openapi"] == "3.0.3"


async def test_what_the_api_page_is_made_of() -> None:
    async with client(make_app(), None) as anybody:
        bundle = await anybody.get("/docs/swagger-ui-bundle.js")
        assert "SwaggerUIBundle" in bundle.text
        assert bundle.headers["content-type"].startswith("text/javascript")
        assert (await anybody.get("/docs/index.html")).status_code == 404
        assert (await anybody.get("/docs/..%2f..%2fetc%2fpasswd")).status_code == 404


async def test_a_check_that_fails_is_not_readiness() -> None:
    async def fails() -> bool:
        raise ConnectionError("secret address")

    async with client(make_app(MemoryLog(), HttpSettings(is_ready=fails)), None) as anybody:
        answer = await anybody.get("/readyz")
        assert answer.status_code == 503
        assert json.loads(answer.text) == {"ready": False}
