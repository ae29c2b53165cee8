"""What the tools promise, and what an agent is told of them."""

import json
from typing import Any
from uuid import uuid4

import pytest
from jsonschema import Draft202012Validator
from mcp_types import Tool
from pydantic import BaseModel
from tests.unit.memory_log import MemoryLog

from cora.equipment.aggregates.family import FAMILY
from cora.equipment.views import AGGREGATES, VIEWS
from cora.equipment.wire import equipment_slices
from cora.kernel.aggregate import Aggregate
from cora.kernel.batch import BatchSlice
from cora.kernel.documents import Asked, Documents, Page, filter_names
from cora.kernel.errors import InvalidRequestError
from cora.kernel.execute import Kernel
from cora.kernel.principal import Principal, Role
from cora.kernel.requests import CALL_OPTIONS, argument
from cora.kernel.slice import ActSlice, CommandSlice, HandlerSlice, QuerySlice
from cora.surfaces.mcp.options import BATCH_OPTIONS, OPTIONS, WHEN, call_of
from cora.surfaces.mcp.schemas import answer_schema, input_schema
from cora.surfaces.mcp.tools import LONGEST_PAGE, Caller, offered_tools

SLICES = equipment_slices()
LOG = MemoryLog()
TOOLS = offered_tools(Kernel(LOG), LOG, SLICES, VIEWS)
(FAMILIES,) = (view for view in VIEWS if view.aggregate is FAMILY)
READER = Caller(Principal("ada", Role.READER), "request-1")


def tool(name: str) -> Tool:
    return TOOLS[name].tool


def told(name: str) -> str:
    return tool(name).description or ""


def hints(name: str) -> tuple[bool | None, bool | None, bool | None, bool | None]:
    """Read-only, destructive, idempotent, open world."""
    found = tool(name).annotations
    assert found is not None
    return found.read_only_hint, found.destructive_hint, found.idempotent_hint, found.open_world_hint


@pytest.mark.parametrize("declared", SLICES, ids=lambda declared: declared.name)
def test_a_slice_is_a_tool_of_its_name_role_words_and_refusals(declared: Any) -> None:
    offered = TOOLS[declared.name]
    assert offered.allow is declared.allow
    assert told(declared.name).startswith(declared.doc)
    assert declared.doc
    for refusal in declared.refuses:
        assert f"- {refusal.code()} ({refusal.status}): {refusal.title()}" in told(declared.name)
    fields = {field.alias or name for name, field in declared.request.model_fields.items()}
    options = set(OPTIONS) if isinstance(declared, CommandSlice | HandlerSlice) else set[str]()
    if isinstance(declared, QuerySlice) and declared.has_past:
        options = set(WHEN)
    if isinstance(declared, BatchSlice):
        options = set(BATCH_OPTIONS)
    assert set(offered.tool.input_schema["properties"]) == fields | options


@pytest.mark.parametrize("aggregate", AGGREGATES, ids=lambda aggregate: aggregate.kind)
def test_every_kind_is_read_and_listed(aggregate: Aggregate[Any]) -> None:
    get, listed = TOOLS[f"get_{aggregate.kind}"], TOOLS[f"list_{aggregate.collection.replace('-', '_')}"]
    assert (get.allow, listed.allow) == (Role.READER, Role.READER)
    assert get.tool.input_schema["required"] == [aggregate.path_id]
    assert aggregate.not_found.code() in (get.tool.description or "")
    offered = set(listed.tool.input_schema["properties"])
    further = {"limit", "cursor", "missing", "count", *WHEN} | ({"under"} if aggregate.tree else set[str]())
    assert offered - {"sort"} == {*filter_names(aggregate)} | further


def test_there_are_no_further_tools() -> None:
    assert len(TOOLS) == len(SLICES) + 2 * len(AGGREGATES)


@pytest.mark.parametrize("name", TOOLS)
def test_schemas_are_sound_and_lean(name: str) -> None:
    found = tool(name)
    assert found.output_schema is not None
    for schema in (found.input_schema, found.output_schema):
        Draft202012Validator.check_schema(schema)
        assert '"title": "' not in json.dumps(schema)
    assert len(found.model_dump_json(by_alias=True)) < 16_000


def test_a_command_on_a_record_can_find_no_record_and_a_creation_cannot() -> None:
    assert "AssetNotFound (404)" in told("activate_asset")
    assert "FixtureNotFound (404)" in told("assign_fixture_persistent_id")
    assert "FamilyNotFound" not in told("define_family")
    assert "What can go wrong" in told("define_family")


def test_the_least_role_is_told() -> None:
    assert "role steward" in told("define_family")
    assert "role" not in told("list_assets").split("What can go wrong")[0].replace("roles", "")


def test_the_hints() -> None:
    assert hints("get_asset_pidinst") == (True, None, None, False)
    assert hints("list_assets") == (True, None, None, False)
    assert hints("get_contact") == (True, None, None, False)
    assert hints("activate_asset") == (False, False, False, False)
    assert hints("decommission_asset") == (False, True, False, False)
    assert hints("erase_contact") == (False, True, False, False)
    assert hints("describe_asset") == (False, False, True, False)
    assert hints("update_asset_settings") == (False, False, True, False)
    assert hints("assign_asset_persistent_id") == (False, True, False, True)
    assert hints("record_fixture_persistent_id") == (False, True, False, False)


