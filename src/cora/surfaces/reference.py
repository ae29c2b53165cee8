"""The reference pages of the documentation, made from the declarations: `python -m cora.surfaces.reference`.

The pages are checked in, and a test compares them with what is made here.
"""

import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import typer

from cora.equipment.views import AGGREGATES, VIEWS
from cora.equipment.wire import equipment_slices
from cora.kernel.aggregate import Aggregate
from cora.kernel.documents import filter_names
from cora.kernel.history import HISTORY, history_slices
from cora.kernel.principal import Role
from cora.kernel.slice import Slice, refusals_of
from cora.settings import Settings
from cora.surfaces.cli.main import app
from cora.surfaces.mcp.describe import tool_of, words
from cora.surfaces.mcp.records import GET, LIST

FOLDER = Path(__file__).parents[3] / "docs" / "reference"

_MADE = "<!-- Made by `make reference`; a test compares it with the code. -->\n"


def pages() -> Mapping[str, str]:
    """Every generated page by the name of its file."""
    slices = equipment_slices()
    return {
        "surface.txt": _surface(slices),
        "commands.md": _commands(slices),
        "settings.md": _settings(),
        "cli.md": _command_line(),
    }


def _surface(slices: Sequence[Slice]) -> str:
    rows = [_row(declared) for declared in (*slices, *history_slices(VIEWS))]
    for aggregate in AGGREGATES:
        one, many = _reads(aggregate)
        rows += [(read[0], read[1], f"tool {tool}", *read[2:]) for read, tool in ((one, GET), (many, LIST))]
    lines = [
        "# One line per command and question: name (`cora call` has the same), routes, tool, role, refusals in order.",
        "# Made by `make reference`; a test compares it with the code.",
        *(" | ".join(row) for row in sorted(rows)),
    ]
    return "\n".join(lines) + "\n"


def _row(declared: Slice) -> tuple[str, str, str, str, str]:
    refusals = ", ".join(f"{refusal.code()} {refusal.status}" for refusal in refusals_of(declared)) or "-"
    routes = ", ".join(map(str, declared.routes))
    return declared.name, routes, f"tool {tool_of(declared)}", declared.allow.label, refusals


def _reads(aggregate: Aggregate[Any]) -> Iterator[tuple[str, str, str, str]]:
    role, path = Role.READER.label, f"/{aggregate.collection}"
    one = f"GET {path}/{{{aggregate.path_id}}}"
    yield f"get_{aggregate.kind}", one, role, f"{aggregate.not_found.code()} {aggregate.not_found.status}"
    yield f"list_{aggregate.collection.replace('-', '_')}", f"GET {path}", role, "-"


def _commands(slices: Sequence[Slice]) -> str:
    parts = ["# Commands and questions\n", _MADE]
    parts.append(
        "Each is a route of the HTTP API, a `cora call` and a tool of MCP, of its name unless it says otherwise. "
        "Besides its own refusals every one can meet 401, 403, 422 `InvalidRequest` and 503; a command also 409 "
        "`OccurredBeforeLastFact` or `RecordTooLarge`, 412 and 413.\n"
    )
    for declared in slices:
        parts.append(f"## {declared.name}\n\n{declared.doc}\n")
        routes = ", ".join(f"`{route}`" for route in declared.routes)
        everybody = (
            "everybody; it may still ask for a token" if declared.allow is Role.ANONYMOUS else declared.allow.label
        )
        shared = "" if tool_of(declared) == declared.name else f" MCP tool: `{tool_of(declared)}`."
        parts.append(f"{routes}. For: {everybody}.{shared}\n")
        parts += _fields(declared)
        if refusals := refusals_of(declared):
            parts.append("Refused with:\n")
            parts += [f"* {each.status} `{each.code()}`: {each.title()}" for each in refusals]
            parts.append("")
    parts.append("## Reading records\n")
    parts.append(f"The MCP tools are `{GET}` and `{LIST}`, for every kind, and `{HISTORY.name}`.\n")
    parts.append("| kind | one | many | filters | sorts |\n|---|---|---|---|---|")
    for aggregate in AGGREGATES:
        (one, one_route, *_), (many, many_route, *_) = _reads(aggregate)
        narrowed, ordered = ", ".join(filter_names(aggregate)) or "-", ", ".join(aggregate.sorts) or "-"
        kind = words(aggregate.kind)
        parts.append(f"| {kind} | `{one}` `{one_route}` | `{many}` `{many_route}` | {narrowed} | {ordered} |")
    return "\n".join(parts) + "\n"


def _fields(declared: Slice) -> Iterator[str]:
    schema = declared.request.model_json_schema()
    required = set(cast("list[str]", schema.get("required", [])))
    properties = cast("dict[str, dict[str, Any]]", schema.get("properties", {}))
    if not properties:
        return
    yield "| field | shape | |\n|---|---|---|"
    # The record in the path comes first, wherever the request declares it.
    for name in sorted(properties, key=lambda each: each not in declared.route.path_fields):
        part = properties[name]
        needed = "required" if name in required else "optional"
        said = f"{needed}. {part['description']}" if "description" in part else needed
        yield f"| `{name}` | {_shape(part)} | {said} |"
    yield ""


def _shape(part: Mapping[str, Any]) -> str:
    """A JSON Schema in a few words."""
    if "anyOf" in part:
        return " or ".join(_shape(each) for each in part["anyOf"])
    if "$ref" in part:
        return str(part["$ref"]).rpartition("/")[2]
    if "enum" in part:
        return ", ".join(f"`{value}`" for value in part["enum"])
    if part.get("type") == "array":
        return f"list of {_shape(part.get('items', {}))}"
    kind = str(part.get("format") or part.get("type", "any"))
    lengths = [part.get(name) for name in ("minLength", "maxLength")]
    if kind == "string" and any(lengths):
        return f"text, {lengths[0] or 0} to {lengths[1]}" if lengths[1] else f"text, at least {lengths[0]}"
    return {"string": "text"}.get(kind, kind)


def _settings() -> str:
    lines = [
        "# Settings\n",
        _MADE,
        "Environment variables, read by every `cora` command; an empty one is as good as none. Options of the "
        "command line come before them.\n",
        "| variable | default | |\n|---|---|---|",
    ]
    prefix = Settings.model_config.get("env_prefix", "")
    for name, field in Settings.model_fields.items():
        default = "" if field.default is None else f"`{field.default}`"
        lines.append(f"| `{prefix}{name.upper()}` | {default} | {field.description} |")
    return "\n".join(lines) + "\n"


def _command_line() -> str:
    parts = ["# The command line\n", _MADE]
    parts.append("Besides these, `cora call` has a command for every line of surface.txt.\n")
    # Typer brings its own copy of click, which is not what `import click` gives.
    command: Any = typer.main.get_command(app)
    parts += _helps(command, "cora", None)
    return "\n".join(parts)


def _helps(command: Any, name: str, parent: Any) -> Iterator[str]:
    context = command.context_class(command, info_name=name, parent=parent, terminal_width=100)
    text = "\n".join(line.rstrip() for line in command.get_help(context).splitlines())
    yield f"## {context.command_path}\n\n```\n{text}\n```\n"
    for inner, found in sorted(getattr(command, "commands", {}).items()):
        yield from _helps(found, inner, context)


def main() -> None:
    """Write the pages."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, text in pages().items():
        (FOLDER / name).write_text(text)
        sys.stdout.write(f"{FOLDER / name}\n")


if __name__ == "__main__":
    main()
