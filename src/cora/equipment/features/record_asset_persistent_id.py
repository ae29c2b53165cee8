"""Record the persistent identifier that an asset has already, such as that of a migrated instrument, once and for all.
No authority is called; to have a new identifier minted use assign_asset_persistent_id."""

from uuid import UUID

from cora.equipment.aggregates.asset import ASSET
from cora.equipment.aggregates.asset.state import Asset
from cora.equipment.aggregates.persistent_id import (
    AssetPersistentIdAlreadyAssignedError,
    AssetPersistentIdAssignmentForbiddenError,
    PersistentIdReservedError,
    PersistentIdTakenError,
)
from cora.equipment.recording import Recording, RecordPersistentId, load_recording, record_identifier
from cora.equipment.subject import ASSETS
from cora.kernel.aggregate import Event
from cora.kernel.principal import Role
from cora.kernel.reader import Reader
from cora.kernel.slice import On, decides


class RecordAssetPersistentId(RecordPersistentId):
    """Which asset has which identifier."""

    asset_id: UUID


async def load_context(command: RecordAssetPersistentId, asset: Asset, read: Reader) -> Recording:
    return await load_recording(ASSETS, asset, read)


@decides(
    "POST /assets/{asset_id}/record-persistent-id",
    on=ASSET,
    allow=Role.STEWARD,
    refuses=(
        AssetPersistentIdAssignmentForbiddenError,
        AssetPersistentIdAlreadyAssignedError,
        PersistentIdReservedError,
        PersistentIdTakenError,
    ),
    loads=load_context,
    ends=True,
)
def record_asset_persistent_id(command: RecordAssetPersistentId, asset: Asset, context: Recording) -> list[Event | On]:
    return record_identifier(context, command.identifier)
