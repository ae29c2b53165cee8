from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from tests.unit.equipment.world import World

from cora.equipment.aggregates.persistent_id import (
    PERSISTENT_ID,
    PersistentIdCannotPublishError,
    PersistentIdentifierPushError,
)
from cora.equipment.features.publish_persistent_id import PublishPersistentId, publish_persistent_id
from cora.equipment.ports.doi_minter import Minted, MintFailedError, MintRequest, NotAskedError
from cora.kernel.errors import OverloadedError, Refusal
from cora.kernel.execute import Answer, Call, Kernel
from cora.kernel.principal import Principal, Role


@pytest.fixture
async def world() -> World:
    world = World()
    world.wired = replace(world.wired, publishes=False)
    world.kernel = Kernel(world.log, world.wired, clock=lambda: world.log.clock())
    return world


async def draft(world: World) -> UUID:
    await world.assign("asset", await world.asset(), suffix="a1")
    return next(id for id, found in world.log.tables.documents.items() if found.kind == "persistent_id")


async def publish(world: World, id: UUID, **options: Any) -> Answer:
    call = Call(Principal("steward", Role.STEWARD), "http", "request-1", **options)
    declared: Any = publish_persistent_id.__slice__  # type: ignore[attr-defined]
    return await world.kernel.command(declared, PublishPersistentId(persistent_id_id=id), call)


async def test_a_draft_is_published_once(world: World) -> None:
    id = await draft(world)
    assert world.state(PERSISTENT_ID, id)["status"] == "Draft"
    await publish(world, id)
    assert world.log.kinds()[-3:] == [
        "PersistentIdPublicationRequested", "PersistentIdMetadataPushed", "PersistentIdPublished"
    ]  # fmt: skip
    state = world.state(PERSISTENT_ID, id)
    assert (state["status"], state["published_at"] is None) == ("Minted", False)
    with pytest.raises(PersistentIdCannotPublishError, match="is Minted"):
        await publish(world, id)


async def test_after_a_failure_the_same_command_resumes_it(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    id = await draft(world)
    usual = world.minter.publish

    async def fails(_request: MintRequest) -> Minted:
        raise MintFailedError("closed for the night", retryable=True, retry_after=7.0)

    monkeypatch.setattr(world.minter, "publish", fails)
    with pytest.raises(PersistentIdentifierPushError, match="closed for the night") as failure:
        await publish(world, id)
    assert failure.value.retryable
    state = world.state(PERSISTENT_ID, id)
    assert (state["status"], state["last_failure"]["retry_after"]) == ("Draft", 7.0)
    monkeypatch.setattr(world.minter, "publish", usual)
    await publish(world, id)
    assert world.log.kinds().count("PersistentIdPublicationRequested") == 1
    state = world.state(PERSISTENT_ID, id)
    assert (state["status"], state["last_failure"]) == ("Minted", None)


@pytest.mark.parametrize(("seconds", "refusal"), [(7.0, OverloadedError), (None, PersistentIdentifierPushError)])
async def test_an_authority_that_was_not_asked_has_not_failed(
    world: World, monkeypatch: pytest.MonkeyPatch, seconds: float | None, refusal: type[Refusal]
) -> None:
    id = await draft(world)

    async def not_asked(_request: MintRequest) -> Minted:
        raise NotAskedError("no call is free", retry_after=seconds)

    monkeypatch.setattr(world.minter, "publish", not_asked)
    with pytest.raises(refusal, match="no call is free"):
        await publish(world, id)
    assert world.log.kinds()[-1] == "PersistentIdPublicationRequested"
    assert world.state(PERSISTENT_ID, id)["last_failure"] is None


async def test_a_rehearsal_asks_nobody(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    id = await draft(world)
    before = world.log.kinds()
    monkeypatch.setattr(world.minter, "publish", None)
    await publish(world, id, dry_run=True)
    assert world.log.kinds() == before
