from dataclasses import replace

import pytest
from hypothesis import given
from pydantic import ValidationError
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
from cora.equipment.aggregates.asset.errors import AssetIsDecommissionedError, AssetPortAlreadyPresentError
from cora.equipment.aggregates.asset.events import AssetPortAdded
from cora.equipment.aggregates.asset.state import Asset
from cora.equipment.features.add_asset_port import AddAssetPort, add_asset_port
from cora.equipment.values import Port, PortDirection

PORT = Port("pso_out", PortDirection.OUTPUT, "TTL")
COMMAND = AddAssetPort(asset_id=ASSET_ID, port=PORT)


def test_a_port_is_added() -> None:
    assert add_asset_port(COMMAND, an_asset()) == [AssetPortAdded(PORT)]


def test_a_second_port_of_that_name_is_refused_ignoring_case() -> None:
    has = Port("PSO_OUT", PortDirection.INPUT, "LVDS")
    with pytest.raises(AssetPortAlreadyPresentError) as refused:
        add_asset_port(COMMAND, an_asset(ports=(has,)))
    assert refused.value.members() == {"asset_id": ASSET_ID, "name": "PSO_OUT"}


def test_a_decommissioned_asset_is_refused_first() -> None:
    with pytest.raises(AssetIsDecommissionedError):
        add_asset_port(COMMAND, a_dead_asset(ports=(PORT,)))


def test_a_port_name_holds_no_white_space() -> None:
    with pytest.raises(ValidationError):
        AddAssetPort.model_validate(
            {"asset_id": ASSET_ID, "port": {"name": "pso out", "direction": "Output", "signal_type": "TTL"}}
        )


@given(assets(), ports)
def test_a_port_is_added_exactly_when_its_name_is_free(asset: Asset, port: Port) -> None:
    command = AddAssetPort(asset_id=ASSET_ID, port=port)
    refused = refusal(add_asset_port, command=command, asset=asset)
    assert refused is first_true(
        (asset.is_decommissioned, AssetIsDecommissionedError),
        (port.name.casefold() in [each.name.casefold() for each in asset.ports], AssetPortAlreadyPresentError),
    )
    if not refused:
        assert folds(ASSET, asset, add_asset_port(command, asset)) == replace(asset, ports=(*asset.ports, port))
