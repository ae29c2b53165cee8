"""Whatever a client sends is answered by a problem that says what is wrong, never by a 500."""

import json
from typing import Any

import pytest
from fastapi import FastAPI
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.unit.surfaces.http.client import Answered, make_app, send_raw

from cora.kernel.requests import MAXIMUM_BODY

JSON = (b"content-type", b"application/json")
ID = "01935c5e-7b1a-7c3e-9f2d-5a6b7c8d9e0f"


@pytest.fixture(scope="module")
def app() -> FastAPI:
    return make_app()


def _is_problem(answer: Answered, status: int, code: str) -> dict[str, Any]:
    assert answer.status == status, answer.body[:500]
    assert answer.header("Content-Type") == "application/problem+json"
    problem = answer.json()
    assert problem["code"] == code
    assert problem["status"] == status
    assert problem["request_id"] == answer.header("X-Request-Id")
    return problem


async def test_a_body_over_the_limit_is_refused_by_what_it_announces(app: FastAPI) -> None:
    for announced in (str(MAXIMUM_BODY + 1), "9" * 30):
        headers = [JSON, (b"content-length", announced.encode())]
        problem = _is_problem(await send_raw(app, "POST", "/facilities", [b"{}"], headers), 413, "TooLarge")
        assert problem["limit"] == MAXIMUM_BODY


async def test_a_body_over_the_limit_is_refused_by_what_comes(app: FastAPI) -> None:
    chunks = [b" " * 65536] * 17
    for headers in ([JSON], [JSON, (b"content-length", b"2")], [JSON, (b"content-length", b"-1")]):
        _is_problem(await send_raw(app, "POST", "/facilities", chunks, headers), 413, "TooLarge")


async def test_a_body_may_come_in_pieces_up_to_the_limit(app: FastAPI) -> None:
    body = json.dumps({"code": "pieces", "name": "P"}).encode()
    padded = body + b" " * (MAXIMUM_BODY - len(body))
    chunks = [padded[at : at + 50_000] for at in range(0, len(padded), 50_000)]
    assert (await send_raw(app, "POST", "/facilities", chunks, [JSON])).status == 201


@pytest.mark.parametrize(
    "headers",
    [
        [],
        [(b"content-type", b"text/plain")],
        [(b"content-type", b"application/x-www-form-urlencoded")],
        [(b"content-type", b"application/json; charset=latin-1")],
        [(b"content-type", b"application/json; charset=utf-16")],
        [(b"content-type", b"application/merge-patch+json")],
        [(b"content-type", b"application/jsonx")],
        [(b"content-type", b"\xff\xfe")],
        [JSON, JSON],
        [JSON, (b"content-encoding", b"gzip")],
    ],
)
async def test_only_json_is_read(app: FastAPI, headers: list[tuple[bytes, bytes]]) -> None:
    _is_problem(await send_raw(app, "POST", "/facilities", [b"{}"], headers), 415, "UnsupportedMediaType")


@pytest.mark.parametrize(
    "media_type", [b"application/json", b"Application/JSON", b'application/json; charset="UTF-8"', b"application/json;"]
)
async def test_json_by_any_of_its_spellings(app: FastAPI, media_type: bytes) -> None:
    answer = await send_raw(app, "POST", "/facilities", [b"{}"], [(b"content-type", media_type)])
    assert [error["pointer"] for error in _is_problem(answer, 422, "InvalidRequest")["errors"]] == ["/code", "/name"]


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"nul",
        b"[]",
        b'"text"',
        b"1e99999",
        b"\xff\xfe{\x00}\x00",
        b'{"code": "a", "code": "b", "name": "A"}',
        b'{"code": "a", "name": "\\u0000"}',
        b'{"code": "a", "name": "\\u0001"}',
        b'{"code": "a", "name": "\\ud83d"}',
        b'{"code": "a", "name": NaN}',
        b'{"code": "a", "name": "A", "\\u0000": 1}',
        b'{"code": 1, "name": ["A"]}',
        b"[" * 500_000,
        b'{"a":' * 100_000,
        b'{"code": "a", "name": "' + b"n" * 1_000_000 + b'"}',
        b"1" * 1_000_000,
        b"[" + b'{"a":1},' * 100_000 + b"1]",
    ],
)
async def test_a_bad_body_is_told_what_is_wrong(app: FastAPI, body: bytes) -> None:
    problem = _is_problem(await send_raw(app, "POST", "/facilities", [body], [JSON]), 422, "InvalidRequest")
    assert problem["errors"]
    assert len(json.dumps(problem)) < 200_000


