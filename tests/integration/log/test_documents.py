"""Records as people read them: one by id, and lists by filter, sort and cursor."""

import json
from functools import partial
from typing import Any
from uuid import UUID, uuid4

import pytest

from cora.kernel.documents import Asked
from cora.kernel.errors import InvalidRequestError
from cora.kernel.showing import show

from . import records, toy
from .harness import Client

BAY, UNIT = records.BAY, records.UNIT


async def _listed(client: Client, **asked: Any) -> list[dict[str, Any]]:
    """Every page of a list, one after another."""
    items: list[dict[str, Any]] = []
    after: str | None = None
    while True:
        page = await client.log.list(BAY, Asked(after=after, **asked))
        told = json.loads(page.body)
        assert page.size == len(told["items"])
        items += told["items"]
        after = told["next"]
        if after is None:
            return items


async def test_a_record_is_shown_with_its_versions_and_times(client: Client) -> None:
    told = await client.run(toy.OpenBay(name="west"))
    later = await client.run(toy.RenameBay(bay_id=UUID(told["id"]), name="east"))
    envelope = await client.kernel.see(partial(show, BAY, UUID(told["id"])))
    assert envelope.version == 2
    assert json.loads(envelope.body) == {
        "id": told["id"],
        "kind": "bay",
        "version": 2,
        "position": 2,
        "began_at": told["occurred_at"],
        "created_at": told["recorded_at"],
        "recorded_at": later["recorded_at"],
        "occurred_at": later["occurred_at"],
        "state": later["state"],
    }


async def test_there_is_none_of_another_kind_or_of_none(client: Client) -> None:
    bay = await client.open_bay()
    with pytest.raises(records.UnitNotFoundError):
        await client.kernel.see(partial(show, UNIT, bay))
    with pytest.raises(records.BayNotFoundError):
        await client.kernel.see(partial(show, BAY, uuid4()))


@pytest.mark.parametrize("limit", [1, 3, 50])
@pytest.mark.parametrize("sort", [None, "name", "-name"])
async def test_pages_hold_every_record_once_and_in_order(client: Client, limit: int, sort: str | None) -> None:
    names = ["b", "a", "ä", "B", "c d", "10", "9", 'quo"te']
    ids = [str(await client.open_bay(name)) for name in names]
    items = await _listed(client, limit=limit, sort=sort)
    assert sorted(item["id"] for item in items) == sorted(ids)
    match sort:
        case None:
            assert [item["id"] for item in items] == sorted(ids)
        case "name":
            assert [item["state"]["name"] for item in items] == sorted(names)
        case _:
            assert [item["state"]["name"] for item in items] == sorted(names, reverse=True)


async def test_a_filter_takes_any_of_its_values(client: Client) -> None:
    one, two, three = [await client.open_bay(name) for name in ("1", "2", "3")]
    await client.run(toy.CloseBay(bay_id=two))
    unit = await client.register_unit(three)
    await client.run(toy.TallyBay(bay_id=three))
    shown = [UUID(item["id"]) for item in await _listed(client, filters={"closed": ("true",)})]
    assert shown == [two]
    shown = [UUID(item["id"]) for item in await _listed(client, filters={"closed": ("true", "false")})]
    assert shown == [one, two, three]
    shown = [UUID(item["id"]) for item in await _listed(client, filters={"tally": (str(uuid4()), str(unit))})]
    assert shown == [three]
    assert not await _listed(client, filters={"tally": (str(unit),), "closed": ("true",)})


async def test_what_is_wrong_is_told_all_at_once(client: Client) -> None:
    asked = Asked(filters={"colour": ("red",)}, sort="age", limit=201, after="?")
    with pytest.raises(InvalidRequestError) as refused:
        await client.log.list(BAY, asked)
    assert [each.pointer for each in refused.value.errors] == ["/colour", "/sort", "/limit", "/cursor"]


async def test_a_cursor_belongs_to_its_sort(client: Client) -> None:
    for name in ("1", "2"):
        await client.open_bay(name)
    page = json.loads((await client.log.list(BAY, Asked(limit=1))).body)
    with pytest.raises(InvalidRequestError):
        await client.log.list(BAY, Asked(limit=1, sort="name", after=page["next"]))
