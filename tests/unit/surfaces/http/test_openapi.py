"""The description of the API says what the server does: every refusal and parameter, and examples that are accepted."""

import re
from collections.abc import Iterator
from typing import Any

import httpx
import jsonschema_rs
import pytest
from tests.contract.json_parts import parts
from tests.unit.surfaces.http.client import client, make_app, register_asset

from cora.equipment.views import AGGREGATES, VIEWS
from cora.equipment.wire import equipment_slices
from cora.kernel.principal import Role
from cora.kernel.requests import CALL_OPTIONS, DRY_RUN, WHEN_OPTIONS, to_request
from cora.kernel.slice import CommandSlice, HandlerSlice, QuerySlice, Route, Slice
from cora.surfaces.http.endpoints import LAST_EVENT_ID, wire_names
from cora.surfaces.http.older_openapi import as_openapi_3_0
from cora.surfaces.http.openapi import openapi_document
from cora.surfaces.http.openapi_examples import ID

SLICES = equipment_slices()
ROUTES = [pytest.param(each, route, id=f"{each.name} {route}") for each in SLICES for route in each.routes]
DOCUMENT = openapi_document(SLICES, VIEWS)


def _operation(route: Route) -> dict[str, Any]:
    return DOCUMENT["paths"][route.plain_path][route.method.lower()]


def _refs(value: Any) -> Iterator[str]:
    for key, below in parts(value).items():
        if key == "$ref":
            yield below
        else:
            yield from _refs(below)


def _codes(response: dict[str, Any]) -> set[str]:
    schema = response["content"]["application/problem+json"]["schema"]
    refs = [each["$ref"] for each in schema.get("oneOf", [schema])]
    return {ref.rsplit("/", 1)[1].removesuffix("Problem") for ref in refs}


def _require_described(operation: dict[str, Any], answer: httpx.Response) -> None:
    """The answer is one that the description has, of the schema it says."""
    response = operation["responses"][str(answer.status_code)]
    if (described := response.get("content")) is None:
        return
    media_type = answer.headers["content-type"].partition(";")[0]
    content = described[media_type]
    if media_type.endswith("json"):
        schema = {**content["schema"], "components": DOCUMENT["components"]}
        jsonschema_rs.Draft202012Validator(schema).validate(answer.json())


def test_all_references_lead_somewhere() -> None:
    schemas = DOCUMENT["components"]["schemas"]
    for ref in _refs(DOCUMENT):
        assert ref.removeprefix("#/components/schemas/") in schemas, ref


def test_all_schemas_are_schemas() -> None:
    for name, schema in DOCUMENT["components"]["schemas"].items():
        jsonschema_rs.meta.validate(schema)
        assert "__" not in name


def test_operations_have_a_name_each() -> None:
    names = [operation["operationId"] for methods in DOCUMENT["paths"].values() for operation in methods.values()]
    assert len(set(names)) == len(names)
    assert {each.name for each in SLICES} <= set(names)
    for aggregate in AGGREGATES:
        assert f"get_{aggregate.kind}" in names
        assert f"list_{aggregate.collection.replace('-', '_')}" in names


@pytest.mark.parametrize(("declared", "route"), ROUTES)
def test_every_refusal_is_described(declared: Slice, route: Route) -> None:
    responses = _operation(route)["responses"]
    for refusal in declared.refuses:
        assert refusal.code() in _codes(responses[str(refusal.status)]), refusal
    assert _codes(responses["401"]) == {"Unauthenticated"}
    assert ("403" in responses) == (declared.allow > Role.READER)
    assert "InvalidRequest" in _codes(responses["422"])
    assert _codes(responses["503"]) == {"Overloaded"}


@pytest.mark.parametrize(("declared", "route"), ROUTES)
def test_every_parameter_is_described(declared: Slice, route: Route) -> None:
    operation = _operation(route)
    parameters = {parameter["name"]: parameter for parameter in operation["parameters"]}
    in_path = {name for name, parameter in parameters.items() if parameter["in"] == "path"}
    assert in_path == set(route.path_fields) == set(re.findall(r"{(\w+)}", route.plain_path))
    if isinstance(declared, CommandSlice | HandlerSlice):
        assert parameters.keys() - in_path == set(CALL_OPTIONS)
        assert parameters[DRY_RUN]["in"] == "query"
        assert "412" in operation["responses"]
    if isinstance(declared, QuerySlice):
        when = set(WHEN_OPTIONS if declared.has_past else ())
        resuming = {LAST_EVENT_ID} if declared.follows else set[str]()
        assert parameters.keys() == wire_names(declared.request).keys() | when | resuming
    else:
        assert {"413", "415"} <= operation["responses"].keys()


