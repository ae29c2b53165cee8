"""Record that an asset is not of a family any more. Its settings stay; the next update of them must do without it."""

from uuid import UUID

from cora.equipment.aggregates.asset import ASSET, require_living
from cora.equipment.aggregates.asset.errors import AssetFamilyNotPresentError, AssetIsDecommissionedError
from cora.equipment.aggregates.asset.events import AssetFamilyRemoved
from cora.equipment.aggregates.asset.state import Asset
from cora.kernel.principal import Role
from cora.kernel.slice import Command, decides


class RemoveAssetFamily(Command):
    """The family an asset is not of any more."""

    asset_id: UUID
    family_id: UUID


@decides(
    "POST /assets/{asset_id}/remove-family",
    on=ASSET,
    allow=Role.OPERATOR,
    refuses=(AssetIsDecommissionedError, AssetFamilyNotPresentError),
    ends=True,
)
def remove_asset_family(command: RemoveAssetFamily, asset: Asset) -> list[AssetFamilyRemoved]:
    require_living(asset)
    if command.family_id not in asset.family_ids:
        raise AssetFamilyNotPresentError(asset.id, command.family_id)
    return [AssetFamilyRemoved(command.family_id)]
