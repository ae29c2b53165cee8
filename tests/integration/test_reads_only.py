"""What only reads leaves a database as it is: neither brought to this cora nor asked whether its minter is fit."""

from pathlib import Path

import pytest
from tests.conftest import execute

from cora.equipment.wire import UnfitMinterError
from cora.log.migrate import pending
from cora.settings import Settings
from cora.surfaces.start import OlderDatabaseError, opened


async def open_once(settings: Settings, dsn: str, *, reads_only: bool) -> int:
    """How many records there are once it is open."""
    async with opened(settings, dsn, reads_only=reads_only) as cora:
        return int(await cora.log.pool.fetchval("select count(*) from document"))


async def test_an_empty_database_is_made_ready(database_url: str, tmp_path: Path) -> None:
    execute(database_url, "drop schema cora cascade")
    assert await open_once(Settings(data_dir=tmp_path), database_url, reads_only=True) > 0
    assert pending(database_url) == []


async def test_one_of_an_older_cora_is_left_alone(database_url: str, tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path)
    await open_once(settings, database_url, reads_only=False)
    execute(database_url, "update cora.derived set generation = generation - 1")
    with pytest.raises(OlderDatabaseError, match="cora migrate"):
        await open_once(settings, database_url, reads_only=True)
    execute(database_url, "update cora.derived set generation = generation + 1")
    await open_once(settings, database_url, reads_only=True)


async def test_one_that_lacks_a_migration_is_left_alone(database_url: str, tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path)
    await open_once(settings, database_url, reads_only=False)
    execute(database_url, "delete from cora._yoyo_migration where migration_id = '0004_batch'")
    with pytest.raises(OlderDatabaseError):
        await open_once(settings, database_url, reads_only=True)
    assert pending(database_url) == ["0004_batch"]


async def test_a_public_server_with_a_test_minter_can_still_be_read(database_url: str, tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path)
    await open_once(settings, database_url, reads_only=False)
    public = settings.model_copy(update={"public_url": "https://cora.example.org"})
    with pytest.raises(UnfitMinterError):
        await open_once(public, database_url, reads_only=False)
    assert await open_once(public, database_url, reads_only=True) > 0
