"""Trees of assets and frames: nested, in order, bounded, at any moment, and with as many looks for a wide one."""

from collections.abc import AsyncGenerator
from typing import Any
from uuid import UUID

import pytest
from tests.integration.support.past import SCRAPPED, STORED, SWAPPED, WITH_FIRST_CAMERA, Hutch, hutch

from cora.equipment.features import get_asset_tree as asset_tree
from cora.equipment.features import get_frame_tree as frame_tree
from cora.equipment.trees import MAXIMUM_NODES
from cora.kernel.aggregate import Claim
from cora.kernel.reader import Holder, Pointing, Reader, Source, Stored
from cora.log.verify import verify
from cora.surfaces.start import Opened


@pytest.fixture(scope="module")
async def world(module_cora: Opened) -> AsyncGenerator[Hutch]:
    async with hutch(module_cora) as made:
        yield made


def outline(node: dict[str, Any]) -> Any:
    """Names and mounts alone."""
    slot = node["mount"] and node["mount"]["slot_code"]
    return node["name"], slot, [outline(child) for child in node["children"]]


async def test_a_tree_is_nested_in_order_of_name(world: Hutch) -> None:
    tree = await world.get("/assets/{beamline}/tree")
    assert (tree["path"], tree["truncated"]) == ("aps/2-BM", False)
    assert outline(tree["root"]) == (
        "2-BM", None, [("second", "S-CAM", []), ("stage", "S-ROT", [("screw", None, [])])],
    )  # fmt: skip
    second = tree["root"]["children"][0]
    assert second["persistent_id"]["value"] == "10.1234/cam/2"
    assert second["lifecycle"] == "Active"
    assert await world.tool("get_asset_tree", asset_id=world.ids["beamline"]) == tree


async def test_what_lies_below_the_depth_is_counted(world: Hutch) -> None:
    shallow = await world.get("/assets/{beamline}/tree", depth=1)
    assert [(node["children_count"], node["children"]) for node in shallow["root"]["children"]] == [(0, []), (1, [])]
    assert shallow["root"]["children_count"] == 2
    bare = await world.get("/assets/{beamline}/tree", depth=0)
    assert (bare["root"]["children_count"], bare["root"]["children"], bare["truncated"]) == (2, [], False)
    assert (await world.get("/assets/{beamline}/tree", 422, depth=65))["code"] == "InvalidRequest"
    assert (await world.get("/assets/{frame}/tree", 404))["code"] == "AssetNotFound"


@pytest.mark.parametrize(
    ("moment", "cameras", "stored"),
    [
        (WITH_FIRST_CAMERA, [("first", "S-CAM"), ("second", None)], []),
        (SWAPPED, [("first", None), ("second", "S-CAM")], []),
        (STORED, [("second", "S-CAM")], ["first"]),
        (SCRAPPED, [("second", "S-CAM")], []),
    ],
)
async def test_a_tree_as_it_was_true(
    world: Hutch, moment: str, cameras: list[tuple[str, str | None]], stored: list[str]
) -> None:
    tree = await world.get("/assets/{beamline}/tree", true_at=moment)
    assert [outline(node)[:2] for node in tree["root"]["children"]] == [*cameras, ("stage", "S-ROT")]
    below = await world.get("/assets/{store}/tree", true_at=moment)
    assert [node["name"] for node in below["root"]["children"]] == stored


async def test_what_was_recorded_late_is_not_in_the_record_of_before(world: Hutch) -> None:
    tree = await world.get("/assets/{beamline}/tree", as_of=world.before_storing)
    assert [node["name"] for node in tree["root"]["children"]] == ["first", "second", "stage"]


