"""Publishing, telling, withdrawing and comparing identifiers: what is carried out and refused."""

from collections.abc import AsyncGenerator, Set

import pytest
from tests.integration.refusals import SURFACES, Cases, Done, Refused, Tried
from tests.integration.scenario import UNKNOWN, World
from tests.integration.surfaces import surfaces

from cora.equipment.adapters.by_scheme import BySchemeMinter
from cora.equipment.adapters.stub_doi_minter import StubDoiMinter
from cora.equipment.aggregates.persistent_id import (
    PersistentIdAuthorityNotConfiguredError,
    PersistentIdCannotPublishError,
    PersistentIdCannotReleaseError,
    PersistentIdCannotWithdrawError,
    PersistentIdentifierLookError,
    PersistentIdentifierPushError,
    PersistentIdHeldError,
    PersistentIdNotFoundError,
    PersistentIdNotKeptHereError,
    SchemeNotConfiguredError,
)
from cora.equipment.ports.doi_minter import Held, HeldState, Minted, MintFailedError, MintRequest
from cora.equipment.values import PersistentIdentifier
from cora.kernel.principal import Role
from cora.surfaces.start import Opened

CASES = Cases()
refuses, does = CASES.refuses, CASES.does


class Silent(StubDoiMinter):
    """An authority that registers nothing now, and does not tell what it has."""

    async def mint(self, request: MintRequest) -> Minted:
        raise MintFailedError("closed for the night", retryable=True)

    async def look(self, identifier: PersistentIdentifier) -> Held | None:
        raise MintFailedError("closed for the night", retryable=True)


