"""Say which drawing shows an asset, or with null that none does. The one it has already changes nothing."""

from uuid import UUID

from cora.equipment.aggregates.asset import ASSET, require_living
from cora.equipment.aggregates.asset.errors import AssetIsDecommissionedError
from cora.equipment.aggregates.asset.events import AssetDrawingSet
from cora.equipment.aggregates.asset.state import Asset
from cora.equipment.values import Drawing
from cora.kernel.principal import Role
from cora.kernel.slice import Command, decides


class SetAssetDrawing(Command):
    """The drawing that shows it, or null."""

    asset_id: UUID
    drawing: Drawing | None


@decides(
    "POST /assets/{asset_id}/set-drawing",
    on=ASSET,
    allow=Role.OPERATOR,
    refuses=(AssetIsDecommissionedError,),
)
def set_asset_drawing(command: SetAssetDrawing, asset: Asset) -> list[AssetDrawingSet]:
    require_living(asset)
    if command.drawing == asset.drawing:
        return []
    return [AssetDrawingSet(command.drawing)]
