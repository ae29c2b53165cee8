"""Record the persistent identifier that a fixture has already, such as that of a migrated instrument, once and for all.
No authority is called; to have a new identifier minted use assign_fixture_persistent_id."""

from uuid import UUID

from cora.equipment.aggregates.fixture import FIXTURE, Fixture
from cora.equipment.aggregates.persistent_id import (
    FixturePersistentIdAlreadyAssignedError,
    PersistentIdReservedError,
    PersistentIdTakenError,
)
from cora.equipment.recording import Recording, RecordPersistentId, load_recording, record_identifier
from cora.equipment.subject import FIXTURES
from cora.kernel.aggregate import Event
from cora.kernel.principal import Role
from cora.kernel.reader import Reader
from cora.kernel.slice import On, decides


class RecordFixturePersistentId(RecordPersistentId):
    """Which fixture has which identifier."""

    fixture_id: UUID


async def load_context(command: RecordFixturePersistentId, fixture: Fixture, read: Reader) -> Recording:
    return await load_recording(FIXTURES, fixture, read)


@decides(
    "POST /fixtures/{fixture_id}/record-persistent-id",
    on=FIXTURE,
    allow=Role.STEWARD,
    refuses=(
        FixturePersistentIdAlreadyAssignedError,
        PersistentIdReservedError,
        PersistentIdTakenError,
    ),
    loads=load_context,
    ends=True,
)
def record_fixture_persistent_id(
    command: RecordFixturePersistentId, fixture: Fixture, context: Recording
) -> list[Event | On]:
    return record_identifier(context, command.identifier)
