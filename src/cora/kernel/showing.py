"""A record as people see it: its state, and beside it what they would otherwise have to ask for next."""

from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any, Generic, NamedTuple, TypeVar
from uuid import UUID

from cora.kernel.aggregate import Aggregate
from cora.kernel.errors import InvalidRequestError, Violation
from cora.kernel.moment import moment_text
from cora.kernel.reader import Reader, Stored
from cora.kernel.written import adapter_of

S = TypeVar("S")


class Envelope(NamedTuple):
    """A record as it is shown: JSON text with `id`, `kind`, `version`, `position`, times and `state`."""

    version: int
    body: str


@dataclass(frozen=True)
class Beside(Generic[S]):
    """What is shown beside the records of a kind: `gather(state, read)` gives an `answer`, a frozen dataclass.

    Its fields that are records (with an `id`), or tuples of records, can be expanded to whole records.
    """

    answer: type[Any]
    gather: Callable[[S, Reader], Awaitable[Any]]

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Its fields."""
        return tuple(field.name for field in fields(self.answer))

    def not_shown(self, expand: Collection[str]) -> list[Violation]:
        """What cannot be expanded."""
        known = ", ".join(self.names) or "nothing"
        return [
            Violation("/expand", f"{name!r} does not stand beside it; there is: {known}")
            for name in expand
            if name not in self.names
        ]


@dataclass(frozen=True)
class NaturalKey:
    """What people call a record of a kind, such as a path of names.

    `find(text, read)` gives the id of the record, None when there is none;
    it raises `ValueError` for a text that cannot be such a key. `beginnings` are what such a key may begin with; each
    has a path of its own: `/persistent-ids/DOI/10.5072/abc`.
    """

    name: str
    find: Callable[[str, Reader], Awaitable[UUID | None]]
    has_slashes: bool = False
    beginnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class View(Generic[S]):
    """How records of a kind are shown and found by people.

    What points at a record through a relation of `history_of` is a part of it: its events are in the record's history.
    """

    aggregate: Aggregate[S]
    beside: Beside[S]
    key: NaturalKey | None = None
    history_of: tuple[str, ...] = ()


def envelope(id: UUID, stored: Stored, state: str, members: str = "") -> str:
    """A record as JSON text; `members` are further ones, with a leading comma."""
    began, created, recorded, occurred = stored.began_at, stored.created_at, stored.recorded_at, stored.occurred_at
    if began is None or created is None or recorded is None or occurred is None:
        raise ValueError(f"record {id} was not found")
    return (
        f'{{"id":"{id}","kind":"{stored.kind}","version":{stored.version},"position":{stored.position},'
        f'"began_at":"{moment_text(began)}","created_at":"{moment_text(created)}",'
        f'"recorded_at":"{moment_text(recorded)}","occurred_at":"{moment_text(occurred)}","state":{state}{members}}}'
    )


async def show(
    aggregate: Aggregate[S], id: UUID, read: Reader, beside: Beside[S] | None = None, expand: Collection[str] = ()
) -> Envelope:
    """A record with what is beside it; of that, records named in `expand` as whole records. Raises
    `<Kind>NotFoundError`."""
    state = await read.require(aggregate, id)
    members = ""
    if beside is not None:
        answer = await beside.gather(state, read)
        members = f',"beside":{adapter_of(beside.answer).dump_json(answer).decode()}'
        if expand:
            wanted = ",".join(f'"{name}":{_expanded(getattr(answer, name), read)}' for name in dict.fromkeys(expand))
            members += f',"expanded":{{{wanted}}}'
    return Envelope(read.found[id].stored.version, found_record(id, read, members))


async def locate(aggregate: Aggregate[Any], key: NaturalKey | None, text: str, field: str, read: Reader) -> UUID:
    """The id of a record that a field of a question names by its id, or by what people call it.

    An id is taken as it is. Raises `<Kind>NotFoundError`, and `InvalidRequestError` for a text that cannot name one.
    """
    try:
        return UUID(text)
    except ValueError:
        if key is None:
            raise InvalidRequestError((Violation(f"/{field}", "is not a UUID"),)) from None
    try:
        found = await key.find(text, read)
    except ValueError as error:
        raise InvalidRequestError((Violation(f"/{field}", str(error)),)) from None
    if found is None:
        raise aggregate.not_found(text)
    return found


async def find_under(view: View[Any], text: str, read: Reader) -> UUID:
    """The record that a list is narrowed to what stands below: by its id, or by what people call it.

    Raises `<Kind>NotFoundError`, and `InvalidRequestError` where records of the kind do not stand below one another.
    """
    if view.aggregate.tree is None or view.key is None:
        raise InvalidRequestError((Violation("/under", f"{view.aggregate.collection} stand below nothing"),))
    id = await locate(view.aggregate, view.key, text, "under", read)
    await read.require(view.aggregate, id)
    return id


def found_record(id: UUID, read: Reader, members: str = "") -> str:
    """A record that was read, as JSON text. The stored document goes out as it is, where it is the state."""
    aggregate, stored = read.found[id]
    state = stored.document
    if state is None or stored.events:
        state = aggregate.encode_state(read.states[id])
    return envelope(id, stored, state, members)


def _expanded(shown: Any, read: Reader) -> str:
    if isinstance(shown, tuple):
        records: tuple[Any, ...] = shown  # pyright: ignore[reportUnknownVariableType]
        return f"[{','.join(_expanded(each, read) for each in records)}]"
    id: UUID | None = getattr(shown, "id", None)
    return found_record(id, read) if id is not None and id in read.found else "null"