@pytest.mark.parametrize(
    "patch",
    [
        b'{"a": 9223372036854775808}',
        b'{"a": 1e309}',
        b'{"a": {"b": "\\u0000"}}',
        b'{"a": {"a": 1, "a": 2}}',
        b'{"a": ["\\udfff"]}',
        b'{"a": Infinity}',
        b'{"a":' * 65 + b"1" + b"}" * 65,
    ],
)
async def test_free_json_holds_nothing_that_cannot_be_kept(app: FastAPI, patch: bytes) -> None:
    answer = await send_raw(app, "PATCH", f"/assets/{ID}/settings", [patch], [JSON])
    _is_problem(answer, 422, "InvalidRequest")


@pytest.mark.parametrize(
    "id", ["x", "%00", "\x00", "..", "1" * 5000, "\ufffd", ID + "0", "null", chr(0xD800), "{asset_id}"]
)
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/assets/{}"),
        ("POST", "/assets/{}/activate"),
        ("GET", "/assets/{}/pidinst"),
        ("PATCH", "/assets/{}/settings"),
    ],
)
async def test_a_bad_id_in_the_path(app: FastAPI, method: str, path: str, id: str) -> None:
    body = [] if method == "GET" else [b"{}"]
    problem = _is_problem(await send_raw(app, method, path.format(id), body, [JSON]), 422, "InvalidRequest")
    assert [error["pointer"] for error in problem["errors"]] == ["/asset_id"]


@pytest.mark.parametrize(
    ("headers", "place"),
    [
        ([(b"idempotency-key", b"a"), (b"idempotency-key", b"b")], "/Idempotency-Key"),
        ([(b"idempotency-key", b"\xff")], "/Idempotency-Key"),
        ([(b"idempotency-key", b"k" * 100_000)], "/Idempotency-Key"),
        ([(b"on-behalf-of", b"\xe9")], "/On-Behalf-Of"),
        ([(b"on-behalf-of", b"a\x00b")], "/On-Behalf-Of"),
        ([(b"occurred-at", b"0000-00-00T00:00:00Z")], "/Occurred-At"),
        ([(b"if-match", b'"' + b"1" * 5000 + b'"')], "/If-Match"),
        ([(b"if-match", b'"1"'), (b"if-match", b'"1"')], "/If-Match"),
    ],
)
async def test_a_bad_header(app: FastAPI, headers: list[tuple[bytes, bytes]], place: str) -> None:
    answer = await send_raw(app, "POST", f"/assets/{ID}/activate", headers=headers)
    assert [error["pointer"] for error in _is_problem(answer, 422, "InvalidRequest")["errors"]] == [place]


async def test_a_header_is_utf_8(app: FastAPI) -> None:
    headers = [JSON, (b"on-behalf-of", "José Ünal".encode())]
    answer = await send_raw(app, "POST", "/facilities", [b'{"code": "utf-8", "name": "U"}'], headers)
    assert answer.status == 201, answer.body


