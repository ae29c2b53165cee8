"""Where a mount is in a frame above it: position, rotation and matrix, composed of the placements in between, which are
given too."""

from uuid import UUID

from cora.equipment.aggregates.frame import FrameNotFoundError
from cora.equipment.aggregates.mount import MOUNT, MountNotFoundError
from cora.equipment.poses import POSE, FrameNotAboveError, InFrame, Pose, pose_of
from cora.kernel.principal import Role
from cora.kernel.reader import Reader
from cora.kernel.slice import Query, answers


class GetMountPose(Query):
    """Which mount, in which frame."""

    mount_id: UUID
    within: InFrame = None


@answers(
    "GET /mounts/{mount_id}/pose",
    allow=Role.READER,
    refuses=(MountNotFoundError, FrameNotFoundError, FrameNotAboveError),
    tool=POSE,
)
async def get_mount_pose(query: GetMountPose, read: Reader) -> Pose:
    return await pose_of(await read.require(MOUNT, query.mount_id), query.within, read)
