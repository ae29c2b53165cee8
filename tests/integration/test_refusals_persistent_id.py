"""Assigning and recording persistent identifiers, PIDINST records and contacts: what is carried out and refused."""

from collections.abc import AsyncGenerator
from typing import Any

import pytest
from tests.integration.minters import OfDois, Refusing, Unasked
from tests.integration.refusals import SURFACES, Cases, Done, Refused, Tried, at, lacking
from tests.integration.scenario import UNKNOWN, World
from tests.integration.surfaces import surfaces

from cora.equipment.aggregates.asset.errors import AssetNotFoundError
from cora.equipment.aggregates.fixture import FixtureNotFoundError
from cora.equipment.aggregates.persistent_id import (
    AssetPersistentIdAlreadyAssignedError,
    AssetPersistentIdAssignmentForbiddenError,
    FixturePersistentIdAlreadyAssignedError,
    PersistentIdentifierMintError,
    PersistentIdReservedError,
    PersistentIdTakenError,
    PidinstRecordIncompleteError,
    SchemeNotConfiguredError,
)
from cora.equipment.ports.contacts import ContactNotFoundError
from cora.kernel.errors import InvalidRequestError, NotFoundError
from cora.surfaces.start import Opened

CASES = Cases()
refuses, does = CASES.refuses, CASES.does

STUB = "10.0000/cora-stub"


@pytest.fixture(scope="module")
async def world(module_cora: Opened) -> AsyncGenerator[World]:
    async with surfaces(module_cora) as shown:
        yield World(shown)


def _suffix(world: World) -> str:
    return world.name("s").replace(" ", "-")


async def _reserve(world: World, command: str, **given: Any) -> str:
    """Reserve an identifier that is then not minted; the id of its stream."""
    usual = world.surfaces.cora.equipment.doi_minter
    world.surfaces.use_minter(Refusing(retryable=True))
    refused = await world.surfaces.http(command, given)
    world.surfaces.use_minter(usual)
    assert refused.status_code == 502
    shown = await world.surfaces.web[max(world.surfaces.web)].get(
        "/persistent-ids", params={"value": refused.json()["value"]}
    )
    (reserved,) = shown.json()["items"]
    assert reserved["state"]["status"] == "Reserved"
    return str(reserved["id"])


def _pid(value: str, scheme: str = "DOI") -> dict[str, str]:
    return {"scheme": scheme, "value": value}


# Assets


@does(
    "assign_asset_persistent_id",
    "PersistentIdReserved",
    "PersistentIdMinted",
    "PersistentIdMetadataPushed",
    "AssetPersistentIdAssigned",
)
async def a_doi_for_an_asset(world: World) -> Tried:
    suffix, asset = _suffix(world), await world.made_by()
    url = f"{world.surfaces.cora.equipment.public_url}/id/{asset}"
    return Tried(
        {"asset_id": asset, "scheme": "DOI", "suffix": suffix},
        {"persistent_id": {**_pid(f"{STUB}/{suffix}"), "origin": "Minted", "test": True}},
        answer={**_pid(f"{STUB}/{suffix}"), "url": url},
    )


@does(
    "assign_asset_persistent_id",
    "PersistentIdReserved",
    "PersistentIdMinted",
    "PersistentIdMetadataPushed",
    "AssetPersistentIdAssigned",
)
async def a_handle_with_a_suffix_of_its_own(world: World) -> Tried:
    return Tried({"asset_id": await world.made_by(), "scheme": "Handle"}, answer={"scheme": "Handle"})


@does("assign_asset_persistent_id", "PersistentIdMinted", "PersistentIdMetadataPushed", "AssetPersistentIdAssigned")
async def what_was_reserved_before_the_asset_died(world: World) -> Tried:
    asset, suffix = await world.made_by(), _suffix(world)
    await _reserve(world, "assign_asset_persistent_id", asset_id=asset, scheme="DOI", suffix=suffix)
    await world.do("decommission_asset", asset_id=asset, reason="worn out")
    return Tried({"asset_id": asset, "scheme": "DOI"}, answer=_pid(f"{STUB}/{suffix}"))


