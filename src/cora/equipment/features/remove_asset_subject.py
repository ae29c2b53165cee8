"""Record that an asset is no longer found under a keyword."""

from uuid import UUID

from cora.equipment.aggregates.asset import ASSET, require_living
from cora.equipment.aggregates.asset.errors import AssetIsDecommissionedError, AssetSubjectNotPresentError
from cora.equipment.aggregates.asset.events import AssetSubjectRemoved
from cora.equipment.aggregates.asset.state import Asset, subject_key
from cora.equipment.values import Name
from cora.kernel.principal import Role
from cora.kernel.slice import Command, decides


class RemoveAssetSubject(Command):
    """The name of the subject."""

    asset_id: UUID
    name: Name


@decides(
    "POST /assets/{asset_id}/remove-subject",
    on=ASSET,
    allow=Role.OPERATOR,
    refuses=(AssetIsDecommissionedError, AssetSubjectNotPresentError),
    ends=True,
)
def remove_asset_subject(command: RemoveAssetSubject, asset: Asset) -> list[AssetSubjectRemoved]:
    require_living(asset)
    for subject in asset.subjects:
        if subject_key(subject.name) == subject_key(command.name):
            return [AssetSubjectRemoved(subject.name)]
    raise AssetSubjectNotPresentError(asset.id, command.name)