@pytest.mark.parametrize(("declared", "route"), [each for each in ROUTES if not isinstance(each.values[0], QuerySlice)])
def test_every_example_is_accepted(declared: Slice, route: Route) -> None:
    for content in _operation(route)["requestBody"]["content"].values():
        value = content["examples"]["needed"]["value"]
        members = {"patch": value} if route.method == "PATCH" else value
        to_request(declared.request, {**members, **dict.fromkeys(route.path_fields, ID)})


@pytest.mark.parametrize("name", [name for name in DOCUMENT["components"]["schemas"] if name.endswith("Problem")])
def test_every_problem_has_an_example_that_fits(name: str) -> None:
    schema = DOCUMENT["components"]["schemas"][name]
    (instance,) = schema["examples"]
    assert instance["code"] + "Problem" == name
    jsonschema_rs.Draft202012Validator({**schema, "components": DOCUMENT["components"]}).validate(instance)


async def test_answers_are_as_described() -> None:
    async with client(make_app()) as api:

        async def ask(method: str, template: str, path: str, status: int, **options: Any) -> httpx.Response:
            answer = await api.request(method, path, **options)
            assert answer.status_code == status, answer.text
            _require_described(DOCUMENT["paths"][template][method.lower()], answer)
            return answer

        new = {"code": "aps", "name": "Advanced Photon Source", "contact": "a@aps.example"}
        await ask("POST", "/facilities", "/facilities?dry_run=true", 200, json=new)
        facility = (await ask("POST", "/facilities", "/facilities", 201, json=new)).headers["location"]
        await ask("POST", "/facilities", "/facilities", 409, json=new)
        await ask("POST", "/facilities", "/facilities", 422, json={})
        await ask("POST", "/facilities", "/facilities", 401, json=new, headers={"Authorization": "x"})
        await ask("POST", "/facilities", "/facilities", 403, json=new, headers={"Authorization": "Bearer reader"})
        await ask("POST", "/facilities", "/facilities", 412, json=new, headers={"If-Match": '"5"'})
        await ask("POST", "/facilities", "/facilities", 415, content="{}")
        await ask("POST", "/facilities", "/facilities", 413, content=b" " * 2_000_000)
        await ask("GET", "/facilities/{facility_id}", facility, 200)
        await ask("GET", "/facilities/{facility_id}", f"/facilities/{ID}", 404)
        asset = await register_asset(api)
        await ask("GET", "/assets/{asset_id}", asset, 200)
        await ask("GET", "/assets", "/assets?limit=1", 200)
        for table in ("text/csv", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"):
            answer = await ask("GET", "/assets", "/assets?limit=1", 200, headers={"Accept": table})
            assert answer.headers["content-type"].startswith(table)
        await ask("POST", "/assets/{asset_id}/activate", f"{asset}/activate", 200)
        await ask("POST", "/assets/{asset_id}/activate", f"{asset}/activate", 409)
        await ask("GET", "/assets/{asset_id}/pidinst", f"{asset}/pidinst", 200)


async def test_the_app_gives_its_description() -> None:
    app = make_app()
    async with client(app, None) as api:
        answer = await api.get("/openapi.json")
        assert answer.json() == app.openapi() == DOCUMENT
        older = await api.get("/docs/openapi-3.0.json")
        assert older.json() == as_openapi_3_0(DOCUMENT)


def test_the_older_description_uses_only_the_words_of_3_0() -> None:
    def words(value: Any) -> Iterator[tuple[Any, Any]]:
        for key, below in parts(value).items():
            if key == "properties":
                for schema in parts(below).values():
                    yield from words(schema)
            elif key not in ("example", "examples", "default", "enum"):
                yield key, below
                yield from words(below)

    document = as_openapi_3_0(DOCUMENT)
    assert document["openapi"] == "3.0.3"
    for key, below in words(document["components"]["schemas"]):
        assert key not in ("const", "prefixItems", "$defs", "patternProperties"), key
        assert key != "type" or isinstance(below, str), below
        assert not isinstance(below, list) or {"type": "null"} not in below
    assert as_openapi_3_0({"a": {"anyOf": [{"type": "string"}, {"type": "null"}]}})["a"] == {
        "allOf": [{"type": "string"}],
        "nullable": True,
    }