@refuses("assign_asset_persistent_id", AssetPersistentIdAssignmentForbiddenError)
async def a_dead_asset_that_has_one(world: World) -> Tried:
    asset = await world.made_by()
    await world.do("assign_asset_persistent_id", asset_id=asset, scheme="DOI")
    await world.do("decommission_asset", asset_id=asset, reason="worn out")
    return Tried({"asset_id": asset, "scheme": "DOI"}, {"asset_id": asset}, "before that", minter=Unasked())


@refuses("assign_asset_persistent_id", AssetPersistentIdAlreadyAssignedError)
async def an_asset_that_has_one(world: World) -> Tried:
    asset, suffix = await world.made_by(), _suffix(world)
    await world.do("assign_asset_persistent_id", asset_id=asset, scheme="DOI", suffix=suffix)
    given = {"asset_id": asset, "scheme": "DOI", "suffix": suffix}
    return Tried(given, {"asset_id": asset, **_pid(f"{STUB}/{suffix}")}, "use that one", minter=Unasked())


@refuses("assign_asset_persistent_id", PersistentIdReservedError)
async def an_asset_for_which_another_is_reserved(world: World) -> Tried:
    asset, suffix = await world.asset(model_id=await world.model()), _suffix(world)
    reserved = await _reserve(world, "assign_asset_persistent_id", asset_id=asset, scheme="DOI", suffix=suffix)
    return Tried(
        {"asset_id": asset, "scheme": "DOI", "suffix": _suffix(world)},
        {"persistent_id_id": reserved, **_pid(f"{STUB}/{suffix}")},
        "or without a suffix",
        minter=Unasked(),
    )


@refuses("assign_asset_persistent_id", PidinstRecordIncompleteError)
async def an_asset_without_a_model_comes_before_a_taken_suffix(world: World) -> Tried:
    asset, taken = await world.asset(), _suffix(world)
    await world.do("assign_asset_persistent_id", asset_id=await world.made_by(), scheme="DOI", suffix=taken)
    return Tried(
        {"asset_id": asset, "scheme": "DOI", "suffix": taken},
        {"id": asset, "missing": lacking("Manufacturer")},
        f"bind a model to asset {asset}",
        minter=Unasked(),
    )


async def _stream_of(world: World, value: str) -> str:
    shown = await world.surfaces.web[max(world.surfaces.web)].get("/persistent-ids", params={"value": value})
    return str(shown.json()["items"][0]["id"])


NO_HANDLES = {
    "scheme": "Handle",
    "configured": ["DOI"],
    "to_set": ["CORA_HANDLE_URL", "CORA_HANDLE_PREFIX", "CORA_HANDLE_USER", "CORA_HANDLE_SECRET"],
}


@refuses("assign_asset_persistent_id", SchemeNotConfiguredError)
async def a_scheme_without_an_authority(world: World) -> Tried:
    asset = await world.made_by()
    return Tried({"asset_id": asset, "scheme": "Handle"}, NO_HANDLES, "set up for it", minter=OfDois())


@refuses("assign_asset_persistent_id", PersistentIdTakenError)
async def a_suffix_that_is_taken(world: World) -> Tried:
    taken = _suffix(world)
    await world.do("assign_fixture_persistent_id", fixture_id=await world.citable(), scheme="DOI", suffix=taken)
    owner = await _stream_of(world, f"{STUB}/{taken}")
    return Tried(
        {"asset_id": await world.made_by(), "scheme": "DOI", "suffix": taken},
        {"persistent_id_id": owner, **_pid(f"{STUB}/{taken}")},
        "choose another",
        minter=Unasked(),
    )


@refuses("assign_asset_persistent_id", PersistentIdentifierMintError)
async def an_authority_that_may_do_it_later(world: World) -> Tried:
    suffix = _suffix(world)
    return Tried(
        {"asset_id": await world.made_by(), "scheme": "DOI", "suffix": suffix},
        {**_pid(f"{STUB}/{suffix}"), "reason": "closed for the night", "retryable": True, "released": False},
        "send the command again to resume it",
        minter=Refusing(retryable=True),
    )


