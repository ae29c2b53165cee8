"""What the tools promise, and what an agent is told of them."""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest
from jsonschema import Draft202012Validator
from mcp_types import Tool
from pydantic import BaseModel, create_model
from tests.unit.memory_log import MemoryLog

from cora.equipment.aggregates.family import FAMILY
from cora.equipment.views import AGGREGATES, VIEWS
from cora.equipment.wire import equipment_slices
from cora.kernel.aggregate import Aggregate
from cora.kernel.batch import BatchSlice
from cora.kernel.documents import Asked, Documents, Page, filter_names
from cora.kernel.errors import InvalidRequestError
from cora.kernel.execute import Kernel
from cora.kernel.history import history_slices
from cora.kernel.principal import Principal, Role
from cora.kernel.requests import CALL_OPTIONS, argument
from cora.kernel.slice import ActSlice, CommandSlice, HandlerSlice, QuerySlice, SharedTool
from cora.surfaces.mcp.bounded import LONGEST_ANSWER, Caller
from cora.surfaces.mcp.describe import tool_of
from cora.surfaces.mcp.offered import Offered
from cora.surfaces.mcp.options import BATCH_OPTIONS, OPTIONS, WHEN, call_of
from cora.surfaces.mcp.schemas import answer_schema, input_schema
from cora.surfaces.mcp.tools import offered_tools

SLICES = equipment_slices()
SHARING = tuple(
    declared for declared in (*SLICES, *history_slices(VIEWS)) if isinstance(declared, QuerySlice) and declared.tool
)
OWN = tuple(declared for declared in SLICES if declared not in SHARING)
MOST_READING_TOOLS = 14
LONGEST_READING_TOOLS = 64_000
"""Characters of the list of tools that a reader is shown: it stands in the context of an agent all the time."""
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


@pytest.mark.parametrize("declared", OWN, ids=lambda declared: declared.name)
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


@pytest.mark.parametrize("declared", SHARING, ids=lambda declared: declared.name)
def test_a_slice_that_shares_a_tool_is_a_kind_of_it(declared: QuerySlice) -> None:
    assert declared.tool is not None
    offered = TOOLS[declared.tool.name]
    assert offered.allow is declared.allow is Role.READER
    (path_id,) = declared.route.path_fields
    takes = offered.tool.input_schema
    assert path_id.removesuffix("_id") in takes["properties"]["kind"]["enum"]
    assert takes["required"] == ["kind", "id"]
    fields = {field.alias or name for name, field in declared.request.model_fields.items()}
    assert fields - {path_id} | {"kind", "id", *WHEN} == set(takes["properties"])
    assert told(declared.tool.name).startswith(declared.tool.doc)
    for refusal in declared.refuses:
        assert f"- {refusal.code()} ({refusal.status}): {refusal.title()}" in told(declared.tool.name)


@pytest.mark.parametrize("aggregate", AGGREGATES, ids=lambda aggregate: aggregate.kind)
def test_every_kind_is_read_and_listed(aggregate: Aggregate[Any]) -> None:
    get, listed = TOOLS["get"], TOOLS["list"]
    assert (get.allow, listed.allow) == (Role.READER, Role.READER)
    for offered in (get, listed, TOOLS["history"]):
        assert aggregate.kind in offered.tool.input_schema["properties"]["kind"]["enum"]
    assert get.tool.input_schema["required"] == ["kind", "id"]
    assert listed.tool.input_schema["required"] == ["kind"]
    assert f"- {aggregate.not_found.code()} (404)" in told("get")
    (line,) = [line for line in told("list").splitlines() if line.startswith(f"- {aggregate.kind}: ")]
    narrowed, ordered = line.removeprefix(f"- {aggregate.kind}: ").split("; ")
    assert set(narrowed.split(", ")) == set(filter_names(aggregate))
    assert set(ordered.split(", ")) == (set(aggregate.sorts) or {"none"})


def test_there_are_no_further_tools() -> None:
    shared = {declared.tool.name for declared in SHARING if declared.tool}
    assert shared == {"history", "tree", "pose"}
    assert set(TOOLS) == {declared.name for declared in OWN} | shared | {"get", "list"}


def test_the_list_of_tools_of_a_reader_stays_small() -> None:
    offered = [each.tool for each in TOOLS.values() if each.allow <= Role.READER]
    assert len(offered) <= MOST_READING_TOOLS
    assert sum(len(tool.model_dump_json(by_alias=True, exclude_none=True)) for tool in offered) < LONGEST_READING_TOOLS


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
    assert "needs the role" not in told("list").lower()


def test_the_hints() -> None:
    assert hints("get_asset_pidinst") == (True, None, None, False)
    assert hints("list") == hints("history") == (True, None, None, False)
    assert hints("get_contact") == (True, None, None, False)
    assert hints("activate_asset") == (False, False, None, False)
    assert hints("decommission_asset") == (False, True, None, False)
    assert hints("erase_contact") == (False, True, None, False)
    assert hints("describe_asset") == (False, False, None, False)
    assert hints("update_asset_settings") == (False, False, None, False)
    assert hints("assign_asset_persistent_id") == (False, True, None, True)
    assert hints("record_fixture_persistent_id") == (False, True, None, False)
    assert hints("batch") == (False, True, None, True)


