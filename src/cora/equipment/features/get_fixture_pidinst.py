"""The PIDINST record of a fixture: what the world is told about it, and what is still missing before an identifier can
be minted. Open to everybody once the fixture has a persistent identifier."""

from uuid import UUID

from cora.equipment.aggregates.fixture import FIXTURE, FixtureNotFoundError
from cora.equipment.pidinst.read import read_fixture_record
from cora.equipment.pidinst.record import PidinstRecord
from cora.equipment.public import require_public
from cora.equipment.wired import Equipment
from cora.kernel.errors import UnauthenticatedError
from cora.kernel.principal import Principal, Role
from cora.kernel.reader import Reader
from cora.kernel.slice import Query, answers


class GetFixturePidinst(Query):
    """Which fixture."""

    fixture_id: UUID


@answers(
    "GET /fixtures/{fixture_id}/pidinst", allow=Role.ANONYMOUS, refuses=(UnauthenticatedError, FixtureNotFoundError)
)
async def get_fixture_pidinst(
    query: GetFixturePidinst, read: Reader, caller: Principal, wired: Equipment
) -> PidinstRecord:
    await require_public(query.fixture_id, caller, read)
    fixture = await read.get(FIXTURE, query.fixture_id)
    if fixture is None:
        raise FixtureNotFoundError(query.fixture_id)
    return await read_fixture_record(fixture, read, wired)
