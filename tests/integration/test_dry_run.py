"""A dry run answers what the command itself would be answered, also where the log alone knows the reason."""

from collections.abc import AsyncGenerator
from datetime import timedelta

import pytest
from tests.integration.support.races import SLICES, Try, call
from tests.integration.support.scene import Scene, staged

from cora.equipment.features.add_asset_port import AddAssetPort
from cora.equipment.features.degrade_asset import DegradeAsset
from cora.equipment.features.install_asset import InstallAsset
from cora.equipment.features.uninstall_asset import UninstallAsset
from cora.equipment.values import Port, PortDirection
from cora.kernel.errors import OccurredBeforeLastFactError
from cora.kernel.execute import utc_now


@pytest.fixture(scope="module")
async def scene(module_database_url: str) -> AsyncGenerator[Scene]:
    async with staged(module_database_url) as scene:
        yield scene


async def test_a_dry_run_knows_the_last_joining_of_what_it_joins(scene: Scene) -> None:
    """The asset itself has no later fact: that it was taken away is recorded on the mount."""
    asset_id, mount_id = await scene.installed()
    before = utc_now()
    await scene.do(UninstallAsset(mount_id=mount_id, reason="swap"))
    other = await scene.mount()
    command = InstallAsset(mount_id=other, asset_id=asset_id)
    refusals: list[OccurredBeforeLastFactError] = []
    for dry_run in (True, False):
        with pytest.raises(OccurredBeforeLastFactError) as refused:
            await scene.arena.kernel.command(SLICES[InstallAsset], command, call(occurred_at=before, dry_run=dry_run))
        refusals.append(refused.value)
    rehearsed, real = refusals
    assert rehearsed.members() == real.members()
    assert real.last_occurred_at > before


async def test_a_dry_run_goes_by_the_record_where_nothing_is_joined(scene: Scene) -> None:
    asset_id = await scene.asset()
    before = utc_now()
    await scene.do(DegradeAsset(asset_id=asset_id, reason="noisy"))
    port = AddAssetPort(asset_id=asset_id, port=Port("in", PortDirection.INPUT, "TTL"))
    for moment, accepted in ((before, False), (utc_now(), True), (before - timedelta(days=1), False)):
        (result,) = await scene.arena.race(Try(port, {"occurred_at": moment, "dry_run": True}))
        assert isinstance(result, OccurredBeforeLastFactError) != accepted
