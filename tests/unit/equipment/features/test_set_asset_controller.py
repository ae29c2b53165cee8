from dataclasses import replace
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from tests.unit.equipment.strategies_asset import (
    ASSET_ID,
    OTHER_ID,
    World,
    a_dead_asset,
    an_asset,
    assets,
    decide,
    first_true,
    folds,
    ids,
    numbered,
    optional_ids,
    refusal,
)

from cora.equipment.aggregates.asset import ASSET
from cora.equipment.aggregates.asset.errors import (
    AssetIsDecommissionedError,
    ControllerCycleError,
    ControllerIsDecommissionedError,
    ControllerNotFoundError,
)
from cora.equipment.aggregates.asset.events import AssetControllerSet
from cora.equipment.aggregates.asset.state import Asset
from cora.equipment.features.set_asset_controller import Context, SetAssetController, set_asset_controller
from cora.equipment.line import LONGEST_LINE
from cora.kernel.aggregate import Reference
from cora.kernel.reader import Reader

CONTROLLER = an_asset(id=OTHER_ID, name="Drive")


async def set_controller(to: UUID | None, *assets_there: Asset) -> list[AssetControllerSet]:
    command = SetAssetController(asset_id=ASSET_ID, controller_id=to)
    events = await decide(set_asset_controller, command, *((ASSET, each) for each in assets_there))
    return [event for event in events if isinstance(event, AssetControllerSet)]


def line(length: int) -> list[Asset]:
    """Assets of which each is controlled by the one before."""
    found = [an_asset(id=numbered(100))]
    for number in range(1, length):
        found.append(an_asset(id=numbered(100 + number), controller_id=found[-1].id))
    return found


async def test_a_controller_is_set_and_pointed_at() -> None:
    events = await set_controller(OTHER_ID, an_asset(), CONTROLLER)
    assert events == [AssetControllerSet(OTHER_ID)]
    assert Reference("asset.controller_id", OTHER_ID) in set(ASSET.references(folds(ASSET, an_asset(), events)))


async def test_null_takes_the_controller_away() -> None:
    controlled = an_asset(controller_id=OTHER_ID)
    events = await set_controller(None, controlled)
    assert events == [AssetControllerSet(None)]
    assert "asset.controller_id" not in {relation for relation, _ in ASSET.references(folds(ASSET, controlled, events))}


def test_the_controller_has_to_be_given() -> None:
    with pytest.raises(ValidationError):
        SetAssetController.model_validate({"asset_id": ASSET_ID})


async def test_the_same_again_changes_nothing() -> None:
    assert await set_controller(None, an_asset()) == []
    assert await set_controller(OTHER_ID, an_asset(controller_id=OTHER_ID), CONTROLLER) == []


async def test_an_unknown_controller_is_refused() -> None:
    with pytest.raises(ControllerNotFoundError):
        await set_controller(OTHER_ID, an_asset())


async def test_a_decommissioned_controller_is_refused_before_a_cycle() -> None:
    with pytest.raises(ControllerIsDecommissionedError):
        await set_controller(OTHER_ID, an_asset(), a_dead_asset(id=OTHER_ID, controller_id=ASSET_ID))


async def test_it_does_not_control_itself() -> None:
    with pytest.raises(ControllerCycleError) as refused:
        await set_controller(ASSET_ID, an_asset())
    assert "itself" in refused.value.why


async def test_it_does_not_control_itself_through_others() -> None:
    between = an_asset(id=numbered(30), controller_id=ASSET_ID)
    with pytest.raises(ControllerCycleError) as refused:
        await set_controller(OTHER_ID, an_asset(), between, replace(CONTROLLER, controller_id=between.id))
    assert refused.value.members().items() >= {"asset_id": ASSET_ID, "controller_id": OTHER_ID}.items()
    assert "through others" in refused.value.why


async def test_a_line_may_be_as_long_as_it_is_walked_and_no_longer() -> None:
    longest = line(LONGEST_LINE)
    assert await set_controller(longest[-2].id, an_asset(), *longest)
    with pytest.raises(ControllerCycleError) as refused:
        await set_controller(longest[-1].id, an_asset(), *longest)
    assert "64" in refused.value.why


async def test_a_line_that_never_ends_is_not_walked_to_its_end() -> None:
    endless = line(3 * LONGEST_LINE)
    read = Reader(World(tuple((ASSET, each) for each in (*endless, an_asset()))))
    with pytest.raises(ControllerCycleError):
        command = SetAssetController(asset_id=ASSET_ID, controller_id=endless[-1].id)
        await decide(set_asset_controller, command, reader=read)
    assert len(read.states) == LONGEST_LINE + 2


async def test_the_controller_it_has_is_no_change_however_long_the_line() -> None:
    longer = line(LONGEST_LINE + 5)
    assert await set_controller(longer[-1].id, an_asset(controller_id=longer[-1].id), *longer) == []


async def test_a_decommissioned_asset_is_refused_first() -> None:
    with pytest.raises(AssetIsDecommissionedError):
        await set_controller(ASSET_ID, a_dead_asset())


@given(
    assets(),
    optional_ids,
    assets() | st.none(),
    st.lists(ids, max_size=3, unique=True) | st.just([numbered(1000 + n) for n in range(LONGEST_LINE)]),
)
def test_refusals_come_in_the_order_of_the_row(
    asset: Asset, to: UUID | None, controller: Asset | None, above: list[UUID]
) -> None:
    context = Context(controller if to else None, (to, *above)[:LONGEST_LINE] if to and controller else ())
    command = SetAssetController(asset_id=ASSET_ID, controller_id=to)
    ends_badly = ASSET_ID in context.line or len(context.line) == LONGEST_LINE
    refused = refusal(set_asset_controller, command=command, asset=asset, context=context)
    assert refused is first_true(
        (asset.is_decommissioned, AssetIsDecommissionedError),
        (to is not None and controller is None, ControllerNotFoundError),
        (bool(to and controller and controller.is_decommissioned), ControllerIsDecommissionedError),
        (to is not None and to != asset.controller_id and ends_badly, ControllerCycleError),
    )
    if not refused:
        events = set_asset_controller(command, asset, context)
        assert folds(ASSET, asset, events) == replace(asset, controller_id=to)
        assert bool(events) == (asset.controller_id != to)
