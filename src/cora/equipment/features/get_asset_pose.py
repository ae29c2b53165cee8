"""Where an asset is in a frame above it: the pose of the mount where it is installed."""

from dataclasses import dataclass
from uuid import UUID

from cora.equipment.aggregates.asset import ASSET
from cora.equipment.aggregates.asset.errors import AssetNotFoundError
from cora.equipment.aggregates.frame import FrameNotFoundError
from cora.equipment.beside import mounts_of
from cora.equipment.poses import POSE, FrameNotAboveError, InFrame, Pose, pose_of
from cora.kernel.errors import ConflictError
from cora.kernel.principal import Role
from cora.kernel.reader import Reader
from cora.kernel.slice import Query, answers


@dataclass(eq=False)
class AssetNotInstalledError(ConflictError):
    """The asset is installed in no mount."""

    says = "Asset {asset_id} is installed in no mount, so it has no pose; install it first."
    asset_id: UUID


class GetAssetPose(Query):
    """Which asset, in which frame."""

    asset_id: UUID
    within: InFrame = None


@answers(
    "GET /assets/{asset_id}/pose",
    allow=Role.READER,
    refuses=(AssetNotFoundError, AssetNotInstalledError, FrameNotFoundError, FrameNotAboveError),
    tool=POSE,
)
async def get_asset_pose(query: GetAssetPose, read: Reader) -> Pose:
    asset = await read.require(ASSET, query.asset_id)
    mount = (await mounts_of([asset.id], read)).get(asset.id)
    if mount is None:
        raise AssetNotInstalledError(asset.id)
    return await pose_of(mount, query.within, read)
