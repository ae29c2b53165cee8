"""A real browser on a real server: Debian's Chromium, or the one that `CORA_TEST_CHROMIUM` names.

A test of this folder is skipped, and says so, where there is none.
"""

import asyncio
import os
import shutil
import socket
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import uvicorn
from playwright.async_api import Browser, async_playwright
from pydantic import HttpUrl
from tests.integration.beamline import Beamline, build
from tests.integration.scenario import World
from tests.integration.surfaces import surfaces

from cora.equipment.keep_publications import keep_publications
from cora.settings import Settings
from cora.surfaces.server import application
from cora.surfaces.start import Opened, opened

CHROMIUM = os.environ.get("CORA_TEST_CHROMIUM") or shutil.which("chromium")
LONG = "Sample-positioning-" + "x" * 90 + " tower <script>alert(1)</script>"


@dataclass(frozen=True)
class Site:
    """The example beamline as the world sees it, and the pages worth looking at, by name."""

    url: str
    made: Beamline
    pages: dict[str, str]

    def page(self, name: str) -> str:
        """The URL of a landing page."""
        return f"{self.url}/id/{self.pages[name]}"


@pytest.fixture(scope="module")
async def browser() -> AsyncGenerator[Browser]:
    """Chromium without a window."""
    if CHROMIUM is None:
        pytest.skip("no browser: apt-get install chromium, or name one by CORA_TEST_CHROMIUM")
    async with async_playwright() as playwright:
        # As root, and in a container, it cannot make a sandbox of its own.
        started = await playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield started
        await started.close()


@pytest.fixture(scope="module")
async def site(module_database_url: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Site]:
    """The pages of the example beamline on a port of the loopback interface."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen()
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    settings = Settings(data_dir=tmp_path_factory.mktemp("cora"), public_url=HttpUrl(url), allow_test_identifiers=True)
    async with opened(settings, module_database_url) as cora:
        async with surfaces(cora) as shown:
            world = World(shown)
            made = await build(world)
            pages = await _identify(world, made)
        async with _serving(cora, listener):
            await keep_publications(cora.kernel, cora.log.publications)
            yield Site(url, made, pages)


async def _identify(world: World, made: Beamline) -> dict[str, str]:
    fixture = made.fixtures["Sample tower at 2-BM"]
    rotary = made.assets["aps/2-BM/Rotary"] if "aps/2-BM/Rotary" in made.assets else made.assets["aps/2-BM/RotaryDrive"]
    beamline = made.assets["aps/2-BM"]
    await world.do("record_fixture_persistent_id", fixture_id=fixture, scheme="DOI", value="10.82433/08qf-ee96")
    await world.do("record_asset_persistent_id", asset_id=rotary, scheme="DOI", value="10.82433/rota-ry12")
    await world.do("record_asset_persistent_id", asset_id=beamline, scheme="Handle", value="21.11157/2-bm")
    await world.do("fault_asset", asset_id=rotary, reason="noise")
    long = await world.asset(name=LONG, description=LONG * 3)
    await world.do("record_asset_persistent_id", asset_id=long, scheme="DOI", value="10.82433/" + "l" * 120)
    test = await world.asset(name="Try-out", model_id=next(iter(made.models.values())))
    await world.do("assign_asset_persistent_id", asset_id=test, scheme="DOI")
    gone = await world.asset(name="Registered twice")
    await world.do("record_asset_persistent_id", asset_id=gone, scheme="DOI", value="10.82433/gone")
    listed = await world.surfaces.web[max(world.surfaces.web)].get(f"/persistent-ids?subject_id={gone}")
    withdrawn = listed.json()["items"][0]["id"]
    await world.do("withdraw_persistent_id", persistent_id_id=withdrawn, reason="Registered twice; see the other one.")
    return {
        "fixture": fixture, "asset": rotary, "beamline": beamline, "long": long, "test": test, "tombstone": gone,
        "missing": "01935c5e-7b1a-7c3e-9f2d-5a6b7c8d9e0f",
    }  # fmt: skip


@asynccontextmanager
async def _serving(cora: Opened, listener: socket.socket) -> AsyncGenerator[None]:
    server = uvicorn.Server(uvicorn.Config(application(cora), log_config=None, access_log=False, lifespan="off"))
    task = asyncio.create_task(server.serve(sockets=[listener]))
    # The socket listens already, so nobody who comes early is refused.
    try:
        yield
    finally:
        server.should_exit = True
        await task


@pytest.fixture(scope="session")
def pictures() -> Path | None:
    """Where pictures of the pages are left, for somebody to look at; nowhere unless `CORA_TEST_PICTURES` says."""
    named = os.environ.get("CORA_TEST_PICTURES")
    if named is None:
        return None
    folder = Path(named)
    folder.mkdir(parents=True, exist_ok=True)
    return folder
