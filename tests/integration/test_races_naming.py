"""Races for what no two records may share: names, codes, ids, keys and persistent identifiers."""

from collections.abc import AsyncGenerator, Callable

import pytest
from tests.integration.support.races import WHERE, CountingMinter, Try, Where, losers, the_only_winner, winners
from tests.integration.support.scene import FACILITY_CODE, Scene, fresh, staged

from cora.equipment.aggregates.assembly import AssemblyNameTakenError
from cora.equipment.aggregates.asset.errors import AssetNameTakenError
from cora.equipment.aggregates.facility import FacilityAlreadyExistsError
from cora.equipment.aggregates.family import FamilyAlreadyExistsError, FamilyDoesNotPresentAsError
from cora.equipment.aggregates.fixture import FixtureNameTakenError
from cora.equipment.aggregates.frame import FrameNameTakenError
from cora.equipment.aggregates.model import ModelAlreadyExistsError
from cora.equipment.aggregates.mount import MountAlreadyExistsError
from cora.equipment.aggregates.persistent_id import (
    AssetPersistentIdAlreadyAssignedError,
    FixturePersistentIdAlreadyAssignedError,
    PersistentIdReservedError,
    PersistentIdTakenError,
)
from cora.equipment.aggregates.role import RoleAlreadyExistsError
from cora.equipment.features.add_family_presents_as import AddFamilyPresentsAs
from cora.equipment.features.assign_asset_persistent_id import AssignAssetPersistentId
from cora.equipment.features.assign_fixture_persistent_id import AssignFixturePersistentId
from cora.equipment.features.define_assembly import DefineAssembly
from cora.equipment.features.define_family import DefineFamily
from cora.equipment.features.define_model import DefineModel
from cora.equipment.features.define_role import DefineRole
from cora.equipment.features.describe_asset import DescribeAsset
from cora.equipment.features.record_asset_persistent_id import RecordAssetPersistentId
from cora.equipment.features.register_facility import RegisterFacility
from cora.equipment.features.register_frame import RegisterFrame
from cora.equipment.features.relocate_asset import RelocateAsset
from cora.equipment.features.remove_family_presents_as import RemoveFamilyPresentsAs
from cora.equipment.values import IdentifierScheme, Manufacturer
from cora.kernel.errors import IdempotencyKeyReusedError, IdTakenError, Refusal
from cora.kernel.identity import new_id
from cora.kernel.slice import Command

CROWD = 20


@pytest.fixture(scope="module")
async def scene(module_database_url: str) -> AsyncGenerator[Scene]:
    async with staged(module_database_url) as scene:
        yield scene


def spelled(name: str, number: int) -> str:
    """The same name ignoring case, written differently by every other client."""
    return name.upper() if number % 2 else name


def facility(_: Scene, name: str, number: int) -> Command:
    return RegisterFacility(code=name, name=f"Facility {number}")


def family(_: Scene, name: str, number: int) -> Command:
    return DefineFamily(name=spelled(name, number))


def role(_: Scene, name: str, number: int) -> Command:
    return DefineRole(name=spelled(name, number), docstring=f"Role {number}")


def model(scene: Scene, name: str, number: int) -> Command:
    maker = Manufacturer(spelled("Newport", number))
    families = (scene.family_id,)
    return DefineModel(
        name=f"Model {number}", manufacturer=maker, part_number=spelled(name, number), declared_family_ids=families
    )


def asset(scene: Scene, name: str, number: int) -> Command:
    return scene.registration(spelled(name, number))


def root(scene: Scene, name: str, number: int) -> Command:
    return scene.registration(spelled(name, number), facility_code=FACILITY_CODE)


def frame(_: Scene, name: str, number: int) -> Command:
    return RegisterFrame(name=spelled(name, number))


def mount(scene: Scene, name: str, number: int) -> Command:
    return scene.mounting(spelled(name, number))


def assembly(scene: Scene, name: str, number: int) -> Command:
    return DefineAssembly(name=spelled(name, number), presents_as_family_id=scene.family_id)


NATURAL_KEYS: dict[str, tuple[Callable[[Scene, str, int], Command], type[Refusal]]] = {
    "facility": (facility, FacilityAlreadyExistsError),
    "family": (family, FamilyAlreadyExistsError),
    "role": (role, RoleAlreadyExistsError),
    "model": (model, ModelAlreadyExistsError),
    "asset": (asset, AssetNameTakenError),
    "root": (root, AssetNameTakenError),
    "frame": (frame, FrameNameTakenError),
    "mount": (mount, MountAlreadyExistsError),
    "assembly": (assembly, AssemblyNameTakenError),
}


@pytest.mark.parametrize("where", WHERE)
@pytest.mark.parametrize("kind", list(NATURAL_KEYS))
async def test_a_natural_key_is_taken_by_one(scene: Scene, kind: str, where: Where) -> None:
    make, refused = NATURAL_KEYS[kind]
    name = fresh(kind)
    results = await scene.arena.race(*(make(scene, name, number) for number in range(CROWD)), where=where)
    the_only_winner(results, refused)
    await scene.arena.judged()


@pytest.mark.parametrize("where", WHERE)
async def test_a_fixture_name_is_taken_by_one(scene: Scene, where: Where) -> None:
    name = fresh("fixture")
    assets = [(await scene.installed())[0] for _ in range(6)]
    results = await scene.arena.race(*(scene.fixing(each, name=name) for each in assets), where=where)
    the_only_winner(results, FixtureNameTakenError)
    await scene.arena.judged()


