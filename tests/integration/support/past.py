"""A hutch with a past of its own: a camera is swapped for another, put into the store and decommissioned."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from math import pi
from typing import Any

from tests.integration.scenario import World
from tests.integration.surfaces import surfaces

from cora.kernel.principal import Role
from cora.surfaces.start import Opened

BUILT = "2026-01-01T12:00:00Z"
INSTALLED = "2026-02-01T12:00:00Z"
SWAPPED = "2026-03-01T12:00:00Z"
STORED = "2026-04-01T12:00:00Z"
SCRAPPED = "2026-05-01T12:00:00Z"
WITH_FIRST_CAMERA = "2026-02-15T12:00:00Z"
WITH_SECOND_CAMERA = "2026-03-15T12:00:00Z"
SERIAL, DOI = "CAM-0001/A", "10.1234/Cam/2"


@dataclass
class Hutch:
    """The ids of what stands in it, by name, and the position of the log before the camera was put into the store."""

    world: World
    ids: dict[str, str] = field(default_factory=dict[str, str])
    before_storing: int = 0

    async def get(self, path: str, status: int = 200, **query: Any) -> dict[str, Any]:
        """The answer over HTTP to a reader."""
        named = path.format(**self.ids)
        response = await self.world.surfaces.web[Role.READER].get(named, params=query)
        assert response.status_code == status, response.text
        answer: dict[str, Any] = response.json()
        return answer

    async def tool(self, name: str, **arguments: Any) -> Mapping[str, Any]:
        """The answer over MCP to a reader."""
        said = await self.world.surfaces.mcp(name, arguments, Role.READER)
        assert not said.refuses, said
        return said.body


@asynccontextmanager
async def hutch(cora: Opened) -> AsyncGenerator[Hutch]:
    """The hutch with all that has happened in it."""
    async with surfaces(cora) as shown:
        made = Hutch(World(shown))
        await _build(made)
        await _live(made)
        yield made


async def _build(hutch: Hutch) -> None:
    world, ids = hutch.world, hutch.ids

    async def make(name: str, command: str, /, **given: Any) -> None:
        ids[name] = await world.make_at(BUILT, command, **given)

    await make("facility", "register_facility", code="aps", name="Photon Source")
    await make("camera_family", "define_family", name="Camera", affordances=["Imageable"])
    await make("stage_family", "define_family", name="Stage", affordances=["Rotatable"])
    maker = {"name": "Maker"}
    for what in ("camera", "stage"):
        families = [ids[f"{what}_family"]]
        given = {"name": what, "manufacturer": maker, "part_number": f"{what}-9", "declared_family_ids": families}
        await make(f"{what}_model", "define_model", **given)
    await make("frame", "register_frame", name="Hutch")
    placement = {"parent_frame_id": ids["frame"], "x": 100.0, "rz": pi / 2, "tol_x": 0.5}
    await make("table", "register_frame", name="Table", parent_id=ids["frame"], placement=placement)
    await make("elsewhere", "register_frame", name="Elsewhere")
    placed = {"parent_frame_id": ids["table"], "x": 10.0, "tol_rz": 0.01}
    await make("camera_mount", "register_mount", slot_code="S-CAM", placement=placed)
    placed = {"parent_frame_id": ids["frame"]}
    await make("stage_mount", "register_mount", slot_code="S-ROT", placement=placed)
    await make("beamline", "register_asset", name="2-BM", tier="Unit", facility_code="aps")
    await make("store", "register_asset", name="Store", tier="Unit", facility_code="aps")
    for name, what, serial in (("first", "camera", SERIAL), ("second", "camera", "cam-0002"), ("stage", "stage", "7")):
        await make(
            name, "register_asset", name=name, tier="Device", parent_id=ids["beamline"],
            model_id=ids[f"{what}_model"], family_ids=[ids[f"{what}_family"]],
            alternate_identifiers=[{"kind": "SerialNumber", "value": serial}],
        )  # fmt: skip
    await make("screw", "register_asset", name="screw", tier="Device", parent_id=ids["stage"])


async def _live(hutch: Hutch) -> None:
    world, ids = hutch.world, hutch.ids
    for name in ("first", "second", "stage"):
        await world.do_at(INSTALLED, "activate_asset", asset_id=ids[name])
    for mount, asset in (("camera_mount", "first"), ("stage_mount", "stage")):
        await world.do_at(INSTALLED, "install_asset", mount_id=ids[mount], asset_id=ids[asset])
    await world.do_at(INSTALLED, "record_asset_persistent_id", asset_id=ids["second"], scheme="DOI", value=DOI)
    await world.do_at(SWAPPED, "uninstall_asset", mount_id=ids["camera_mount"], reason="blind")
    swapped = await world.do_at(SWAPPED, "install_asset", mount_id=ids["camera_mount"], asset_id=ids["second"])
    hutch.before_storing = swapped["position"]
    await world.do_at(STORED, "relocate_asset", asset_id=ids["first"], to_parent_id=ids["store"], reason="blind")
    await world.do_at(SCRAPPED, "decommission_asset", asset_id=ids["first"], reason="blind")
