"""One tool for the same question about records of several kinds: a slice for each kind, with its route of its own."""

from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any
from uuid import UUID

from mcp_types import Tool
from pydantic import Field, create_model
from pydantic.fields import FieldInfo

from cora.kernel.execute import Kernel
from cora.kernel.requests import to_request
from cora.kernel.showing import View, locate
from cora.kernel.slice import Query, QuerySlice, SharedTool
from cora.kernel.written import adapter_of
from cora.surfaces.mcp.bounded import Caller, Run
from cora.surfaces.mcp.describe import Views, called, reading, shared_description, title
from cora.surfaces.mcp.offered import Offered
from cora.surfaces.mcp.options import WHEN, both, split_when, when_of
from cora.surfaces.mcp.records import Place, kinds_of
from cora.surfaces.mcp.schemas import input_schema, question_schema

Asked = Mapping[str, tuple[View[Any], QuerySlice]]
"""The slices that share a tool, by the kind of record that each is about."""


def shared_tools(kernel: Kernel, slices: Iterable[QuerySlice], views: Views) -> Iterable[Offered]:
    """The tools that these slices share. Raises `TypeError` for one that is not about one record."""
    by_tool: dict[SharedTool, list[QuerySlice]] = {}
    for declared in slices:
        if declared.tool is not None:
            by_tool.setdefault(declared.tool, []).append(declared)
    for shared, members in by_tool.items():
        asked = {view.aggregate.kind: (view, declared) for view, declared in _with_views(members, views)}
        yield _offered(kernel, shared, asked)


def _with_views(slices: Iterable[QuerySlice], views: Views) -> Iterable[tuple[View[Any], QuerySlice]]:
    by_path_id = {view.aggregate.path_id: view for view in views}
    for declared in slices:
        view = by_path_id.get("/".join(declared.route.path_fields))
        if view is None or not declared.has_past:
            raise TypeError(f"{declared.name} is not about one record at a moment, so it can share no tool")
        yield view, declared


def _offered(kernel: Kernel, shared: SharedTool, asked: Asked) -> Offered:
    request = _request(shared, asked)
    slices = [declared for _, declared in asked.values()]
    tool = Tool(
        name=shared.name,
        title=title(shared.name),
        description=shared_description(shared, slices),
        input_schema=input_schema(request, WHEN),
        output_schema=question_schema(declared.answer for declared in slices),
        annotations=reading(),
    )
    return Offered(tool, min(declared.allow for declared in slices), _run(kernel, asked, request))


def _request(shared: SharedTool, asked: Asked) -> type[Query]:
    """What the tool takes: which record, and all that the question can be told about one kind or the other."""
    views = tuple(view for view, _ in asked.values())
    fields: dict[str, Any] = {"kind": (kinds_of(views), ...), "id": (Place, Field(description=called(views)))}
    for view, declared in asked.values():
        for name, field in declared.request.model_fields.items():
            if name == view.aggregate.path_id:
                continue
            same: tuple[Any, FieldInfo] = fields.setdefault(name, (field.annotation, field))
            if name in ("kind", "id") or repr(same[1]) != repr(field):
                raise TypeError(f"{declared.name} means something else by {name} than others that share its tool")
    return create_model(shared.name.capitalize(), __base__=Query, **fields)


def _run(kernel: Kernel, asked: Asked, request: type[Query]) -> Run:
    answers = {kind: adapter_of(declared.answer) for kind, (_, declared) in asked.items()}

    async def run(arguments: dict[str, Any], caller: Caller) -> str:
        options, members = split_when(arguments)
        query, when = both(lambda: to_request(request, members), lambda: when_of(options))
        kind: str = getattr(query, "kind")  # noqa: B009
        view, declared = asked[kind]
        aggregate = view.aggregate
        caller.principal.require(declared.allow)
        rest = {name: value for name, value in members.items() if name not in ("kind", "id")}
        id = _as_id(members["id"])
        if id is None:
            id = await kernel.see(partial(locate, aggregate, view.key, members["id"], "id"), when)
        question = to_request(declared.request, {**rest, aggregate.path_id: str(id)})
        answer = await kernel.query(declared, question, caller.principal, when)
        return answers[kind].dump_json(answer).decode()

    return run


def _as_id(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
