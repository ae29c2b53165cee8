"""A small facility that races take place in: records come as they are needed, each with a name of its own."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from itertools import count
from typing import Any
from uuid import UUID

from tests.integration.support.races import Arena, arena

from cora.equipment.aggregates.asset.state import AssetTier
from cora.equipment.features.activate_asset import ActivateAsset
from cora.equipment.features.attach_asset_to_fixture import AttachAssetToFixture
from cora.equipment.features.define_assembly import DefineAssembly
from cora.equipment.features.define_family import DefineFamily
from cora.equipment.features.define_model import DefineModel
from cora.equipment.features.install_asset import InstallAsset
from cora.equipment.features.register_asset import RegisterAsset
from cora.equipment.features.register_facility import RegisterFacility
from cora.equipment.features.register_fixture import RegisterFixture
from cora.equipment.features.register_frame import RegisterFrame
from cora.equipment.features.register_mount import RegisterMount
from cora.equipment.values import Affordance, Manufacturer, Placement, SlotAssetBinding, TemplateSlot

FACILITY_CODE = "aps"
SLOT = "stage"

_NUMBERS = count(1)


def fresh(what: str) -> str:
    """A name that nothing else has."""
    return f"{what}-{next(_NUMBERS)}"


class Scene:
    """One facility, family, model, frame and assembly; assets, mounts and fixtures on demand."""

    def __init__(self, arena: Arena) -> None:
        self.arena = arena
        self.do = arena.do
        self.family_id: UUID
        self.model_id: UUID
        self.root_id: UUID
        self.frame_id: UUID
        self.assembly_id: UUID

    async def set(self) -> "Scene":
        """The scene, with what every race needs."""
        await self.do(RegisterFacility(code=FACILITY_CODE, name="Advanced Photon Source"))
        self.family_id = await self.do(DefineFamily(name="RotaryStage"))
        self.model_id = await self.do(self.modelling(self.family_id))
        self.root_id = await self.do(RegisterAsset(name="2-BM", tier=AssetTier.UNIT, facility_code=FACILITY_CODE))
        self.frame_id = await self.do(RegisterFrame(name="hutch"))
        self.assembly_id = await self.do(self.assembling(self.family_id))
        return self

    def modelling(self, *family_ids: UUID) -> DefineModel:
        """A command that defines a model of these families."""
        maker, number = Manufacturer("Aerotech"), fresh("ABRS")
        return DefineModel(name=number, manufacturer=maker, part_number=number, declared_family_ids=family_ids)

    def assembling(self, family_id: UUID) -> DefineAssembly:
        """A command that defines an assembly with its one slot for stages of a family."""
        slot = TemplateSlot(SLOT, (family_id,))
        return DefineAssembly(name=fresh("tower"), presents_as_family_id=family_id, required_slots=(slot,))

    async def family(self, *affordances: Affordance) -> UUID:
        """A new family."""
        return await self.do(DefineFamily(name=fresh("family"), affordances=affordances))

    def registration(self, name: str | None = None, **members: Any) -> RegisterAsset:
        """A command that registers a stage, under the root unless told otherwise."""
        given: dict[str, Any] = {"model_id": self.model_id, "family_ids": (self.family_id,), **members}
        if "facility_code" not in given:
            given.setdefault("parent_id", self.root_id)
        return RegisterAsset(name=name or fresh("asset"), tier=AssetTier.DEVICE, **given)

    async def asset(self, *, active: bool = True, **members: Any) -> UUID:
        """A new stage."""
        id = await self.do(self.registration(**members))
        if active:
            await self.do(ActivateAsset(asset_id=id))
        return id

    def framing(self, parent_id: UUID | None = None, name: str | None = None) -> RegisterFrame:
        """A command that registers a frame, a root unless it is placed in another."""
        placement = Placement(parent_id) if parent_id else None
        return RegisterFrame(name=name or fresh("frame"), parent_id=parent_id, placement=placement)

    def mounting(
        self, slot_code: str | None = None, *, frame_id: UUID | None = None, parent_id: UUID | None = None
    ) -> RegisterMount:
        """A command that registers a mount, in the frame of the scene unless told otherwise."""
        placement = Placement(frame_id or self.frame_id)
        return RegisterMount(slot_code=slot_code or fresh("mount"), placement=placement, parent_id=parent_id)

    async def mount(self) -> UUID:
        """A new mount."""
        return await self.do(self.mounting())

    async def installed(self) -> tuple[UUID, UUID]:
        """A new stage in a new mount."""
        asset_id, mount_id = await self.asset(), await self.mount()
        await self.do(InstallAsset(mount_id=mount_id, asset_id=asset_id))
        return asset_id, mount_id

    def fixing(self, *asset_ids: UUID, name: str | None = None, assembly_id: UUID | None = None) -> RegisterFixture:
        """A command that registers a fixture with these stages in its slot."""
        bindings = tuple(SlotAssetBinding(SLOT, asset_id) for asset_id in asset_ids)
        return RegisterFixture(
            name=name or fresh("fixture"),
            assembly_id=assembly_id or self.assembly_id,
            slot_asset_bindings=bindings,
        )

    async def fixed(self, *, attached: bool = False) -> tuple[UUID, UUID, UUID]:
        """A new fixture, with its stage and the mount that holds that."""
        asset_id, mount_id = await self.installed()
        fixture_id = await self.do(self.fixing(asset_id))
        if attached:
            await self.do(AttachAssetToFixture(asset_id=asset_id, fixture_id=fixture_id))
        return fixture_id, asset_id, mount_id


@asynccontextmanager
async def staged(dsn: str) -> AsyncGenerator[Scene]:
    """A set scene on an empty, migrated database. Afterwards the whole log is judged and verified."""
    async with arena(dsn) as running:
        yield await Scene(running).set()
        await running.judged()
        await running.verified()
