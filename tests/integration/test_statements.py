"""How many statements each read sends to the database: as many as written down, however many records it shows.

A change that is meant is written down anew by running this file with CORA_WRITE_STATEMENTS=1.
"""

import os
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from benchmarks.inside import application, ask, counted
from fastapi import FastAPI
from tests.contract.write_openapi import described
from tests.integration.beamline import build
from tests.integration.scenario import World
from tests.integration.surfaces import surfaces

from cora.equipment.views import VIEWS
from cora.kernel.showing import View
from cora.settings import Settings
from cora.surfaces.start import opened

WRITTEN_DOWN = Path(__file__).with_name("statements.txt")
NAMED = {
    "/assemblies/by-name/{name}": "/assemblies/by-name/SampleTower",
    "/assets/by-path/{path}": "/assets/by-path/aps/2-BM/RotaryDrive",
    "/facilities/by-code/{code}": "/facilities/by-code/aps",
    "/families/by-name/{name}": "/families/by-name/RotaryStage",
    "/fixtures/by-name/{name}": "/fixtures/by-name/Sample tower at 2-BM",
    "/frames/by-path/{path}": "/frames/by-path/2-BM source/Hutch B entrance",
    "/models/by-part-number/{part_number}": "/models/by-part-number/Aerotech/ABRS-250MP-M-AS",
    "/mounts/by-slot/{slot}": "/mounts/by-slot/02-BM-B-TABLE",
    "/persistent-ids/by-value/{value}": "/persistent-ids/by-value/{doi}",
    "/persistent-ids/DOI/{value}": "/persistent-ids/DOI/{doi}",
    "/persistent-ids/Handle/{value}": "/persistent-ids/Handle/21.11157/table",
    "/roles/by-name/{name}": "/roles/by-name/Positioner",
    "/by-identifier/{value}": "/by-identifier/{doi}",
    "/diff": "/diff?entity={asset_id}&from={head}&to={head}",
    "/events": "/events",
    "/id/{record_id}/{form}": "/id/{asset_id}/datacite.xml",
    "/moment": "/moment?under=aps/2-BM&at={now}",
    "/search": "/search?q=rotary",
    "/assets/{asset_id}/pose": "/assets/{installed}/pose?in={root}",
    "/mounts/{mount_id}/pose": "/mounts/{mount_id}/pose?in={root}",
    "/assets/{asset_id}/tree": "/assets/{asset_id}/tree?depth=5",
    "/frames/{frame_id}/tree": "/frames/{frame_id}/tree?depth=5",
}


@dataclass(frozen=True)
class Asked:
    """The application on the example beamline, and what fills the places in what is asked of it."""

    app: FastAPI
    places: dict[str, str]

    async def statements(self, path: str) -> int:
        """How many statements an answer takes, once what is prepared for a connection is prepared."""
        target = NAMED.get(path, path).format(**self.places)
        for _ in range(2):
            told = await ask(self.app, target)
            assert told.status == 200, (target, told.body)
        with counted() as statements:
            await ask(self.app, target)
        return len(statements.sent)


@pytest.fixture(scope="module")
async def asked(module_database_url: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Asked]:
    async with opened(Settings(data_dir=tmp_path_factory.mktemp("cora")), module_database_url) as cora:
        async with surfaces(cora) as shown:
            world = World(shown)
            made = await build(world)
            fixture = made.fixtures["Sample tower at 2-BM"]
            assigned = await world.do("assign_fixture_persistent_id", fixture_id=fixture, scheme="DOI")
            table = {"asset_id": made.assets["aps/2-BM/RotaryDrive"], "scheme": "Handle", "value": "21.11157/table"}
            await world.do("record_asset_persistent_id", **table)
            owner = {"name": "Ada", "contact": "ada@example.org"}
            owned = await world.do("add_asset_owner", asset_id=made.assets["aps/2-BM"], owner=owner)
        app = application(cora)
        first = {
            view.aggregate.path_id: (await ask(app, f"/{view.aggregate.collection}?limit=1")).json["items"][0]["id"]
            for view in VIEWS
        }
        mount = (await ask(app, "/mounts/by-slot/02-BM-B-TABLE")).json
        last = (await ask(app, "/assets?sort=-registered_at&limit=1")).json["items"][0]
        yield Asked(
            app,
            first
            | {
                "asset_id": made.assets["aps/2-BM"],
                "fixture_id": fixture,
                "contact_id": owned["state"]["owners"][-1]["contact_id"],
                "frame_id": made.frames["2-BM source"],
                "root": made.frames["2-BM source"],
                "mount_id": mount["id"],
                "installed": mount["state"]["installed_asset_id"],
                "doi": assigned["value"],
                "head": str(last["position"]),
                "now": last["recorded_at"],
            },
        )


def reads() -> list[str]:
    """The path of every read there is."""
    return [path for path, methods in described()["paths"].items() if "get" in methods]


async def test_each_read_sends_as_many_as_written_down(asked: Asked) -> None:
    counts = {path: await asked.statements(path) for path in reads()}
    text = "".join(f"{count} {path}\n" for path, count in counts.items())
    if os.environ.get("CORA_WRITE_STATEMENTS"):
        WRITTEN_DOWN.write_text(text)
    assert text == WRITTEN_DOWN.read_text()


@pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.aggregate.collection)
async def test_a_list_sends_as_many_for_one_record_as_for_all(asked: Asked, view: View[Any]) -> None:
    collection = view.aggregate.collection
    one, all_of_them = [await asked.statements(f"/{collection}?limit={limit}") for limit in (1, 200)]
    assert one == all_of_them
    for sort in view.aggregate.sorts:
        assert await asked.statements(f"/{collection}?sort=-{sort}&limit=200") == one
