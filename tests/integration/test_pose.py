"""Where mounts and what is installed in them are, in any frame above."""

from collections.abc import AsyncGenerator
from math import pi

import pytest
from tests.integration.support.past import WITH_FIRST_CAMERA, Hutch, hutch

from cora.equipment.features import get_asset_pose, get_mount_pose
from cora.surfaces.start import Opened


@pytest.fixture(scope="module")
async def world(module_cora: Opened) -> AsyncGenerator[Hutch]:
    async with hutch(module_cora) as made:
        yield made


async def test_placements_are_composed_up_to_the_root(world: Hutch) -> None:
    pose = await world.get("/mounts/{camera_mount}/pose")
    assert pose["frame"] == {"id": world.ids["frame"], "name": "Hutch"}
    assert list(pose["position"].values()) == pytest.approx([100.0, 10.0, 0.0])
    assert list(pose["rotation"].values()) == pytest.approx([0.0, 0.0, pi / 2])
    assert [pytest.approx(row, abs=1e-12) for row in pose["matrix"]] == [
        [0.0, -1.0, 0.0, 100.0], [1.0, 0.0, 0.0, 10.0], [0.0, 0.0, 1.0, 0.0], [0.0, 0.0, 0.0, 1.0],
    ]  # fmt: skip
    assert [(link["kind"], link["name"]) for link in pose["chain"]] == [("frame", "Table"), ("mount", "S-CAM")]
    assert [link["placement"]["tol_x"] for link in pose["chain"]] == [0.5, 0.0]
    assert [link["placement"]["tol_rz"] for link in pose["chain"]] == [0.0, 0.01]
    assert await world.tool("get_mount_pose", mount_id=world.ids["camera_mount"]) == pose


async def test_a_frame_is_named_by_id_or_path_on_every_surface(world: Hutch) -> None:
    nearest = await world.get("/mounts/{camera_mount}/pose", 200, **{"in": "Hutch/table"})
    assert nearest["frame"]["name"] == "Table"
    assert list(nearest["position"].values()) == [10.0, 0.0, 0.0]
    assert await world.get("/mounts/{camera_mount}/pose", 200, **{"in": world.ids["table"]}) == nearest
    arguments = {"mount_id": world.ids["camera_mount"], "in": "Hutch/Table"}
    assert await world.tool("get_mount_pose", **arguments) == nearest
    for declared in (get_mount_pose.GetMountPose, get_asset_pose.GetAssetPose):
        assert "in" in declared.model_json_schema()["properties"]


async def test_an_asset_is_where_its_mount_is(world: Hutch) -> None:
    assert await world.get("/assets/{second}/pose") == await world.get("/mounts/{camera_mount}/pose")
    refused = await world.get("/assets/{first}/pose", 409)
    assert (refused["code"], refused["asset_id"]) == ("AssetNotInstalled", world.ids["first"])
    before = await world.get("/assets/{first}/pose", true_at=WITH_FIRST_CAMERA)
    assert list(before["position"].values()) == pytest.approx([100.0, 10.0, 0.0])
    await world.get("/assets/{second}/pose", 409, true_at=WITH_FIRST_CAMERA)


async def test_a_frame_that_is_not_above_is_refused_with_those_that_are(world: Hutch) -> None:
    refused = await world.get("/mounts/{camera_mount}/pose", 409, **{"in": "Elsewhere"})
    assert refused["code"] == "FrameNotAbove"
    assert refused["above"] == ["Hutch", "Hutch/Table"]
    assert refused["frame_id"] == world.ids["elsewhere"]
    assert (await world.get("/mounts/{camera_mount}/pose", 404, **{"in": "Nowhere"}))["code"] == "FrameNotFound"
    assert (await world.get("/mounts/{camera_mount}/pose", 404, **{"in": world.ids["first"]}))[
        "code"
    ] == "FrameNotFound"
    assert (await world.get("/mounts/{camera_mount}/pose", 422, **{"in": "Hutch/"}))["errors"][0]["pointer"] == "/in"
    await world.get("/mounts/{first}/pose", 404)
