"""Change the settings of an asset by an RFC 7396 merge patch: a key with null is removed, an object is merged, anything
else replaces. The whole result must satisfy the settings schema of each of the asset's families."""

from dataclasses import dataclass
from uuid import UUID

from cora.equipment.aggregates.asset import ASSET, require_living
from cora.equipment.aggregates.asset.errors import AssetIsDecommissionedError, InvalidAssetSettingsError
from cora.equipment.aggregates.asset.events import AssetSettingsUpdated
from cora.equipment.aggregates.asset.state import Asset
from cora.equipment.aggregates.family import FAMILY
from cora.equipment.settings import FamilySchema, merged, same_json, setting_violations
from cora.equipment.values import JsonObject
from cora.kernel.principal import Role
from cora.kernel.reader import Reader
from cora.kernel.slice import Command, decides


class UpdateAssetSettings(Command):
    """The patch; over HTTP it is the body itself."""

    asset_id: UUID
    patch: JsonObject


@dataclass(frozen=True)
class Context:
    """The schemas of those of the asset's families that have one."""

    schemas: tuple[FamilySchema, ...]


async def load_context(command: UpdateAssetSettings, asset: Asset, read: Reader) -> Context:
    await read.ahead(*asset.family_ids)
    families = [await read.require(FAMILY, family_id) for family_id in asset.family_ids]
    return Context(
        tuple(
            FamilySchema(family.name, family.settings_schema)
            for family in families
            if family.settings_schema is not None
        )
    )


@decides(
    "PATCH /assets/{asset_id}/settings",
    on=ASSET,
    allow=Role.OPERATOR,
    refuses=(AssetIsDecommissionedError, InvalidAssetSettingsError),
    loads=load_context,
)
def update_asset_settings(command: UpdateAssetSettings, asset: Asset, context: Context) -> list[AssetSettingsUpdated]:
    require_living(asset)
    settings = merged(asset.settings, command.patch)
    if violations := setting_violations(settings, context.schemas):
        raise InvalidAssetSettingsError(violations)
    if same_json(settings, asset.settings):
        return []
    return [AssetSettingsUpdated(command.patch, settings)]
