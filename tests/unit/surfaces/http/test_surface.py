"""What every answer has: who may ask, request ids, problem details, entity tags, and the log of it."""

import json
import re
from typing import Any

import pytest
import structlog
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send
from tests.unit.memory_log import MemoryLog
from tests.unit.surfaces.http.client import PUBLIC_URL, client, make_app, register_asset, register_facility, send_raw

from cora.kernel.errors import OverloadedError
from cora.kernel.principal import Role
from cora.kernel.reader import Stored
from cora.surfaces.http.app import HttpSettings

NOBODY = "01935c5e-7b1a-7c3e-9f2d-5a6b7c8d9e0f"


async def test_the_wired_equipment_is_reachable() -> None:
    app = make_app()
    assert app.state.equipment.doi_minter.test
    assert app.state.equipment.public_url == PUBLIC_URL


async def test_a_command_answers_with_state_tag_and_place() -> None:
    app = make_app()
    async with client(app) as api:
        made = await api.post("/facilities", json={"code": "aps", "name": "Advanced Photon Source"})
        assert made.status_code == 201
        body = made.json()
        assert made.headers["location"] == f"/facilities/{body['id']}"
        assert made.headers["etag"] == '"1"'
        assert body["version"] == 1
        assert body["state"]["name"] == "Advanced Photon Source"
        assert [event["kind"] for event in body["events"]] == ["FacilityRegistered"]
        read = await api.get(made.headers["location"])
        assert read.status_code == 200
        assert read.headers["etag"] == '"1"'
        assert read.json()["state"] == body["state"]


async def test_an_empty_body_is_an_empty_object() -> None:
    app = make_app()
    async with client(app) as api:
        await register_facility(api)
        asset = await register_asset(api)
        activated = await api.post(f"{asset}/activate")
        assert activated.status_code == 200
        assert activated.headers["etag"] == '"2"'
        assert activated.json()["state"]["lifecycle"] == "Active"


async def test_a_rehearsal_records_nothing() -> None:
    app = make_app()
    async with client(app) as api:
        rehearsed = await api.post("/facilities?dry_run=true", json={"code": "aps", "name": "APS"})
        assert rehearsed.status_code == 200
        assert rehearsed.json()["dry_run"] is True
        assert "etag" not in rehearsed.headers
        assert (await api.get("/facilities")).json()["items"] == []


async def test_settings_are_patched_with_the_body_itself() -> None:
    app = make_app()
    async with client(app) as api:
        await register_facility(api)
        schema = {"type": "object", "properties": {"speed": {"type": "number"}, "patch": {"type": "string"}}}
        family = (await api.post("/families", json={"name": "RotaryStage"})).headers["location"]
        body = {"settings_schema": schema}
        assert (await api.post(f"{family}/update-settings-schema", json=body)).status_code == 200
        asset = await register_asset(api)
        added = await api.post(f"{asset}/add-family", json={"family_id": family.rsplit("/", 1)[1]})
        assert added.status_code == 200
        for media_type in ("application/json", "application/merge-patch+json"):
            content = json.dumps({"speed": len(media_type), "patch": "a"})
            patched = await api.patch(f"{asset}/settings", content=content, headers={"Content-Type": media_type})
            assert patched.status_code == 200, patched.text
            assert patched.json()["state"]["settings"] == {"speed": len(media_type), "patch": "a"}
        wrong = await api.patch(f"{asset}/settings", json={"speed": "fast", "x": 1})
        assert wrong.status_code == 422
        assert wrong.json()["code"] == "InvalidAssetSettings"
        number = await api.patch(f"{asset}/settings", json=[1])
        assert number.json()["errors"] == [{"pointer": "", "detail": "must be an object"}]
        assert (
            await api.patch(f"{asset}/settings", content="{", headers={"Content-Type": "text/plain"})
        ).status_code == 415


