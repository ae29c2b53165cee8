"""End the life of a fixture, for good. First detach its assets. Its name can be given again; its identifier stays with
it."""

from dataclasses import dataclass
from uuid import UUID

from cora.equipment.aggregates.fixture import (
    FIXTURE,
    Fixture,
    FixtureHasAttachedAssetsError,
    FixtureIsRetiredError,
    FixtureRetired,
    require_unretired,
)
from cora.equipment.values import Reason
from cora.kernel.principal import Role
from cora.kernel.reader import Reader
from cora.kernel.slice import Command, decides


class RetireFixture(Command):
    """Which fixture comes to its end, and why."""

    fixture_id: UUID
    reason: Reason


@dataclass(frozen=True)
class Context:
    """Of the assets attached to the fixture, the one with the smallest id."""

    attached_id: UUID | None


async def load_context(command: RetireFixture, fixture: Fixture, read: Reader) -> Context:
    return Context(await read.first_source("asset.fixture_id", fixture.id))


@decides(
    "POST /fixtures/{fixture_id}/retire",
    on=FIXTURE,
    allow=Role.OPERATOR,
    refuses=(FixtureIsRetiredError, FixtureHasAttachedAssetsError),
    loads=load_context,
    ends=True,
)
def retire_fixture(command: RetireFixture, fixture: Fixture, context: Context) -> list[FixtureRetired]:
    require_unretired(fixture)
    if context.attached_id is not None:
        raise FixtureHasAttachedAssetsError(fixture.id, context.attached_id)
    return [FixtureRetired(command.reason, tuple(sorted(fixture.bound_asset_ids)))]
