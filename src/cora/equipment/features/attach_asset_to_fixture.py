"""Attach an installed asset to the fixture that binds it. Do this for each bound asset after registering the fixture;
an attached asset can be neither uninstalled nor decommissioned."""

from dataclasses import dataclass
from uuid import UUID

from cora.equipment.aggregates.asset import ASSET
from cora.equipment.aggregates.asset.errors import (
    AssetAlreadyAttachedToFixtureError,
    AssetCannotAttachToFixtureError,
    AssetNotBoundInFixtureError,
)
from cora.equipment.aggregates.asset.events import AssetAttachedToFixture
from cora.equipment.aggregates.asset.state import Asset, installation_claim
from cora.equipment.aggregates.fixture import (
    FIXTURE,
    Fixture,
    FixtureAssetNotInstalledError,
    FixtureIsRetiredError,
    FixtureNotFoundError,
    require_unretired,
)
from cora.kernel.principal import Role
from cora.kernel.reader import Reader
from cora.kernel.slice import Command, decides


class AttachAssetToFixture(Command):
    """Which asset serves in which fixture."""

    asset_id: UUID
    fixture_id: UUID


@dataclass(frozen=True)
class Context:
    """The fixture, and the mount where the asset is installed."""

    fixture: Fixture | None
    mount_id: UUID | None


async def load_context(command: AttachAssetToFixture, asset: Asset, read: Reader) -> Context:
    return Context(
        fixture=await read.get(FIXTURE, command.fixture_id),
        mount_id=await read.owner(installation_claim(asset.id)),
    )


@decides(
    "POST /assets/{asset_id}/attach-to-fixture",
    on=ASSET,
    allow=Role.OPERATOR,
    refuses=(
        FixtureNotFoundError,
        FixtureIsRetiredError,
        AssetAlreadyAttachedToFixtureError,
        AssetCannotAttachToFixtureError,
        AssetNotBoundInFixtureError,
        FixtureAssetNotInstalledError,
    ),
    loads=load_context,
)
def attach_asset_to_fixture(
    command: AttachAssetToFixture, asset: Asset, context: Context
) -> list[AssetAttachedToFixture]:
    fixture = context.fixture
    if fixture is None:
        raise FixtureNotFoundError(command.fixture_id)
    require_unretired(fixture)
    if asset.fixture_id is not None:
        raise AssetAlreadyAttachedToFixtureError(asset.id, asset.fixture_id)
    if asset.is_decommissioned:
        raise AssetCannotAttachToFixtureError(asset.id, asset.lifecycle)
    if asset.id not in fixture.bound_asset_ids:
        raise AssetNotBoundInFixtureError(asset.id, fixture.id)
    if context.mount_id is None:
        raise FixtureAssetNotInstalledError(asset.id)
    return [AssetAttachedToFixture(fixture.id)]
