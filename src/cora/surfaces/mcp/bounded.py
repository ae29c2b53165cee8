"""Answers of a bounded size, for a context that is small: asked again for less, else cut at whole items."""

import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple, cast

from cora.kernel.errors import pointer
from cora.kernel.principal import Principal

LONGEST_ANSWER = 80_000
"""Characters of the JSON of an answer. The largest single value (a schema of 64 KiB) fits with what is around it."""

MORE = "more"
"""The member of an answer that was cut which says what is left out, and how to ask for it."""

_ROOM_FOR_NOTE = 2_000
_PLACES_TOLD = 10
_LONGEST_PLACE = 120


class Caller(NamedTuple):
    """Who calls a tool, and the id of this one call."""

    principal: Principal
    request_id: str


Run = Callable[[dict[str, Any], Caller], Awaitable[str]]
"""Arguments and caller in, the JSON text of an answer out; raises the `Refusal` it meets."""


class Answer(NamedTuple):
    """An answer as text and as the value it stands for."""

    text: str
    value: dict[str, Any]


def paged(run: Run, limit: int) -> Run:
    """A question for a page of at most `limit` items, which holds fewer where it would be too long; `next` leads on."""

    async def fit(arguments: dict[str, Any], caller: Caller) -> str:
        return (await _halved(run, "limit", limit, arguments, caller))[0]

    return fit


def levelled(run: Run, depth: int) -> Run:
    """A question for `depth` levels of a tree, which shows fewer where it would be too long, and says so."""

    async def fit(arguments: dict[str, Any], caller: Caller) -> str:
        body, shown = await _halved(run, "depth", depth, arguments, caller)
        if shown is None:
            return body
        why = f"With all levels asked for it is longer than {LONGEST_ANSWER:,} characters: it goes to depth {shown}."
        return _told(json.loads(body), f"{why} Ask for the tree of a record in it to go on.")

    return fit


async def _halved(run: Run, name: str, most: int, arguments: dict[str, Any], caller: Caller) -> tuple[str, int | None]:
    """The answer with half as much asked for until it is short enough; and how much that was, where it was less."""
    body = await run(arguments, caller)
    asked: int = arguments.get(name, most)
    shown: int | None = None
    while len(body) > LONGEST_ANSWER and asked > 1:
        asked = shown = asked // 2
        body = await run({**arguments, name: asked}, caller)
    return body, shown


def bounded(body: str, hint: str) -> Answer:
    """An answer that is short enough. `hint` says how to ask for what is left out."""
    value: dict[str, Any] = json.loads(body)
    if len(body) <= LONGEST_ANSWER:
        return Answer(body, value)
    cut = _Cut()
    value = cut.object(value, LONGEST_ANSWER - _ROOM_FOR_NOTE, ())
    text = _told(value, f"Longer than {LONGEST_ANSWER:,} characters, so left out are {cut.told()}. {hint}".strip())
    return Answer(text, json.loads(text))


def _told(value: dict[str, Any], note: str) -> str:
    before: str = value.get(MORE, "")
    return _text({**value, "truncated": True, MORE: f"{before} {note}".strip()})


@dataclass
class _Cut:
    """Shortens a value; notes what it leaves out. The first items of a list stay, as they are."""

    left_out: list[str] = field(default_factory=list[str])

    def told(self) -> str:
        places = [each[:_LONGEST_PLACE] for each in self.left_out[:_PLACES_TOLD]]
        return ", ".join(places if len(places) == len(self.left_out) else [*places, "and others"])

    def value(self, value: Any, room: int, place: tuple[str | int, ...]) -> Any:
        if _size(value) <= room:
            return value
        if isinstance(value, dict):
            return self.object(cast("dict[str, Any]", value), room, place)
        if isinstance(value, list):
            return self.list(cast("list[Any]", value), room, place)
        if isinstance(value, str):
            self.left_out.append(f"the end of {pointer(place)} ({len(value):,} characters)")
            # Half of it, since a character may be two in JSON.
            return value[: max(0, room // 2 - 1)]
        return value

    def object(self, value: Mapping[str, Any], room: int, place: tuple[str | int, ...]) -> dict[str, Any]:
        """Its small members stay whole; those that are larger than their share of the room share what remains."""
        sizes = {name: _size(member) for name, member in value.items()}
        room -= 2 + sum(_size(name) + 2 for name in value)
        shown: dict[str, Any] = {}
        for number, name in enumerate(sorted(sizes, key=lambda name: sizes[name])):
            share = max(0, room) // (len(sizes) - number)
            if share < 2 and share < sizes[name]:
                self.left_out.append(pointer((*place, name)))
                continue
            shown[name] = self.value(value[name], share, (*place, name))
            room -= _size(shown[name])
        return {name: shown[name] for name in value if name in shown}

    def list(self, value: list[Any], room: int, place: tuple[str | int, ...]) -> list[Any]:
        """The first items that fit; of the first one a part, where it alone is too long."""
        shown: list[Any] = []
        room -= 2
        for item in value:
            room -= _size(item) + 1
            if room < 0:
                break
            shown.append(item)
        if value and not shown and isinstance(value[0], dict):
            shown.append(self.object(cast("dict[str, Any]", value[0]), room + _size(value[0]), (*place, 0)))
        if left := len(value) - len(shown):
            self.left_out.append(f"{left:,} of the {len(value):,} items of {pointer(place)}")
        return shown


def _size(value: Any) -> int:
    return len(_text(value))


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
