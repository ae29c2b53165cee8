from contextlib import suppress
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.equipment.identifiers import an_identifier
from tests.unit.equipment.world import World

from cora.equipment.adapters.by_scheme import BySchemeMinter
from cora.equipment.aggregates.persistent_id import (
    PERSISTENT_ID,
    PersistentIdNotKeptHereError,
    PersistentIdRedirected,
    SchemeNotConfiguredError,
)
from cora.equipment.features.redirect_persistent_id import RedirectPersistentId, redirect_persistent_id
from cora.equipment.ports.doi_minter import MintFailedError
from cora.kernel.errors import AuthorityError
from cora.kernel.execute import Answer, Call
from cora.kernel.principal import Principal, Role

MOVED = "https://instruments.example.org"


@pytest.fixture
async def world() -> World:
    return World()


def identifier(world: World) -> UUID:
    return next(id for id, found in world.log.tables.documents.items() if found.kind == "persistent_id")


def move(world: World, **wired: Any) -> None:
    world.kernel.wired = replace(world.kernel.wired, **wired)


async def redirect(world: World, **options: Any) -> Answer:
    call = Call(Principal("steward", Role.STEWARD), "http", "request-1", **options)
    declared: Any = redirect_persistent_id.__slice__  # type: ignore[attr-defined]
    return await world.kernel.command(declared, RedirectPersistentId(persistent_id_id=identifier(world)), call)


async def test_it_leads_to_where_the_page_is_now_and_keeps_where_it_led(world: World) -> None:
    asset = await world.asset()
    await world.assign("asset", asset)
    before = world.state(PERSISTENT_ID, identifier(world))["landing_page"]
    move(world, public_url=MOVED)
    await redirect(world, dry_run=True)
    assert world.state(PERSISTENT_ID, identifier(world))["landing_page"] == before
    await redirect(world)
    after = world.state(PERSISTENT_ID, identifier(world))
    assert after["landing_page"] == f"{MOVED}/id/{asset}"
    assert after["former_landing_pages"] == [before]


async def test_where_it_leads_there_already_nothing_is_recorded(world: World) -> None:
    await world.assign("asset", await world.asset())
    before = world.log.kinds()
    await redirect(world)
    assert world.log.kinds() == before


async def test_what_was_recorded_leads_where_it_did(world: World) -> None:
    await world.record("asset", await world.asset(), "DOI", "10.1234/abc")
    with pytest.raises(PersistentIdNotKeptHereError, match="Recorded"):
        await redirect(world)


async def test_what_is_only_reserved_is_moved_once_it_is_minted(world: World) -> None:
    asset = await world.asset()
    world.minter.outcomes = [MintFailedError("closed for the night", retryable=True)]
    with suppress(AuthorityError):
        await world.assign("asset", asset)
    await redirect(world)
    move(world, public_url=MOVED)
    with pytest.raises(PersistentIdNotKeptHereError, match="not minted yet"):
        await redirect(world)
    await world.assign("asset", asset)
    await redirect(world)
    assert world.state(PERSISTENT_ID, identifier(world))["landing_page"] == f"{MOVED}/id/{asset}"


async def test_a_terminal_without_the_settings_of_the_authority_moves_nothing(world: World) -> None:
    await world.assign("asset", await world.asset())
    move(world, public_url=MOVED, doi_minter=BySchemeMinter({}))
    with pytest.raises(SchemeNotConfiguredError, match="CORA_DATACITE_PREFIX"):
        await redirect(world)


@given(st.sampled_from(["draft", "minted", "withdrawn"]), st.lists(st.sampled_from("abc"), max_size=5))
def test_wherever_it_stands_all_former_pages_are_kept_in_order(stands: str, places: list[str]) -> None:
    known = an_identifier(stands)
    pages = [f"https://{place}.example/id/{known.subject_id}" for place in places]
    moved = an_identifier(stands, *map(PersistentIdRedirected, pages))
    assert [*moved.former_landing_pages, moved.landing_page] == [known.landing_page, *pages]
    assert replace(moved, landing_page=known.landing_page, former_landing_pages=()) == known
