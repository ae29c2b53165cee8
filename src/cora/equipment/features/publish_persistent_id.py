"""Publish a draft: have its authority show it to the world, with the record as it is now. After a 502 send the same
command again, or wait: it is done as soon as the authority lets it."""

from uuid import UUID

from cora.equipment.aggregates.persistent_id import (
    PERSISTENT_ID,
    PersistentIdCannotPublishError,
    PersistentIdentifierPushError,
    PersistentIdMetadataPushed,
    PersistentIdPublicationRequested,
    PersistentIdPublished,
    PersistentIdStatus,
)
from cora.equipment.assignment import WAIT_SECONDS
from cora.equipment.publication import Visibility, read_publication, tell
from cora.equipment.wired import Equipment
from cora.kernel.aggregate import Event
from cora.kernel.execute import Answer, Decided, Session, require_time, require_version
from cora.kernel.principal import Role
from cora.kernel.reader import Reader
from cora.kernel.slice import Command, handles


class PublishPersistentId(Command):
    """Which identifier the world may find from now on."""

    persistent_id_id: UUID


@handles(
    "POST /persistent-ids/{persistent_id_id}/publish",
    on=PERSISTENT_ID,
    allow=Role.STEWARD,
    refuses=(PersistentIdCannotPublishError, PersistentIdentifierPushError),
    ends=True,
)
async def publish_persistent_id(command: PublishPersistentId, session: Session, wired: Equipment) -> Answer:
    id = command.persistent_id_id

    async def decide(read: Reader) -> Decided:
        known = await read.require(PERSISTENT_ID, id)
        require_version(session.call, read, id)
        if known.status is not PersistentIdStatus.DRAFT:
            raise PersistentIdCannotPublishError(id, known.scheme, known.value, known.status)
        require_time(session.call, read, id)
        events: list[Event] = [] if known.publication_requested_at else [PersistentIdPublicationRequested()]
        if session.call.dry_run:
            told = (await read_publication(id, read, wired)).digest_as(Visibility.FINDABLE)
            events += [PersistentIdMetadataPushed(told), PersistentIdPublished()]
        return Decided(PERSISTENT_ID, id, events)

    first_answer = await session.settle(decide, id, last=False)
    if session.call.dry_run:
        return first_answer
    return await tell(id, session, wired, wait=WAIT_SECONDS)
