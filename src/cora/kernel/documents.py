"""How people read records: a page of a list. One record is shown by showing.py."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

from cora.kernel.aggregate import Aggregate

DEFAULT_LIMIT = 50
MAXIMUM_LIMIT = 200


@dataclass(frozen=True)
class Asked:
    """What a list is asked for.

    `filters` by declared name, each with the values that fit (any of them).
    `sort` is a declared name, with `-` before it for descending; None is by
    id, which is by age. `after` is the cursor of the page before.
    """

    filters: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    sort: str | None = None
    limit: int = DEFAULT_LIMIT
    after: str | None = None


class Page(NamedTuple):
    """A page of a list: JSON text with `items` (envelopes) and `next` (a cursor, or null); `size` is how many."""

    size: int
    body: str


class Documents(Protocol):
    """The current state of every record, in lists."""

    async def list(self, aggregate: Aggregate[Any], asked: Asked) -> Page:
        """A page of records. Raises `InvalidRequestError` for an unknown filter, sort or cursor."""
        ...
