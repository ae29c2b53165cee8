"""What is older than what it stands below or in: in between it is shown by itself."""

from typing import Any

import pytest
from tests.integration.scenario import World
from tests.integration.surfaces import unattended

from cora.kernel.principal import Role
from cora.surfaces.start import Opened

MADE, BETWEEN = "1999-11-01T00:00:00Z", "2020-01-01T00:00:00Z"


@pytest.mark.parametrize(
    ("path", "shows"),
    [
        ("/assets/{id}", {"began_at": "1999-11-01T00:00:00.000000Z"}),
        ("/assets/{id}/tree", {"path": "Old CTD"}),
        ("/assets/{id}/pidinst", {"name": "Old CTD"}),
        ("/id/{id}/pidinst.json", {"name": "Old CTD"}),
    ],
)
async def test_it_is_shown_without_what_had_not_begun(cora: Opened, path: str, shows: dict[str, Any]) -> None:
    async with unattended(cora) as surfaces:
        world = World(surfaces)
        await world.do("register_facility", code="aps", name="Advanced Photon Source")
        unit = await world.make("register_asset", name="2-BM", tier="Unit", facility_code="aps")
        old = {"name": "Old CTD", "tier": "Device", "parent_id": unit}
        id = await world.make_at(MADE, "register_asset", **old)
        answer = await surfaces.web[Role.READER].get(path.format(id=id), params={"true_at": BETWEEN})
        assert answer.status_code == 200, answer.text
        assert {name: answer.json().get(name) for name in shows} == shows, answer.text
        now = await surfaces.web[Role.READER].get(f"/assets/{id}/tree")
        assert now.json()["path"] == "aps/2-BM/Old CTD"


async def test_a_mount_is_shown_before_its_frame_began_and_has_no_pose(cora: Opened) -> None:
    async with unattended(cora) as surfaces:
        world = World(surfaces)
        frame = await world.make("register_frame", name="Hutch B")
        placed = {"slot_code": "S-1", "placement": {"parent_frame_id": frame}}
        id = await world.make_at(MADE, "register_mount", **placed)
        reader = surfaces.web[Role.READER]
        then = await reader.get(f"/mounts/{id}", params={"true_at": BETWEEN})
        assert (then.status_code, then.json()["state"]["slot_code"]) == (200, "S-1")
        pose = await reader.get(f"/mounts/{id}/pose", params={"true_at": BETWEEN})
        assert (pose.status_code, pose.json()["code"], pose.json()["id"]) == (404, "FrameNotFound", frame)
        assert (await reader.get(f"/mounts/{id}/pose")).status_code == 200
