"""The PIDINST record of an asset or a fixture, read and derived."""

from cora.equipment.aggregates.asset.state import Asset
from cora.equipment.aggregates.fixture import Fixture
from cora.equipment.pidinst.derive import asset_record, fixture_record, published_record
from cora.equipment.pidinst.gather import (
    gather_compound,
    gather_facility,
    gather_instrument,
    gather_surroundings,
)
from cora.equipment.pidinst.published import PublishedRecord
from cora.equipment.pidinst.record import PidinstRecord
from cora.equipment.public import identifier_of
from cora.equipment.wired import Equipment
from cora.kernel.reader import Reader


async def read_asset_record(asset: Asset, read: Reader, wired: Equipment) -> PidinstRecord:
    """The record of an asset, with all that it is related to."""
    await look_ahead(asset, read)
    instrument = await gather_instrument(asset, read, contacts=wired.public_contacts)
    return asset_record(instrument, await gather_surroundings(asset, read), wired.public_url)


async def look_ahead(asset: Asset, read: Reader) -> None:
    """Look in one go at what the record of an asset rests on: what it names, and its components."""
    children = await read.sources("asset.parent_id", asset.id)
    await read.ahead(asset.parent_id, asset.fixture_id, asset.model_id, *asset.family_ids, *children)


async def read_fixture_record(fixture: Fixture, read: Reader, wired: Equipment) -> PidinstRecord:
    """The record of a fixture, with all that it binds."""
    return fixture_record(await gather_compound(fixture, read, contacts=wired.public_contacts), wired.public_url)


async def read_published_asset(asset: Asset, read: Reader, wired: Equipment) -> PublishedRecord:
    """The record of an asset with what its publication says besides."""
    await look_ahead(asset, read)
    instrument = await gather_instrument(asset, read, contacts=wired.public_contacts)
    record = asset_record(instrument, await gather_surroundings(asset, read), wired.public_url)
    facility = await gather_facility([asset], read)
    return published_record(record, [instrument], facility, asset, await identifier_of(asset.id, read))


async def read_published_fixture(fixture: Fixture, read: Reader, wired: Equipment) -> PublishedRecord:
    """The record of a fixture with what its publication says besides."""
    compound = await gather_compound(fixture, read, contacts=wired.public_contacts)
    instruments = [component.instrument for component in compound.components]
    facility = await gather_facility([instrument.asset for instrument in instruments], read)
    record = fixture_record(compound, wired.public_url)
    return published_record(record, instruments, facility, fixture, await identifier_of(fixture.id, read))