@pytest.mark.parametrize(
    "query",
    [
        b"dry_run=",
        b"dry_run=1",
        b"dry_run=true&dry_run=true",
        b"%00=1",
        b"x",
        b"%ff",
        b"\xff",
        b"a=1&" * 1000,
        b"dry%5Frun=%",
    ],
)
async def test_a_bad_query(app: FastAPI, query: bytes) -> None:
    answer = await send_raw(app, "POST", f"/assets/{ID}/activate", query=query)
    _is_problem(answer, 422, "InvalidRequest")


@pytest.mark.parametrize("cursor", ["", "x", "e30", "W10", "bnVsbA", "%2B%2F", "WyJjb2RlIiwgbnVsbCwgMV0"])
async def test_a_bad_landing_page(app: FastAPI, cursor: str) -> None:
    _is_problem(await send_raw(app, "GET", f"/id/{cursor}", role=None), 404, "UnknownPath")


async def test_a_client_that_goes_away_is_not_answered(app: FastAPI) -> None:
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "POST", "scheme": "http",
        "path": "/facilities", "raw_path": b"/facilities", "root_path": "", "query_string": b"",
        "headers": [(b"authorization", b"Bearer admin"), JSON],
    }  # fmt: skip
    await app(scope, receive, send)
    assert sent == []


_ROUTES = [
    ("POST", "/facilities"),
    ("POST", "/assets"),
    ("POST", "/frames"),
    ("POST", "/mounts"),
    ("POST", "/assemblies"),
    ("POST", "/fixtures"),
    ("POST", "/models"),
    ("POST", f"/families/{ID}/update-settings-schema"),
    ("PATCH", f"/assets/{ID}/settings"),
    ("POST", f"/assets/{ID}/add-owner"),
    ("POST", f"/assets/{ID}/record-persistent-id"),
]
_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
    | st.sampled_from(["DOI", "10.1/x", ID, "Unit", "\x00", "\ud800", "https://ror.org/05gvnxz63", 2**70, 1e308]),
    lambda inside: st.lists(inside, max_size=3) | st.dictionaries(st.text(max_size=8), inside, max_size=3),
    max_leaves=8,
)  # fmt: skip
_FIELDS = st.sampled_from(
    [
        *("id", "name", "code", "tier", "parent_id", "facility_code", "family_ids", "owners", "owner", "contact"),
        *("identifier", "placement", "slot_code", "settings_schema", "required_slots", "required_wires", "scheme"),
        *("slot_asset_bindings", "assembly_id", "value", "manufacturer", "part_number", "website"),
    ]
)
_HEADERS = st.sampled_from(
    [
        *(b"if-match", b"if-none-match", b"content-type", b"content-length", b"idempotency-key", b"occurred-at"),
        *(b"on-behalf-of", b"x-request-id", b"authorization", b"expect", b"transfer-encoding"),
    ]
)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(route=st.sampled_from(_ROUTES), members=st.dictionaries(_FIELDS | st.text(max_size=5), _VALUES, max_size=8))
async def test_any_members_are_answered(app: FastAPI, route: tuple[str, str], members: dict[str, Any]) -> None:
    answer = await send_raw(app, *route, [json.dumps(members).encode()], [JSON])
    assert answer.status in (200, 201, 404, 409, 422), answer.body
    assert answer.header("X-Request-Id")


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    method=st.sampled_from(["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE", "X"]),
    path=st.text(max_size=30).map(lambda text: "/" + text)
    | st.sampled_from(["/assets", f"/assets/{ID}", "/docs", "/id/x"]),
    query=st.binary(max_size=30),
    headers=st.lists(st.tuples(_HEADERS, st.binary(max_size=20)), max_size=4),
    body=st.binary(max_size=50),
)
async def test_any_request_is_answered(
    app: FastAPI, method: str, path: str, query: bytes, headers: list[tuple[bytes, bytes]], body: bytes
) -> None:
    answer = await send_raw(app, method, path, [body], headers, query)
    assert answer.status < 500
    if answer.status >= 400 and method != "HEAD":
        assert answer.json()["request_id"] == answer.header("X-Request-Id")
