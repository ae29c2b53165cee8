"""What the world may see without a token: records whose identifier it may find, and withdrawn ones as tombstones."""

from collections.abc import Iterable
from uuid import UUID

from cora.equipment.aggregates.asset.state import Asset
from cora.equipment.aggregates.fixture import Fixture
from cora.equipment.aggregates.persistent_id import PERSISTENT_ID, SUBJECT, PersistentId
from cora.kernel.principal import Principal, Role
from cora.kernel.reader import Reader


async def identifier_of(id: UUID, read: Reader) -> PersistentId | None:
    """The identifier of an asset or a fixture, also one on its way; None while there is none."""
    # Whoever asks this goes on to the record, and to its components.
    await read.sources_ahead((SUBJECT, id), ("asset.parent_id", id))
    sources = await read.sources(SUBJECT, id)
    await read.ahead(*sources, id)
    for source in sources:
        if (found := await read.get(PERSISTENT_ID, source)) is not None:
            return found
    return None


async def public_identifiers(of: Iterable[Asset | Fixture | None], read: Reader) -> dict[UUID, PersistentId]:
    """The identifiers of these records that the world may see, by the ids of the records."""
    ids = [each.id for each in of if each is not None and each.persistent_id is not None]
    sources = [id for found in await read.sources_of(SUBJECT, ids) for id in found]
    await read.ahead(*sources)
    found = [await read.get(PERSISTENT_ID, id) for id in sources]
    return {each.subject_id: each for each in found if each is not None and each.is_public}


async def require_public(id: UUID, caller: Principal, read: Reader) -> None:
    """Raises `UnauthenticatedError` for a caller without a token, unless the world may see the record.

    A draft, and what has no identifier, is not public; nor does anybody learn which ids exist.
    """
    if caller.role < Role.READER:
        found = await identifier_of(id, read)
        if found is None or not found.is_public:
            caller.require(Role.READER)