@does("record_asset_persistent_id", "PersistentIdReserved", "PersistentIdMinted", "AssetPersistentIdAssigned")
async def one_that_an_incomplete_asset_has_already(world: World) -> Tried:
    value = f"10.5072/{_suffix(world)}"
    return Tried(
        {"asset_id": await world.asset(), **_pid(f"https://doi.org/{value.upper()}")},
        {"persistent_id": {**_pid(value), "origin": "Recorded", "test": False}},
    )


@refuses("record_asset_persistent_id", AssetPersistentIdAssignmentForbiddenError)
async def one_of_a_dead_asset(world: World) -> Tried:
    asset = await world.dead()
    return Tried({"asset_id": asset, **_pid("10.5072/dead")}, {"asset_id": asset}, "before that")


@refuses("record_asset_persistent_id", AssetPersistentIdAlreadyAssignedError)
async def another_for_an_asset(world: World) -> Tried:
    asset, value = await world.asset(), f"10.5072/{_suffix(world)}"
    await world.do("record_asset_persistent_id", asset_id=asset, **_pid(value))
    return Tried({"asset_id": asset, **_pid("10.5072/b")}, {"asset_id": asset, **_pid(value)}, "use that one")


@refuses("record_asset_persistent_id", PersistentIdReservedError)
async def one_for_an_asset_while_another_is_reserved(world: World) -> Tried:
    asset, suffix = await world.made_by(), _suffix(world)
    reserved = await _reserve(world, "assign_asset_persistent_id", asset_id=asset, scheme="Handle", suffix=suffix)
    value = f"20.500.0000/cora-stub/{suffix}"
    return Tried(
        {"asset_id": asset, **_pid("10.5072/late")},
        {"persistent_id_id": reserved, **_pid(value, "Handle")},
        "finish it",
    )


@refuses("record_asset_persistent_id", PersistentIdTakenError)
async def one_that_another_asset_has_in_other_letters(world: World) -> Tried:
    value = f"20.500.1/{_suffix(world)}"
    await world.do("record_asset_persistent_id", asset_id=await world.asset(), **_pid(value, "Handle"))
    owner = await _stream_of(world, value)
    return Tried(
        {"asset_id": await world.asset(), **_pid(value.upper(), "Handle")},
        {"persistent_id_id": owner, **_pid(value.upper(), "Handle")},
        "choose another",
    )


@refuses("record_asset_persistent_id", InvalidRequestError)
async def one_that_is_none(world: World) -> Tried:
    return Tried({"asset_id": await world.asset(), **_pid("https://example.org/1")}, {"errors": at("/value")}, "DOI")


# Fixtures


@does(
    "assign_fixture_persistent_id",
    "PersistentIdReserved",
    "PersistentIdMinted",
    "PersistentIdMetadataPushed",
    "FixturePersistentIdAssigned",
)
async def a_doi_for_a_fixture(world: World) -> Tried:
    suffix, fixture = _suffix(world), await world.citable()
    url = f"{world.surfaces.cora.equipment.public_url}/id/{fixture}"
    return Tried(
        {"fixture_id": fixture, "scheme": "DOI", "suffix": suffix},
        {"persistent_id": {**_pid(f"{STUB}/{suffix}"), "origin": "Minted", "test": True}},
        answer={**_pid(f"{STUB}/{suffix}"), "url": url},
    )


@refuses("assign_fixture_persistent_id", FixturePersistentIdAlreadyAssignedError)
async def a_fixture_that_has_one(world: World) -> Tried:
    fixture, value = await world.fixture(), f"10.5072/{_suffix(world)}"
    await world.do("record_fixture_persistent_id", fixture_id=fixture, **_pid(value))
    return Tried(
        {"fixture_id": fixture, "scheme": "Handle"},
        {"fixture_id": fixture, **_pid(value)},
        "use that one",
        minter=Unasked(),
    )


