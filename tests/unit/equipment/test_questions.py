"""Questions about trees, poses, identifiers and moments, asked of records as they stand."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from tests.unit.equipment.standing import NOON, Standing

from cora.equipment.aggregates.asset import ASSET
from cora.equipment.aggregates.asset.state import Asset, AssetLifecycle, AssetTier
from cora.equipment.aggregates.frame import FRAME, Frame
from cora.equipment.aggregates.mount import MOUNT, Mount
from cora.equipment.features.find_by_identifier import FindByIdentifier, find_by_identifier
from cora.equipment.features.get_asset_pose import AssetNotInstalledError, GetAssetPose, get_asset_pose
from cora.equipment.features.get_asset_tree import AssetNode, GetAssetTree, get_asset_tree
from cora.equipment.features.get_frame_tree import GetFrameTree, get_frame_tree
from cora.equipment.features.get_moment import GetMoment, get_moment
from cora.equipment.features.get_mount_pose import GetMountPose, get_mount_pose
from cora.equipment.paths import tidy
from cora.equipment.pose import NOWHERE, motion
from cora.equipment.related_identifier import RelatedIdentifier, RelatedIdentifierScheme, RelationType
from cora.equipment.trees import MAXIMUM_NODES
from cora.equipment.values import AlternateIdentifier, AlternateIdentifierKind, Placement
from cora.kernel.reader import Reader
from cora.kernel.when import When

BEAMLINE = "2-BM"


def an_asset(number: int, parent: int | None = None, **given: Any) -> Asset:
    anchor: dict[str, Any] = {"facility_code": "aps"} if parent is None else {"parent_id": UUID(int=parent)}
    lifecycle = AssetLifecycle.ACTIVE
    made: dict[str, Any] = {"name": f"{number}", "tier": AssetTier.DEVICE, "lifecycle": lifecycle, **anchor, **given}
    return Asset(id=UUID(int=number), registered_at=NOON, commissioned_at=NOON, **made)


def all_nodes(node: AssetNode) -> Iterator[AssetNode]:
    yield node
    for child in node.children:
        yield from all_nodes(child)


def standing(*states: Any) -> Standing:
    kinds = {Asset: ASSET, Mount: MOUNT, Frame: FRAME}
    return Standing(*((kinds[type(state)], state) for state in states))


parents = st.lists(st.integers(0, 29), max_size=30)
"""The parent of each record after the first: one that came before it."""


@given(parents, st.integers(0, 6))
async def test_a_tree_holds_what_is_near_enough_and_counts_the_rest(parents: list[int], depth: int) -> None:
    above = {number + 2: parent % (number + 1) + 1 for number, parent in enumerate(parents)}
    records = [an_asset(1, name=BEAMLINE), *(an_asset(number, parent) for number, parent in above.items())]
    source = standing(*records)
    tree = await get_asset_tree(GetAssetTree(asset_id=UUID(int=1), depth=depth), Reader(source))

    def steps(number: int) -> int:
        return 0 if number == 1 else 1 + steps(above[number])

    shown = {node.id.int: node for node in all_nodes(tree.root)}
    assert set(shown) == {number for number in (1, *above) if steps(number) <= depth}
    for number, node in shown.items():
        assert node.children_count == list(above.values()).count(number)
        assert [child.name for child in node.children] == sorted(child.name for child in node.children)
        assert {above[child.id.int] for child in node.children} <= {number}
    assert not tree.truncated
    # Each level takes a count, its sources and its records; the mounts of all take one more.
    assert source.looks <= 3 * (depth + 1) + 2


async def test_as_many_as_fit_are_shown_and_the_others_counted() -> None:
    wide = [an_asset(number, 1) for number in range(2, MAXIMUM_NODES + 1)]
    full = await get_asset_tree(GetAssetTree(asset_id=UUID(int=1)), Reader(standing(an_asset(1), *wide)))
    assert (len(full.root.children), full.truncated) == (MAXIMUM_NODES - 1, False)
    one_more = standing(an_asset(1), *wide, an_asset(MAXIMUM_NODES + 1, 1))
    cut = await get_asset_tree(GetAssetTree(asset_id=UUID(int=1)), Reader(one_more))
    assert (cut.root.children, cut.root.children_count, cut.truncated) == ((), MAXIMUM_NODES, True)


angles = st.tuples(*[st.floats(-4, 4)] * 6)


@given(st.lists(angles, min_size=1, max_size=6), st.data())
async def test_a_pose_is_the_chain_of_its_placements(given_placements: list[Any], data: st.DataObject) -> None:
    frames = [Frame(UUID(int=100), "root")]
    for number, (x, y, z, rx, ry, rz) in enumerate(given_placements[:-1]):
        placement = Placement(frames[-1].id, x, y, z, rx, ry, rz)
        frames.append(Frame(UUID(int=101 + number), f"f{number}", frames[-1].id, placement))
    mount = Mount(UUID(int=9), "S", Placement(frames[-1].id, *given_placements[-1]), installed_asset_id=UUID(int=1))
    first = data.draw(st.integers(0, len(frames) - 1))
    within = data.draw(st.sampled_from([str(frames[first].id), "/".join(each.name for each in frames[: first + 1])]))
    read = Reader(standing(*frames, mount, an_asset(1)))
    pose = await get_mount_pose(GetMountPose.model_validate({"mount_id": mount.id, "in": within}), read)
    placed = NOWHERE
    for x, y, z, rx, ry, rz in given_placements[first:]:
        placed = placed.then(motion((x, y, z), (rx, ry, rz)))
    assert [row[:3] for row in pose.matrix[:3]] == list(placed.rotation)
    assert tuple(row[3] for row in pose.matrix[:3]) == placed.position
    assert pose.matrix[3] == (0, 0, 0, 1)
    assert len(pose.chain) == len(given_placements) - first
    of_asset = GetAssetPose.model_validate({"asset_id": UUID(int=1), "in": within})
    assert await get_asset_pose(of_asset, Reader(standing(*frames, mount, an_asset(1)))) == pose


async def test_what_is_in_no_mount_has_no_pose() -> None:
    with pytest.raises(AssetNotInstalledError, match="install it first"):
        await get_asset_pose(GetAssetPose(asset_id=UUID(int=1)), Reader(standing(an_asset(1))))


async def test_a_frame_shows_its_mounts_even_where_its_frames_are_too_deep() -> None:
    placement = Placement(UUID(int=100))
    inner = Frame(UUID(int=101), "inner", UUID(int=100), placement)
    mount = Mount(UUID(int=9), "S", placement)
    read = Reader(standing(Frame(UUID(int=100), "root"), inner, mount))
    tree = await get_frame_tree(GetFrameTree(frame_id=UUID(int=100), depth=0), read)
    assert (tree.root.children, tree.root.children_count) == ((), 1)
    assert [(each.slot_code, each.installed_asset) for each in tree.root.mounts] == [("S", None)]


@given(st.text(st.characters(max_codepoint=0x24F, exclude_categories=["C", "Z"]), min_size=1, max_size=8).map(tidy))
async def test_any_identifier_is_found_by_itself_in_any_case(value: str) -> None:
    identifier = AlternateIdentifier(AlternateIdentifierKind.SERIAL_NUMBER, value)
    source = standing(an_asset(1, name=BEAMLINE), an_asset(2, 1, alternate_identifiers=(identifier,)))
    for text in {identifier.value, identifier.value.casefold()}:
        found = await find_by_identifier(FindByIdentifier(value=text), Reader(source))
        assert [(each.path, each.matched[0].value) for each in found.items] == [("aps/2-BM/2", identifier.value)]
    assert (await find_by_identifier(FindByIdentifier(value=value + "x"), Reader(source))).count == 0


async def test_an_instrument_is_found_by_another_identifier_of_its_own() -> None:
    def related(relation: RelationType, scheme: RelatedIdentifierScheme, value: str) -> RelatedIdentifier:
        return RelatedIdentifier(relation, value, scheme, "On loan")

    loaned = related(RelationType.IS_IDENTICAL_TO, RelatedIdentifierScheme.HANDLE, "21.5/Loan")
    manual = related(RelationType.IS_DESCRIBED_BY, RelatedIdentifierScheme.HANDLE, "21.5/manual")
    page = related(RelationType.IS_IDENTICAL_TO, RelatedIdentifierScheme.URL, "21.5/page")
    asset = an_asset(2, 1, related_identifiers=(loaned, manual, page))
    read = Reader(standing(an_asset(1, name=BEAMLINE), asset))
    (found,) = (await find_by_identifier(FindByIdentifier(value="hdl:21.5/LOAN"), read)).items
    assert [(each.kind, each.value, each.name) for each in found.matched] == [("Handle", "21.5/Loan", "On loan")]
    for value in ("21.5/manual", "21.5/page"):
        assert (await find_by_identifier(FindByIdentifier(value=value), read)).count == 0


async def test_only_what_is_active_is_in_use() -> None:
    placement = Placement(UUID(int=100))
    assets = [an_asset(1, name=BEAMLINE)]
    mounts: list[Mount] = []
    for number, lifecycle in enumerate(AssetLifecycle, 2):
        assets.append(an_asset(number, 1, lifecycle=lifecycle))
        mounts.append(Mount(UUID(int=50 + number), f"S{number}", placement, installed_asset_id=UUID(int=number)))
    query = GetMoment.model_validate({"under": "aps/2-BM", "at": "2026-05-03T14:00:00+02:00"})
    answer = await get_moment(query, Reader(standing(*assets, *mounts)))
    assert [each.role for each in answer.instruments] == ["S3"]


def test_a_question_about_a_moment_says_which() -> None:
    at = datetime(2026, 5, 3, 12, tzinfo=UTC)
    query = GetMoment.model_validate({"under": "x", "at": "2026-05-03T14:00:00+02:00"})
    assert query.when() == When(true_at=at)
    recorded = GetMoment.model_validate({"fixture": "x", "at": at, "clock": "recorded"})
    assert recorded.when() == When(as_of=at)
    for wrong in ({"at": at}, {"under": "x", "fixture": "y", "at": at}, {"under": "x", "at": "2026-05-03T14:00:00"}):
        with pytest.raises(ValidationError):
            GetMoment.model_validate(wrong)
