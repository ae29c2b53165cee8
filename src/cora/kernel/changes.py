"""What differs between two states, as JSON has them: a pointer (RFC 6901) for each part, with what was and what is.

Objects are compared member by member, lists of one length item by item. A list
that became longer or shorter is one change: by its items it would seem that
all behind the place had changed.
"""

from collections.abc import Iterator
from typing import Any, NotRequired, cast

# Pydantic cannot read the one of typing before Python 3.12.
from typing_extensions import TypedDict

from cora.kernel.requests import pointer

_Steps = tuple[str | int, ...]


class Change(TypedDict):
    """One part of a state that changed: without `before` it was not there, without `after` it is gone."""

    pointer: str
    before: NotRequired[Any]
    after: NotRequired[Any]


def changes(before: dict[str, Any] | None, after: dict[str, Any]) -> list[Change]:
    """What makes `after` of `before`; each member of `after` where nothing was before."""
    return list(_changes(before or {}, after, ()))


def _changes(before: Any, after: Any, steps: _Steps) -> Iterator[Change]:
    if isinstance(before, dict) and isinstance(after, dict):
        old, new = cast("dict[str, Any]", before), cast("dict[str, Any]", after)
        for name in {**old, **new}:
            inside = (*steps, name)
            if name not in new:
                yield Change(pointer=pointer(inside), before=old[name])
            elif name not in old:
                yield Change(pointer=pointer(inside), after=new[name])
            else:
                yield from _changes(old[name], new[name], inside)
    elif isinstance(before, list) and isinstance(after, list):
        items, others = cast("list[Any]", before), cast("list[Any]", after)
        if len(items) != len(others):
            yield Change(pointer=pointer(steps), before=items, after=others)
        else:
            for number, (item, other) in enumerate(zip(items, others, strict=True)):
                yield from _changes(item, other, (*steps, number))
    # For Python true is 1.
    elif isinstance(before, bool) is not isinstance(after, bool) or before != after:
        yield Change(pointer=pointer(steps), before=before, after=after)