ENDING = {
    "decommission", "deprecate", "retire", "erase", "remove", "uninstall", "detach", "assign", "record", "publish",
    "withdraw", "release",
}  # fmt: skip


@pytest.mark.parametrize("declared", [each for each in SLICES if not isinstance(each, QuerySlice | BatchSlice)])
def test_what_ends_something_or_stays_for_ever_declares_it(declared: Any) -> None:
    assert declared.ends is (declared.name.partition("_")[0] in ENDING)
    assert hints(declared.name)[1] is declared.ends


def test_only_questions_are_read_only() -> None:
    for declared in OWN:
        assert hints(declared.name)[0] is isinstance(declared, QuerySlice)
    for declared in SHARING:
        assert hints(tool_of(declared))[0] is True
    assert any(isinstance(declared, ActSlice) for declared in SLICES)


def test_titles_are_words() -> None:
    assert tool("activate_asset").title == "Activate asset"
    assert tool("get_fixture_pidinst").title == "Get fixture PIDINST"


def test_what_a_command_answers_besides_the_usual_is_promised() -> None:
    schema = tool("assign_fixture_persistent_id").output_schema or {}
    assert {"scheme", "value", "url", "events", "state"} <= set(schema["properties"])


def test_two_tools_of_one_name_are_a_mistake() -> None:
    with pytest.raises(TypeError, match="activate_asset"):
        offered_tools(Kernel(LOG), LOG, (*SLICES, *SLICES), VIEWS)


def test_a_question_that_is_not_about_one_record_can_share_no_tool() -> None:
    (moment,) = [each for each in SLICES if isinstance(each, QuerySlice) and each.name == "get_moment"]
    with pytest.raises(TypeError, match="get_moment is not about one record"):
        offered_tools(Kernel(LOG), LOG, (replace(moment, tool=SharedTool("then", "What was then.")),), VIEWS)


def test_questions_that_mean_something_else_by_a_field_can_share_no_tool() -> None:
    shared = SharedTool("look", "Look.")
    ones = [replace(each, tool=shared) for each in SHARING if each.name in ("get_asset_tree", "get_frame_history")]
    request = create_model("Other", __base__=ones[1].request, depth=(int, 7))
    ones[1] = replace(ones[1], request=request)
    with pytest.raises(TypeError, match="something else by depth"):
        offered_tools(Kernel(LOG), LOG, tuple(ones), VIEWS)


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
    [(100, [200]), (LONGEST_ANSWER // 60, [200, 100, 50]), (2 * LONGEST_ANSWER, [200, 100, 50, 25, 12, 6, 3, 1])],
)
async def test_a_page_that_would_be_too_long_holds_fewer_records(length: int, limits: list[int]) -> None:
    documents = Wordy(length)
    listed = offered_tools(Kernel(LOG), documents, (), (FAMILIES,))["list"]
    page = json.loads(await listed.run({"kind": "family", "limit": 200}, READER))
    assert documents.asked == limits
    assert (len(page["items"]), page["next"]) == (limits[-1], str(limits[-1]))


async def test_every_violation_of_a_command_and_its_options_is_told_at_once() -> None:
    with pytest.raises(InvalidRequestError) as raised:
        await TOOLS["activate_asset"].run({"if_match": "x", "further": 1}, READER)
    assert {error.pointer for error in raised.value.errors} == {"/asset_id", "/further", "/if_match"}


async def test_null_is_the_same_as_leaving_an_argument_of_a_list_out() -> None:
    arguments: dict[str, Any] = {"kind": "family", "sort": None, "cursor": None, "filters": {"name": None}}
    assert json.loads(await TOOLS["list"].run(arguments, READER)) == {"items": [], "next": None}


async def test_an_unknown_record_is_not_found() -> None:
    with pytest.raises(FAMILY.not_found):
        await TOOLS["get"].run({"kind": "family", "id": str(uuid4())}, READER)


def test_what_mints_offers_the_schemes_that_have_an_authority_and_what_records_offers_all() -> None:
    def schemes(tools: Mapping[str, Offered], name: str) -> list[str]:
        return tools[name].tool.input_schema["$defs"]["IdentifierScheme"]["enum"]

    some = offered_tools(Kernel(LOG), LOG, SLICES, VIEWS, {"DOI"})
    for kind in ("asset", "fixture"):
        assert schemes(TOOLS, f"assign_{kind}_persistent_id") == ["DOI", "Handle"]
        assert schemes(some, f"assign_{kind}_persistent_id") == ["DOI"]
        assert schemes(some, f"record_{kind}_persistent_id") == ["DOI", "Handle"]
