"""Record which model an asset is of, or, with a reason, that it is of another one than was said. The model must declare
every family of the asset. The model it has already changes nothing."""

from dataclasses import dataclass
from uuid import UUID

from cora.equipment.aggregates.asset import ASSET, require_declared, require_living
from cora.equipment.aggregates.asset.errors import AssetIsDecommissionedError, AssetModelMismatchError
from cora.equipment.aggregates.asset.events import AssetModelBound
from cora.equipment.aggregates.asset.state import Asset
from cora.equipment.aggregates.model import MODEL, Model, ModelDeprecatedError, ModelNotFoundError, require_current
from cora.equipment.values import Reason
from cora.kernel.errors import InvalidRequestError, Violation
from cora.kernel.principal import Role
from cora.kernel.reader import Reader
from cora.kernel.slice import Command, decides


class BindAssetModel(Command):
    """The model an asset is of; `reason` must be given when it was said to be of another."""

    asset_id: UUID
    model_id: UUID
    reason: Reason | None = None


@dataclass(frozen=True)
class Context:
    """The model."""

    model: Model | None


async def load_context(command: BindAssetModel, asset: Asset, read: Reader) -> Context:
    return Context(await read.get(MODEL, command.model_id))


@decides(
    "POST /assets/{asset_id}/bind-model",
    on=ASSET,
    allow=Role.OPERATOR,
    refuses=(
        AssetIsDecommissionedError,
        ModelNotFoundError,
        ModelDeprecatedError,
        AssetModelMismatchError,
        InvalidRequestError,
    ),
    loads=load_context,
)
def bind_asset_model(command: BindAssetModel, asset: Asset, context: Context) -> list[AssetModelBound]:
    require_living(asset)
    model = require_current(command.model_id, context.model)
    require_declared(asset.family_ids, model.id, model.declared_family_ids)
    if model.id == asset.model_id:
        return []
    if asset.model_id is not None and command.reason is None:
        says = f"is required: asset {asset.id} is bound to model {asset.model_id} already"
        raise InvalidRequestError((Violation("/reason", says),))
    return [AssetModelBound(model.id, asset.model_id, command.reason)]
