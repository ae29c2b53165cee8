"""What every command and question refuses alike, and that no declared refusal is forgotten."""

from collections.abc import AsyncGenerator

import pytest
from tests.integration import (
    test_refusals_asset,
    test_refusals_asset_ties,
    test_refusals_definitions,
    test_refusals_fixture,
    test_refusals_persistent_id,
    test_refusals_places,
    test_refusals_publishing,
    test_refusals_questions,
    test_refusals_register_asset,
    test_refusals_versions,
)
from tests.integration.refusals import Cases, Done, declared_refusals
from tests.integration.scenario import UNKNOWN, World
from tests.integration.surfaces import ROLES, surfaces

from cora.equipment import features
from cora.kernel.errors import IdTakenError, UnauthenticatedError
from cora.kernel.principal import Role
from cora.kernel.slice import CommandSlice, Creation, HandlerSlice, QuerySlice, Slice, declared_slices
from cora.surfaces.start import Opened

FILES: tuple[Cases, ...] = (
    test_refusals_asset.CASES,
    test_refusals_asset_ties.CASES,
    test_refusals_definitions.CASES,
    test_refusals_fixture.CASES,
    test_refusals_persistent_id.CASES,
    test_refusals_places.CASES,
    test_refusals_publishing.CASES,
    test_refusals_questions.CASES,
    test_refusals_register_asset.CASES,
    test_refusals_versions.CASES,
)
SLICES = tuple(declared_slices(features))
FIRST_DONE: dict[str, Done] = {case.command: case for cases in reversed(FILES) for case in reversed(cases.done)}

ON_RECORDS = [
    declared
    for declared in SLICES
    if isinstance(declared, CommandSlice | HandlerSlice) and declared.on.path_id in declared.route.path_fields
]
CREATIONS = [declared for declared in SLICES if issubclass(declared.request, Creation)]
BELOW = [(declared, role) for declared in SLICES for role in (Role.ANONYMOUS, *ROLES) if role < declared.allow]


def named(value: Slice | Role) -> str:
    return value.label if isinstance(value, Role) else value.name


@pytest.fixture(scope="module")
async def world(module_cora: Opened) -> AsyncGenerator[World]:
    async with surfaces(module_cora) as shown:
        yield World(shown)


@pytest.mark.parametrize("declared", SLICES, ids=named)
def test_every_refusal_that_a_slice_declares_is_tried(declared: Slice) -> None:
    tried = {case.refusal.code() for cases in FILES for case in cases.refused if case.command == declared.name}
    everywhere = {UnauthenticatedError.code()}
    if declared in ON_RECORDS and isinstance(declared, CommandSlice | HandlerSlice):
        everywhere.add(declared.on.not_found.code())
    if declared in CREATIONS:
        everywhere.add(IdTakenError.code())
    assert {refusal.code() for refusal in declared_refusals(declared)} <= tried | everywhere
    assert declared.name in FIRST_DONE


@pytest.mark.parametrize(("declared", "role"), BELOW, ids=named)
async def test_a_lower_role_is_refused_before_anything_else(world: World, declared: Slice, role: Role) -> None:
    arguments = dict.fromkeys(declared.route.path_fields, "no id") | {"nonsense": True, "patch": 1}
    answer = await world.surfaces.http(declared.name, arguments, role)
    problem = answer.json()
    if role is Role.ANONYMOUS:
        assert (answer.status_code, problem["code"]) == (401, "Unauthenticated")
        assert answer.headers["WWW-Authenticate"] == "Bearer"
        return
    assert (answer.status_code, problem["code"]) == (403, "Forbidden")
    assert (problem["needed"], problem["role"]) == (declared.allow.label, role.label)
    said = await world.surfaces.mcp(declared.name, arguments, role)
    assert said.refuses
    assert {**said.body, "request_id": problem["request_id"]} == problem


@pytest.mark.parametrize("declared", [each for each in SLICES if each.allow is Role.ANONYMOUS], ids=named)
async def test_what_has_no_identifier_is_not_for_everybody(world: World, declared: Slice) -> None:
    arguments = (await FIRST_DONE[declared.name].arrange(world)).arguments
    name, *_ = declared.route.path_fields
    for given in (arguments, {**arguments, name: UNKNOWN}):
        answer = await world.surfaces.http(declared.name, given, Role.ANONYMOUS)
        assert (answer.status_code, answer.json()["code"]) == (401, "Unauthenticated")
    assert (await world.surfaces.http(declared.name, arguments, Role.READER)).status_code == 200


@pytest.mark.parametrize("declared", [each for each in SLICES if not isinstance(each, QuerySlice)], ids=named)
async def test_the_shape_is_checked_before_the_record_is_looked_for(world: World, declared: Slice) -> None:
    arguments = dict((await FIRST_DONE[declared.name].arrange(world)).arguments)
    unknown = dict.fromkeys(declared.route.path_fields, UNKNOWN)
    if declared.route.method != "PATCH":
        answer = await world.surfaces.http(declared.name, {**arguments, **unknown, "nonsense": True})
        problem = answer.json()
        assert (answer.status_code, problem["code"]) == (422, "InvalidRequest")
        assert problem["errors"] == [{"pointer": "/nonsense", "detail": "is not known here"}]
    said = await world.surfaces.mcp(declared.name, {**arguments, **unknown, "nonsense": True})
    assert said.refuses
    assert (said.body["status"], said.body["code"]) == (422, "InvalidRequest")
    assert [error["pointer"] for error in said.body["errors"]] == ["/nonsense"]


@pytest.mark.parametrize("declared", ON_RECORDS, ids=named)
async def test_an_unknown_record_is_not_found(world: World, declared: CommandSlice | HandlerSlice) -> None:
    arguments = (await FIRST_DONE[declared.name].arrange(world)).arguments
    other = await world.role() if declared.on.kind != "role" else await world.family()
    for id in (UNKNOWN, other):
        given = {**arguments, declared.on.path_id: id}
        answer = await world.surfaces.http(declared.name, given)
        problem = answer.json()
        assert (answer.status_code, problem["code"]) == (404, declared.on.not_found.code())
        assert problem["id"] == id
        said = await world.surfaces.mcp(declared.name, given)
        assert {**said.body, "request_id": problem["request_id"]} == problem


@pytest.mark.parametrize("declared", CREATIONS, ids=named)
async def test_an_id_can_be_brought_along_once(world: World, declared: CommandSlice) -> None:
    used = await world.role()
    given = {**(await FIRST_DONE[declared.name].arrange(world)).arguments, "id": used}
    answer = await world.surfaces.http(declared.name, given)
    problem = answer.json()
    assert (answer.status_code, problem["code"], problem["id"]) == (409, "IdTaken", used)
    assert "leave it out" in problem["detail"]
    said = await world.surfaces.mcp(declared.name, given)
    assert {**said.body, "request_id": problem["request_id"]} == problem

    own = f"01900000-0000-7000-8000-{CREATIONS.index(declared) + 1:012d}"
    made = await world.surfaces.http(declared.name, {**given, "id": own})
    assert made.status_code == 201
    assert made.json()["id"] == own
    assert made.headers["Location"] == f"/{declared.on.collection}/{own}"
    again = await world.surfaces.http(declared.name, {**given, "id": own})
    assert (again.status_code, again.json()["code"]) == (409, "IdTaken")
