"""Events, and the declaration of an aggregate: how its events become its state.

An aggregate module states, as functions of the state, what the record points
at, which values it alone may hold, and how it is found. The kernel takes the
difference between before and after, so no command writes these by hand.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from datetime import datetime
from functools import cache, cached_property
from typing import Any, ClassVar, Generic, NamedTuple, TypeVar
from uuid import UUID

from pydantic import TypeAdapter

from cora.kernel.errors import NotFoundError, Refusal
from cora.kernel.search import Text, written

S = TypeVar("S")

LONGEST_TITLE = 200


class Event:
    """A fact. Subclasses are frozen dataclasses; the class name is the kind of the event."""

    schema_version: ClassVar[int] = 1
    joins: ClassVar[tuple[str, ...] | None] = None
    """Set where the event joins or parts records: the fields that hold the others' ids.
    Such an event may not have occurred before the latest one of any record concerned."""


class Fact(NamedTuple):
    """What an event does not say itself: the record it is about and when it happened."""

    id: UUID
    occurred_at: datetime


class Reference(NamedTuple):
    """This record points at `target` by a field: `Reference("asset.parent_id", parent)`."""

    relation: str
    target: UUID


class FoundBy(Reference):
    """This record is found by a text: the target stands for it, and is no record.

    It is kept like a reference, so it is found by an index, now and as it was; but no event mentions it, since
    nothing has that id. For people: no decision may rest on it.
    """

    __slots__ = ()


def living_or_former(relation: str) -> list[str]:
    """The relations by which a living record points, and one that is decommissioned, retired or released."""
    return [relation, _former_relation(relation)]


def former(references: Iterable[Reference]) -> Iterable[Reference]:
    """What a record pointed at while it was alive: lists find it by that, but no guard has to mind it any more.

    It is found by its identifiers as before.
    """
    return (
        each if isinstance(each, FoundBy) else Reference(_former_relation(each.relation), each.target)
        for each in references
    )


def _former_relation(relation: str) -> str:
    return f"former {relation}"


class Claim(NamedTuple):
    """A value that no two living records may share."""

    what: str
    value: str


@dataclass(frozen=True)
class Filter:
    """A field that a list can be filtered by.

    `path` leads to it in the state. `many` marks a list: the filter asks whether it holds the value, or an item
    with the value at `within`. `relation` is that by which a record points at the id it is filtered by. `is_time`
    marks a time: it is filtered by a range. `is_part` marks a text that is found by any part of it, in upper or lower
    case. `as_kept` gives a wanted value the form in which records hold it.
    """

    path: tuple[str, ...]
    many: bool = False
    within: tuple[str, ...] = ()
    relation: str | None = None
    is_time: bool = False
    is_part: bool = False
    as_kept: Callable[[str], str] = str

    def kept(self, wanted: str) -> str:
        """A wanted value as records hold it. Raises `ValueError` for no id where records point at one."""
        if self.relation is None:
            return self.as_kept(wanted)
        try:
            return str(UUID(wanted))
        except ValueError:
            raise ValueError("is not a UUID") from None


def _nothing(_: Any) -> tuple[Any, ...]:
    return ()


def _no_claim(claim: Claim, _state: Any, _owner: UUID) -> Refusal:
    raise LookupError(f"no refusal is declared for the claim {claim.what}")


@dataclass(frozen=True)
class Aggregate(Generic[S]):
    """One kind of record.

    Once the record is decommissioned or retired, `references` are `former`
    ones and `claims` are none. `claim_taken(claim, state, owner)` is the refusal when `owner`
    holds a value that `state` wants. `texts` are those whose words it is
    found by. `filters` and `sorts` name what a list
    can be narrowed and ordered by (paths into the state). `title` leads to
    what people call a record; `began` is the sort by the time of its first
    fact. These two are kept by an index, so that a list of 100,000 records is
    ordered by them at once. `tree` is the relation by which records of this
    kind stand below one another.
    """

    kind: str
    collection: str
    state: type[S]
    events: tuple[type[Event], ...]
    evolve: Callable[[S | None, Any, Fact], S]
    not_found: type[NotFoundError]
    references: Callable[[S], Iterable[Reference]] = _nothing
    claims: Callable[[S], Iterable[Claim]] = _nothing
    claim_taken: Callable[[Claim, S, UUID], Refusal] = _no_claim
    texts: Callable[[S], Iterable[Text]] = _nothing
    filters: Mapping[str, Filter] = field(default_factory=dict[str, Filter])
    sorts: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    title: tuple[str, ...] = ("name",)
    began: str | None = None
    tree: str | None = None

    @cached_property
    def path_id(self) -> str:
        """The name of its id in paths and commands: `asset_id`."""
        return f"{self.kind}_id"

    @cached_property
    def state_adapter(self) -> TypeAdapter[S]:
        return TypeAdapter(self.state)

    @cached_property
    def event_adapters(self) -> Mapping[str, TypeAdapter[Event]]:
        """By the kind of the event, which is the name of its class."""
        return {event.__name__: TypeAdapter(event) for event in self.events}

    def title_of(self, state: S) -> str:
        """What people call a record."""
        value: Any = state if self.title else ""
        for step in self.title:
            value = getattr(value, step)
        return str(value)[:LONGEST_TITLE]

    def search_text(self, state: S) -> str:
        """What is stored to find a record by its words."""
        return written(self.kind, self.texts(state))

    def encode_state(self, state: S) -> str:
        """The document of a state, as JSON text."""
        return self.state_adapter.dump_json(state).decode()

    def decode_state(self, document: str | bytes) -> S:
        """The state that a document holds."""
        return self.state_adapter.validate_json(document)

    def encode_event(self, event: Event) -> str:
        """The data of an event, as JSON text. Raises `LookupError` for an event of another kind."""
        return self.event_adapters[type(event).__name__].dump_json(event).decode()

    def decode_event(self, kind: str, data: str | bytes) -> Event:
        """An event read back from the log."""
        return self.event_adapters[kind].validate_json(data)


def ids_in(value: Any) -> Iterable[UUID]:
    """Every record id that a value names, at any depth of dataclasses, tuples and lists."""
    # Not by exact type: ids that come from the database are of a subclass of UUID.
    if isinstance(value, UUID):
        yield value
    elif isinstance(value, tuple | list | frozenset):
        for item in value:  # pyright: ignore[reportUnknownVariableType]
            yield from ids_in(item)
    else:
        kind: type[Any] = type(value)  # pyright: ignore[reportUnknownVariableType]
        for name in _field_names(kind):
            yield from ids_in(getattr(value, name))


@cache
def _field_names(kind: type[Any]) -> tuple[str, ...]:
    return tuple(each.name for each in fields(kind)) if is_dataclass(kind) else ()


def same_fields(kind: type[Any], source: Any) -> dict[str, Any]:
    """The fields of a dataclass, with the values that another object has under the same names."""
    return {name: getattr(source, name) for name in _field_names(kind)}


def joined_ids(event: Event) -> Iterable[UUID]:
    """The records that a joining or parting event concerns, beside the one it is recorded on."""
    for name in event.joins or ():
        yield from ids_in(getattr(event, name))


def targets_of(references: Iterable[Reference]) -> set[UUID]:
    """The records that references lead to."""
    return {each.target for each in references if not isinstance(each, FoundBy)}
