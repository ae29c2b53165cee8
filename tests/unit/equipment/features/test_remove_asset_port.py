from dataclasses import replace

import pytest
from hypothesis import given
from tests.unit.equipment.strategies_asset import (
    ASSET_ID,
    a_dead_asset,
    an_asset,
    assets,
    first_true,
    folds,
    ports,
    refusal,
)

from cora.equipment.aggregates.asset import ASSET
from cora.equipment.aggregates.asset.errors import AssetIsDecommissionedError, AssetPortNotPresentError
from cora.equipment.aggregates.asset.events import AssetPortRemoved
from cora.equipment.aggregates.asset.state import Asset
from cora.equipment.features.remove_asset_port import RemoveAssetPort, remove_asset_port
from cora.equipment.values import Port, PortDirection

PORT = Port("pso_out", PortDirection.OUTPUT, "TTL")


def test_a_port_is_removed_by_its_name_ignoring_case() -> None:
    command = RemoveAssetPort(asset_id=ASSET_ID, name="PSO_out")
    assert remove_asset_port(command, an_asset(ports=(PORT,))) == [AssetPortRemoved("pso_out")]


def test_a_port_it_does_not_have_is_refused() -> None:
    with pytest.raises(AssetPortNotPresentError) as refused:
        remove_asset_port(RemoveAssetPort(asset_id=ASSET_ID, name="trigger_in"), an_asset(ports=(PORT,)))
    assert refused.value.members() == {"asset_id": ASSET_ID, "name": "trigger_in"}


def test_a_decommissioned_asset_is_refused_first() -> None:
    with pytest.raises(AssetIsDecommissionedError):
        remove_asset_port(RemoveAssetPort(asset_id=ASSET_ID, name="trigger_in"), a_dead_asset())


@given(assets(), ports)
def test_exactly_the_named_port_goes(asset: Asset, port: Port) -> None:
    command = RemoveAssetPort(asset_id=ASSET_ID, name=port.name)
    left = tuple(each for each in asset.ports if each.name.casefold() != port.name.casefold())
    refused = refusal(remove_asset_port, command=command, asset=asset)
    assert refused is first_true(
        (asset.is_decommissioned, AssetIsDecommissionedError), (left == asset.ports, AssetPortNotPresentError)
    )
    if not refused:
        assert folds(ASSET, asset, remove_asset_port(command, asset)) == replace(asset, ports=left)
