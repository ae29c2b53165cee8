from typing import Any
from uuid import UUID

import pytest
from tests.unit.equipment.world import World

from cora.equipment.aggregates.asset import ASSET
from cora.equipment.aggregates.asset.events import AssetDescribed
from cora.equipment.aggregates.persistent_id import PERSISTENT_ID, PersistentIdNotKeptHereError
from cora.equipment.features.push_persistent_id import PushPersistentId, push_persistent_id
from cora.equipment.ports.doi_minter import Minted, MintRequest
from cora.kernel.execute import Answer, Call
from cora.kernel.principal import Principal, Role


class Pushed:
    """What the authority was told after minting."""

    def __init__(self, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
        self.requests: list[MintRequest] = []
        usual = world.minter.push

        async def push(request: MintRequest) -> Minted:
            self.requests.append(request)
            return await usual(request)

        monkeypatch.setattr(world.minter, "push", push)


@pytest.fixture
async def world() -> World:
    return World()


def identifier(world: World) -> UUID:
    return next(id for id, found in world.log.tables.documents.items() if found.kind == "persistent_id")


async def push(world: World, id: UUID, *, again: bool = False, **options: Any) -> Answer:
    call = Call(Principal("steward", Role.STEWARD), "http", "request-1", **options)
    command = PushPersistentId(persistent_id_id=id, again=again)
    declared: Any = push_persistent_id.__slice__  # type: ignore[attr-defined]
    return await world.kernel.command(declared, command, call)


async def test_what_is_told_already_is_not_told_again(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    told = Pushed(world, monkeypatch)
    await world.assign("asset", await world.asset())
    before = world.log.kinds()
    await push(world, identifier(world))
    assert (told.requests, world.log.kinds()) == ([], before)
    await push(world, identifier(world), again=True)
    assert len(told.requests) == 1
    assert world.log.kinds()[-1] == "PersistentIdMetadataPushed"


async def test_a_change_is_told_with_its_own_digest(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    told = Pushed(world, monkeypatch)
    asset = await world.asset()
    await world.assign("asset", asset)
    first = world.state(PERSISTENT_ID, identifier(world))["pushed"]["digest"]
    await world.note(ASSET, asset, AssetDescribed("Stage", "for tomography"))
    await push(world, identifier(world))
    (request,) = told.requests
    assert request.record.record.description == "for tomography"
    assert world.state(PERSISTENT_ID, identifier(world))["pushed"]["digest"] != first


async def test_nobody_is_told_of_a_recorded_identifier(world: World) -> None:
    await world.record("asset", await world.asset(), "DOI", "10.1234/abc")
    with pytest.raises(PersistentIdNotKeptHereError, match="Recorded"):
        await push(world, identifier(world))