async def test_a_name_is_taken_by_whoever_registers_is_renamed_or_moves_there_first(scene: Scene) -> None:
    shelf, name = await scene.asset(), fresh("Stage")
    renamed, moved = await scene.asset(parent_id=shelf), await scene.asset(name=name.upper())
    results = await scene.arena.race(
        scene.registration(name, parent_id=shelf),
        DescribeAsset(asset_id=renamed, name=name.lower()),
        RelocateAsset(asset_id=moved, to_parent_id=shelf, reason="rebuilt"),
    )
    the_only_winner(results, AssetNameTakenError)
    await scene.arena.judged()


@pytest.mark.parametrize("where", WHERE)
async def test_an_id_brought_along_is_used_once(scene: Scene, where: Where) -> None:
    id = new_id()
    tries = [
        DefineFamily(id=id, name=fresh("family")) if number % 2 else scene.registration(id=id)
        for number in range(CROWD)
    ]
    results = await scene.arena.race(*tries, where=where)
    assert the_only_winner(results, IdTakenError).id == id
    await scene.arena.judged()


@pytest.mark.parametrize("where", WHERE)
async def test_one_idempotency_key_is_one_recording(scene: Scene, where: Where) -> None:
    command, before = scene.registration(), await scene.arena.head()
    results = await scene.arena.race(*[Try(command, {"idempotency_key": fresh("key")})] * CROWD, where=where)
    answers = winners(results)
    assert len(answers) == CROWD
    assert {(each.id, each.status, each.position, each.body) for each in answers} == {
        (answers[0].id, 201, before + 1, answers[0].body)
    }
    assert await scene.arena.head() == before + 1
    await scene.arena.judged()


@pytest.mark.parametrize("where", WHERE)
async def test_one_idempotency_key_for_different_commands_is_one_recording(scene: Scene, where: Where) -> None:
    key, before = fresh("key"), await scene.arena.head()
    tries = [Try(scene.registration(), {"idempotency_key": key}) for _ in range(CROWD)]
    the_only_winner(await scene.arena.race(*tries, where=where), IdempotencyKeyReusedError)
    assert await scene.arena.head() == before + 1
    await scene.arena.judged()


@pytest.mark.parametrize("where", WHERE)
async def test_a_role_is_presented_and_taken_back_once(scene: Scene, where: Where) -> None:
    role_id = await scene.do(DefineRole(name=fresh("role"), docstring="Does something."))
    adding = AddFamilyPresentsAs(family_id=scene.family_id, role_id=role_id)
    removing = RemoveFamilyPresentsAs(family_id=scene.family_id, role_id=role_id)

    results = await scene.arena.race(*[adding] * CROWD, where=where)
    assert len(winners(results)) == 1

    the_only_winner(await scene.arena.race(*[removing] * CROWD, where=where), FamilyDoesNotPresentAsError)

    results = await scene.arena.race(*[adding, removing] * 10, where=where)
    assert len(winners(results)) >= 1
    await scene.arena.judged()


@pytest.fixture
def minter(scene: Scene) -> CountingMinter:
    scene.arena.minter.asked.clear()
    return scene.arena.minter


@pytest.mark.parametrize("clients", [2, 20])
@pytest.mark.parametrize("where", WHERE)
async def test_assignments_of_one_fixture_mint_one_identifier(
    scene: Scene, minter: CountingMinter, where: Where, clients: int
) -> None:
    fixture_id, _, _ = await scene.fixed()
    assigning = AssignFixturePersistentId(fixture_id=fixture_id, scheme=IdentifierScheme.DOI)

    results = await scene.arena.race(*[assigning] * clients, where=where)

    the_only_winner(results, FixturePersistentIdAlreadyAssignedError)
    world = await scene.arena.judged()
    assert minter.asked == [world.records[str(fixture_id)]["persistent_id"]]
    assert {refusal.members()["value"] for refusal in losers(results)} == set(minter.asked)


@pytest.mark.parametrize("where", WHERE)
async def test_assignments_with_different_suffixes_reserve_one(
    scene: Scene, minter: CountingMinter, where: Where
) -> None:
    asset_id = await scene.asset()
    tries = [
        AssignAssetPersistentId(asset_id=asset_id, scheme=IdentifierScheme.DOI, suffix=fresh("suffix"))
        for _ in range(CROWD)
    ]

    results = await scene.arena.race(*tries, where=where)

    assert len(winners(results)) == 1
    refused = {type(each) for each in losers(results)}
    assert refused <= {PersistentIdReservedError, AssetPersistentIdAlreadyAssignedError}
    assert len(minter.asked) == 1
    await scene.arena.judged()


@pytest.mark.parametrize("where", WHERE)
async def test_one_suffix_is_minted_for_one_record(scene: Scene, minter: CountingMinter, where: Where) -> None:
    assets = [await scene.asset() for _ in range(CROWD)]
    suffix = fresh("suffix")
    tries: list[Command] = [
        AssignAssetPersistentId(asset_id=asset_id, scheme=IdentifierScheme.HANDLE, suffix=suffix)
        for asset_id in assets[1:]
    ]
    value = f"20.500.0000/CORA-stub/{suffix}"
    recording = RecordAssetPersistentId(asset_id=assets[0], scheme=IdentifierScheme.HANDLE, value=value)

    results = await scene.arena.race(recording, *tries, where=where)

    the_only_winner(results, PersistentIdTakenError)
    world = await scene.arena.judged()
    owners = [each for each in map(str, assets) if "persistent_id" in world.records[each]]
    assert len(owners) == 1
    assert len(minter.asked) == (0 if owners == [str(assets[0])] else 1)
