"""Who publishes a record, since when, and how it is called by a link."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from pydantic import TypeAdapter
from tests.unit.equipment.pidinst.facts import BEGAN, FACILITY, FAMILY, asset, compound, identifier, instrument
from tests.unit.equipment.pidinst.forms.records import FULL
from tests.unit.equipment.world import World

from cora.equipment.aggregates.asset import ASSET
from cora.equipment.aggregates.asset.events import AssetRegistered
from cora.equipment.aggregates.asset.state import AssetTier
from cora.equipment.aggregates.facility import FACILITY as FACILITIES
from cora.equipment.aggregates.facility import FacilityRegistered
from cora.equipment.aggregates.persistent_id import PersistentId, PersistentIdStatus, Withdrawal
from cora.equipment.assigned_identifier import IdentifierOrigin
from cora.equipment.pidinst.derive import fixture_record, published_record
from cora.equipment.pidinst.published import (
    UNKNOWN_PUBLISHER,
    PublishedRecord,
    Publisher,
    agent_url,
    identifier_url,
)
from cora.equipment.subject import SUBJECTS
from cora.equipment.values import IdentifierScheme, PersistentIdentifier, Term
from cora.kernel.identity import new_id
from cora.kernel.reader import Reader


@pytest.fixture
def world() -> World:
    return World()


async def published(world: World, kind: str, id: UUID) -> PublishedRecord:
    subject = SUBJECTS[kind]

    async def ask(read: Reader) -> PublishedRecord:
        return await subject.published(await read.require(subject.aggregate, id), read, world.wired)

    return await world.kernel.see(ask)


async def test_the_facility_at_the_root_publishes_what_stands_below(world: World) -> None:
    await world.note(FACILITIES, new_id(), FacilityRegistered("Another", code="other"))
    root = await world.asset()
    part = await world.note(ASSET, new_id(), AssetRegistered("Part", AssetTier.DEVICE, parent_id=root))
    fixture = await world.fixture_of(part)
    for kind, id in (("asset", root), ("asset", part), ("fixture", fixture)):
        assert (await published(world, kind, id)).publisher == Publisher("Advanced Photon Source")


async def test_without_a_facility_the_publisher_is_unknown(world: World) -> None:
    told = await published(world, "fixture", await world.fixture_of())
    assert told.publisher == UNKNOWN_PUBLISHER
    assert told.record.complete is False


@pytest.mark.parametrize("kind", ["asset", "fixture"])
async def test_it_is_published_when_its_identifier_was_reserved(world: World, kind: str) -> None:
    own = await world.asset()
    id = own if kind == "asset" else await world.fixture_of(own)
    world.log.clock = lambda: datetime(2031, 6, 1, tzinfo=UTC)
    assert (await published(world, kind, id)).publication_year < 2031
    await world.assign(kind, id, suffix="later")
    told = await published(world, kind, id)
    assert told.publication_year == 2031
    assert told.resolves is False, "the stub's identifiers resolve nowhere"
    assert told.uri == told.record.landing_page


async def test_a_recorded_identifier_resolves(world: World) -> None:
    id = await world.asset()
    await world.record("asset", id, "Handle", "21.11157/a#b")
    told = await published(world, "asset", id)
    assert (told.resolves, told.doi, told.uri) == (True, None, "https://hdl.handle.net/21.11157/a%23b")


def test_before_it_has_an_identifier_it_is_published_since_it_began() -> None:
    of = asset()
    told = published_record(_record(), [instrument(of)], FACILITY, of, None)
    assert told.publication_year == BEGAN.year
    assert told.publisher == Publisher(FACILITY.name, FACILITY.identifier)
    at = datetime(2025, 1, 1, tzinfo=UTC)
    own = PersistentId(
        of.id, IdentifierScheme.DOI, "10.5438/a", None, "asset", of.id, IdentifierOrigin.MINTED, test=False,
        status=PersistentIdStatus.WITHDRAWN, reserved_at=at, withdrawal=Withdrawal("Entered twice", at),
    )  # fmt: skip
    reserved = published_record(_record(), [instrument(of)], None, of, own)
    assert (reserved.publication_year, reserved.withdrawn) == (2025, "Entered twice")


def test_no_authority_is_told_in_the_record_that_it_is_withdrawn() -> None:
    told = replace(FULL, withdrawn="Entered twice")
    own = PersistentIdentifier(IdentifierScheme.DOI, "10.5438/a")
    page = FULL.record.landing_page
    assert told.under(own, landing_page=page) == FULL.under(own, landing_page=page)
    assert TypeAdapter(PublishedRecord).dump_json(told) == TypeAdapter(PublishedRecord).dump_json(FULL)


def test_measured_quantities_are_those_of_all_families_once_each() -> None:
    angle = Term("angle", "http://qudt.org/vocab/quantitykind/Angle", "QUDT")
    family: Any = type(FAMILY)(UUID(int=2), "RotaryStage", measured_variables=(angle, Term("torque")))
    both = [instrument(families=(family,)), instrument(asset(11), families=(family,))]
    assert published_record(_record(), both, None, asset(), None).measured_quantities == (angle, Term("torque"))


def test_a_real_identifier_resolves_also_beside_one_of_a_test() -> None:
    own = asset(persistent_id=identifier("10.5438/own"))
    part = asset(11, persistent_id=identifier("10.0000/cora-stub/x", test=True))
    record = fixture_record(compound(instrument(part), persistent_id=identifier("10.5438/own")), "http://cora.test")
    told = published_record(record, [], None, own, None)
    assert (record.test, told.resolves, told.uri) == (True, True, "https://doi.org/10.5438/own")


@pytest.mark.parametrize(
    ("scheme", "value", "url"),
    [
        (IdentifierScheme.DOI, "10.5438/a<b>#c?d%e", "https://doi.org/10.5438/a%3Cb%3E%23c%3Fd%25e"),
        (IdentifierScheme.HANDLE, "21.1/x", "https://hdl.handle.net/21.1/x"),
        ("URN", "urn:uuid:1", None),
    ],
)
def test_links_of_identifiers(scheme: str, value: str, url: str | None) -> None:
    assert identifier_url(scheme, value) == url


@pytest.mark.parametrize(
    ("scheme", "value", "url"),
    [
        ("ROR", "https://ror.org/05gvnxz63", "https://ror.org/05gvnxz63"),
        ("ISNI", "0000000121032683", "https://isni.org/isni/0000000121032683"),
        ("GRID", "grid.187073.a", "https://www.grid.ac/institutes/grid.187073.a"),
        ("Wikidata", "Q1", "https://www.wikidata.org/entity/Q1"),
        ("DOI", "10.5438/x", "https://doi.org/10.5438/x"),
        ("VIAF", "1", None),
    ],
)
def test_links_of_agents(scheme: str, value: str, url: str | None) -> None:
    assert agent_url(scheme, value) == url


def _record() -> Any:
    return fixture_record(compound(instrument()), "http://cora.test")
