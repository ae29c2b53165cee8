"""Detach an asset from the fixture it serves in. Do this before uninstalling or decommissioning it."""

from uuid import UUID

from cora.equipment.aggregates.asset import ASSET
from cora.equipment.aggregates.asset.errors import AssetAttachedToDifferentFixtureError, AssetNotAttachedToFixtureError
from cora.equipment.aggregates.asset.events import AssetDetachedFromFixture
from cora.equipment.aggregates.asset.state import Asset
from cora.kernel.principal import Role
from cora.kernel.slice import Command, decides


class DetachAssetFromFixture(Command):
    """Which asset serves no longer, and in which fixture it is believed to be."""

    asset_id: UUID
    fixture_id: UUID


@decides(
    "POST /assets/{asset_id}/detach-from-fixture",
    on=ASSET,
    allow=Role.OPERATOR,
    refuses=(AssetNotAttachedToFixtureError, AssetAttachedToDifferentFixtureError),
    ends=True,
)
def detach_asset_from_fixture(command: DetachAssetFromFixture, asset: Asset) -> list[AssetDetachedFromFixture]:
    if asset.fixture_id is None:
        raise AssetNotAttachedToFixtureError(asset.id)
    if asset.fixture_id != command.fixture_id:
        raise AssetAttachedToDifferentFixtureError(asset.id, asset.fixture_id, command.fixture_id)
    return [AssetDetachedFromFixture(asset.fixture_id)]