async def test_a_list_goes_on_where_its_link_leads() -> None:
    app = make_app()
    async with client(app) as api:
        for code in ("a", "b", "c"):
            await register_facility(api, code)
        seen: list[str] = []
        path = "/facilities?limit=2"
        for _ in range(2):
            page = await api.get(path)
            assert page.status_code == 200, page.text
            seen += [item["state"]["code"] for item in page.json()["items"]]
            if page.json()["next"] is None:
                assert "link" not in page.headers
                break
            link = re.fullmatch(r'<(/facilities\?.*)>; rel="next"', page.headers["link"])
            assert link is not None
            path = link[1]
        assert seen == ["a", "b", "c"]
        filtered = await api.get("/facilities", params=[("code", "a"), ("code", "c")])
        assert [item["state"]["code"] for item in filtered.json()["items"]] == ["a", "c"]


@pytest.mark.parametrize(
    ("query", "places"),
    [
        ("limit=0", ["/limit"]),
        ("limit=201", ["/limit"]),
        ("limit=1e1", ["/limit"]),
        ("limit=%C2%B2", ["/limit"]),
        ("limit=1&limit=2", ["/limit"]),
        ("colour=red&limit=x&sort=code&sort=name", ["/sort", "/limit", "/colour"]),
        ("code=%00", ["/code"]),
        ("code=%ff", [""]),
    ],
)
async def test_a_list_tells_all_that_is_wrong_with_its_query(query: str, places: list[str]) -> None:
    answer = await send_raw(make_app(), "GET", "/facilities", query=query.encode())
    assert answer.status == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == places


@pytest.mark.parametrize("path", ["/facilities/x", f"/facilities/{NOBODY}?as=1", f"/facilities/{NOBODY[:-1]}"])
async def test_a_record_is_asked_for_by_its_id_alone(path: str) -> None:
    async with client(make_app()) as api:
        answer = await api.get(path)
        assert answer.status_code == 422
        assert answer.json()["code"] == "InvalidRequest"


async def test_a_record_that_is_not_there() -> None:
    async with client(make_app()) as api:
        answer = await api.get(f"/facilities/{NOBODY}")
        assert answer.status_code == 404
        problem = answer.json()
        assert problem["type"] == "https://cora.invalid/problems/FacilityNotFound"
        assert (problem["status"], problem["code"]) == (404, "FacilityNotFound")
        assert problem["request_id"] == answer.headers["x-request-id"]
        assert problem["title"]
        assert problem["detail"]
        assert NOBODY in problem.values()


async def test_all_violations_of_path_body_headers_and_query_come_together() -> None:
    async with client(make_app()) as api:
        answer = await api.post(
            "/assets/x/activate?dry_run=maybe&more=1",
            json={"asset_id": NOBODY, "speed": 1},
            headers={"Occurred-At": "yesterday", "If-Match": "3"},
        )
        assert answer.status_code == 422
        places = [error["pointer"] for error in answer.json()["errors"]]
        assert set(places) == {"/more", "/dry_run", "/Occurred-At", "/If-Match", "/asset_id", "/speed"}


async def test_a_command_for_a_version_that_has_passed_is_refused() -> None:
    app = make_app()
    async with client(app) as api:
        await register_facility(api)
        asset = await register_asset(api)
        stale = await api.post(f"{asset}/activate", headers={"If-Match": '"2"'})
        assert stale.status_code == 412
        assert stale.json()["code"] == "PreconditionFailed"
        assert (await api.post(f"{asset}/activate", headers={"If-Match": "*"})).status_code == 200
        new = await api.post("/facilities", json={"code": "b", "name": "B"}, headers={"If-Match": "*"})
        assert new.status_code == 412


@pytest.mark.parametrize(
    "authorization",
    [
        "Bearer nobody",
        "Bearer",
        "Bearer ",
        "bearer admin admin",
        "Basic YTpi",
        "admin",
        "",
        "Bearer a\tb",
        "Bearer " + "a" * 501,
        "Bearer \u00fc",
    ],
)
@pytest.mark.parametrize("path", ["/facilities", "/", "/nowhere", "/docs"])
async def test_a_wrong_token_is_refused_everywhere_and_alike(authorization: str, path: str) -> None:
    headers = [(b"authorization", authorization.encode())]
    answer = await send_raw(make_app(), "GET", path, headers=headers, role=None)
    assert answer.status == 401
    assert answer.header("WWW-Authenticate") == "Bearer"
    expected = await send_raw(make_app(), "GET", "/facilities", role=None)
    assert answer.json() | {"request_id": ""} == expected.json() | {"request_id": ""}


