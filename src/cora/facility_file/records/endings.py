"""Which instruments can be decommissioned as their records say: nothing that lives stands on them."""

from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

from cora.equipment.aggregates.asset.state import Asset
from cora.facility_file.keys import installed_key
from cora.facility_file.port import Facility
from cora.facility_file.records.assets import Life
from cora.facility_file.records.items import Item


async def settle_ends(items: Sequence[Item], lives: dict[Item, Life], facility: Facility) -> None:
    """Take the end of those that cannot be decommissioned, parts before their whole; each is told."""
    ending = {item.recorded.id for item in items if item.recorded and lives[item].ended is not None}
    for item in sorted(items, key=lambda each: -len(each.path)):
        life = lives[item]
        if life.ended is None:
            continue
        why = await _why_not(item, lives, ending, facility)
        if why is not None:
            item.tell(item.record.at("dates"), f"DeCommissioned {life.ended.date()} is not kept: {why}")
            lives[item] = replace(life, ended=None)
            if item.recorded is not None:
                ending.discard(item.recorded.id)
        elif item.recorded is not None and item.recorded.occurred_at > life.ended:
            last = item.recorded.occurred_at
            item.tell(item.record.at("dates"), f"DeCommissioned {life.ended.date()} is recorded as of {last.date()}")
            lives[item] = replace(life, ended=last)


async def _why_not(item: Item, lives: dict[Item, Life], ending: set[UUID], facility: Facility) -> str | None:
    for child in item.children:
        if child in lives and lives[child].ended is None and not child.is_dead:
            return f"its part '{child.path[-1]}' is not"
    if item.recorded is None:
        return None
    asset: Asset = item.recorded.state
    if asset.fixture_id is not None:
        return "it is attached to a fixture"
    (mount_id,) = await facility.holders([installed_key(asset.id)])
    if mount_id is not None:
        return "it is installed in a mount"
    for relation, says in (("parent_id", "its part"), ("controller_id", "what it controls,")):
        async for record in facility.listed("asset", {relation: (str(asset.id),)}):
            if not record.state.is_decommissioned and record.id not in ending:
                return f"{says} '{record.state.name}' is not"
    return None
