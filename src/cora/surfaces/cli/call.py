"""`cora call COMMAND --field value ...`: every slice and every read, derived from the declarations."""

import json
import sys
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any, cast

import click
import typer

from cora.equipment.views import AGGREGATES, VIEWS
from cora.equipment.wire import equipment_slices
from cora.kernel.aggregate import Aggregate
from cora.kernel.batch import BatchSlice, run_batch
from cora.kernel.documents import DEFAULT_LIMIT, Asked, filter_names
from cora.kernel.errors import InvalidRequestError, Violation
from cora.kernel.history import history_slices
from cora.kernel.identity import new_id
from cora.kernel.requests import (
    AS_OF,
    DRY_RUN,
    IDEMPOTENCY_KEY,
    IF_MATCH,
    OCCURRED_AT,
    ON_BEHALF_OF,
    TRUE_AT,
    WHEN_OPTIONS,
    invalid,
    read_call,
    read_json,
    read_when,
    require_fit,
    to_request,
)
from cora.kernel.showing import View, show
from cora.kernel.slice import ActSlice, QuerySlice, Slice, refusals_of
from cora.kernel.when import When
from cora.kernel.written import adapter_of
from cora.surfaces.cli.common import admin, beside, err, run, settings_from, show_json
from cora.surfaces.start import Opened

# What goes with any command: its name on the command line, its name elsewhere, and what it is for.
_GOES_WITH_ALL = (
    ("occurred_at", OCCURRED_AT, "When it happened, if not now: a time with its offset, such as 2026-05-03T14:00:00Z."),
    ("on_behalf_of", ON_BEHALF_OF, "For whom it is done."),
    ("idempotency_key", IDEMPOTENCY_KEY, "A repetition with the same key gets the first answer."),
    ("if_match", IF_MATCH, "Only if the record still has this version."),
)


