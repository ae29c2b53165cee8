"""Races for the guards of definitions: what is deprecated is not used anew; names, roles and families stay sound."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from uuid import UUID

import pytest
from tests.integration.support.races import WHERE, Order, Where, losers, the_only_winner, winners
from tests.integration.support.scene import Scene, fresh, staged

from cora.equipment.aggregates.assembly import (
    AssemblyCannotInstantiateError,
    AssemblyCannotVersionError,
    AssemblyNameTakenError,
)
from cora.equipment.aggregates.family import (
    FamilyAffordanceInUseError,
    FamilyAlreadyExistsError,
    FamilyCannotDeprecateError,
    FamilyCannotPresentAsError,
    FamilyDeprecatedError,
)
from cora.equipment.aggregates.model import ModelAlreadyExistsError, ModelDeprecatedError, ModelNeedsFamilyError
from cora.equipment.features.add_asset_family import AddAssetFamily
from cora.equipment.features.add_family_presents_as import AddFamilyPresentsAs
from cora.equipment.features.add_model_family import AddModelFamily
from cora.equipment.features.define_family import DefineFamily
from cora.equipment.features.define_role import DefineRole
from cora.equipment.features.deprecate_assembly import DeprecateAssembly
from cora.equipment.features.deprecate_family import DeprecateFamily
from cora.equipment.features.deprecate_model import DeprecateModel
from cora.equipment.features.remove_model_family import RemoveModelFamily
from cora.equipment.features.version_assembly import VersionAssembly
from cora.equipment.features.version_family import VersionFamily
from cora.equipment.features.version_model import VersionModel
from cora.equipment.values import Affordance, Manufacturer
from cora.kernel.errors import Refusal
from cora.kernel.execute import Answer
from cora.kernel.slice import Command

ORDERS: tuple[Order, ...] = ("at once", "as listed", "reversed")
CROWD = 20


@pytest.fixture(scope="module")
async def scene(module_database_url: str) -> AsyncGenerator[Scene]:
    async with staged(module_database_url) as scene:
        yield scene


def out_of_use(family_id: UUID) -> Command:
    return DeprecateFamily(family_id=family_id, reason="superseded")


async def a_model_of_a_family(scene: Scene) -> tuple[Command, Command]:
    family_id = await scene.family()
    return out_of_use(family_id), scene.modelling(family_id)


async def a_family_more_of_a_model(scene: Scene) -> tuple[Command, Command]:
    family_id, model_id = await scene.family(), await scene.do(scene.modelling(scene.family_id))
    return out_of_use(family_id), AddModelFamily(model_id=model_id, family_id=family_id)


async def an_asset_of_a_family(scene: Scene) -> tuple[Command, Command]:
    family_id = await scene.family()
    return out_of_use(family_id), scene.registration(model_id=None, family_ids=(family_id,))


async def a_family_more_of_an_asset(scene: Scene) -> tuple[Command, Command]:
    family_id, asset_id = await scene.family(), await scene.asset(model_id=None)
    return out_of_use(family_id), AddAssetFamily(asset_id=asset_id, family_id=family_id)


async def a_slot_for_a_family(scene: Scene) -> tuple[Command, Command]:
    family_id = await scene.family()
    return out_of_use(family_id), scene.assembling(family_id)


async def an_asset_of_a_model(scene: Scene) -> tuple[Command, Command]:
    model_id = await scene.do(scene.modelling(scene.family_id))
    return DeprecateModel(model_id=model_id, reason="no longer sold"), scene.registration(model_id=model_id)


async def a_fixture_of_an_assembly(scene: Scene) -> tuple[Command, Command]:
    assembly_id = await scene.do(scene.assembling(scene.family_id))
    asset_id, _ = await scene.installed()
    return DeprecateAssembly(assembly_id=assembly_id, reason="rebuilt"), scene.fixing(asset_id, assembly_id=assembly_id)


async def a_version_of_an_assembly(scene: Scene) -> tuple[Command, Command]:
    assembly_id = await scene.do(scene.assembling(scene.family_id))
    version = VersionAssembly(
        assembly_id=assembly_id, tag="2", name=fresh("tower"), presents_as_family_id=scene.family_id
    )
    return DeprecateAssembly(assembly_id=assembly_id, reason="rebuilt"), version


Uses = Callable[[Scene], Awaitable[tuple[Command, Command]]]
"""Makes a definition; gives the command that takes it out of use, and one that uses it."""

USES: dict[Uses, type[Refusal]] = {
    a_model_of_a_family: FamilyDeprecatedError,
    a_family_more_of_a_model: FamilyDeprecatedError,
    an_asset_of_a_family: FamilyDeprecatedError,
    a_family_more_of_an_asset: FamilyDeprecatedError,
    a_slot_for_a_family: FamilyDeprecatedError,
    an_asset_of_a_model: ModelDeprecatedError,
    a_fixture_of_an_assembly: AssemblyCannotInstantiateError,
    a_version_of_an_assembly: AssemblyCannotVersionError,
}


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("where", WHERE)
@pytest.mark.parametrize("uses", USES, ids=lambda uses: uses.__name__)
async def test_a_definition_is_used_anew_only_before_it_is_deprecated(
    scene: Scene, uses: Uses, where: Where, order: Order
) -> None:
    deprecating, using = await uses(scene)

    deprecated, used = await scene.arena.race(deprecating, using, where=where, order=order)

    # What is of a definition already does not keep it in use.
    assert isinstance(deprecated, Answer)
    if isinstance(used, Refusal):
        assert type(used) is USES[uses]
    else:
        assert used.position < deprecated.position
    if where != "one kernel":
        assert isinstance(used, Refusal) == (order == "as listed") or order == "at once"
    await scene.arena.judged()


@pytest.mark.parametrize("where", WHERE)
async def test_a_family_is_deprecated_once(scene: Scene, where: Where) -> None:
    results = await scene.arena.race(*[out_of_use(await scene.family())] * CROWD, where=where)
    the_only_winner(results, FamilyCannotDeprecateError)
    await scene.arena.judged()


def spelled(name: str, number: int) -> str:
    """The same name ignoring case, written differently by every other client."""
    return name.upper() if number % 2 else name


async def one_name_for_several_families(scene: Scene, size: int = 4) -> list[Command]:
    """Versions of different families under one name."""
    name = fresh("stage")
    return [
        VersionFamily(family_id=await scene.family(), tag="2", name=spelled(name, number)) for number in range(size)
    ]


async def one_part_number_for_several_models(scene: Scene, size: int = 4) -> list[Command]:
    """Versions of different models under one part number."""
    number, families = fresh("part"), (scene.family_id,)
    ids = [await scene.do(scene.modelling(scene.family_id)) for _ in range(size)]
    return [
        VersionModel(
            model_id=id,
            tag="2",
            name="Stage",
            manufacturer=Manufacturer("Newport"),
            part_number=spelled(number, each),
            declared_family_ids=families,
        )
        for each, id in enumerate(ids)
    ]


async def one_name_for_several_assemblies(scene: Scene, size: int = 4) -> list[Command]:
    """Versions of different assemblies under one name."""
    name, family_id = fresh("tower"), scene.family_id
    ids = [await scene.do(scene.assembling(family_id)) for _ in range(size)]
    return [
        VersionAssembly(assembly_id=id, tag="2", name=spelled(name, number), presents_as_family_id=family_id)
        for number, id in enumerate(ids)
    ]


Versions = Callable[[Scene, int], Awaitable[list[Command]]]
NAMES: dict[Versions, type[Refusal]] = {
    one_name_for_several_families: FamilyAlreadyExistsError,
    one_part_number_for_several_models: ModelAlreadyExistsError,
    one_name_for_several_assemblies: AssemblyNameTakenError,
}


@pytest.mark.parametrize("where", WHERE)
@pytest.mark.parametrize("size", [2, CROWD])
@pytest.mark.parametrize("versions", NAMES, ids=lambda versions: versions.__name__)
async def test_a_name_goes_to_one_version(scene: Scene, versions: Versions, size: int, where: Where) -> None:
    results = await scene.arena.race(*await versions(scene, size), where=where)
    won = the_only_winner(results, NAMES[versions])
    assert {refusal.members()["existing_id"] for refusal in losers(results)} == {won.id}
    await scene.arena.judged()


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("where", WHERE)
async def test_the_name_of_a_deprecated_family_goes_to_one(scene: Scene, where: Where, order: Order) -> None:
    name = fresh("stage")
    family_id, other_id = await scene.do(DefineFamily(name=name)), await scene.family()
    wanting = [DefineFamily(name=name.upper()), VersionFamily(family_id=other_id, tag="2", name=name)]

    deprecated, *wanted = await scene.arena.race(out_of_use(family_id), *wanting, where=where, order=order)

    assert isinstance(deprecated, Answer)
    assert {type(each) for each in losers(wanted)} <= {FamilyAlreadyExistsError}
    assert [each.position > deprecated.position for each in winners(wanted)] in ([], [True])
    await scene.arena.judged()


async def the_last_two_families_of_a_model(scene: Scene) -> list[Command]:
    """Both are removed."""
    families = [await scene.family(), await scene.family()]
    model_id = await scene.do(scene.modelling(*families))
    return [RemoveModelFamily(model_id=model_id, family_id=family_id) for family_id in families]


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("where", WHERE)
async def test_a_model_keeps_one_of_its_last_two_families(scene: Scene, where: Where, order: Order) -> None:
    results = await scene.arena.race(*await the_last_two_families_of_a_model(scene), where=where, order=order)
    the_only_winner(results, ModelNeedsFamilyError)
    await scene.arena.judged()


async def a_role_and_a_version_without_it(scene: Scene) -> list[Command]:
    """A family says that it presents as a role, and loses what the role requires."""
    required = (Affordance.HOMEABLE,)
    family_id = await scene.family(*required, Affordance.ROTATABLE)
    role_id = await scene.do(DefineRole(name=fresh("role"), docstring="Moves.", required_affordances=required))
    dropping = VersionFamily(family_id=family_id, tag="2", name=fresh("stage"), affordances=(Affordance.ROTATABLE,))
    return [AddFamilyPresentsAs(family_id=family_id, role_id=role_id), dropping]


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("where", WHERE)
async def test_a_family_keeps_what_its_roles_require(scene: Scene, where: Where, order: Order) -> None:
    presenting, dropping = await scene.arena.race(
        *await a_role_and_a_version_without_it(scene), where=where, order=order
    )
    if isinstance(presenting, Answer):
        assert isinstance(dropping, FamilyAffordanceInUseError)
    else:
        assert isinstance(presenting, FamilyCannotPresentAsError)
        assert isinstance(dropping, Answer)
    if order != "at once" and where != "one kernel":
        assert isinstance(presenting, Answer) == (order == "as listed")
    await scene.arena.judged()
