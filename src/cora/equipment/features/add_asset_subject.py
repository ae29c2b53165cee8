"""Record a keyword under which an asset is found, with its identifier where a vocabulary publishes one."""

from uuid import UUID

from cora.equipment.aggregates.asset import ASSET, require_living
from cora.equipment.aggregates.asset.errors import AssetIsDecommissionedError, AssetSubjectAlreadyPresentError
from cora.equipment.aggregates.asset.events import AssetSubjectAdded
from cora.equipment.aggregates.asset.state import Asset, subject_key
from cora.equipment.values import Term
from cora.kernel.principal import Role
from cora.kernel.slice import Command, decides


class AddAssetSubject(Command):
    """The subject an asset has."""

    asset_id: UUID
    subject: Term


@decides(
    "POST /assets/{asset_id}/add-subject",
    on=ASSET,
    allow=Role.OPERATOR,
    refuses=(AssetIsDecommissionedError, AssetSubjectAlreadyPresentError),
)
def add_asset_subject(command: AddAssetSubject, asset: Asset) -> list[AssetSubjectAdded]:
    require_living(asset)
    for subject in asset.subjects:
        if subject_key(subject.name) == subject_key(command.subject.name):
            raise AssetSubjectAlreadyPresentError(asset.id, subject.name)
    return [AssetSubjectAdded(command.subject)]
