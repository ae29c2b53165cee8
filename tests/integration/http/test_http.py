"""HTTP on Postgres: the whole way of commands, records and lists, and what goes with a command."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import AsyncExitStack
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from cora.kernel.principal import Role
from cora.surfaces.server import application
from cora.surfaces.start import Opened

Api = Callable[[Role], httpx.AsyncClient]


@pytest.fixture(scope="module")
async def api(module_cora: Opened) -> AsyncGenerator[Api]:
    """A client for each role, on the application as it is served."""
    app = application(module_cora)
    async with AsyncExitStack() as stack:
        clients: dict[Role, httpx.AsyncClient] = {}
        for role in (Role.READER, Role.OPERATOR, Role.STEWARD, Role.ADMIN):
            token = await module_cora.tokens.create(role, f"http {role.label}")
            client = httpx.AsyncClient(
                transport=httpx.ASGITransport(app),
                base_url="http://cora.test",
                headers={"Authorization": f"Bearer {token}"},
            )
            clients[role] = await stack.enter_async_context(client)
        yield clients.__getitem__


def _code() -> str:
    return f"f-{uuid4().hex[:12]}"


async def _facility(api: Api, **members: str) -> httpx.Response:
    return await api(Role.ADMIN).post("/facilities", json={"code": _code(), "name": "Facility", **members})


async def _asset(api: Api, code: str, **members: object) -> httpx.Response:
    new = {"name": f"Asset {uuid4()}", "tier": "Unit", "facility_code": code, **members}
    return await api(Role.OPERATOR).post("/assets", json=new)


async def test_a_record_goes_out_as_it_was_answered(api: Api) -> None:
    made = await _facility(api)
    read = await api(Role.READER).get(made.headers["location"])
    assert read.json()["state"] == made.json()["state"]
    assert read.headers["etag"] == made.headers["etag"] == '"1"'
    assert read.json()["position"] == made.json()["position"]


async def test_the_same_key_gives_the_same_answer_once(api: Api) -> None:
    key = {"Idempotency-Key": uuid4().hex}
    new = {"code": _code(), "name": "Facility"}
    admin = api(Role.ADMIN)
    answers = await asyncio.gather(*(admin.post("/facilities", json=new, headers=key) for _ in range(5)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.text for answer in answers}) == 1
    assert len({answer.headers["location"] for answer in answers}) == 1
    assert {answer.headers["etag"] for answer in answers} == {'"1"'}
    other = await admin.post("/facilities", json={**new, "name": "Other"}, headers=key)
    assert (other.status_code, other.json()["code"]) == (422, "IdempotencyKeyReused")
    stale = await admin.post("/facilities", json=new, headers={**key, "If-Match": '"9"'})
    assert stale.status_code == 201, "a replay comes before the precondition"


async def test_a_refusal_is_not_kept_for_a_key(api: Api) -> None:
    key = {"Idempotency-Key": uuid4().hex}
    code = _code()
    assert (await _asset(api, code)).json()["code"] == "FacilityNotFound"
    new = {"name": "A", "tier": "Unit", "facility_code": code}
    operator = api(Role.OPERATOR)
    assert (await operator.post("/assets", json=new, headers=key)).status_code == 404
    await _facility(api, code=code)
    assert (await operator.post("/assets", json=new, headers=key)).status_code == 201


async def test_of_many_commands_for_one_version_one_is_done(api: Api) -> None:
    facility = (await _facility(api)).json()["state"]["code"]
    asset = (await _asset(api, facility)).headers["location"]
    operator = api(Role.OPERATOR)

    async def degrade(number: int) -> int:
        body = {"reason": f"reason {number}"}
        answer = await operator.post(f"{asset}/degrade", json=body, headers={"If-Match": '"1"'})
        return answer.status_code

    statuses = await asyncio.gather(*(degrade(number) for number in range(12)))
    assert sorted(statuses) == [200, *[412] * 11]


async def test_a_rehearsal_says_what_would_be_and_records_nothing(api: Api) -> None:
    new = {"code": _code(), "name": "Facility"}
    admin = api(Role.ADMIN)
    rehearsed = await admin.post("/facilities?dry_run=true", json=new)
    assert (rehearsed.status_code, rehearsed.json()["dry_run"]) == (200, True)
    assert (await admin.get(f"/facilities/{rehearsed.json()['id']}")).status_code == 404
    assert (await admin.post("/facilities", json=new)).status_code == 201
    again = await admin.post("/facilities?dry_run=true", json=new)
    assert (again.status_code, again.json()["code"]) == (409, "FacilityAlreadyExists")


async def test_what_is_recorded_beside_the_event(api: Api, module_cora: Opened) -> None:
    headers = {"X-Request-Id": "r-7", "On-Behalf-Of": "A. Visitor", "Occurred-At": "2024-02-29T12:00:00+02:00"}
    answer = await api(Role.ADMIN).post("/facilities", json={"code": _code(), "name": "Facility"}, headers=headers)
    assert answer.status_code == 201, answer.text
    assert answer.json()["occurred_at"] == "2024-02-29T10:00:00.000000Z"
    row = await module_cora.log.pool.fetchrow("select * from event where stream = $1", UUID(answer.json()["id"]))
    assert row is not None
    assert (row["actor"], row["via"], row["on_behalf_of"], row["request"]) == (
        "http admin",
        "http",
        "A. Visitor",
        "r-7",
    )


async def test_a_list_is_walked_to_its_end(api: Api) -> None:
    prefix = uuid4().hex[:8]
    for number in range(7):
        assert (await _facility(api, code=f"{prefix}-{number}")).status_code == 201
    reader = api(Role.READER)
    for sort in ("", "&sort=code", "&sort=-code"):
        seen: list[str] = []
        path: str | None = f"/facilities?limit=2{sort}"
        while path:
            page = await reader.get(path)
            assert page.status_code == 200, page.text
            assert len(page.json()["items"]) <= 2
            seen += [item["state"]["code"] for item in page.json()["items"]]
            link = page.links.get("next")
            assert (link is None) == (page.json()["next"] is None)
            path = link["url"] if link else None
        mine = [code for code in seen if code.startswith(prefix)]
        assert len(seen) == len(set(seen))
        assert mine == sorted(mine, reverse=sort == "&sort=-code")
        assert len(mine) == 7
    found = await reader.get("/facilities", params={"code": [f"{prefix}-1", f"{prefix}-5"]})
    assert [item["state"]["code"] for item in found.json()["items"]] == [f"{prefix}-1", f"{prefix}-5"]


@pytest.mark.parametrize("query", ["sort=colour", "cursor=x", "cursor=WzEsMl0", "cursor=%00", "limit=0", "colour=red"])
async def test_a_list_refuses_what_it_does_not_know(api: Api, query: str) -> None:
    answer = await api(Role.READER).get(f"/facilities?{query}")
    assert (answer.status_code, answer.json()["code"]) == (422, "InvalidRequest")


async def test_a_filter_by_what_a_record_points_at_takes_ids_in_any_way_they_are_written(api: Api) -> None:
    facility = (await _facility(api)).json()["state"]["code"]
    top = (await _asset(api, facility)).json()["id"]
    below = await api(Role.OPERATOR).post("/assets", json={"name": "Below", "tier": "Component", "parent_id": top})
    reader = api(Role.READER)
    for when in ({}, {"true_at": "2026-11-27T00:00:00Z"}):
        refused = await reader.get("/assets", params={"parent_id": [top, "x"], **when})
        assert (refused.status_code, refused.json()["errors"]) == (
            422, [{"pointer": "/parent_id", "detail": "is not a UUID"}],
        )  # fmt: skip
    found = await reader.get("/assets", params={"parent_id": top.upper()})
    assert [item["id"] for item in found.json()["items"]] == [below.json()["id"]]


async def test_what_a_query_cannot_have_is_told_by_its_name(api: Api) -> None:
    refused = await api(Role.READER).get("/facilities?true_at=%00")
    assert [each["pointer"] for each in refused.json()["errors"]] == ["/true_at"]


@pytest.mark.parametrize("name", ["code", "name"])
async def test_filters_take_any_text(api: Api, name: str) -> None:
    for value in ("'; drop table event; --", "%", "\\", "\u00e4\U0001f600", "x" * 10_000):
        answer = await api(Role.READER).get("/facilities", params={"code": value})
        assert answer.status_code == 200
        assert answer.json() == {"items": [], "next": None}


async def test_every_filter_and_sort_that_is_described_works(api: Api) -> None:
    reader = api(Role.READER)
    document = (await reader.get("/openapi.json")).json()
    asked = 0
    for path, methods in document["paths"].items():
        if not methods.get("get", {}).get("operationId", "").startswith("list_") or path == "/events":
            continue
        for parameter in methods["get"]["parameters"]:
            name, schema = parameter["name"], parameter["schema"]
            if name in ("limit", "cursor", "under"):
                continue
            items = schema.get("items", {})
            values = schema.get("enum") or items.get("enum") or [str(uuid4()) if items.get("format") == "uuid" else "x"]
            if name.endswith(("_from", "_to")) or name in ("as_of", "true_at"):
                values = ["2026-01-01T00:00:00Z"]
            for value in ["true", "false"] if schema.get("type") == "boolean" else values:
                answer = await reader.get(path, params={parameter["name"]: value})
                assert answer.status_code == 200, (path, parameter["name"], answer.text)
                asked += 1
    assert asked > 20


async def test_texts_and_numbers_at_the_edge_of_what_can_be_kept(api: Api) -> None:
    steward, operator = api(Role.STEWARD), api(Role.OPERATOR)
    family = (await steward.post("/families", json={"name": f"Family {uuid4()}"})).json()["id"]
    schema: dict[str, Any] = {"type": "object", "additionalProperties": True, "properties": {"any": {}}}
    updated = await steward.post(f"/families/{family}/update-settings-schema", json={"settings_schema": schema})
    assert updated.status_code == 200, updated.text
    facility = (await _facility(api)).json()["state"]["code"]
    asset = (await _asset(api, facility, family_ids=[family])).headers["location"]
    numbers = [2**63 - 1, 1 - 2**63, 1.5, 1e-64, -0.1, 0.0, 6.62607015e-34]
    kept: list[Any] = [*numbers, "\U0001f600", "\u2028", [], {}, True]
    patched = await operator.patch(f"{asset}/settings", json={"any": kept})
    assert patched.status_code == 200, patched.text
    read = await api(Role.READER).get(asset)
    assert read.json()["state"]["settings"] == {"any": kept}
    for wrong in ('{"any": 9223372036854775808}', '{"any": 1e309}', '{"any": "\\u0000"}', '{"any": "\\ud800"}'):
        answer = await operator.patch(f"{asset}/settings", content=wrong, headers={"Content-Type": "application/json"})
        assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/any"), wrong


async def test_it_is_ready_and_says_so_without_a_token(module_cora: Opened) -> None:
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(application(module_cora)), base_url="http://cora.test"
    ) as anybody:
        assert (await anybody.get("/healthz")).json() == {"alive": True}
        ready = await anybody.get("/readyz")
        assert (ready.status_code, ready.json()) == (200, {"ready": True})
