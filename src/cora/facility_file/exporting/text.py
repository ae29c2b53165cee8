"""Entries as YAML text, always the same for the same values: short values on one line, longer ones below their key.

Text stands without quotes where YAML 1.2 and the common readers of 1.1 take it for nothing else.
"""

import json
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, cast

from cora.facility_file.composer import MAXIMUM_ENTRY_NODES, UNREADABLE
from cora.facility_file.nodes import Scalar, resolved

WIDTH = 120
# YAML takes at most 1,024 characters for a key without a mark before it.
_LONGEST_KEY = 200
_LARGEST_INTEGER = 2**63 - 1
_LEAST_WITH_EXPONENT = 10**16

_PLAIN = re.compile(r"\w(?:[\w ()/.+<>=;$^~-]*[\w()/.+<>=;$^~-])?")
_LIKE_A_NUMBER = re.compile(r"\d[\d_.,eE+-]*|0[xob].*")
_LIKE_A_FLAG = frozenset(("yes", "no", "on", "off", "true", "false", "null"))


class Bare(str):
    """Text that stands as it is: a date."""

    __slots__ = ()


def day_or_time(moment: datetime) -> Bare:
    """`2016-05-01` for the beginning of a day (UTC), else `2024-09-30T08:00:00Z`."""
    moment = moment.astimezone(UTC)
    if moment.timetz() == datetime.min.time().replace(tzinfo=UTC):
        return Bare(moment.date().isoformat())
    return Bare(f"{moment.replace(tzinfo=None).isoformat()}Z")


def can_be_held(value: Any) -> bool:
    """Whether a facility file can hold some JSON data: not with an empty key, nor with very many values."""
    count = 0
    waiting = [value]
    while waiting:
        found = waiting.pop()
        count += 1
        if count >= MAXIMUM_ENTRY_NODES // 2:
            return False
        if isinstance(found, dict):
            members = cast("dict[str, Any]", found)
            if "" in members:
                return False
            waiting.extend(members.values())
        elif isinstance(found, list):
            waiting.extend(cast("list[Any]", found))
    return True


def in_order(value: Any) -> Any:
    """JSON data with its keys in the order in which the database has them: shorter ones first."""
    if isinstance(value, dict):
        members = cast("dict[str, Any]", value)
        keys = sorted((key.encode() for key in members), key=lambda key: (len(key), key))
        return {name: in_order(members[name]) for name in map(bytes.decode, keys)}
    if isinstance(value, list):
        return [in_order(each) for each in cast("list[Any]", value)]
    return value


def entry_lines(entry: Mapping[str, Any], indent: int) -> Iterator[str]:
    """The lines of an entry of a list."""
    lead = " " * indent + "- "
    for key, value in entry.items():
        yield from _member(lead, key, value, indent + 2)
        lead = " " * (indent + 2)


def _member(lead: str, key: str, value: Any, indent: int) -> Iterator[str]:
    head = f"{lead}{_text(key)}:"
    if len(head) - len(lead) > _LONGEST_KEY:
        yield f"{lead}? {_text(key)}"
        head = " " * indent + ":"
    if _fits(value, len(head) + 1):
        yield f"{head} {_flow(value)}"
    elif isinstance(value, dict):
        yield head
        for inner, below in cast("dict[str, Any]", value).items():
            yield from _member(" " * (indent + 2), inner, below, indent + 2)
    else:
        yield head
        for item in cast("list[Any]", value):
            yield from _item(item, indent + 2)


def _item(value: Any, indent: int) -> Iterator[str]:
    lead = " " * indent + "-"
    if _fits(value, indent + 2):
        yield f"{lead} {_flow(value)}"
    elif isinstance(value, dict):
        yield from entry_lines(cast("dict[str, Any]", value), indent)
    else:
        yield lead
        for item in cast("list[Any]", value):
            yield from _item(item, indent + 2)


def _fits(value: Any, column: int) -> bool:
    """Whether a value stands on the line where it begins."""
    if not isinstance(value, dict | list) or not value:
        return True
    return _width(value, WIDTH - column) <= WIDTH - column


def _width(value: Any, limit: int) -> int:
    """How wide a value is on one line; beyond the limit it is not looked at further."""
    if not isinstance(value, dict | list):
        return len(_scalar(value))
    found = cast("dict[str, Any] | list[Any]", value)
    width = 2 * max(1, len(found))
    for each in found:
        if width > limit:
            break
        if isinstance(found, dict):
            width += len(_text(each)) + 2
            each = found[each]
        width += _width(each, limit - width)
    return width


def _flow(value: Any) -> str:
    if isinstance(value, dict):
        members = cast("dict[str, Any]", value).items()
        return "{" + ", ".join(f"{_text(key)}: {_flow(below)}" for key, below in members) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_flow, cast("list[Any]", value))) + "]"
    return _scalar(value)


def _scalar(value: Any) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case Bare():
            return value
        case str():
            return _text(value)
        case int() | float() if abs(value) >= _LEAST_WITH_EXPONENT:
            # As the database has such numbers: a float comes back without its exponent, and so as an integer.
            return str(int(value)) if abs(value) <= _LARGEST_INTEGER else repr(float(value))
        case _:
            return repr(value)


@lru_cache(maxsize=8192)  # keys, types and makers come again and again
def _text(text: str) -> str:
    is_plain = (
        _PLAIN.fullmatch(text) is not None
        and _LIKE_A_NUMBER.fullmatch(text) is None
        and text.lower() not in _LIKE_A_FLAG
        and _resolves_to_itself(text)
    )
    return str(text) if is_plain else UNREADABLE.sub(_escaped, json.dumps(text, ensure_ascii=False))


def _resolves_to_itself(text: str) -> bool:
    try:
        return resolved(Scalar(1, text, plain=True)) == text
    except ValueError:
        return False


def _escaped(found: re.Match[str]) -> str:
    return f"\\u{ord(found[0]):04x}"