@refuses("assign_fixture_persistent_id", PersistentIdReservedError)
async def a_fixture_for_which_one_of_another_scheme_is_reserved(world: World) -> Tried:
    fixture, suffix = await world.citable(), _suffix(world)
    reserved = await _reserve(world, "assign_fixture_persistent_id", fixture_id=fixture, scheme="DOI", suffix=suffix)
    return Tried(
        {"fixture_id": fixture, "scheme": "Handle"},
        {"persistent_id_id": reserved, **_pid(f"{STUB}/{suffix}")},
        "send the command with the same scheme",
        minter=Unasked(),
    )


@refuses("assign_fixture_persistent_id", PidinstRecordIncompleteError)
async def a_fixture_of_assets_without_a_model(world: World) -> Tried:
    asset = await world.installed()
    fixture = await world.fixture(asset)
    return Tried(
        {"fixture_id": fixture, "scheme": "DOI"},
        {"id": fixture, "missing": lacking("Manufacturer")},
        f"bind one to asset {asset}",
        minter=Unasked(),
    )


@refuses("assign_fixture_persistent_id", PidinstRecordIncompleteError)
async def a_fixture_of_no_assets(world: World) -> Tried:
    assembly = await world.assembly(required_slots=[])
    fixture = await world.fixture(assembly_id=assembly, slot_asset_bindings=[])
    return Tried(
        {"fixture_id": fixture, "scheme": "DOI"},
        {"id": fixture, "missing": lacking("Owner", "Manufacturer")},
        "register a fixture that does",
        minter=Unasked(),
    )


@refuses("assign_fixture_persistent_id", SchemeNotConfiguredError)
async def a_scheme_without_an_authority_though_one_was_reserved(world: World) -> Tried:
    fixture = await world.citable()
    await _reserve(world, "assign_fixture_persistent_id", fixture_id=fixture, scheme="Handle", suffix=_suffix(world))
    return Tried({"fixture_id": fixture, "scheme": "Handle"}, NO_HANDLES, "Use DOI", minter=OfDois())


@refuses("assign_fixture_persistent_id", PersistentIdTakenError)
async def a_suffix_that_a_reservation_holds(world: World) -> Tried:
    taken = _suffix(world)
    asset = await world.made_by()
    owner = await _reserve(world, "assign_asset_persistent_id", asset_id=asset, scheme="DOI", suffix=taken)
    return Tried(
        {"fixture_id": await world.citable(), "scheme": "DOI", "suffix": taken},
        {"persistent_id_id": owner, **_pid(f"{STUB}/{taken}")},
        "choose another",
        minter=Unasked(),
    )


@refuses("assign_fixture_persistent_id", PersistentIdentifierMintError)
async def an_authority_that_will_never_do_it(world: World) -> Tried:
    suffix = _suffix(world)
    return Tried(
        {"fixture_id": await world.citable(), "scheme": "DOI", "suffix": suffix},
        {**_pid(f"{STUB}/{suffix}"), "reason": "closed for the night", "retryable": False, "released": True},
        "choose another suffix",
        minter=Refusing(retryable=False),
    )


@does("record_fixture_persistent_id", "PersistentIdReserved", "PersistentIdMinted", "FixturePersistentIdAssigned")
async def one_that_a_fixture_has_already(world: World) -> Tried:
    value = f"20.500.1/{_suffix(world)}"
    return Tried(
        {"fixture_id": await world.fixture(), **_pid(value, "Handle")},
        {"persistent_id": {**_pid(value, "Handle"), "origin": "Recorded", "test": False}},
    )


@refuses("record_fixture_persistent_id", FixturePersistentIdAlreadyAssignedError)
async def another_for_a_fixture(world: World) -> Tried:
    fixture, value = await world.fixture(), f"10.5072/{_suffix(world)}"
    await world.do("record_fixture_persistent_id", fixture_id=fixture, **_pid(value))
    return Tried({"fixture_id": fixture, **_pid(value)}, {"fixture_id": fixture, **_pid(value)}, "use that one")


