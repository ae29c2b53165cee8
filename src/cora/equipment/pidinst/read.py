"""The PIDINST record of an asset or a fixture, read and derived."""

from cora.equipment.aggregates.asset.state import Asset
from cora.equipment.aggregates.fixture import Fixture
from cora.equipment.pidinst.derive import asset_record, fixture_record
from cora.equipment.pidinst.gather import gather_compound, gather_instrument, gather_surroundings
from cora.equipment.pidinst.record import PidinstRecord
from cora.kernel.reader import Reader


async def read_asset_record(asset: Asset, read: Reader, public_url: str) -> PidinstRecord:
    """The record of an asset, with all that it is related to."""
    return asset_record(await gather_instrument(asset, read), await gather_surroundings(asset, read), public_url)


async def read_fixture_record(fixture: Fixture, read: Reader, public_url: str) -> PidinstRecord:
    """The record of a fixture, with all that it binds."""
    return fixture_record(await gather_compound(fixture, read), public_url)
