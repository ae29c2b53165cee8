"""Every tool: commands and questions from their declarations, and the reading of records."""

import json
from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import replace
from typing import Any

from mcp_types import Tool

from cora.equipment.aggregates.persistent_id import SchemeNotConfiguredError
from cora.equipment.values import IdentifierScheme
from cora.kernel.batch import BatchSlice, run_batch
from cora.kernel.documents import Documents
from cora.kernel.errors import Violation
from cora.kernel.execute import Call, Kernel
from cora.kernel.history import history_slices
from cora.kernel.requests import gathering, invalid, to_request
from cora.kernel.showing import View
from cora.kernel.slice import ActSlice, CommandSlice, HandlerSlice, QuerySlice, Slice
from cora.kernel.written import adapter_of
from cora.surfaces.mcp.bounded import LONGEST_ANSWER, Caller, Run, levelled, paged
from cora.surfaces.mcp.describe import annotations, how_to_ask_for_more, slice_description, title
from cora.surfaces.mcp.offered import Offered
from cora.surfaces.mcp.options import BATCH_OPTIONS, OPTIONS, VIA, WHEN, both, call_of, split, split_when, when_of
from cora.surfaces.mcp.records import record_tools
from cora.surfaces.mcp.schemas import answer_schema, command_schema, input_schema, question_schema
from cora.surfaces.mcp.shared import shared_tools


def offered_tools(
    kernel: Kernel,
    documents: Documents,
    slices: tuple[Slice, ...],
    views: tuple[View[Any], ...],
    schemes: Set[str] | None = None,
) -> Mapping[str, Offered]:
    """Every tool by its name. Raises `TypeError` when two have the same name.

    With `schemes` what mints an identifier offers these alone: they have an authority here.
    """
    tools: dict[str, Offered] = {}
    own = [declared for declared in slices if not (isinstance(declared, QuerySlice) and declared.tool)]
    questions = [declared for declared in (*slices, *history_slices(views)) if isinstance(declared, QuerySlice)]
    for offered in (
        *record_tools(kernel, documents, views),
        *shared_tools(kernel, questions, views),
        *_of_slices(kernel, own, schemes),
    ):
        offered = _fitting(offered)
        if tools.setdefault(offered.tool.name, offered) is not offered:
            raise TypeError(f"there are two tools with the name {offered.tool.name}")
    return tools


def _of_slices(kernel: Kernel, slices: Iterable[Slice], schemes: Set[str] | None) -> Iterator[Offered]:
    for declared in slices:
        match declared:
            case CommandSlice() | HandlerSlice():
                schema, run, options = command_schema(declared), _command(kernel, declared), OPTIONS
            case QuerySlice():
                schema, run = question_schema([declared.answer]), _query(kernel, declared)
                options = WHEN if declared.has_past else {}
            case ActSlice():
                schema, run, options = answer_schema(declared.answer), _act(kernel, declared), {}
            case BatchSlice():
                schema, run, options = answer_schema(declared.answer), _batch(kernel, declared), BATCH_OPTIONS
            case _:
                raise TypeError(f"{declared.name} is a slice of an unknown sort")
        takes = input_schema(declared.request, options)
        if schemes is not None and SchemeNotConfiguredError in getattr(declared, "refuses", ()):
            _offer(takes.get("$defs", {}).get(IdentifierScheme.__name__, {}), schemes)
        tool = Tool(
            name=declared.name,
            title=title(declared.name),
            description=slice_description(declared),
            input_schema=takes,
            output_schema=schema,
            annotations=annotations(declared),
        )
        yield Offered(tool, declared.allow, run)


def _offer(schema: dict[str, Any], schemes: Set[str]) -> None:
    """Leave of the schemes those that can be had; a command that is given none has no schema of them."""
    if "enum" in schema:
        schema["enum"] = [each for each in schema["enum"] if each in schemes]


def _fitting(offered: Offered) -> Offered:
    """A tool that asks again for less where it can, and says how to where it cannot."""
    takes: dict[str, Any] = offered.tool.input_schema["properties"]
    answers = offered.tool.output_schema or {}
    run = offered.run
    if "limit" in takes and "next" in answers.get("properties", {}):
        run = paged(run, takes["limit"]["default"])
    if "depth" in takes:
        run = levelled(run, takes["depth"]["default"])
    return replace(offered, run=run, hint=how_to_ask_for_more(offered.tool))


def _command(kernel: Kernel, declared: CommandSlice | HandlerSlice) -> Run:
    async def run(arguments: dict[str, Any], caller: Caller) -> str:
        command, call = _command_and_call(declared, arguments, caller, OPTIONS)
        return (await kernel.command(declared, command, call)).body

    return run


def _batch(kernel: Kernel, declared: BatchSlice) -> Run:
    async def run(arguments: dict[str, Any], caller: Caller) -> str:
        batch, call = _command_and_call(declared, arguments, caller, BATCH_OPTIONS)
        return _slim((await run_batch(kernel, declared, batch, call)).body)

    return run


def _slim(body: str) -> str:
    """The answers of a batch. Where they are too long those of what was done shrink to ids, versions and positions, so
    that every refusal is told."""
    if len(body) <= LONGEST_ANSWER:
        return body
    told: dict[str, Any] = json.loads(body)
    for each in told["answers"]:
        if each["status"] < 300:
            each["body"] = {name: each["body"][name] for name in ("id", "version", "position") if name in each["body"]}
    return json.dumps(told, ensure_ascii=False, separators=(",", ":"))


def _command_and_call(
    declared: Slice, arguments: dict[str, Any], caller: Caller, options: Mapping[str, Any]
) -> tuple[Any, Call]:
    """A command and what goes with it. All that is wrong with them is told together."""
    given, members = split(arguments, options)
    errors: list[Violation] = []
    command: Any = None
    call: Any = None
    with gathering(errors):
        command = to_request(declared.request, members)
    with gathering(errors):
        call = call_of(given, caller.principal, caller.request_id)
    if errors:
        raise invalid(errors)
    return command, call


def _query(kernel: Kernel, declared: QuerySlice) -> Run:
    adapter = adapter_of(declared.answer)

    async def run(arguments: dict[str, Any], caller: Caller) -> str:
        options, members = split_when(arguments) if declared.has_past else ({}, arguments)
        query, when = both(lambda: to_request(declared.request, members), lambda: when_of(options))
        return adapter.dump_json(await kernel.query(declared, query, caller.principal, when)).decode()

    return run


def _act(kernel: Kernel, declared: ActSlice) -> Run:
    adapter = adapter_of(declared.answer)

    async def run(arguments: dict[str, Any], caller: Caller) -> str:
        command = to_request(declared.request, arguments)
        call = Call(caller.principal, VIA, caller.request_id)
        return adapter.dump_json(await kernel.act(declared, command, call)).decode()

    return run
