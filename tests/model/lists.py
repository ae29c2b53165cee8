"""Lists of any kind, narrowed and ordered in any way."""

from collections.abc import Sequence
from typing import Any

from tests.model.draws import Draws
from tests.model.server import AGGREGATE_OF
from tests.model.world import State

from cora.kernel.documents import FROM, TO, Asked, filter_names


def list_of(d: Draws, kind: str) -> Asked:
    """A list of a kind, narrowed and ordered in any way, by values that some record has."""
    aggregate = AGGREGATE_OF[kind]
    filters: dict[str, tuple[str, ...]] = {}
    for name in d.some(sorted(filter_names(aggregate)), 2):
        declared = aggregate.filters.get(name.removesuffix(FROM).removesuffix(TO))
        values = [_at(state, declared.path) for state in d.world.all(kind)] if declared is not None else []
        texts = sorted({value for value in values if isinstance(value, str)})
        if texts:
            filters[name] = (d.one(texts),)
    sort = d.optional(60, lambda: d.one(("", "-")) + d.one(sorted(aggregate.sorts))) if aggregate.sorts else None
    missing = [d.one(sorted(aggregate.filters))] if aggregate.filters and d.chance(20) else []
    return Asked(filters, sort, d.one((1, 5, 50)), missing=missing)


def _at(state: State, path: Sequence[str]) -> Any:
    for name in path:
        state = state.get(name) or {}
    return state
