"""What stands in a cell: text that is not taken for a formula, lists parted by semicolons, objects as JSON text."""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeAlias, cast

Value: TypeAlias = str | int | float | bool | None
"""What a cell can hold on the way out; None is an empty cell."""

DIGITS_KEPT = 15
"""How many digits of a number a spreadsheet keeps."""

# What a spreadsheet would run, also after white space and what cannot be seen, in every width of the signs.
_UNSEEN = "[\\s\x00-\x1f\x7f\u00ad\u200b-\u200f\u2060\ufeff]*"
_RUN = f"(?:[\t\r]|{_UNSEEN}[=+\\-@\uff1d\uff0b\uff0d\uff20\ufe66\ufe62\ufe63\ufe6b])"
_WOULD_RUN = re.compile(f"'*{_RUN}")
_NEUTRALISED = re.compile(f"'+{_RUN}")

_SEPARATOR = ";"
JSON_STARTS = ('"', "{", "[")
"""How what is not plain text begins."""


def neutral(text: str) -> str:
    """The text with an apostrophe before it if a spreadsheet would run it. `restored` gives the text back."""
    return f"'{text}" if _WOULD_RUN.match(text) else text


def restored(text: str) -> str:
    """The text without the apostrophe that only keeps it from being run."""
    return text[1:] if _NEUTRALISED.match(text) else text


def joined(items: Iterable[Any]) -> str:
    """A list in one cell: its items with semicolons between them; what is not plain text as JSON text."""
    return _SEPARATOR.join(_item(each) for each in items)


def parted(text: str, *, with_gaps: bool = False) -> list[Any]:
    """The items of a list in one cell. Raises `ValueError` for an item that begins like JSON and is none.

    Nothing between two semicolons is no item, or an empty one where gaps count.
    """
    items: list[Any] = []
    at = 0
    while at <= len(text):
        at = _after_space(text, at)
        is_json = text.startswith(JSON_STARTS, at)
        if is_json:
            item, end = _json_at(text, at)
            end = _after_space(text, end)
            if end < len(text) and text[end] != _SEPARATOR:
                raise ValueError(f"a semicolon is missing after {text[at:end].strip()[:100]}")
        else:
            end = text.find(_SEPARATOR, at)
            end = len(text) if end == -1 else end
            item = text[at:end].strip()
        if item != "" or is_json or with_gaps:
            items.append(item)
        at = end + 1
    return items


def flat(record: Mapping[str, Any], columns: Sequence[str]) -> list[Value]:
    """A record of JSON data as one row: under `a.b` what stands in `b` of `a`, lists joined, objects as JSON text."""
    return [_cell(_at(record, column)) for column in columns]


def json_text(value: Any) -> str:
    """JSON data as one line of text."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def parsed(text: str) -> Any:
    """The data of a JSON text, its numbers as they are written. Raises `ValueError` in words."""
    try:
        return _READ.decode(text)
    except json.JSONDecodeError as wrong:
        raise ValueError(f"this is not JSON: {wrong.msg} at character {wrong.pos + 1}") from None
    except RecursionError:
        raise ValueError("this is nested too deeply") from None


class Number(str):
    """A number of a JSON text, as it is written there."""

    __slots__ = ()


def _constant(name: str) -> Any:
    raise ValueError(f"{name} is not a finite number")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(f"the key '{next(name for name in names if names.count(name) > 1)[:100]}' stands there twice")
    return found


_READ = json.JSONDecoder(object_pairs_hook=_object, parse_float=Number, parse_int=Number, parse_constant=_constant)


def _json_at(text: str, at: int) -> tuple[Any, int]:
    try:
        return _READ.raw_decode(text, at)
    except json.JSONDecodeError:
        shown = text[at : at + 100]
        raise ValueError(f"an item that begins with {text[at]} is JSON, and this is none: {shown}") from None
    except RecursionError:
        raise ValueError("this is nested too deeply") from None


def _after_space(text: str, at: int) -> int:
    while at < len(text) and text[at].isspace():
        at += 1
    return at


def _item(item: Any) -> str:
    if not isinstance(item, str):
        return json_text(item)
    is_plain = item == item.strip() and item not in ("", "null") and _SEPARATOR not in item
    return item if is_plain and not item.startswith(JSON_STARTS) else json_text(item)


def _at(value: Any, path: str) -> Any:
    if not isinstance(value, Mapping):
        return None
    inside = cast("Mapping[str, Any]", value)
    if path in inside:
        return inside[path]
    head, dot, rest = path.partition(".")
    return _at(inside.get(head), rest) if dot else None


def _cell(value: Any) -> Value:
    if value is None or isinstance(value, str | int | float):
        return value
    return joined(cast("Sequence[Any]", value)) if isinstance(value, Sequence) else json_text(value)
