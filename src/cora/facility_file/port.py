"""What planning and applying need from a facility, whether its records are in this process or behind a server."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple, Protocol
from uuid import UUID

from cora.facility_file.keys import Key
from cora.kernel.slice import CommandSlice, HandlerSlice

VALUES_AT_ONCE = 40
"""So many values a question names: a query string stays well below what servers and proxies take."""


class Record(NamedTuple):
    """A record: its state, and its events: how many, where the latest lies in the log, when the first and the latest
    occurred and were recorded."""

    id: UUID
    state: Any
    version: int
    position: int
    began_at: datetime
    created_at: datetime
    recorded_at: datetime
    occurred_at: datetime


@dataclass(eq=False)
class StepRefusedError(Exception):
    """A command was refused: the stable code, what is wrong in words, and where it says so the time to keep to."""

    code: str
    detail: str
    status: int
    last_occurred_at: datetime | None = None

    def __str__(self) -> str:
        return self.detail

    @property
    def is_passing(self) -> bool:
        """Whether the same command may well be accepted a moment later."""
        return self.status == 503 or self.code == "ConcurrencyConflict"


class UnreachableError(Exception):
    """The server or the database cannot be reached, or gives an answer that is none."""


def unwelcome(server: str, *, has_token: bool) -> UnreachableError:
    """What a server comes to that answers only those with another token."""
    says = "does not accept the token; give another" if has_token else "wants a token; give one"
    return UnreachableError(f"{server} {says} with --token")


class Facility(Protocol):
    """Looks records up, and runs commands."""

    @property
    def at_once(self) -> int:
        """How many commands are best sent at the same time."""
        ...

    @property
    def commands(self) -> Mapping[str, CommandSlice | HandlerSlice]:
        """The commands of this release, by name."""
        ...

    def forget(self) -> None:
        """Forget what was looked up; a plan begins and ends with it."""
        ...

    async def holders(self, keys: Sequence[Key]) -> list[UUID | None]:
        """The living records with these natural keys, None where there is none."""
        ...

    async def get(self, kind: str, id: UUID, *, as_of: str | None = None) -> Record | None:
        """A record by its id; as it was at a time or a position of the log, where that is given."""
        ...

    def listed(
        self, kind: str, filters: Mapping[str, tuple[str, ...]], limit: int | None = None, *, as_of: str | None = None
    ) -> AsyncIterator[Record]:
        """The records of a kind that fit every filter (any of its values), by age, page by page, `limit` of them."""
        ...

    async def address(self, contact_id: str) -> str | None:
        """The e-mail address of a contact, None when it is erased."""
        ...

    async def notes(self, asset_ids: Sequence[UUID]) -> dict[UUID, list[str]]:
        """What is noted in the histories of some assets, in the order in which it was recorded."""
        ...

    async def execute(self, command: str, arguments: Mapping[str, Any], occurred_at: datetime | None, key: str) -> None:
        """Run a command; under the same `key` (of visible ASCII) it is run once, however often it is sent.

        Raises `StepRefusedError` or `UnreachableError`.
        """
        ...
