"""Have an identifier lead to where its page is now, after the pages have moved to another `CORA_PUBLIC_URL`. Its
authority is told soon after. Nothing is recorded when it leads there already."""

from uuid import UUID

from cora.equipment.aggregates.persistent_id import (
    PERSISTENT_ID,
    PersistentIdNotKeptHereError,
    PersistentIdRedirected,
    SchemeNotConfiguredError,
    not_configured,
)
from cora.equipment.pidinst.derive import landing_page
from cora.equipment.publication import require_kept_here
from cora.equipment.wired import Equipment
from cora.kernel.execute import Answer, Decided, Session, require_time, require_version
from cora.kernel.principal import Role
from cora.kernel.reader import Reader
from cora.kernel.slice import Command, handles


class RedirectPersistentId(Command):
    """Which identifier is to lead to its page at the address of this server."""

    persistent_id_id: UUID


@handles(
    "POST /persistent-ids/{persistent_id_id}/redirect",
    on=PERSISTENT_ID,
    allow=Role.STEWARD,
    refuses=(PersistentIdNotKeptHereError, SchemeNotConfiguredError),
)
async def redirect_persistent_id(command: RedirectPersistentId, session: Session, wired: Equipment) -> Answer:
    id = command.persistent_id_id

    async def decide(read: Reader) -> Decided:
        known = await read.require(PERSISTENT_ID, id)
        require_version(session.call, read, id)
        url = landing_page(wired.public_url, known.subject_id)
        if url == known.landing_page:
            return Decided(PERSISTENT_ID, id, [])
        require_kept_here(known)
        # Where no authority is set up, the address of this server is nobody's choice either.
        if known.scheme not in wired.doi_minter.schemes:
            raise not_configured(known.scheme, wired.doi_minter.schemes)
        require_time(session.call, read, id)
        return Decided(PERSISTENT_ID, id, [PersistentIdRedirected(url)])

    return await session.settle(decide, id)