async def test_two_tokens_are_none() -> None:
    headers = [(b"authorization", b"Bearer admin"), (b"authorization", b"Bearer reader")]
    assert (await send_raw(make_app(), "GET", "/facilities", headers=headers, role=None)).status == 401


async def test_the_scheme_of_a_token_is_read_in_any_case() -> None:
    for scheme in ("bearer", "BEARER", "Bearer  "):
        headers = [(b"authorization", f"{scheme} reader".encode())]
        assert (await send_raw(make_app(), "GET", "/facilities", headers=headers, role=None)).status == 200


async def test_who_may_do_what_comes_before_what_is_wrong_with_it() -> None:
    app = make_app()
    assert (await send_raw(app, "POST", "/facilities", [b"{"], role=None)).status == 401
    forbidden = await send_raw(app, "POST", "/facilities", [b"x" * 2_000_000], role="operator")
    assert forbidden.status == 403
    assert forbidden.json()["needed"] == "admin"
    assert forbidden.json()["role"] == "operator"


async def test_open_paths_need_no_token_but_no_record_does_without() -> None:
    app = make_app()
    async with client(app, None) as api:
        for path in ("/", "/docs", "/openapi.json", "/healthz", "/readyz"):
            assert (await api.get(path)).status_code == 200, path
        document = (await api.get("/openapi.json")).json()
        for path in document["paths"]:
            if "get" in document["paths"][path]:
                assert (
                    await api.get(re.sub("{.*?}", NOBODY, path.replace("{form}", "pidinst.xml")))
                ).status_code == 401, path


async def test_health_does_not_depend_on_tokens() -> None:
    headers = [(b"authorization", b"Bearer nobody")]
    for path in ("/healthz", "/readyz"):
        assert (await send_raw(make_app(), "GET", path, headers=headers, role=None)).status == 200


async def test_not_ready_is_503() -> None:
    async def never() -> bool:
        return False

    async with client(make_app(settings=HttpSettings(is_ready=never)), None) as api:
        assert (await api.get("/readyz")).status_code == 503
        assert (await api.get("/healthz")).status_code == 200


async def test_unknown_paths_and_methods_are_problems() -> None:
    async with client(make_app()) as api:
        unknown = await api.get("/nowhere/at/all")
        assert unknown.status_code == 404
        assert unknown.headers["content-type"] == "application/problem+json"
        assert unknown.json()["code"] == "UnknownPath"
        assert unknown.json()["request_id"] == unknown.headers["x-request-id"]
        for method, path, allowed in (
            ("PUT", "/facilities", "GET, HEAD, POST"),
            ("DELETE", f"/facilities/{NOBODY}", "GET, HEAD"),
            ("GET", f"/assets/{NOBODY}/settings", "PATCH"),
            ("OPTIONS", "/docs", "GET, HEAD"),
            ("TRACE", "/", "GET, HEAD"),
            ("BREW", "/", "GET, HEAD"),
        ):
            wrong = await api.request(method, path)
            assert wrong.status_code == 405, path
            assert wrong.headers["allow"] == allowed
            assert wrong.json()["code"] == "MethodNotAllowed"


async def test_head_answers_like_get_without_the_body() -> None:
    app = make_app()
    async with client(app) as api:
        facility = await register_facility(api)
        head, get = await api.head(facility), await api.get(facility)
        assert head.status_code == 200
        assert head.content == b""
        assert head.headers["content-length"] == get.headers["content-length"]
        assert head.headers["etag"] == get.headers["etag"]


@pytest.mark.parametrize("sane", ["abc", "A.b_c-9", "x" * 64])
async def test_a_sane_request_id_is_kept(sane: str) -> None:
    async with client(make_app()) as api:
        assert (await api.get("/facilities", headers={"X-Request-Id": sane})).headers["x-request-id"] == sane


