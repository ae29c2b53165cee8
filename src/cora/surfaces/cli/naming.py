"""Names where records point at others by id, as people read them: each that is pointed at is asked for once."""

import asyncio
from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, cast

from cora.kernel.errors import NotFoundError
from cora.surfaces.cli.asking import Ask, Parameters
from cora.surfaces.cli.common import ProblemError
from cora.surfaces.cli.finding import KINDS
from cora.surfaces.cli.words import Data, by_name

MOST_ASKED = 200
"""Records that are asked for; the others keep their ids."""
_AT_ONCE = 8

_OWN_KIND = "parent_id"
_KIND_OF = MappingProxyType(
    {
        "installed_asset_id": "asset",
        "asset_id": "asset",
        "controller_id": "asset",
        "model_id": "model",
        "fixture_id": "fixture",
        "assembly_id": "assembly",
        "family_ids": "family",
        "declared_family_ids": "family",
        "required_family_ids": "family",
        "presents_as_family_id": "family",
        "presents_as": "role",
        "parent_frame_id": "frame",
        "predecessor_frame_id": "frame",
    }
)
"""What the fields of states point at."""


async def named_states(ask: Ask, records: Iterable[dict[str, Any]], when: Parameters) -> list[dict[str, Any]]:
    """Records of a list, with names in their states."""
    records = list(records)
    names = await _names(
        ask, (each for record in records for each in _pointed(record["kind"], "", record["state"])), when
    )
    return [{**record, "state": by_name(record["state"], names)} for record in records]


async def named_events(ask: Ask, id: str, events: Iterable[dict[str, Any]], when: Parameters) -> list[dict[str, Any]]:
    """Events of the history of a record, with names in what they changed, and in `on` that of another record."""
    events = list(events)
    pointed = [each for event in events for each in _changed(event)]
    streams = [(event["stream_kind"], event["stream"]) for event in events if event["stream"] != id]
    names = await _names(ask, (*streams, *pointed), when)
    others = {**names, id: ""}
    return [
        {**event, "changes": by_name(event["changes"], names), "on": others.get(event["stream"], event["stream"])}
        for event in events
    ]


def _changed(event: Data) -> Iterator[tuple[str, str]]:
    for change in event["changes"]:
        steps = [step for step in change["pointer"].split("/") if not step.isdecimal()]
        for value in (change.get("before"), change.get("after")):
            yield from _pointed(event["stream_kind"], steps[-1], value)


def _pointed(kind: str, field: str, value: Any) -> Iterator[tuple[str, str]]:
    """Kind and id of the records that a field of a record of this kind points at."""
    if isinstance(value, dict):
        for name, part in cast("Data", value).items():
            yield from _pointed(kind, name, part)
    elif isinstance(value, list):
        for part in cast("list[Any]", value):
            yield from _pointed(kind, field, part)
    elif isinstance(value, str) and (of := kind if field == _OWN_KIND else _KIND_OF.get(field)):
        yield of, value


async def _names(ask: Ask, wanted: Iterable[tuple[str, str]], when: Parameters) -> Mapping[str, str]:
    """What people call records, by id, as far as they are found."""
    free = asyncio.Semaphore(_AT_ONCE)

    async def name(kind: str, id: str) -> tuple[str, str]:
        aggregate = KINDS[kind].aggregate
        async with free:
            try:
                found: Any = await ask(f"/{aggregate.collection}/{id}", {**when, "beside": ["false"]})
            except (NotFoundError, ProblemError):
                return id, id
        found = found["state"]
        for step in aggregate.title:
            found = found[step]
        return id, str(found)

    asked = list(dict.fromkeys(wanted))[:MOST_ASKED]
    return dict(await asyncio.gather(*(name(kind, id) for kind, id in asked)))
