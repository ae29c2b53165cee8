"""A page of a list as it was: candidates by index, then the states of that moment, folded and judged one by one."""

import json
from collections.abc import AsyncIterator, Sequence
from typing import Any, NamedTuple, cast
from uuid import UUID

from cora.kernel.aggregate import Aggregate, living_or_former
from cora.kernel.documents import FROM, TO, Asked, Page, problems_of
from cora.kernel.errors import InvalidRequestError, Violation
from cora.kernel.moment import moment_text
from cora.kernel.reader import DecodedStates, Reader
from cora.kernel.requests import read_moment
from cora.kernel.showing import envelope
from cora.log.documents import ids_among, page_of, read_cursor, write_cursor
from cora.log.look import Fetch
from cora.log.past import PastSource

AT_ONCE = 500

_OF_KIND = "select id from document where kind = $1"


class _Fitting(NamedTuple):
    """A record that fits, with what it is ordered by."""

    key: str
    id: UUID
    text: str


async def past_page(fetch: Fetch, source: PastSource, aggregate: Aggregate[Any], asked: Asked) -> Page:
    """A page of the records as they were. Raises `InvalidRequestError` for what cannot be asked."""
    wanted = _Wanted(aggregate, asked)
    candidates = await _candidates(fetch, source, aggregate, asked)
    descending = (asked.sort or "").startswith("-")
    candidates.sort(reverse=descending)
    if asked.sort is None and not asked.count:
        if wanted.last is not None:
            candidates = [id for id in candidates if id > wanted.last[1]]
        found = [each async for each in _fitting(source, aggregate, wanted, candidates, asked.limit + 1)]
        total = None
    else:
        every = [each async for each in _fitting(source, aggregate, wanted, candidates, None)]
        every.sort(key=lambda each: (each.key, each.id), reverse=descending)
        total = len(every) if asked.count else None
        last = wanted.last
        if last is not None:
            bound = (last[0] or "", last[1])
            every = [each for each in every if (each[:2] < bound if descending else each[:2] > bound)]
        found = every[: asked.limit + 1]
    following = None
    if len(found) > asked.limit:
        end = found[asked.limit - 1]
        following = write_cursor(asked.sort, end.key if asked.sort else None, end.id)
    return page_of([each.text for each in found[: asked.limit]], following, total)


class _Wanted:
    """The conditions of a list, judged on a state as JSON data."""

    def __init__(self, aggregate: Aggregate[Any], asked: Asked) -> None:
        self._filters = {name: declared for name, declared in aggregate.filters.items() if name in asked.filters}
        self._asked = asked
        self._aggregate = aggregate
        problems = problems_of(aggregate, asked)
        self._ranges: list[tuple[tuple[str, ...], bool, str]] = []
        for name, values in asked.filters.items():
            base = name.removesuffix(TO) if name.endswith(TO) else name.removesuffix(FROM)
            if base != name and base in aggregate.filters and name not in aggregate.filters:
                try:
                    moment = moment_text(read_moment(values[0]))
                except ValueError as error:
                    problems.append(Violation(f"/{name}", str(error)))
                else:
                    self._ranges.append((aggregate.filters[base].path, name.endswith(TO), moment))
        self.last: tuple[str | None, UUID] | None = None
        if asked.after is not None:
            try:
                self.last = read_cursor(asked.sort, asked.after)
            except ValueError:
                problems.append(Violation("/cursor", "is not a cursor of this list; take it from `next` of a page"))
        if problems:
            raise InvalidRequestError(tuple(problems))

    def fits(self, state: dict[str, Any]) -> bool:
        """Whether a record with this state belongs to the list."""
        for name, declared in self._filters.items():
            found = _at(state, declared.path)
            values: list[Any] = found if declared.many and found else [found]
            shown = {_text(_at(value, declared.within) if declared.within else value) for value in values}
            wanted = set(map(declared.kept, self._asked.filters[name]))
            if declared.is_part:
                texts = [text.lower() for text in shown if text is not None]
                if not any(part.lower() in text for part in wanted for text in texts):
                    return False
            elif shown.isdisjoint(wanted):
                return False
        for path, is_end, moment in self._ranges:
            found = _at(state, path)
            if not isinstance(found, str) or not (found < moment if is_end else found >= moment):
                return False
        return all(_at(state, self._aggregate.filters[name].path) in (None, [], {}) for name in self._asked.missing)

    def key(self, state: dict[str, Any]) -> str:
        """What the record is ordered by."""
        if self._asked.sort is None:
            return ""
        return _text(_at(state, self._aggregate.sorts[self._asked.sort.removeprefix("-")])) or ""

    def shown(self, state: dict[str, Any], whole: str) -> str:
        """The state as it is shown."""
        if self._asked.fields is None:
            return whole
        return json.dumps({name: state.get(name) for name in self._asked.fields}, ensure_ascii=False)


async def _candidates(fetch: Fetch, source: PastSource, aggregate: Aggregate[Any], asked: Asked) -> list[UUID]:
    """Ids of records that may belong to the list: all that pointed there then, or all of the kind."""

    async def pointing_at(relation: str, targets: Sequence[UUID]) -> list[UUID]:
        relations = living_or_former(relation)
        found = await source.pointings([(relation, id) for relation in relations for id in targets])
        return list(dict.fromkeys(id for each in found for id, _ in each.sources))

    if asked.under is not None and aggregate.tree is not None:
        below: list[UUID] = []
        level = [asked.under]
        while level:
            level = await pointing_at(aggregate.tree, level)
            below += level
        return below
    for name, values in asked.filters.items():
        declared = aggregate.filters.get(name)
        if declared is not None and declared.relation is not None:
            return await pointing_at(declared.relation, ids_among(values))
    return [row["id"] for row in await fetch(_OF_KIND, aggregate.kind)]


async def _fitting(
    source: PastSource, aggregate: Aggregate[Any], wanted: _Wanted, candidates: Sequence[UUID], most: int | None
) -> AsyncIterator[_Fitting]:
    """The records of the list, `most` of them, in the order of the candidates."""
    decoded, given = DecodedStates(), 0
    for start in range(0, len(candidates), AT_ONCE):
        ids = candidates[start : start + AT_ONCE]
        read = Reader(source, decoded)
        await read.ahead(*ids)
        for id in ids:
            state = await read.get(aggregate, id)
            if state is None:
                continue
            whole = aggregate.encode_state(state)
            data: dict[str, Any] = json.loads(whole)
            if wanted.fits(data):
                stored = read.found[id].stored
                yield _Fitting(wanted.key(data), id, envelope(id, stored, wanted.shown(data, whole)))
                given += 1
                if given == most:
                    return


def _at(value: Any, path: tuple[str, ...]) -> Any:
    for step in path:
        value = cast("dict[str, Any]", value).get(step) if isinstance(value, dict) else None
    return value


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) or value is None else json.dumps(value)
