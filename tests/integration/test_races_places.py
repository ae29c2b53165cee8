"""Races for the ends of frames, mounts and fixtures, and for models and controllers, judged by the log afterwards."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass

import pytest
from tests.integration.support.races import WHERE, Order, Where, losers, winners
from tests.integration.support.scene import Scene, fresh, staged

from cora.equipment.aggregates.asset.errors import (
    AssetHasControlledAssetsError,
    AssetModelMismatchError,
    ControllerCycleError,
    ControllerIsDecommissionedError,
)
from cora.equipment.aggregates.fixture import (
    FixtureHasAttachedAssetsError,
    FixtureIsRetiredError,
    FixtureNameTakenError,
)
from cora.equipment.aggregates.frame import FrameInUseError, FrameIsDecommissionedError, FrameNameTakenError
from cora.equipment.aggregates.mount import (
    MountAlreadyExistsError,
    MountCannotUpdateError,
    MountHasActiveChildrenError,
    MountHasAssetInstalledError,
    MountIsDecommissionedError,
)
from cora.equipment.features.add_asset_family import AddAssetFamily
from cora.equipment.features.attach_asset_to_fixture import AttachAssetToFixture
from cora.equipment.features.bind_asset_model import BindAssetModel
from cora.equipment.features.decommission_asset import DecommissionAsset
from cora.equipment.features.decommission_frame import DecommissionFrame
from cora.equipment.features.decommission_mount import DecommissionMount
from cora.equipment.features.define_family import DefineFamily
from cora.equipment.features.install_asset import InstallAsset
from cora.equipment.features.retire_fixture import RetireFixture
from cora.equipment.features.set_asset_controller import SetAssetController
from cora.equipment.features.update_mount_placement import UpdateMountPlacement
from cora.equipment.values import Placement
from cora.kernel.errors import Refusal
from cora.kernel.slice import Command

ORDERS: tuple[Order, ...] = ("at once", "as listed", "reversed")

Commands = tuple[Command, Command]


@pytest.fixture(scope="module")
async def scene(module_database_url: str) -> AsyncGenerator[Scene]:
    async with staged(module_database_url) as scene:
        yield scene


async def _mount_in_frame(scene: Scene) -> Commands:
    frame_id = await scene.do(scene.framing())
    return scene.mounting(frame_id=frame_id), DecommissionFrame(frame_id=frame_id, reason="torn down")


async def _frame_in_frame(scene: Scene) -> Commands:
    frame_id = await scene.do(scene.framing())
    return scene.framing(frame_id), DecommissionFrame(frame_id=frame_id, reason="torn down")


async def _mount_into_frame(scene: Scene) -> Commands:
    frame_id, mount_id = await scene.do(scene.framing()), await scene.mount()
    moving = UpdateMountPlacement(mount_id=mount_id, placement=Placement(frame_id))
    return moving, DecommissionFrame(frame_id=frame_id, reason="torn down")


async def _asset_into_mount(scene: Scene) -> Commands:
    asset_id, mount_id = await scene.asset(), await scene.mount()
    installing = InstallAsset(mount_id=mount_id, asset_id=asset_id)
    return installing, DecommissionMount(mount_id=mount_id, reason="torn down")


async def _slot_below_mount(scene: Scene) -> Commands:
    mount_id = await scene.mount()
    return scene.mounting(parent_id=mount_id), DecommissionMount(mount_id=mount_id, reason="torn down")


async def _asset_to_fixture(scene: Scene) -> Commands:
    fixture_id, asset_id, _ = await scene.fixed()
    attaching = AttachAssetToFixture(asset_id=asset_id, fixture_id=fixture_id)
    return attaching, RetireFixture(fixture_id=fixture_id, reason="rebuilt")


async def _controller_that_ends(scene: Scene) -> Commands:
    asset_id, controller_id = await scene.asset(), await scene.asset()
    setting = SetAssetController(asset_id=asset_id, controller_id=controller_id)
    return setting, DecommissionAsset(asset_id=controller_id, reason="worn")


async def _controllers_of_each_other(scene: Scene) -> Commands:
    one, other = await scene.asset(), await scene.asset()
    return (
        SetAssetController(asset_id=one, controller_id=other),
        SetAssetController(asset_id=other, controller_id=one),
    )


async def _model_and_family(scene: Scene) -> Commands:
    asset_id = await scene.asset(model_id=None, family_ids=())
    undeclared = await scene.do(DefineFamily(name=fresh("family")))
    binding = BindAssetModel(asset_id=asset_id, model_id=scene.model_id)
    return binding, AddAssetFamily(asset_id=asset_id, family_id=undeclared)


@dataclass(frozen=True)
class Pair:
    """Two commands of which one can come true, and what the other is refused with, be it the first or the second."""

    arrange: Callable[[Scene], Awaitable[Commands]]
    first_refused: type[Refusal]
    second_refused: type[Refusal]
    on_one_record: bool = False


PAIRS: dict[str, Pair] = {
    "a mount in a frame that ends": Pair(_mount_in_frame, FrameIsDecommissionedError, FrameInUseError),
    "a frame in a frame that ends": Pair(_frame_in_frame, FrameIsDecommissionedError, FrameInUseError),
    "a mount placed into a frame that ends": Pair(_mount_into_frame, FrameIsDecommissionedError, FrameInUseError),
    "an asset in a mount that ends": Pair(
        _asset_into_mount, MountCannotUpdateError, MountHasAssetInstalledError, on_one_record=True
    ),
    "a slot below a mount that ends": Pair(_slot_below_mount, MountIsDecommissionedError, MountHasActiveChildrenError),
    "an asset attached to a fixture that ends": Pair(
        _asset_to_fixture, FixtureIsRetiredError, FixtureHasAttachedAssetsError
    ),
    "a controller that ends": Pair(
        _controller_that_ends, ControllerIsDecommissionedError, AssetHasControlledAssetsError
    ),
    "controllers of each other": Pair(_controllers_of_each_other, ControllerCycleError, ControllerCycleError),
    "a model and a family that it does not declare": Pair(
        _model_and_family, AssetModelMismatchError, AssetModelMismatchError, on_one_record=True
    ),
}


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("where", WHERE)
@pytest.mark.parametrize("name", list(PAIRS))
async def test_one_of_two_comes_true_and_never_both(scene: Scene, name: str, where: Where, order: Order) -> None:
    pair = PAIRS[name]
    first, second = await scene.arena.race(*(await pair.arrange(scene)), where=where, order=order)

    assert isinstance(first, Refusal) != isinstance(second, Refusal)
    assert not isinstance(first, Refusal) or isinstance(first, pair.first_refused)
    assert not isinstance(second, Refusal) or isinstance(second, pair.second_refused)
    if where != "one kernel" and order != "at once":
        assert isinstance(first, Refusal) == (order == "reversed")
    await scene.arena.judged()


@pytest.mark.parametrize("where", WHERE)
async def test_a_ring_of_controllers_cannot_be_closed(scene: Scene, where: Where) -> None:
    ring = [await scene.asset() for _ in range(5)]
    tries = [
        SetAssetController(asset_id=asset_id, controller_id=ring[(index + 1) % 5])
        for index, asset_id in enumerate(ring)
    ]

    results = await scene.arena.race(*tries, where=where)

    assert len(winners(results)) == 4
    assert [type(each) for each in losers(results)] == [ControllerCycleError]
    await scene.arena.judged()


@pytest.mark.parametrize("where", WHERE)
async def test_a_model_is_bound_in_some_order_each_after_the_one_before(scene: Scene, where: Where) -> None:
    """The reason is needed by all but the first, and each event names the model before it."""
    asset_id = await scene.asset(model_id=None)
    models = [await scene.do(scene.modelling(scene.family_id)) for _ in range(6)]
    tries = [BindAssetModel(asset_id=asset_id, model_id=model_id, reason="misread label") for model_id in models]

    results = await scene.arena.race(*tries, where=where)

    assert len(winners(results)) == len(models)
    world = await scene.arena.judged()
    bound = [each.data for each in world.of_kind("AssetModelBound") if each.stream == str(asset_id)]
    assert [each["previous_model_id"] for each in bound] == [None, *(each["model_id"] for each in bound[:-1])]


async def _freed_frame_name(scene: Scene) -> Commands:
    name = fresh("frame")
    frame_id = await scene.do(scene.framing(name=name))
    return scene.framing(name=name.upper()), DecommissionFrame(frame_id=frame_id, reason="torn down")


async def _freed_slot_code(scene: Scene) -> Commands:
    code = fresh("mount")
    mount_id = await scene.do(scene.mounting(code))
    return scene.mounting(code.upper()), DecommissionMount(mount_id=mount_id, reason="torn down")


async def _freed_fixture_name(scene: Scene) -> Commands:
    (asset_id, _), name = await scene.installed(), fresh("fixture")
    fixture_id = await scene.do(scene.fixing(asset_id, name=name))
    return scene.fixing(asset_id, name=name.upper()), RetireFixture(fixture_id=fixture_id, reason="rebuilt")


FREED: dict[str, tuple[Callable[[Scene], Awaitable[Commands]], type[Refusal]]] = {
    "frame": (_freed_frame_name, FrameNameTakenError),
    "mount": (_freed_slot_code, MountAlreadyExistsError),
    "fixture": (_freed_fixture_name, FixtureNameTakenError),
}


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("where", WHERE)
@pytest.mark.parametrize("kind", list(FREED))
async def test_a_name_is_given_again_only_after_it_was_freed(
    scene: Scene, kind: str, where: Where, order: Order
) -> None:
    arrange, refused = FREED[kind]
    made, ended = await scene.arena.race(*(await arrange(scene)), where=where, order=order)

    assert not isinstance(ended, Refusal)
    if isinstance(made, Refusal):
        assert isinstance(made, refused)
    else:
        assert ended.position < made.position
    await scene.arena.judged()