@refuses("record_fixture_persistent_id", PersistentIdReservedError)
async def one_for_a_fixture_while_it_is_reserved(world: World) -> Tried:
    fixture, suffix = await world.citable(), _suffix(world)
    reserved = await _reserve(world, "assign_fixture_persistent_id", fixture_id=fixture, scheme="DOI", suffix=suffix)
    pid = _pid(f"{STUB}/{suffix}")
    return Tried({"fixture_id": fixture, **pid}, {"persistent_id_id": reserved, **pid}, "finish it")


@refuses("record_fixture_persistent_id", PersistentIdTakenError)
async def one_that_another_fixture_has(world: World) -> Tried:
    pid = _pid(f"10.5072/{_suffix(world)}")
    await world.do("record_fixture_persistent_id", fixture_id=await world.fixture(), **pid)
    owner = await _stream_of(world, pid["value"])
    return Tried({"fixture_id": await world.fixture(), **pid}, {"persistent_id_id": owner, **pid}, "choose another")


# PIDINST records and contacts


@does("get_asset_pidinst")
async def the_record_of_an_asset(world: World) -> Tried:
    asset = await world.made_by(name=world.name("Camera"))
    identifier = {"identifier": f"urn:uuid:{asset}", "identifierType": "URN"}
    return Tried({"asset_id": asset}, {"identifier": identifier, "complete": True, "missing": []})


@refuses("get_asset_pidinst", AssetNotFoundError)
async def the_record_of_no_asset(world: World) -> Tried:
    fixture = await world.fixture()
    return Tried({"asset_id": fixture}, {"id": fixture}, "no asset")


@does("get_fixture_pidinst")
async def the_record_of_a_fixture(world: World) -> Tried:
    fixture = await world.fixture()
    identifier = {"identifier": f"urn:uuid:{fixture}", "identifierType": "URN"}
    return Tried({"fixture_id": fixture}, {"identifier": identifier, "complete": False, "test": False})


@refuses("get_fixture_pidinst", FixtureNotFoundError)
async def the_record_of_no_fixture(world: World) -> Tried:
    return Tried({"fixture_id": UNKNOWN}, {"id": UNKNOWN}, "no fixture")


@does("get_pidinst_form")
async def the_record_in_a_form(world: World) -> Tried:
    # Over HTTP it is the form itself, as a tool what it is and what it loses.
    return Tried({"record_id": await world.made_by(name=world.name("Camera")), "form": "csl.json"}, {})


@refuses("get_pidinst_form", NotFoundError)
async def a_form_of_no_record(world: World) -> Tried:
    family = await world.any_family()
    return Tried({"record_id": family, "form": "datacite.xml"}, {"id": family}, "no record")


async def _contact(world: World) -> str:
    owner = {"name": "Group", "contact": "group@example.org"}
    answer = await world.do("add_asset_owner", asset_id=await world.asset(), owner=owner)
    return str(answer["state"]["owners"][0]["contact_id"])


@does("get_contact")
async def an_address(world: World) -> Tried:
    contact = await _contact(world)
    return Tried({"contact_id": contact}, {"contact_id": contact, "address": "group@example.org"})


@refuses("get_contact", ContactNotFoundError)
async def an_address_that_was_erased(world: World) -> Tried:
    contact = await _contact(world)
    await world.do("erase_contact", contact_id=contact)
    return Tried({"contact_id": contact}, {"id": contact}, "may have been erased")


@does("erase_contact")
async def an_address_for_ever(world: World) -> Tried:
    contact = await _contact(world)
    return Tried({"contact_id": contact}, {"contact_id": contact})


@refuses("erase_contact", ContactNotFoundError)
async def an_address_that_nobody_gave(world: World) -> Tried:
    return Tried({"contact_id": UNKNOWN}, {"id": UNKNOWN}, "may have been erased")


@pytest.mark.parametrize("case", CASES.refused, ids=str)
async def test_refused(world: World, case: Refused) -> None:
    await case.check(world)


@pytest.mark.parametrize("surface", SURFACES)
@pytest.mark.parametrize("case", CASES.done, ids=str)
async def test_done(world: World, case: Done, surface: str) -> None:
    await case.check(world, surface)