def test_only_questions_are_read_only() -> None:
    for declared in SLICES:
        assert hints(declared.name)[0] is isinstance(declared, QuerySlice)
    assert any(isinstance(declared, ActSlice) for declared in SLICES)


def test_titles_are_words() -> None:
    assert tool("activate_asset").title == "Activate asset"
    assert tool("get_fixture_pidinst").title == "Get fixture PIDINST"


def test_what_a_command_answers_besides_the_usual_is_promised() -> None:
    schema = tool("assign_fixture_persistent_id").output_schema or {}
    assert {"scheme", "value", "url", "events", "state"} <= set(schema["properties"])


def test_two_tools_of_one_name_are_a_mistake() -> None:
    with pytest.raises(TypeError, match="get_family"):
        offered_tools(Kernel(LOG), LOG, (), (FAMILIES, FAMILIES))


class Hiding(BaseModel):
    """Has a field that an option would hide."""

    dry_run: bool = False


def test_a_field_with_the_name_of_an_option_is_a_mistake() -> None:
    with pytest.raises(TypeError, match="dry_run"):
        input_schema(Hiding, OPTIONS)


def test_an_answer_that_is_not_an_object_is_a_mistake() -> None:
    with pytest.raises(TypeError, match="not a JSON object"):
        answer_schema(list[str])


def test_the_options_are_those_of_every_surface() -> None:
    assert list(OPTIONS) == [argument(option) for option in CALL_OPTIONS]
    assert set(OPTIONS) == {"idempotency_key", "occurred_at", "on_behalf_of", "if_match", "dry_run"}


@pytest.mark.parametrize("absent", [{}, dict.fromkeys(CALL_OPTIONS)])
def test_options_left_out_or_null_are_none(absent: dict[str, Any]) -> None:
    call = call_of(absent, READER.principal, READER.request_id)
    assert (call.principal, call.via, call.request_id) == (READER.principal, "mcp", "request-1")
    options = (call.idempotency_key, call.occurred_at, call.on_behalf_of, call.if_match, call.dry_run)
    assert options == (None, None, None, None, False)


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("If-Match", "3"),
        ("If-Match", -1),
        ("If-Match", 1.0),
        ("If-Match", True),
        ("If-Match", 10**19),
        ("dry_run", "true"),
        ("dry_run", 1),
        ("Idempotency-Key", 7),
        ("Idempotency-Key", ""),
        ("Occurred-At", "2026-05-03"),
        ("Occurred-At", 0),
        ("On-Behalf-Of", ["Ada"]),
        ("On-Behalf-Of", ""),
    ],
)
def test_an_option_of_another_shape_is_named_as_the_argument_it_is(option: str, value: Any) -> None:
    with pytest.raises(InvalidRequestError) as raised:
        call_of({option: value}, READER.principal, READER.request_id)
    assert [error.pointer for error in raised.value.errors] == [f"/{argument(option)}"]


class Wordy(Documents):
    """Lists records that are long; notes how many it was asked for."""

    def __init__(self, length: int) -> None:
        self.length = length
        self.asked: list[int] = []

    async def list(self, aggregate: Aggregate[Any], asked: Asked) -> Page:
        self.asked.append(asked.limit)
        items = ",".join([f'"{"x" * self.length}"'] * asked.limit)
        return Page(asked.limit, f'{{"items":[{items}],"next":"{asked.limit}"}}', str(asked.limit))


@pytest.mark.parametrize(
    ("length", "limits"),
    [(100, [200]), (LONGEST_PAGE // 60, [200, 100, 50]), (2 * LONGEST_PAGE, [200, 100, 50, 25, 12, 6, 3, 1])],
)
async def test_a_page_that_would_be_too_long_holds_fewer_records(length: int, limits: list[int]) -> None:
    documents = Wordy(length)
    listed = offered_tools(Kernel(LOG), documents, (), (FAMILIES,))["list_families"]
    page = json.loads(await listed.run({"limit": 200}, READER))
    assert documents.asked == limits
    assert (len(page["items"]), page["next"]) == (limits[-1], str(limits[-1]))


async def test_every_violation_of_a_command_and_its_options_is_told_at_once() -> None:
    with pytest.raises(InvalidRequestError) as raised:
        await TOOLS["activate_asset"].run({"if_match": "x", "further": 1}, READER)
    assert {error.pointer for error in raised.value.errors} == {"/asset_id", "/further", "/if_match"}


async def test_null_is_the_same_as_leaving_an_argument_of_a_list_out() -> None:
    arguments: dict[str, Any] = {"sort": None, "cursor": None, "name": None}
    assert json.loads(await TOOLS["list_families"].run(arguments, READER)) == {"items": [], "next": None}


async def test_an_unknown_record_is_not_found() -> None:
    with pytest.raises(FAMILY.not_found):
        await TOOLS["get_family"].run({"family_id": str(uuid4())}, READER)
