"""How people read lists of records. One record is shown by showing.py; decisions use the Reader."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, fields
from enum import Enum
from functools import cache
from typing import Any, NamedTuple, Protocol, get_type_hints
from uuid import UUID

from cora.kernel.aggregate import Aggregate, Filter
from cora.kernel.errors import Violation
from cora.kernel.when import NOW, When

DEFAULT_LIMIT = 50
MAXIMUM_LIMIT = 200

FROM, TO = "_from", "_to"
"""What follows the name of a time where a range of it is asked for: from this moment on, before that one."""


@dataclass(frozen=True)
class Asked:
    """What a list is asked for.

    `filters` by declared name, each with the values that fit (any of them); a
    time by its range (`registered_at_from`, `registered_at_to`). `missing` are
    declared names that a record must have nothing under. `under` is the record
    below which it must stand, at any depth. `sort` is a declared name, with
    `-` before it for descending; None is by id, which is by age. `after` is
    the cursor of the page before. `fields` are those of the state that are
    shown, None all. `count` asks how many there are on all pages.
    """

    filters: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    sort: str | None = None
    limit: int = DEFAULT_LIMIT
    after: str | None = None
    missing: Collection[str] = ()
    under: UUID | None = None
    fields: Collection[str] | None = None
    count: bool = False
    when: When = NOW


class Page(NamedTuple):
    """A page of a list: JSON text with `items` (records) and `next` (a cursor, or null), and `count` where asked for.

    `size` is how many items there are, `next` the cursor.
    """

    size: int
    body: str
    next: str | None = None


def filter_names(aggregate: Aggregate[Any]) -> tuple[str, ...]:
    """The filters of a list, as they are asked for: a time by its two ends."""
    names: list[str] = []
    for name, declared in aggregate.filters.items():
        names += [name + FROM, name + TO] if declared.is_time else [name]
    return tuple(sorted(names))


def state_fields(aggregate: Aggregate[Any]) -> tuple[str, ...]:
    """The fields of a state, which a list can be narrowed to."""
    return tuple(each.name for each in fields(aggregate.state))


def choices(aggregate: Aggregate[Any], name: str) -> tuple[str, ...]:
    """The values that a filter can have, where they are known: those of an enumeration. Empty for any others."""
    declared = aggregate.filters.get(name)
    return _values(aggregate.state, declared.path[0]) if declared is not None and len(declared.path) == 1 else ()


@cache
def _values(state: type[Any], name: str) -> tuple[str, ...]:
    hint = get_type_hints(state).get(name)
    return tuple(str(each.value) for each in hint) if isinstance(hint, type) and issubclass(hint, Enum) else ()


def problems_of(aggregate: Aggregate[Any], asked: Asked) -> list[Violation]:
    """What is asked for that is not declared."""

    def unknown(place: str, names: Collection[str], known: Collection[str]) -> list[Violation]:
        told = ", ".join(sorted(known)) or "none"
        return [Violation(place.format(name), f"{name!r} is not known here; there is: {told}") for name in names
                if name not in known]  # fmt: skip

    problems = unknown("/{}", asked.filters, filter_names(aggregate))
    for name, values in asked.filters.items():
        known = choices(aggregate, name)
        wrong = [value for value in values if value not in known] if known else []
        problems += [Violation(f"/{name}", f"{value!r} is none of: {', '.join(known)}") for value in wrong]
        if (declared := aggregate.filters.get(name)) is not None:
            problems += [Violation(f"/{name}", says) for value in values if (says := _why_unfit(declared, value))]
    problems += unknown("/missing", asked.missing, aggregate.filters)
    problems += unknown("/fields", asked.fields or (), state_fields(aggregate))
    problems += unknown("/sort", [asked.sort.removeprefix("-")] if asked.sort else [], aggregate.sorts)
    if asked.under is not None and aggregate.tree is None:
        problems.append(Violation("/under", f"{aggregate.collection} do not stand below one another"))
    if not 1 <= asked.limit <= MAXIMUM_LIMIT:
        problems.append(Violation("/limit", f"must be from 1 to {MAXIMUM_LIMIT}"))
    return problems


def _why_unfit(declared: Filter, value: str) -> str | None:
    try:
        declared.kept(value)
    except ValueError as error:
        return str(error)
    return None


class Documents(Protocol):
    """Lists of records, as they are or as they were."""

    async def list(self, aggregate: Aggregate[Any], asked: Asked) -> Page:
        """A page of records. Raises `InvalidRequestError` for what is not declared and a cursor of another list."""
        ...