class CallGroup(click.Group):
    """Its commands are made from the declarations when they are asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted([declared.name for declared in _slices()] + _reads())

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        name = cmd_name.replace("-", "_")
        for declared in _slices():
            if declared.name == name:
                return _slice_command(declared)
        for view in VIEWS:
            aggregate = view.aggregate
            if name == f"get_{aggregate.kind}":
                return _get_command(view)
            if name == f"list_{_plural(aggregate)}":
                return _list_command(aggregate)
        return None


call = CallGroup(
    name="call",
    help="Run any command or question by its name, beside the data directory, as admin. "
    "Structured values are written as JSON, or as @FILE (@- for standard input).",
)


def _slices() -> Iterator[Slice]:
    """Every slice, and the question for the history of each kind of record."""
    yield from equipment_slices()
    yield from history_slices(VIEWS)


def _plural(aggregate: Aggregate[Any]) -> str:
    return aggregate.collection.replace("-", "_")


def _reads() -> list[str]:
    return [name for each in AGGREGATES for name in (f"get_{each.kind}", f"list_{_plural(each)}")]


def _option(name: str, **settings: Any) -> click.Option:
    return click.Option([f"--{name.replace('_', '-')}", name], **settings)


_DATA_DIR = _option("data_dir", type=click.Path(), help="Where the embedded Postgres keeps its data.")
_WHEN = (
    _option(AS_OF, help="What the record said then: a time with its offset, or a position of the log."),
    _option(TRUE_AT, help="What was true in the hutch then: a time with its offset."),
)
_JSON = click.Option(["--json", "as_json"], is_flag=True, help="One line of JSON.")


def _slice_command(declared: Slice) -> click.Command:
    properties = _properties(declared)
    required = set(declared.request.model_json_schema().get("required", ()))
    options = [
        _option(name, required=name in required, help=_help(schema), metavar=_metavar(schema))
        for name, schema in properties.items()
    ]
    if isinstance(declared, QuerySlice) and declared.has_past:
        options += _WHEN
    if not isinstance(declared, QuerySlice | ActSlice):
        without = IF_MATCH if isinstance(declared, BatchSlice) else None
        options += [_option(name, help=text) for name, wire, text in _GOES_WITH_ALL if wire != without]
        options.append(_option(DRY_RUN, is_flag=True, help="Decide and show what would be recorded; record nothing."))

    def callback(**given: Any) -> None:
        run(_run_slice(declared, properties, given))

    refusals = ", ".join(refusal.code() for refusal in refusals_of(declared))
    text = declared.doc + (f"\n\nCan be refused: {refusals}." if refusals else "")
    return click.Command(declared.name, params=[*options, _DATA_DIR, _JSON], callback=callback, help=text)


def _get_command(view: View[Any]) -> click.Command:
    aggregate = view.aggregate

    def callback(**given: Any) -> None:
        async def work() -> None:
            when = _when(given)
            async with beside(settings_from(data_dir=given["data_dir"]), reads_only=True) as cora:
                looked = partial(show, aggregate, given[aggregate.path_id], beside=view.beside)
                found = await cora.kernel.see(looked, when)
                _show(json.loads(found.body), as_json=given["as_json"])

        run(work())

    option = _option(aggregate.path_id, type=click.UUID, required=True, help="The id of the record.")
    return click.Command(
        f"get_{aggregate.kind}",
        params=[option, *_WHEN, _DATA_DIR, _JSON],
        callback=callback,
        help=f"Show one {aggregate.kind} with its whole state.",
    )


def _list_command(aggregate: Aggregate[Any]) -> click.Command:
    def callback(**given: Any) -> None:
        filters = {name: tuple(given[name]) for name in filter_names(aggregate) if given[name]}

        async def work() -> None:
            asked = Asked(filters, given["sort"], given["limit"], given["cursor"], when=_when(given))
            require_fit({**{name: list(values) for name, values in filters.items()}, "cursor": given["cursor"]})
            async with beside(settings_from(data_dir=given["data_dir"]), reads_only=True) as cora:
                _show(json.loads((await cora.log.list(aggregate, asked)).body), as_json=given["as_json"])

        run(work())

    options = [
        _option(name, multiple=True, help="Only records with this value; may be repeated.")
        for name in filter_names(aggregate)
    ]
    sorts = ", ".join(sorted(aggregate.sorts)) or "none"
    options += [
        _option("sort", help=f"The order: {sorts}; with - before it for descending."),
        _option("limit", type=int, default=DEFAULT_LIMIT, show_default=True, help="At most so many, up to 200."),
        _option("cursor", help="`next` of the page before."),
    ]
    return click.Command(
        f"list_{_plural(aggregate)}",
        params=[*options, *_WHEN, _DATA_DIR, _JSON],
        callback=callback,
        help=f"List {aggregate.collection}, a page at a time.",
    )


async def _run_slice(declared: Slice, properties: Mapping[str, dict[str, Any]], given: Mapping[str, Any]) -> None:
    request = to_request(declared.request, _members(properties, given))
    options: dict[str, str | None] = {wire: given.get(name) for name, wire, _ in _GOES_WITH_ALL}
    if (version := options[IF_MATCH]) is not None and version.isdecimal():
        options[IF_MATCH] = f'"{version}"'
    options[DRY_RUN] = "true" if given.get(DRY_RUN) else None
    called = read_call(admin(), "cli", new_id().hex, options)
    when = _when(given)
    reads_only = isinstance(declared, QuerySlice)
    async with beside(settings_from(data_dir=given["data_dir"]), reads_only=reads_only) as cora:
        answer = await _answer(cora, declared, request, called, when)
    _show(answer, as_json=given["as_json"])
    if isinstance(declared, BatchSlice) and (refused := sum(each["status"] >= 400 for each in answer["answers"])):
        err.print(f"{refused} of {len(answer['answers'])} commands were refused.", style="red", highlight=False)
        raise typer.Exit(1)


def _when(given: Mapping[str, Any]) -> When:
    return read_when({name: given.get(name) for name in WHEN_OPTIONS})


async def _answer(cora: Opened, declared: Slice, request: Any, called: Any, when: When) -> Any:
    if isinstance(declared, QuerySlice):
        return _plain(declared, await cora.kernel.query(declared, request, called.principal, when))
    if isinstance(declared, ActSlice):
        return _plain(declared, await cora.kernel.act(declared, request, called))
    if isinstance(declared, BatchSlice):
        return json.loads((await run_batch(cora.kernel, declared, request, called)).body)
    answer = await cora.kernel.command(cast("Any", declared), request, called)
    return json.loads(answer.body)


def _plain(declared: QuerySlice | ActSlice, value: Any) -> Any:
    return adapter_of(declared.answer).dump_python(value, mode="json", by_alias=True)


def _properties(declared: Slice) -> dict[str, dict[str, Any]]:
    schema = declared.request.model_json_schema()
    definitions = schema.get("$defs", {})

    def resolved(part: dict[str, Any]) -> dict[str, Any]:
        while "$ref" in part:
            part = definitions[part["$ref"].rpartition("/")[2]]
        return part

    found: dict[str, dict[str, Any]] = {}
    for name, part in schema.get("properties", {}).items():
        choices = [resolved(choice) for choice in part.get("anyOf", [part])]
        found[name] = {
            "types": {choice.get("type", "object" if "properties" in choice else "any") for choice in choices},
            "enum": [value for choice in choices for value in choice.get("enum", ())],
            "description": part.get("description", ""),
        }
    return found


def _help(schema: Mapping[str, Any]) -> str:
    return " ".join(filter(None, (schema["description"], " | ".join(schema["enum"]))))


def _metavar(schema: Mapping[str, Any]) -> str:
    return "TEXT" if "string" in schema["types"] else "JSON"


def _members(properties: Mapping[str, dict[str, Any]], given: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a request. Raises `InvalidRequestError` with all that cannot be read."""
    members: dict[str, Any] = {}
    errors: list[Violation] = []
    for name, schema in properties.items():
        text = given.get(name)
        if text is None:
            continue
        try:
            members[name] = _value(schema, text)
        except InvalidRequestError as unread:
            errors += [Violation(f"/{name}{each.pointer}", each.detail) for each in unread.errors]
    if errors:
        raise invalid(errors)
    return members


def _value(schema: Mapping[str, Any], text: str) -> Any:
    if "string" not in schema["types"]:
        return read_json(_contents(text))
    require_fit(text)
    return None if text == "null" and "null" in schema["types"] else text


def _contents(text: str) -> bytes:
    """The bytes of a structured value: of a file where one is named, of standard input for a dash."""
    if not text.startswith("@"):
        return text.encode("utf-8", "surrogateescape")
    try:
        return sys.stdin.buffer.read() if text == "@-" else Path(text[1:]).read_bytes()
    except OSError as error:
        raise invalid([Violation("", f"{text[1:]} cannot be read: {error.strerror}")]) from None


def _show(value: Any, *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(value, ensure_ascii=False))
    else:
        show_json(value)
    if isinstance(value, dict) and cast("dict[str, Any]", value).get("dry_run"):
        err.print("Nothing was recorded: this was a dry run.", style="yellow")