async def test_a_frame_shows_its_frames_its_mounts_and_what_is_installed(world: Hutch) -> None:
    tree = await world.get("/frames/{frame}/tree")
    root = tree["root"]
    assert (tree["path"], tree["truncated"], root["placement"]) == ("Hutch", False, None)
    assert [(mount["slot_code"], mount["installed_asset"]["name"]) for mount in root["mounts"]] == [("S-ROT", "stage")]
    (table,) = root["children"]
    assert (table["name"], table["placement"]["x"], table["mounts_count"]) == ("Table", 100.0, 1)
    (mount,) = table["mounts"]
    assert (mount["slot_code"], mount["installed_asset"]["id"]) == ("S-CAM", world.ids["second"])
    before = await world.get("/frames/{frame}/tree", true_at=WITH_FIRST_CAMERA)
    assert before["root"]["children"][0]["mounts"][0]["installed_asset"]["id"] == world.ids["first"]
    assert await world.tool("get_frame_tree", frame_id=world.ids["frame"]) == tree
    assert (await world.get("/frames/{frame}/tree", depth=0))["root"]["children_count"] == 1


class Counted:
    """A source that counts the looks taken at it."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.looks = 0

    async def record(self, id: UUID) -> Stored:
        self.looks += 1
        return await self.source.record(id)

    async def records(self, ids: Any) -> Any:
        self.looks += 1
        return await self.source.records(ids)

    async def pointing(self, relation: str, target: UUID, *, first: bool) -> Pointing:
        self.looks += 1
        return await self.source.pointing(relation, target, first=first)

    async def pointings(self, asked: Any) -> Any:
        self.looks += 1
        return await self.source.pointings(asked)

    async def counts(self, asked: Any) -> Any:
        self.looks += 1
        return await self.source.counts(asked)

    async def holder(self, claim: Claim) -> Holder:
        self.looks += 1
        return await self.source.holder(claim)


async def test_a_wide_tree_takes_as_many_looks_as_a_narrow_one(world: Hutch) -> None:
    scene = world.world

    async def looks(width: int) -> tuple[int, int]:
        top = await scene.asset(tier="Unit")
        frame = await scene.frame()
        for _ in range(width):
            below = await scene.active(parent_id=top)
            mount = await scene.mount(placement={"parent_frame_id": frame})
            await scene.do("install_asset", mount_id=mount, asset_id=below)
            placement = {"parent_frame_id": frame}
            under = await scene.make("register_frame", name=scene.name("F"), parent_id=frame, placement=placement)
            for _ in range(width):
                inner = await scene.active(parent_id=below)
                mount = await scene.mount(placement={"parent_frame_id": under})
                await scene.do("install_asset", mount_id=mount, asset_id=inner)
        assets, frames = Counted(scene.surfaces.cora.log), Counted(scene.surfaces.cora.log)
        query = asset_tree.GetAssetTree(asset_id=UUID(top))
        tree = await asset_tree.get_asset_tree(query, Reader(assets))
        placed = await frame_tree.get_frame_tree(frame_tree.GetFrameTree(frame_id=UUID(frame)), Reader(frames))
        assert sum(len(node.children) for node in tree.root.children) == width * width
        assert all(inner.mount for node in tree.root.children for inner in node.children)
        assert sum(len(node.mounts) for node in placed.root.children) == width * width
        return assets.looks, frames.looks

    assert await looks(2) == await looks(4)


async def test_too_many_children_are_left_out_and_counted(world: Hutch, monkeypatch: pytest.MonkeyPatch) -> None:
    scene = world.world
    top = await scene.asset(tier="Unit")
    few = await scene.asset(name="few", parent_id=top)
    many = await scene.asset(name="many", parent_id=top)
    for parent, number in ((few, 2), (many, 4)):
        for _ in range(number):
            await scene.asset(parent_id=parent)
    monkeypatch.setattr("cora.equipment.trees.MAXIMUM_NODES", 6)
    tree = await world.get(f"/assets/{top}/tree")
    assert tree["truncated"] is True
    assert [(node["name"], node["children_count"], len(node["children"])) for node in tree["root"]["children"]] == [
        ("few", 2, 2), ("many", 4, 0),
    ]  # fmt: skip
    monkeypatch.setattr("cora.equipment.trees.MAXIMUM_NODES", MAXIMUM_NODES)
    assert (await world.get(f"/assets/{top}/tree"))["truncated"] is False


async def test_all_that_was_derived_is_what_the_events_say(world: Hutch) -> None:
    cora = world.world.surfaces.cora
    report = await verify(cora.log.dsn, cora.log.schema, cora.equipment.aggregates)
    assert report.difference is None
