from dataclasses import replace
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.equipment.strategies_asset import (
    ASSET_ID,
    OTHER_ID,
    PARENT_ID,
    World,
    a_dead_asset,
    an_asset,
    assets,
    decide,
    first_true,
    folds,
    ids,
    numbered,
    refusal,
)

from cora.equipment.aggregates.asset import ASSET
from cora.equipment.aggregates.asset.errors import (
    AssetCannotRelocateError,
    AssetIsDecommissionedError,
    ParentIsDecommissionedError,
    ParentNotFoundError,
)
from cora.equipment.aggregates.asset.events import AssetRelocated
from cora.equipment.aggregates.asset.state import Asset
from cora.equipment.features.relocate_asset import Context, RelocateAsset, relocate_asset
from cora.equipment.line import LONGEST_LINE
from cora.kernel.aggregate import joined_ids
from cora.kernel.reader import Reader

ROOT = an_asset(id=numbered(50), parent_id=None, facility_code="aps")
PARENT = an_asset(id=PARENT_ID, parent_id=ROOT.id)
OTHER = an_asset(id=OTHER_ID, parent_id=ROOT.id)


async def relocate(to: UUID, *assets_there: Asset, asset_id: UUID = ASSET_ID) -> list[AssetRelocated]:
    command = RelocateAsset(asset_id=asset_id, to_parent_id=to, reason="beamline upgrade")
    events = await decide(relocate_asset, command, *((ASSET, each) for each in assets_there))
    return [event for event in events if isinstance(event, AssetRelocated)]


def chain(levels: int) -> list[Asset]:
    """A line of assets, a root first."""
    line = [ROOT]
    for number in range(1, levels):
        line.append(an_asset(id=numbered(100 + number), parent_id=line[-1].id))
    return line


async def test_it_moves_under_another_parent() -> None:
    (event,) = await relocate(OTHER_ID, an_asset(), PARENT, OTHER, ROOT)
    assert event == AssetRelocated(PARENT_ID, OTHER_ID, "beamline upgrade")
    assert set(joined_ids(event)) == {PARENT_ID, OTHER_ID}


@pytest.mark.parametrize(
    ("to", "asset_id", "why"),
    [
        (OTHER_ID, ROOT.id, "root"),
        (ASSET_ID, ASSET_ID, "itself"),
        (ASSET_ID, PARENT_ID, "part"),
        (PARENT_ID, ASSET_ID, "already"),
    ],
)
async def test_where_it_cannot_go(to: UUID, asset_id: UUID, why: str) -> None:
    with pytest.raises(AssetCannotRelocateError) as refused:
        await relocate(to, an_asset(), PARENT, OTHER, ROOT, asset_id=asset_id)
    assert why in refused.value.why


async def test_it_may_stand_on_the_deepest_level_and_not_below() -> None:
    line = chain(LONGEST_LINE)
    moving = an_asset(parent_id=ROOT.id)
    assert await relocate(line[-2].id, moving, *line)
    with pytest.raises(AssetCannotRelocateError) as refused:
        await relocate(line[-1].id, moving, *line)
    assert "64" in refused.value.why


async def test_a_line_that_never_ends_is_not_walked_to_its_end() -> None:
    line = chain(3 * LONGEST_LINE)
    read = Reader(World(tuple((ASSET, each) for each in (*line, an_asset(parent_id=ROOT.id)))))
    command = RelocateAsset(asset_id=ASSET_ID, to_parent_id=line[-1].id, reason="x")
    with pytest.raises(AssetCannotRelocateError):
        await decide(relocate_asset, command, reader=read)
    assert len(read.states) == LONGEST_LINE + 2


async def test_it_reads_the_line_above_and_no_children() -> None:
    read = Reader(World(tuple((ASSET, each) for each in (an_asset(), PARENT, OTHER, ROOT))))
    await decide(relocate_asset, RelocateAsset(asset_id=ASSET_ID, to_parent_id=OTHER_ID, reason="x"), reader=read)
    assert set(read.read_set().versions) == {ASSET_ID, OTHER_ID, ROOT.id}
    assert not read.read_set().relations


async def test_an_unknown_parent_is_refused() -> None:
    with pytest.raises(ParentNotFoundError):
        await relocate(OTHER_ID, an_asset(), PARENT, ROOT)


async def test_a_decommissioned_parent_is_refused() -> None:
    with pytest.raises(ParentIsDecommissionedError):
        await relocate(OTHER_ID, an_asset(), PARENT, a_dead_asset(id=OTHER_ID), ROOT)


async def test_a_decommissioned_asset_is_refused_first() -> None:
    with pytest.raises(AssetIsDecommissionedError):
        await relocate(ASSET_ID, a_dead_asset())


@given(
    assets(),
    ids,
    assets() | st.none(),
    st.lists(ids, max_size=3, unique=True) | st.just([numbered(1000 + n) for n in range(LONGEST_LINE)]),
)
def test_refusals_come_in_the_order_of_the_row(asset: Asset, to: UUID, parent: Asset | None, above: list[UUID]) -> None:
    line = (to, *above)[:LONGEST_LINE] if parent else ()
    command, context = RelocateAsset(asset_id=ASSET_ID, to_parent_id=to, reason="upgrade"), Context(parent, line)
    cannot = (
        asset.parent_id is None
        or to == asset.id
        or asset.id in line
        or to == asset.parent_id
        or len(line) == LONGEST_LINE
    )
    refused = refusal(relocate_asset, command=command, asset=asset, context=context)
    assert refused is first_true(
        (asset.is_decommissioned, AssetIsDecommissionedError),
        (cannot, AssetCannotRelocateError),
        (parent is None, ParentNotFoundError),
        (parent is not None and parent.is_decommissioned, ParentIsDecommissionedError),
    )
    if not refused:
        assert folds(ASSET, asset, relocate_asset(command, asset, context)) == replace(asset, parent_id=to)
