"""A facility whose records are reached from this process: the kernel and its documents."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from functools import partial
from types import MappingProxyType
from typing import Any
from uuid import UUID

from pydantic import TypeAdapter

from cora.equipment.aggregates.asset.events import AssetNoteAdded
from cora.equipment.features.list_events import ListEvents, list_events
from cora.equipment.ports.contacts import Contacts
from cora.facility_file.keys import AGGREGATES, Key
from cora.facility_file.port import VALUES_AT_ONCE, Record, StepRefusedError, UnreachableError
from cora.kernel.aggregate import Aggregate
from cora.kernel.documents import MAXIMUM_LIMIT, Asked, Documents
from cora.kernel.errors import NotFoundError, OccurredBeforeLastFactError, Refusal
from cora.kernel.execute import Call, Kernel
from cora.kernel.history import FeedShown
from cora.kernel.principal import Principal
from cora.kernel.requests import AS_OF, read_when, require_fit, to_request
from cora.kernel.showing import show
from cora.kernel.slice import CommandSlice, HandlerSlice, QuerySlice, Slice

_FEED: QuerySlice = list_events.__slice__  # type: ignore[attr-defined]
_FEED_SHOWN: TypeAdapter[FeedShown] = TypeAdapter(FeedShown)


def commands_in(slices: Sequence[Slice]) -> Mapping[str, CommandSlice | HandlerSlice]:
    """The commands among slices, by name."""
    return MappingProxyType({each.name: each for each in slices if isinstance(each, CommandSlice | HandlerSlice)})


def record_of(aggregate: Aggregate[Any], shown: Mapping[str, Any]) -> Record:
    """A record from the JSON object in which it is shown."""
    return Record(
        UUID(shown["id"]),
        aggregate.state_adapter.validate_python(shown["state"]),
        shown["version"],
        shown["position"],
        datetime.fromisoformat(shown["began_at"]),
        datetime.fromisoformat(shown["created_at"]),
        datetime.fromisoformat(shown["recorded_at"]),
        datetime.fromisoformat(shown["occurred_at"]),
    )


async def noted(
    asset_ids: Sequence[UUID], page: Callable[[Mapping[str, Any]], Awaitable[Mapping[str, Any]]]
) -> dict[UUID, list[str]]:
    """The notes of some assets, out of the pages of the feed of events that `page` gives."""
    found: dict[UUID, list[str]] = {id: [] for id in asset_ids}
    for start in range(0, len(asset_ids), VALUES_AT_ONCE):
        mentioned = [str(id) for id in asset_ids[start : start + VALUES_AT_ONCE]]
        after, head = 0, 1
        while after < head:
            shown = await page({"after": after, "mentions": mentioned, "limit": MAXIMUM_LIMIT})
            after, head = shown["next"], shown["head"]
            for event in shown["items"]:
                if event["kind"] == AssetNoteAdded.__name__ and UUID(event["stream"]) in found:
                    found[UUID(event["stream"])].append(event["data"]["text"])
    return found


class DirectFacility:
    """Implements `Facility` on a kernel."""

    at_once = 128

    def __init__(
        self, kernel: Kernel, documents: Documents, contacts: Contacts, slices: Sequence[Slice], principal: Principal
    ) -> None:
        self.commands = commands_in(slices)
        self._kernel = kernel
        self._documents = documents
        self._contacts = contacts
        self._principal = principal

    def forget(self) -> None:
        """Nothing is remembered."""

    async def holders(self, keys: Sequence[Key]) -> list[UUID | None]:
        """The living records with these natural keys."""
        found = await asyncio.gather(*(self._kernel.log.holder(key.claim) for key in keys))
        return [holder.owner for holder in found]

    async def get(self, kind: str, id: UUID, *, as_of: str | None = None) -> Record | None:
        """A record by its id."""
        aggregate = AGGREGATES[kind]
        try:
            envelope = await self._kernel.see(partial(show, aggregate, id), read_when({AS_OF: as_of}))
        except NotFoundError:
            return None
        return record_of(aggregate, json.loads(envelope.body))

    async def listed(
        self, kind: str, filters: Mapping[str, tuple[str, ...]], limit: int | None = None, *, as_of: str | None = None
    ) -> AsyncIterator[Record]:
        """The records of a kind that fit, page by page."""
        aggregate, when = AGGREGATES[kind], read_when({AS_OF: as_of})
        after: str | None = None
        left = limit
        while left is None or left > 0:
            asked = Asked(filters, limit=min(MAXIMUM_LIMIT, left or MAXIMUM_LIMIT), after=after, when=when)
            page = json.loads((await self._documents.list(aggregate, asked)).body)
            for shown in page["items"]:
                yield record_of(aggregate, shown)
            after = page["next"]
            left = None if left is None else left - len(page["items"])
            if after is None:
                return

    async def address(self, contact_id: str) -> str | None:
        """The e-mail address of a contact."""
        return await self._contacts.get(UUID(contact_id))

    async def notes(self, asset_ids: Sequence[UUID]) -> dict[UUID, list[str]]:
        """What is noted in the histories of some assets."""

        async def page(asked: Mapping[str, Any]) -> Mapping[str, Any]:
            shown = await self._kernel.query(_FEED, ListEvents.model_validate(asked), self._principal)
            found: Mapping[str, Any] = _FEED_SHOWN.dump_python(shown, mode="json")
            return found

        return await noted(asset_ids, page)

    async def execute(self, command: str, arguments: Mapping[str, Any], occurred_at: datetime | None, key: str) -> None:
        """Run a command. The log itself sees to it that it is recorded once."""
        declared = self.commands[command]
        call = Call(self._principal, "import", key, occurred_at=occurred_at)
        try:
            # The same rules as for whoever sends it over the network.
            require_fit(dict(arguments))
            await self._kernel.command(declared, to_request(declared.request, dict(arguments)), call)
        except OccurredBeforeLastFactError as refusal:
            raise StepRefusedError(
                refusal.code(), refusal.detail(), refusal.status, refusal.last_occurred_at
            ) from refusal
        except Refusal as refusal:
            raise StepRefusedError(refusal.code(), refusal.detail(), refusal.status) from refusal
        except OSError as error:
            raise UnreachableError(f"the database cannot be reached: {error}") from error
