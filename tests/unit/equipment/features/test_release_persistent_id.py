import asyncio
from contextlib import suppress
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.equipment.world import World

from cora.equipment.aggregates.asset import ASSET
from cora.equipment.aggregates.persistent_id import (
    PERSISTENT_ID,
    PersistentIdAuthorityNotConfiguredError,
    PersistentIdCannotReleaseError,
    PersistentIdentifierLookError,
    PersistentIdHeldError,
    PersistentIdMinted,
    PersistentIdWithdrawn,
)
from cora.equipment.features.release_persistent_id import ReleasePersistentId, release_persistent_id
from cora.equipment.minting import ON_ITS_WAY_SECONDS
from cora.equipment.ports.doi_minter import Held, HeldState, MintFailedError, NotAskedError
from cora.equipment.values import PersistentIdentifier
from cora.kernel.errors import AuthorityError, OverloadedError, PreconditionFailedError, Refusal
from cora.kernel.execute import Answer, Call
from cora.kernel.principal import Principal, Role

BUSY = MintFailedError("closed for the night", retryable=True)


async def reserved(world: World, suffix: str = "a1") -> tuple[UUID, UUID]:
    """An asset, and the identifier that is reserved for it and that the authority does not register for now."""
    asset = await world.asset()
    world.minter.outcomes = [BUSY]
    with suppress(AuthorityError):
        await world.assign("asset", asset, suffix=suffix)
    kinds = {id: found.kind for id, found in world.log.tables.documents.items()}
    return asset, [id for id, kind in kinds.items() if kind == "persistent_id"][-1]


async def release(world: World, id: UUID, **options: Any) -> Answer:
    call = Call(Principal("steward", Role.STEWARD), "http", "request-1", **options)
    declared: Any = release_persistent_id.__slice__  # type: ignore[attr-defined]
    return await world.kernel.command(declared, ReleasePersistentId(persistent_id_id=id, reason="not wanted"), call)


async def test_what_the_authority_does_not_hold_is_given_up_and_the_record_is_free_for_another() -> None:
    world = World()
    asset, id = await reserved(world)
    await release(world, id)
    assert world.log.kinds()[-1] == "PersistentIdReleased"
    state = world.state(PERSISTENT_ID, id)
    assert (state["status"], state["released_at"] is None) == ("Released", False)
    with pytest.raises(PersistentIdCannotReleaseError, match="is Released"):
        await release(world, id)
    await world.assign("asset", asset, suffix="b2")
    assert world.state(ASSET, asset)["persistent_id"]["value"].endswith("/b2")
    other, _ = await reserved(world)
    await world.assign("asset", other, suffix="a1")


async def test_what_the_authority_holds_for_us_is_not_given_up() -> None:
    world = World()
    asset, id = await reserved(world)
    world.minter.held = True
    with pytest.raises(PersistentIdHeldError, match="send the assignment again"):
        await release(world, id)
    assert world.state(PERSISTENT_ID, id)["status"] == "Reserved"
    await world.assign("asset", asset)
    assert world.state(PERSISTENT_ID, id)["status"] == "Minted"


@pytest.mark.parametrize("lost", ["the caller is gone", "no answer"])
async def test_while_a_request_may_still_arrive_it_is_not_given_up(lost: str) -> None:
    """What has no answer yet may be registered after a look has found nothing."""
    world = World()
    asset = await world.asset()
    if lost == "no answer":
        world.minter.outcomes = [MintFailedError("no answer", retryable=True, answered=False)]
        with suppress(AuthorityError):
            await world.assign("asset", asset, suffix="a1")
    else:
        world.minter.outcomes = [asyncio.CancelledError()]
        with suppress(asyncio.CancelledError):
            await world.assign("asset", asset, suffix="a1")
    (id,) = [id for id, found in world.log.tables.documents.items() if found.kind == "persistent_id"]
    with pytest.raises(OverloadedError, match="may register it still") as refused:
        await release(world, id)
    assert 0 < refused.value.retry_after <= ON_ITS_WAY_SECONDS
    tellings: Any = world.wired.tellings
    tellings.begun_at[id] -= ON_ITS_WAY_SECONDS
    await release(world, id)
    assert world.state(PERSISTENT_ID, id)["status"] == "Released"


