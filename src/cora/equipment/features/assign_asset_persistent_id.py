"""Have a persistent identifier minted for an asset and assign it, once and for all. Do this when the PIDINST record is
complete (get_asset_pidinst). After a 502 send the same command again: it resumes the same identifier."""

from uuid import UUID

from cora.equipment.aggregates.asset import ASSET
from cora.equipment.aggregates.persistent_id import (
    AssetPersistentIdAlreadyAssignedError,
    AssetPersistentIdAssignmentForbiddenError,
    PersistentIdentifierMintError,
    PersistentIdReservedError,
    PersistentIdTakenError,
    PidinstRecordIncompleteError,
    SchemeNotConfiguredError,
)
from cora.equipment.assignment import Assignment, Suffix, Wanted, assign
from cora.equipment.subject import ASSETS
from cora.equipment.values import IdentifierScheme
from cora.equipment.wired import Equipment
from cora.kernel.execute import Answer, Session
from cora.kernel.principal import Role
from cora.kernel.slice import Command, handles


class AssignAssetPersistentId(Command):
    """Which asset is to be cited, by a DOI or a Handle; without a suffix cora chooses one."""

    asset_id: UUID
    scheme: IdentifierScheme
    suffix: Suffix | None = None


@handles(
    "POST /assets/{asset_id}/assign-persistent-id",
    on=ASSET,
    allow=Role.STEWARD,
    refuses=(
        AssetPersistentIdAssignmentForbiddenError,
        AssetPersistentIdAlreadyAssignedError,
        PersistentIdReservedError,
        PidinstRecordIncompleteError,
        SchemeNotConfiguredError,
        PersistentIdTakenError,
        PersistentIdentifierMintError,
    ),
    status=201,
    answer_fields=Assignment,
    ends=True,
)
async def assign_asset_persistent_id(command: AssignAssetPersistentId, session: Session, wired: Equipment) -> Answer:
    wanted = Wanted(command.scheme, command.suffix)
    return await assign(ASSETS, command.asset_id, wanted, session, wired)
