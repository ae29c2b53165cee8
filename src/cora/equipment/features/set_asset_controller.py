"""Say which asset drives another one, or with null that none does. The one it has already changes nothing."""

from dataclasses import dataclass
from uuid import UUID

from cora.equipment.aggregates.asset import ASSET, require_controller, require_living
from cora.equipment.aggregates.asset.errors import (
    AssetIsDecommissionedError,
    ControllerCycleError,
    ControllerIsDecommissionedError,
    ControllerNotFoundError,
)
from cora.equipment.aggregates.asset.events import AssetControllerSet
from cora.equipment.aggregates.asset.state import Asset
from cora.equipment.line import LONGEST_LINE, line_upward
from cora.kernel.principal import Role
from cora.kernel.reader import Reader
from cora.kernel.slice import Command, decides


class SetAssetController(Command):
    """The asset that drives it, or null."""

    asset_id: UUID
    controller_id: UUID | None


@dataclass(frozen=True)
class Context:
    """The controller, and the line of controllers from it upward, as far as the asset itself."""

    controller: Asset | None
    line: tuple[UUID, ...]


async def load_context(command: SetAssetController, asset: Asset, read: Reader) -> Context:
    controller = await read.get(ASSET, command.controller_id) if command.controller_id else None
    return Context(controller, await line_upward(read, controller, lambda each: each.controller_id, asset.id))


@decides(
    "POST /assets/{asset_id}/set-controller",
    on=ASSET,
    allow=Role.OPERATOR,
    refuses=(
        AssetIsDecommissionedError,
        ControllerNotFoundError,
        ControllerIsDecommissionedError,
        ControllerCycleError,
    ),
    loads=load_context,
)
def set_asset_controller(command: SetAssetController, asset: Asset, context: Context) -> list[AssetControllerSet]:
    require_living(asset)
    to = command.controller_id
    if to is not None:
        require_controller(to, context.controller)
    if to == asset.controller_id:
        return []
    if to is not None and (why := _obstacle(asset, to, context.line)):
        raise ControllerCycleError(asset.id, to, why)
    return [AssetControllerSet(to)]


def _obstacle(asset: Asset, to: UUID, line: tuple[UUID, ...]) -> str | None:
    if to == asset.id:
        return "that is the asset itself"
    if asset.id in line:
        return "it is controlled by the asset, directly or through others"
    if len(line) >= LONGEST_LINE:
        return f"the line of its controllers would be longer than {LONGEST_LINE} assets"
    return None
