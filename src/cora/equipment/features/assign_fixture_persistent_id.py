"""Have a persistent identifier minted for a fixture and assign it, once and for all. Do this when the PIDINST record is
complete (get_fixture_pidinst). After a 502 send the same command again: it resumes the same identifier."""

from uuid import UUID

from cora.equipment.aggregates.fixture import FIXTURE
from cora.equipment.aggregates.persistent_id import (
    FixturePersistentIdAlreadyAssignedError,
    PersistentIdentifierMintError,
    PersistentIdReservedError,
    PersistentIdTakenError,
    PidinstRecordIncompleteError,
    SchemeNotConfiguredError,
)
from cora.equipment.assignment import Assignment, Suffix, Wanted, assign
from cora.equipment.subject import FIXTURES
from cora.equipment.values import IdentifierScheme
from cora.equipment.wired import Equipment
from cora.kernel.execute import Answer, Session
from cora.kernel.principal import Role
from cora.kernel.slice import Command, handles


class AssignFixturePersistentId(Command):
    """Which fixture is to be cited, by a DOI or a Handle; without a suffix cora chooses one."""

    fixture_id: UUID
    scheme: IdentifierScheme
    suffix: Suffix | None = None


@handles(
    "POST /fixtures/{fixture_id}/assign-persistent-id",
    on=FIXTURE,
    allow=Role.STEWARD,
    refuses=(
        FixturePersistentIdAlreadyAssignedError,
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
async def assign_fixture_persistent_id(
    command: AssignFixturePersistentId, session: Session, wired: Equipment
) -> Answer:
    wanted = Wanted(command.scheme, command.suffix)
    return await assign(FIXTURES, command.fixture_id, wanted, session, wired)