async def test_what_another_account_holds_for_our_page_is_not_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World()
    _, id = await reserved(world)
    page = world.state(PERSISTENT_ID, id)["landing_page"]

    async def theirs(identifier: PersistentIdentifier) -> Held:
        return Held(identifier, HeldState.FINDABLE, page, ours=False, resolves=True)

    monkeypatch.setattr(world.minter, "look", theirs)
    with pytest.raises(PersistentIdHeldError):
        await release(world, id)


async def test_what_leads_elsewhere_at_the_authority_is_somebody_elses_and_given_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = World()
    _, id = await reserved(world)

    async def elsewhere(identifier: PersistentIdentifier) -> Held:
        return Held(identifier, HeldState.FINDABLE, "https://elsewhere.example", ours=True, resolves=True)

    monkeypatch.setattr(world.minter, "look", elsewhere)
    await release(world, id)


@pytest.mark.parametrize(
    ("failure", "refusal"),
    [
        (BUSY, PersistentIdentifierLookError),
        (MintFailedError("not for you", retryable=False), PersistentIdentifierLookError),
        (RuntimeError(), PersistentIdentifierLookError),
        (NotAskedError("no call is free", retry_after=7.0), OverloadedError),
    ],
)
async def test_an_authority_that_does_not_tell_may_hold_it(failure: Exception, refusal: type[Refusal]) -> None:
    world = World()
    _, id = await reserved(world)
    world.minter.held, before = failure, world.log.kinds()
    with pytest.raises(refusal):
        await release(world, id)
    assert world.log.kinds() == before
    world.minter.held = False
    await release(world, id)


async def test_without_an_authority_nobody_can_be_asked() -> None:
    world = World()
    _, id = await reserved(world)
    world.minter.only = frozenset({"Handle"})
    with pytest.raises(PersistentIdAuthorityNotConfiguredError, match="CORA_DATACITE_REPOSITORY"):
        await release(world, id)
    assert world.state(PERSISTENT_ID, id)["status"] == "Reserved"


async def test_a_rehearsal_asks_nobody_and_records_nothing() -> None:
    world = World()
    _, id = await reserved(world)
    world.minter.held, before = BUSY, world.log.kinds()
    assert b"PersistentIdReleased" in (await release(world, id, dry_run=True)).body.encode()
    assert world.log.kinds() == before
    with pytest.raises(PreconditionFailedError):
        await release(world, id, if_match=99)


async def test_while_it_is_minted_it_is_waited_for_and_then_too_late() -> None:
    world = World()
    asset, id = await reserved(world)
    world.minter.gate = asyncio.Event()
    minting = asyncio.create_task(world.assign("asset", asset))
    await asyncio.sleep(0.01)
    releasing = asyncio.create_task(release(world, id))
    await asyncio.sleep(0.01)
    assert not releasing.done()
    world.minter.gate.set()
    await minting
    with pytest.raises(PersistentIdCannotReleaseError, match="is Minted"):
        await releasing


@given(st.sampled_from(["Reserved", "Draft", "Minted", "Withdrawn", "Released"]), st.booleans())
def test_only_what_is_reserved_and_not_held_is_released(stands: str, held: bool) -> None:
    async def test() -> None:
        world = World()
        _, id = await reserved(world)
        match stands:
            case "Reserved":
                pass
            case "Released":
                await release(world, id)
            case _:
                await world.note(PERSISTENT_ID, id, PersistentIdMinted(draft=stands == "Draft"))
        if stands == "Withdrawn":
            await world.note(PERSISTENT_ID, id, PersistentIdWithdrawn("never existed"))
        world.minter.held = held
        before = world.log.kinds()
        if stands == "Reserved" and not held:
            await release(world, id)
            assert world.log.kinds() == [*before, "PersistentIdReleased"]
            return
        refusal = PersistentIdHeldError if stands == "Reserved" else PersistentIdCannotReleaseError
        with pytest.raises(refusal):
            await release(world, id)
        assert world.log.kinds() == before

    asyncio.run(test())