class Holding(StubDoiMinter):
    """An authority that holds whatever it is asked about, leading to a page."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self._url = url

    async def look(self, identifier: PersistentIdentifier) -> Held | None:
        return Held(identifier, HeldState.FINDABLE, self._url, ours=True, resolves=True)


class OfNothing(StubDoiMinter):
    """Where no authority is set up."""

    @property
    def schemes(self) -> Set[str]:
        return frozenset()


class Closed(StubDoiMinter):
    """An authority that takes nothing about what it holds."""

    async def mint(self, request: MintRequest) -> Minted:
        raise MintFailedError("closed for good", retryable=False)

    async def publish(self, request: MintRequest) -> Minted:
        raise MintFailedError("closed for the night", retryable=True)

    async def push(self, request: MintRequest) -> Minted:
        raise MintFailedError("closed for good", retryable=False)


@pytest.fixture(scope="module")
async def world(module_cora: Opened) -> AsyncGenerator[World]:
    async with surfaces(module_cora) as shown:
        yield World(shown)


async def _identifier(world: World, *, draft: bool = False) -> tuple[str, dict[str, str]]:
    """The id of a minted identifier, or of a draft, and what it is."""
    equipment = world.surfaces.cora.equipment
    object.__setattr__(equipment, "publishes", not draft)
    try:
        asset = await world.made_by()
        assigned = await world.do("assign_asset_persistent_id", asset_id=asset, scheme="DOI")
    finally:
        object.__setattr__(equipment, "publishes", True)
    return await _stream_of(world, assigned["value"]), {"scheme": "DOI", "value": assigned["value"]}


async def _reserved(world: World) -> tuple[str, dict[str, str], str]:
    """The id of an identifier that is reserved, what it is, and where it is to lead."""
    asset, suffix = await world.made_by(), world.name("r").lower().replace(" ", "-")
    fields = {"asset_id": asset, "scheme": "DOI", "suffix": suffix}
    usual = world.surfaces.cora.equipment.doi_minter
    world.surfaces.use_minter(Silent())
    try:
        assert (await world.surfaces.http("assign_asset_persistent_id", fields)).status_code == 502
    finally:
        world.surfaces.use_minter(usual)
    value = f"10.0000/cora-stub/{suffix}"
    id = await _stream_of(world, value)
    return id, {"scheme": "DOI", "value": value}, f"{world.surfaces.cora.equipment.public_url}/id/{asset}"


async def _stream_of(world: World, value: str) -> str:
    shown = await world.surfaces.web[Role.READER].get(f"/persistent-ids/by-value/{value}")
    return str(shown.json()["id"])


@does(
    "publish_persistent_id",
    "PersistentIdPublicationRequested",
    "PersistentIdMetadataPushed",
    "PersistentIdPublished",
)
async def a_draft(world: World) -> Tried:
    id, _ = await _identifier(world, draft=True)
    return Tried({"persistent_id_id": id}, {"status": "Minted", "last_failure": None})


@refuses("publish_persistent_id", PersistentIdCannotPublishError)
async def what_is_published(world: World) -> Tried:
    id, identifier = await _identifier(world)
    return Tried({"persistent_id_id": id}, {"id": id, **identifier, "state": "Minted"}, "only a Draft")


@refuses("publish_persistent_id", PersistentIdentifierPushError)
async def a_draft_while_the_authority_is_closed(world: World) -> Tried:
    id, identifier = await _identifier(world, draft=True)
    members = {**identifier, "reason": "closed for the night", "retryable": True}
    return Tried({"persistent_id_id": id}, members, "wait until cora has done so", minter=Closed())


@does("push_persistent_id", "PersistentIdMetadataPushed")
async def what_was_told_before(world: World) -> Tried:
    id, _ = await _identifier(world)
    return Tried({"persistent_id_id": id, "again": True}, {"status": "Minted"})


@refuses("push_persistent_id", PersistentIdNotKeptHereError)
async def what_was_recorded(world: World) -> Tried:
    value = f"10.1234/{world.name('r').replace(' ', '-')}"
    await world.do("record_asset_persistent_id", asset_id=await world.asset(), scheme="DOI", value=value)
    id = await _stream_of(world, value)
    members = {"id": id, "scheme": "DOI", "value": value, "state": "Minted", "origin": "Recorded"}
    return Tried({"persistent_id_id": id}, members, "minted itself")


@refuses("push_persistent_id", PersistentIdentifierPushError)
async def what_the_authority_does_not_take(world: World) -> Tried:
    id, identifier = await _identifier(world)
    members = {**identifier, "reason": "closed for good", "retryable": False}
    return Tried({"persistent_id_id": id, "again": True}, members, "once a day", minter=Closed())


@does("redirect_persistent_id")
async def what_leads_there_already(world: World) -> Tried:
    id, _ = await _identifier(world)
    return Tried({"persistent_id_id": id}, {"status": "Minted", "former_landing_pages": []})


@refuses("redirect_persistent_id", PersistentIdNotKeptHereError)
async def what_is_not_led_by_us(world: World) -> Tried:
    value = f"10.1234/{world.name('r').replace(' ', '-')}"
    await world.do("record_asset_persistent_id", asset_id=await world.asset(), scheme="DOI", value=value)
    id = await _stream_of(world, value)
    members = {"id": id, "scheme": "DOI", "value": value, "state": "Minted", "origin": "Recorded"}
    return Tried({"persistent_id_id": id}, members, "minted itself")


@refuses("redirect_persistent_id", SchemeNotConfiguredError)
async def what_no_authority_here_leads(world: World) -> Tried:
    equipment = world.surfaces.cora.equipment
    usual = equipment.public_url
    object.__setattr__(equipment, "public_url", "https://former.example")
    try:
        id, identifier = await _identifier(world)
    finally:
        object.__setattr__(equipment, "public_url", usual)
    settings = ["CORA_DATACITE_REPOSITORY", "CORA_DATACITE_PASSWORD", "CORA_DATACITE_PREFIX"]
    members = {"scheme": identifier["scheme"], "configured": [], "to_set": settings}
    return Tried({"persistent_id_id": id}, members, "set up for it", minter=BySchemeMinter({}))


@does("withdraw_persistent_id", "PersistentIdWithdrawn")
async def what_the_world_can_find(world: World) -> Tried:
    id, _ = await _identifier(world)
    return Tried({"persistent_id_id": id, "reason": "never existed"}, {"status": "Withdrawn"})


@does("withdraw_persistent_id", "PersistentIdWithdrawn")
async def a_draft_that_nobody_saw(world: World) -> Tried:
    id, _ = await _identifier(world, draft=True)
    return Tried({"persistent_id_id": id, "reason": "never existed"}, {"status": "Withdrawn", "published_at": None})


@refuses("withdraw_persistent_id", PersistentIdCannotWithdrawError)
async def what_is_reserved(world: World) -> Tried:
    id, identifier, _ = await _reserved(world)
    given = {"persistent_id_id": id, "reason": "never existed"}
    return Tried(given, {"id": id, **identifier, "state": "Reserved"}, "only a Minted")


@does("release_persistent_id", "PersistentIdReleased")
async def what_the_authority_will_not_have(world: World) -> Tried:
    id, _, _ = await _reserved(world)
    return Tried({"persistent_id_id": id, "reason": "another is wanted"}, {"status": "Released"})


@refuses("release_persistent_id", PersistentIdCannotReleaseError)
async def what_was_minted(world: World) -> Tried:
    id, identifier = await _identifier(world)
    given = {"persistent_id_id": id, "reason": "never existed"}
    return Tried(given, {"id": id, **identifier, "state": "Minted"}, "only a Reserved")


@refuses("release_persistent_id", PersistentIdAuthorityNotConfiguredError)
async def what_nobody_can_be_asked_about(world: World) -> Tried:
    id, identifier, _ = await _reserved(world)
    settings = ["CORA_DATACITE_REPOSITORY", "CORA_DATACITE_PASSWORD", "CORA_DATACITE_PREFIX"]
    given = {"persistent_id_id": id, "reason": "never existed"}
    return Tried(given, {"id": id, **identifier, "to_set": settings}, "Have the server set up", minter=OfNothing())


@refuses("release_persistent_id", PersistentIdHeldError)
async def what_the_authority_holds_all_the_same(world: World) -> Tried:
    id, identifier, url = await _reserved(world)
    given = {"persistent_id_id": id, "reason": "never existed"}
    return Tried(given, {"id": id, **identifier}, "send the assignment again", minter=Holding(url))


@refuses("release_persistent_id", PersistentIdentifierLookError)
async def what_the_authority_does_not_tell_of(world: World) -> Tried:
    id, identifier, _ = await _reserved(world)
    given = {"persistent_id_id": id, "reason": "never existed"}
    members = {**identifier, "reason": "closed for the night", "retryable": True}
    return Tried(given, members, "It stays reserved", minter=Silent())


@does("reconcile_persistent_ids")
async def what_the_stub_keeps_for_nobody(world: World) -> Tried:
    id, _ = await _identifier(world)
    return Tried({"ids": [id], "fix": True}, {"skipped": [id], "findings": [], "interrupted": None, "next": None})


@does("reconcile_persistent_ids")
async def the_list_of_an_authority(world: World) -> Tried:
    return Tried({"of": "authority", "scheme": "Handle"}, {"findings": [], "others": [], "next": None})


@refuses("reconcile_persistent_ids", PersistentIdNotFoundError)
async def what_the_log_does_not_know(world: World) -> Tried:
    return Tried({"ids": [UNKNOWN]}, {"id": UNKNOWN}, "list them at /persistent-ids")


@pytest.mark.parametrize("case", CASES.refused, ids=str)
async def test_refused(world: World, case: Refused) -> None:
    await case.check(world)


@pytest.mark.parametrize("surface", SURFACES)
@pytest.mark.parametrize("case", CASES.done, ids=str)
async def test_done(world: World, case: Done, surface: str) -> None:
    await case.check(world, surface)
