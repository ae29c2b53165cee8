"""Tell the authority now what changed in the record of an identifier, which cora otherwise does by itself soon after.
Nothing is sent when it has it already, unless `again` asks for that: it may have lost it, and then has it restored."""

from uuid import UUID

from cora.equipment.aggregates.persistent_id import (
    PERSISTENT_ID,
    PersistentIdentifierPushError,
    PersistentIdNotKeptHereError,
)
from cora.equipment.assignment import WAIT_SECONDS
from cora.equipment.ports.doi_minter import HeldState
from cora.equipment.publication import Visibility, read_publication, require_kept_here, tell
from cora.equipment.rehearsal import Previewed, members_of, shown
from cora.equipment.wired import Equipment
from cora.kernel.execute import Answer, Decided, Session, require_time, require_version
from cora.kernel.principal import Role
from cora.kernel.reader import Reader
from cora.kernel.slice import Command, handles


class PushPersistentId(Command):
    """Which identifier its authority is told of; `again` also when it was told the same before."""

    persistent_id_id: UUID
    again: bool = False


@handles(
    "POST /persistent-ids/{persistent_id_id}/push",
    on=PERSISTENT_ID,
    allow=Role.STEWARD,
    refuses=(PersistentIdNotKeptHereError, PersistentIdentifierPushError),
    answer_fields=Previewed,
)
async def push_persistent_id(command: PushPersistentId, session: Session, wired: Equipment) -> Answer:
    id = command.persistent_id_id

    async def decide(read: Reader) -> Decided:
        known = await read.require(PERSISTENT_ID, id)
        require_version(session.call, read, id)
        require_kept_here(known)
        require_time(session.call, read, id)
        if not session.call.dry_run:
            return Decided(PERSISTENT_ID, id, [])
        publication = await read_publication(id, read, wired)
        is_told = command.again or publication.is_news
        state = HeldState.DRAFT if publication.visibility is Visibility.DRAFT else HeldState.FINDABLE
        events = publication.events_of(state) if is_told else []
        return Decided(PERSISTENT_ID, id, events, members=members_of(Previewed(**shown(publication.preview))))

    first_answer = await session.settle(decide, id, last=False)
    if session.call.dry_run:
        return first_answer
    return await tell(id, session, wired, wait=WAIT_SECONDS, again=command.again)
