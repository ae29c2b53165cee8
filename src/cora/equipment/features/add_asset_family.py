"""Record that an asset is of a family, too. The model it is bound to, if any, must declare that family."""

from dataclasses import dataclass
from uuid import UUID

from cora.equipment.aggregates.asset import ASSET, require_declared, require_living
from cora.equipment.aggregates.asset.errors import (
    AssetFamilyAlreadyPresentError,
    AssetIsDecommissionedError,
    AssetModelMismatchError,
)
from cora.equipment.aggregates.asset.events import AssetFamilyAdded
from cora.equipment.aggregates.asset.state import Asset
from cora.equipment.aggregates.family import FAMILY, Family, FamilyDeprecatedError, FamilyNotFoundError, require_usable
from cora.equipment.aggregates.model import MODEL, Model
from cora.kernel.principal import Role
from cora.kernel.reader import Reader
from cora.kernel.slice import Command, decides


class AddAssetFamily(Command):
    """The family an asset is of."""

    asset_id: UUID
    family_id: UUID


@dataclass(frozen=True)
class Context:
    """The family, and the model the asset is bound to."""

    family: Family | None
    model: Model | None


async def load_context(command: AddAssetFamily, asset: Asset, read: Reader) -> Context:
    await read.ahead(command.family_id, asset.model_id)
    return Context(
        family=await read.get(FAMILY, command.family_id),
        model=await read.get(MODEL, asset.model_id) if asset.model_id else None,
    )


@decides(
    "POST /assets/{asset_id}/add-family",
    on=ASSET,
    allow=Role.OPERATOR,
    refuses=(
        AssetIsDecommissionedError,
        FamilyNotFoundError,
        FamilyDeprecatedError,
        AssetFamilyAlreadyPresentError,
        AssetModelMismatchError,
    ),
    loads=load_context,
)
def add_asset_family(command: AddAssetFamily, asset: Asset, context: Context) -> list[AssetFamilyAdded]:
    require_living(asset)
    require_usable((command.family_id,), {command.family_id: context.family})
    if command.family_id in asset.family_ids:
        raise AssetFamilyAlreadyPresentError(asset.id, command.family_id)
    if context.model is not None:
        require_declared((command.family_id,), context.model.id, context.model.declared_family_ids)
    return [AssetFamilyAdded(command.family_id)]
