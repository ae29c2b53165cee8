"""Records as people read them at a terminal: values in words, a sheet for one record, rows for many and for a past."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeAlias, cast

from cora.surfaces.cli.common import time_text

Data: TypeAlias = Mapping[str, Any]
"""An object of JSON data."""
Row: TypeAlias = list[str | None]

LONGEST_CHANGE = 120
"""Characters that are shown of one value that changed."""
NOTHING = "nothing"

_SAID_ANYWAY = re.compile("_(at|count|id)$")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")
_UNSAID = ("id", "contact_id")
"""Members that say nothing where they stand inside of another value."""
_AXES = ("x", "y", "z", "rx", "ry", "rz")

# What stands beside a record tells by name what these fields of its state tell by id.
_TOLD_BESIDE = {
    "parent_id": "parent",
    "model_id": "model",
    "family_ids": "families",
    "declared_family_ids": "families",
    "controller_id": "controller",
    "fixture_id": "fixture",
    "facility_code": "facility",
    "installed_asset_id": "installed_asset",
    "assembly_id": "assembly",
    "slot_asset_bindings": "components",
    "presents_as_family_id": "presents_as_family",
    "subject_id": "subject",
}
_FIRST = (
    "name", "slot_code", "code", "value", "path", "description", "docstring", "status", "lifecycle", "condition",
    "condition_reason", "mount", "installed_asset", "installed_at", "frame_path", "placement", "persistent_id",
    "alternate_identifiers", "owners", "related_identifiers", "subjects",
)  # fmt: skip
_LABELS = {
    "alternate_identifiers": "identifiers",
    "related_identifiers": "related to",
    "presents_as": "roles",
    "family_ids": "families",
    "declared_family_ids": "families",
    "persistent_id": "persistent id",
}
_WHEN_NONE = {"mount": "not installed", "installed_asset": NOTHING}
_LAST = ("id", "version")


def words(value: Any) -> str:
    """A value of JSON data in words."""
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case str():
            return _text(value)
        case list():
            parts = cast("list[Any]", value)
            apart = "; " if any(isinstance(part, dict) and _has_parts(part) for part in parts) else ", "
            return apart.join(filter(None, map(words, parts)))
        case dict():
            return _object(cast("Data", value))
        case _:
            return json.dumps(value).removesuffix(".0")


def one_line(value: Any) -> str:
    """A value in words, on one line."""
    return " ".join(words(value).split())


def sheet(record: Data) -> list[tuple[str, str]]:
    """One record with what stands beside it: labels, and values in words. A label is empty where it goes on."""
    beside: Data = record.get("beside") or {}
    state: Data = {
        name: value for name, value in record["state"].items()
        if name not in _LAST and beside.get(_TOLD_BESIDE.get(name, "")) is None
    }  # fmt: skip
    facts = {**cast("Data", by_name(state, dict(_names(beside)))), **beside}
    names = [*(name for name in _FIRST if name in facts), *(name for name in facts if name not in _FIRST)]
    lines = [line for name in names for line in _lines(name, facts[name])]
    version = record["state"].get("version")
    lines += _lines("version", version)
    lines += [
        ("recorded", f"{words(record['recorded_at'])} (version {record['version']})"),
        ("occurred", words(record["occurred_at"])),
        ("id", record["id"]),
    ]
    return lines


def by_name(value: Any, names: Mapping[str, str]) -> Any:
    """The value with the names of records instead of their ids, where they are known."""
    if isinstance(value, dict):
        return {key: by_name(part, names) for key, part in cast("Data", value).items()}
    if isinstance(value, list):
        return [by_name(part, names) for part in cast("list[Any]", value)]
    return names.get(value, value) if isinstance(value, str) else value


def row(record: Data, columns: Sequence[str]) -> Row:
    """A record as one row: fields of its state, then its id."""
    state: Data = record["state"]
    return [*(one_line(state.get(name)) for name in columns), record["id"]]


def found(item: Data) -> Row:
    """What a search found as one row."""
    matched = (f"{label(match['field'])}: {_cut(one_line(match['text']))}" for match in item["matched"])
    return [item["kind"], item["name"], item["path"], item["status"], "; ".join(matched), item["id"]]


def label(name: str) -> str:
    """What a field is called."""
    return _LABELS.get(name) or _SAID_ANYWAY.sub("", name).replace("_", " ")


def past(event: Data) -> Iterator[Row]:
    """An event of a history, with names, as rows: one for each part that changed, the first with what goes for all."""
    who = event["actor"] + (f" for {event['on_behalf_of']}" if event["on_behalf_of"] else "")
    what = f"{event['kind']} ({event['on']})" if event["on"] else event["kind"]
    times = [words(event[name]) for name in ("occurred_at", "recorded_at")]
    first = [*times, who, event["via"], what, one_line(event["reason"])]
    changes = cast("list[Data]", event["changes"])
    told = [text for change in changes if (text := _change(change))] or [""]
    yield [*first, told[0]]
    for each in told[1:]:
        yield [*(" " for _ in first), each]


def _change(change: Data) -> str:
    """A part of a state that changed; nothing where there was nothing before and after."""
    before, after = (_cut(one_line(change.get(name))) for name in ("before", "after"))
    if before == after == "" or change["pointer"] == "/id":
        return ""
    place = change["pointer"][1:].replace("/", ".").replace("~1", "/").replace("~0", "~") or "all"
    return f"{place}: {after}" if "before" not in change else f"{place}: {before or NOTHING} -> {after or NOTHING}"


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST_CHANGE else f"{text[: LONGEST_CHANGE - 3]}..."


def _names(value: Any) -> Iterator[tuple[str, str]]:
    """The records in a value by their ids, with what people call each."""
    if isinstance(value, list):
        for part in cast("list[Any]", value):
            yield from _names(part)
    elif isinstance(value, dict):
        members = cast("Data", value)
        name = members.get("name") or members.get("slot_code")
        if "id" in members and name:
            yield members["id"], name
        for part in members.values():
            yield from _names(part)


def _lines(name: str, value: Any) -> Iterator[tuple[str, str]]:
    if name.endswith("_schema") and value is not None:
        value = json.dumps(value, ensure_ascii=False)
    if name.endswith("_count") and not value:
        return
    parts = cast("list[Any]", value) if isinstance(value, list) else [value]
    if all(isinstance(part, str) or part.keys() == {"id", "name"} for part in parts if isinstance(part, str | dict)):
        parts = [parts]
    texts = [text for part in parts if (text := words(part))] or ([_WHEN_NONE[name]] if name in _WHEN_NONE else [])
    for number, line in enumerate(line for text in texts for line in text.splitlines()):
        yield ("" if number else label(name)), line


def _text(text: str) -> str:
    return time_text(datetime.fromisoformat(text)) if _MOMENT.fullmatch(text) else text


def _object(value: Data) -> str:
    if value.keys() >= set(_AXES):
        return _placement(value)
    if "value" in value and isinstance(value["value"], str):
        what = value.get("name") or value.get("scheme") or value.get("kind") or ""
        text = f"{what} {value['value']}".strip()
        return f"{text} (a test identifier)" if value.get("test") else text
    if "slot_code" in value:
        since = value.get("installed_at")
        return f"{value['slot_code']} since {words(since)}" if since else str(value["slot_code"])
    if isinstance(value.get("name"), str):
        rest = _members({name: each for name, each in value.items() if name != "name"})
        return f"{value['name']} ({rest})" if rest else value["name"]
    return _members(value)


def _members(value: Data) -> str:
    told = ((name, each, words(each)) for name, each in value.items() if name not in _UNSAID)
    return ", ".join(f"{name}: {f'({text})' if _has_parts(each) else text}" for name, each, text in told if text)


def _has_parts(value: Any) -> bool:
    """Whether a value is shown as several parts, which belong together."""
    if isinstance(value, list):
        return len(cast("list[Any]", value)) > 1
    return isinstance(value, dict) and value.keys().isdisjoint(("name", "value", "slot_code"))


def _placement(value: Data) -> str:
    """Millimetres and radians; what is 0 is not said but for a place."""
    texts = [f"{axis} {words(value[axis])}" for axis in ("x", "y", "z")]
    text = f"{', '.join(texts)} mm"
    if turned := [f"{axis} {words(value[axis])}" for axis in ("rx", "ry", "rz") if value[axis]]:
        text += f"; {', '.join(turned)} rad"
    if within := [f"{axis} {words(value[f'tol_{axis}'])}" for axis in _AXES if value.get(f"tol_{axis}")]:
        text += f"; tolerances {', '.join(within)}"
    return f"{text}; {value['reference_surface']}" if value.get("reference_surface") else text
