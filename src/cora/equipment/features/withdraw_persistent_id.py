"""Withdraw an identifier for good, because what it names should not be cited any more. Its page is a tombstone from
now on, which says why and when and stays for ever; its authority is told to hide it soon after. An identifier that was
recorded leads where it did before, and its own authority is not told: it is not kept here. A draft will never be
published: it has no page, nobody saw it, and its authority keeps it as it is. Its record keeps it and gets no other."""

from uuid import UUID

from cora.equipment.aggregates.persistent_id import (
    PERSISTENT_ID,
    PersistentId,
    PersistentIdCannotWithdrawError,
    PersistentIdWithdrawn,
)
from cora.equipment.values import Reason
from cora.kernel.principal import Role
from cora.kernel.slice import Command, decides


class WithdrawPersistentId(Command):
    """Which identifier is withdrawn, and why: the tombstone tells the world."""

    persistent_id_id: UUID
    reason: Reason


@decides(
    "POST /persistent-ids/{persistent_id_id}/withdraw",
    on=PERSISTENT_ID,
    allow=Role.STEWARD,
    refuses=(PersistentIdCannotWithdrawError,),
    ends=True,
)
def withdraw_persistent_id(command: WithdrawPersistentId, persistent_id: PersistentId) -> list[PersistentIdWithdrawn]:
    if not persistent_id.can_be_withdrawn:
        raise PersistentIdCannotWithdrawError(
            persistent_id.id, persistent_id.scheme, persistent_id.value, persistent_id.status
        )
    return [PersistentIdWithdrawn(command.reason)]
