"""Records of every kind by words of theirs: names, descriptions, makers, part numbers, serial numbers and other
identifiers, ports, process variables. Each word may be the beginning of one, all must be there; words in double quotes
follow one another and are whole. Best first: what is called or identified so, then what begins so."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field

from cora.equipment.aggregates.assembly import Assembly
from cora.equipment.aggregates.asset.state import Asset
from cora.equipment.aggregates.family import Family
from cora.equipment.aggregates.fixture import Fixture
from cora.equipment.aggregates.frame import Frame
from cora.equipment.aggregates.model import Model
from cora.equipment.aggregates.mount import Mount
from cora.equipment.aggregates.persistent_id import PersistentId
from cora.equipment.beside import lines_of, path_of
from cora.equipment.identifiers import without_resolvers
from cora.equipment.wired import Equipment
from cora.kernel.aggregate import Aggregate
from cora.kernel.documents import DEFAULT_LIMIT, MAXIMUM_LIMIT
from cora.kernel.errors import Violation
from cora.kernel.principal import Role
from cora.kernel.reader import Reader
from cora.kernel.requests import invalid
from cora.kernel.search import MOST_WORDS, AskedSearch, Match, Searches, matches, parts_of
from cora.kernel.slice import Query, answers

_WORDS = "Words, each of which may be the beginning of one, and phrases in double quotes. All must be there."


class Search(Query):
    """Which words, and in records of which kinds."""

    q: Annotated[str, Field(min_length=1, max_length=500, description=_WORDS)]
    kind: Annotated[tuple[str, ...], Field(max_length=20, description="Only records of these kinds.")] = ()
    limit: Annotated[int, Field(ge=1, le=MAXIMUM_LIMIT)] = DEFAULT_LIMIT
    cursor: Annotated[str | None, Field(description="`next` of the page before.", max_length=200)] = None


@dataclass(frozen=True)
class FoundRecord:
    """A record that was found. `rank` is 100 for a name or identifier that is what was asked for, less for one that
    begins so, and least for words of a description. `status` is the lifecycle of an asset, `path` that of an asset from
    its facility down. `matched` are the first few fields that hold what was asked for."""

    kind: str
    id: UUID
    name: str
    status: str | None
    path: str | None
    rank: int
    matched: tuple[Match, ...]


@dataclass(frozen=True)
class FoundRecords:
    """A page of what was found, best first, and how many on all pages. `complete` is false where more records hold the
    words than are ranked: ask for more words."""

    items: tuple[FoundRecord, ...]
    next: str | None
    count: int
    complete: bool


@answers("GET /search", allow=Role.READER)
async def search(query: Search, searches: Searches, read: Reader, wired: Equipment) -> FoundRecords:
    kinds = {aggregate.kind: aggregate for aggregate in wired.aggregates}
    asked = _asked(query, kinds)
    page = await searches.search(asked)
    await read.ahead(*(ranked.id for ranked in page.items))
    states = {ranked.id: await read.get(kinds[ranked.kind], ranked.id) for ranked in page.items}
    lines = await lines_of([state for state in states.values() if isinstance(state, Asset)], read)
    paths = {line[-1].id: path_of(line) for line in lines}
    return FoundRecords(
        items=tuple(
            FoundRecord(
                kind=ranked.kind,
                id=ranked.id,
                name=kinds[ranked.kind].title_of(state),
                status=_status(state),
                path=paths.get(ranked.id),
                rank=ranked.rank,
                matched=tuple(matches(asked.parts, kinds[ranked.kind].texts(state))),
            )
            for ranked in page.items
            # What was recorded after the state that is read is not there yet.
            if (state := states[ranked.id]) is not None
        ),
        next=page.next,
        count=page.count,
        complete=page.complete,
    )


def _asked(query: Search, kinds: Mapping[str, Aggregate[Any]]) -> AskedSearch:
    parts = parts_of(without_resolvers(query.q))
    problems: list[Violation] = []
    if not parts:
        problems.append(Violation("/q", "holds no letter or digit to search for"))
    if sum(len(part.words) for part in parts) > MOST_WORDS:
        problems.append(Violation("/q", f"holds more than {MOST_WORDS} words; the rarest of them suffice"))
    problems += [
        Violation("/kind", f"{kind!r} is no kind of record; there is: {', '.join(sorted(kinds))}")
        for kind in sorted(set(query.kind) - set(kinds))
    ]
    if problems:
        raise invalid(problems)
    return AskedSearch(parts, query.limit, tuple(sorted(set(query.kind))), query.cursor)


def _status(state: Any) -> str | None:
    match state:
        case Asset():
            return state.lifecycle.value
        case Fixture():
            return "Retired" if state.is_retired else "Registered"
        case Family() | Model() | Assembly() | Frame() | Mount() | PersistentId():
            return state.status.value
        case _:
            return None