@pytest.mark.parametrize("odd", [b"", b"a b", b"x" * 65, b"a\nb", b"\xff", b"<script>"])
async def test_another_request_id_is_made_anew(odd: bytes) -> None:
    answer = await send_raw(make_app(), "GET", "/nowhere", headers=[(b"x-request-id", odd)])
    made = answer.header("X-Request-Id")
    assert made is not None
    assert re.fullmatch("[0-9a-f]{32}", made)
    assert answer.json()["request_id"] == made


async def test_what_goes_with_a_command_is_recorded() -> None:
    log = MemoryLog()
    async with client(make_app(log)) as api:
        answer = await api.post(
            "/facilities", json={"code": "a", "name": "A"}, headers={"Occurred-At": "2020-01-01T00:00:00+01:00"}
        )
        assert answer.status_code == 201, answer.text
    (event,) = log.events
    assert event.via == "http"
    assert event.actor == "a admin"
    assert event.occurred_at.isoformat() == "2019-12-31T23:00:00+00:00"


class _Broken(MemoryLog):
    async def record(self, id: Any) -> Stored:
        raise RuntimeError("secret detail")


async def test_a_fault_is_told_without_details_and_logged_with_the_id() -> None:
    with structlog.testing.capture_logs() as logged:
        async with client(make_app(_Broken())) as api:
            answer = await api.get(f"/facilities/{NOBODY}", headers={"X-Request-Id": "r-2"})
    assert answer.status_code == 500
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] == "InternalServerError"
    assert answer.json()["request_id"] == "r-2"
    assert "secret" not in answer.text
    fault = next(entry for entry in logged if entry["event"] == "fault")
    assert fault["log_level"] == "error"
    assert fault["exc_info"]
    assert structlog.contextvars.get_contextvars()["request_id"] == "r-2"


class _Overloaded(MemoryLog):
    async def record(self, id: Any) -> Stored:
        raise OverloadedError(retry_after=3)


async def test_overload_says_when_to_try_again() -> None:
    async with client(make_app(_Overloaded())) as api:
        answer = await api.get(f"/facilities/{NOBODY}")
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "3"


async def test_what_is_logged_holds_no_secret() -> None:
    with structlog.testing.capture_logs() as logged:
        async with client(make_app(), "admin") as api:
            await api.post("/facilities?token=hush1", json={"code": "hush2"}, headers={"Idempotency-Key": "hush3"})
    (entry,) = logged
    assert entry["event"] == "request"
    assert (entry["method"], entry["path"], entry["status"]) == ("POST", "/facilities", 422)
    assert entry["caller"] == "a admin"
    assert "hush" not in repr(logged)
    assert "Bearer" not in repr(logged)


async def test_an_application_within_finds_the_caller_and_is_guarded() -> None:
    seen: list[Any] = []

    async def within(scope: Scope, receive: Receive, send: Send) -> None:
        body = await receive()
        seen.append((scope["state"]["principal"].name, scope["state"]["request_id"], body["body"]))
        await PlainTextResponse("within")(scope, receive, send)

    class Within:
        async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
            await within(scope, receive, send)

    app = make_app(settings=HttpSettings(within={"/inside": Within()}))
    async with client(app) as api:
        answer = await api.post("/inside", content=b"hello", headers={"X-Request-Id": "r-3"})
        assert answer.text == "within"
        assert answer.headers["x-request-id"] == "r-3"
        assert seen == [("a admin", "r-3", b"hello")]
    assert (await send_raw(app, "POST", "/inside", [b"x" * 600_000, b"x" * 600_000])).status == 413
    guarded = make_app(settings=HttpSettings(within={"/inside": Within()}, allow={"/inside": Role.STEWARD}))
    for role, status in ((None, 401), ("operator", 403), ("steward", 413)):
        assert (await send_raw(guarded, "POST", "/inside", [b"x" * 2_000_000], role=role)).status == status
    assert (await send_raw(app, "POST", "/inside", headers=[(b"authorization", b"Bearer x")], role=None)).status == 401
    assert len(seen) == 1
