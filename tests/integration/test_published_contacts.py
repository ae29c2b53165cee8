"""E-mail addresses of owners are told to nobody unless CORA_PUBLISH_CONTACTS says so, and gone everywhere once erased:
as anybody sees over HTTP, and in what a simulated Handle server was sent."""

import asyncio
from collections.abc import AsyncGenerator, Generator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from lxml import html
from tests.authorities.clients import handle_client
from tests.authorities.handle_simulator import HandleSimulator, handle_simulator
from tests.integration.scenario import World
from tests.integration.surfaces import unattended

from cora.equipment.keep_publications import Kept, keep_publications
from cora.equipment.pidinst.forms import FORMS
from cora.kernel.identity import new_id
from cora.kernel.principal import Role
from cora.log.verify import verify
from cora.settings import Settings
from cora.surfaces.start import Opened, opened

TELL = {
    "pidinst.json",
    "pidinst.xml",
    "pidinst-1.1.json",
    "pidinst-1.1.xml",
    "schema-org.jsonld",
    "b2inst.json",
    "handle.json",
}
EVERYWHERE = TELL | {"page", "record", "oai", "authority"}


@dataclass
class Desk:
    """A facility whose Handles, with the record in them, are kept at a simulated Handle server."""

    world: World
    handles: HandleSimulator

    @property
    def cora(self) -> Opened:
        return self.world.surfaces.cora

    def publish_contacts(self, told: bool) -> None:
        """What is wired is frozen, so only a test can do this; a server is started with it."""
        object.__setattr__(self.cora.equipment, "publishes_contacts", told)

    async def work(self) -> Kept:
        """The worker comes around."""
        return await keep_publications(self.cora.kernel, self.cora.log.publications, quiet=timedelta(0))

    async def owned(self) -> tuple[str, str]:
        """An asset with a Handle that the worker has looked at, and the address of its owner."""
        address = f"ada-{new_id()}@example.org"
        asset = await self.world.made_by()
        await self.world.do("add_asset_owner", asset_id=asset, owner={"name": "Imaging", "contact": address})
        await self.world.do("assign_asset_persistent_id", asset_id=asset, scheme="Handle")
        await self.work()
        return asset, address

    async def contact_of(self, asset: str) -> str:
        """The id of the contact of its owner."""
        shown = await self.world.surfaces.web[Role.READER].get(f"/assets/{asset}")
        return str(shown.json()["state"]["owners"][0]["contact_id"])

    async def where(self, asset: str, address: str) -> set[str]:
        """Where anybody reads the address."""
        paths = {
            "page": f"/id/{asset}",
            "record": f"/assets/{asset}/pidinst",
            "oai": f"/oai?verb=GetRecord&metadataPrefix=pidinst&identifier=oai:127.0.0.1:{asset}",
            **{form.name: f"/id/{asset}/{form.name}" for form in FORMS},
        }
        found: set[str] = set()
        for name, path in paths.items():
            answer = await self.world.surfaces.web[Role.ANONYMOUS].get(path)
            assert answer.status_code == 200, answer.text
            found |= {name} if address in answer.text else set()
        values = [data for type, data in self.handle_of(asset).values() if type != "HS_ADMIN"]
        return found | ({"authority"} if any(address in data for data in values) else set())

    def handle_of(self, asset: str) -> dict[int, tuple[str, Any]]:
        """What the Handle server holds of it."""
        return next(
            each for each in self.handles.handles.values() if any(asset in str(value) for value in each.values())
        )


@pytest.fixture(scope="module")
async def module_desk(module_cora: Opened) -> AsyncGenerator[Desk]:
    async with handle_simulator() as handles, handle_client(handles, pidinst=True) as client:
        async with unattended(module_cora) as shown:
            shown.use_minter(client)
            yield Desk(World(shown), handles)


@pytest.fixture
def desk(module_desk: Desk) -> Generator[Desk]:
    yield module_desk
    module_desk.publish_contacts(False)


async def test_nobody_is_told_a_contact_unless_the_server_publishes_them(desk: Desk) -> None:
    asset, address = await desk.owned()
    assert await desk.where(asset, address) == set()
    assert "mailto:" not in (await desk.world.surfaces.web[Role.ADMIN].get(f"/id/{asset}")).text
    contact = await desk.contact_of(asset)
    assert (await desk.world.surfaces.web[Role.ANONYMOUS].get(f"/contacts/{contact}")).status_code == 401


async def test_everybody_is_told_where_there_is_a_place_for_it(desk: Desk) -> None:
    desk.publish_contacts(True)
    asset, address = await desk.owned()
    assert await desk.where(asset, address) == EVERYWHERE
    page = html.fromstring((await desk.world.surfaces.web[Role.ANONYMOUS].get(f"/id/{asset}")).text)
    assert [each.text for each in page.iter("a") if each.get("href") == f"mailto:{address}"] == [address]
    told = await desk.world.surfaces.mcp("get_pidinst_form", {"record_id": asset, "form": "datacite.json"})
    assert "ownerContact" in {loss["property"] for loss in told.body["loss"]}


async def test_what_is_made_of_several_tells_each_owner_once_and_a_facility_owns_what_nobody_else_does(
    desk: Desk,
) -> None:
    desk.publish_contacts(True)
    world = desk.world
    code = world.name("hall").replace(" ", "-").lower()
    facility = await world.make("register_facility", code=code, name="Hall 9", contact="hall@example.org")
    family = await world.any_family()
    asset = await world.installed(model_id=await world.model(), family_ids=[family], facility_code=code)
    fixture = await world.fixture(asset)
    await world.do("assign_fixture_persistent_id", fixture_id=fixture, scheme="Handle")
    told = (await world.surfaces.web[Role.ANONYMOUS].get(f"/fixtures/{fixture}/pidinst")).json()
    assert told["owners"] == [{"ownerName": "Hall 9", "ownerContact": "hall@example.org"}]
    await desk.work()
    await world.do("revise_facility", facility_id=facility, name="Hall 9")
    assert len((await desk.work()).pushed) == 1
    assert "hall@example.org" not in str(desk.handle_of(fixture))


async def test_an_erased_contact_is_gone_at_once_and_its_authority_is_told(desk: Desk) -> None:
    desk.publish_contacts(True)
    asset, address = await desk.owned()
    other, kept = await desk.owned()
    before = await desk.world.surfaces.web[Role.ANONYMOUS].get(f"/id/{asset}")
    assert (await desk.work()).pushed == []
    await desk.world.do("erase_contact", contact_id=await desk.contact_of(asset))
    assert await desk.where(asset, address) == {"authority"}
    after = await desk.world.surfaces.web[Role.ANONYMOUS].get(
        f"/id/{asset}", headers={"If-None-Match": before.headers["etag"]}
    )
    assert after.status_code == 200
    assert len((await desk.work()).pushed) == 1
    assert await desk.where(asset, address) == set()
    assert await desk.where(other, kept) == EVERYWHERE
    assert (await desk.work()) == Kept()


async def test_an_erased_contact_is_gone_from_what_was_as_well(desk: Desk) -> None:
    desk.publish_contacts(True)
    asset, address = await desk.owned()
    web = desk.world.surfaces.web[Role.ANONYMOUS]
    position = (await desk.cora.log.record(new_id())).head
    contact = await desk.contact_of(asset)
    await desk.world.do("remove_asset_owner", asset_id=asset, name="Imaging")
    assert await desk.where(asset, address) == {"authority"}
    assert address in (await web.get(f"/id/{asset}", params={"as_of": position})).text
    await desk.world.do("erase_contact", contact_id=contact)
    assert address not in (await web.get(f"/id/{asset}", params={"as_of": position})).text


async def test_another_contact_is_told_instead(desk: Desk) -> None:
    desk.publish_contacts(True)
    asset, address = await desk.owned()
    await desk.world.do("remove_asset_owner", asset_id=asset, name="Imaging")
    owner = {"name": "Imaging", "contact": f"new-{address}"}
    await desk.world.do("add_asset_owner", asset_id=asset, owner=owner)
    assert len((await desk.work()).pushed) == 1
    assert await desk.where(asset, f"new-{address}") == EVERYWHERE
    assert not [data for _, data in desk.handle_of(asset).values() if f'"{address}"' in str(data)]


async def test_a_server_set_otherwise_tells_the_authorities_what_follows(desk: Desk) -> None:
    asset, address = await desk.owned()
    assert await desk.work() == Kept()
    desk.publish_contacts(True)
    assert len((await desk.work()).pushed) >= 1
    assert await desk.where(asset, address) == EVERYWHERE
    assert await desk.work() == Kept()
    desk.publish_contacts(False)
    assert await desk.where(asset, address) == {"authority"}
    assert len((await desk.work()).pushed) >= 1
    assert await desk.where(asset, address) == set()


async def test_a_contact_that_is_erased_while_the_worker_looks_is_told_to_be_gone(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The authority was told by a command; the worker has read the address and not yet kept that it did."""
    desk.publish_contacts(True)
    asset, address = await desk.owned()
    await desk.world.do("remove_asset_owner", asset_id=asset, name="Imaging")
    await desk.world.do("add_asset_owner", asset_id=asset, owner={"name": "Imaging", "contact": f"new-{address}"})
    known = await desk.world.surfaces.web[Role.READER].get("/persistent-ids", params={"subject_id": asset})
    await desk.world.do("push_persistent_id", persistent_id_id=known.json()["items"][0]["id"])
    assert "authority" in await desk.where(asset, f"new-{address}")
    keep, contact = desk.cora.log.publications.keep, await desk.contact_of(asset)
    erasing = asyncio.Event()

    async def keep_late(*given: Any, **named: Any) -> None:
        if not erasing.is_set():
            erasing.set()
            await desk.world.do("erase_contact", contact_id=contact)
        await keep(*given, **named)

    monkeypatch.setattr(desk.cora.log.publications, "keep", keep_late)
    await desk.work()
    await desk.work()
    assert erasing.is_set()
    assert await desk.where(asset, f"new-{address}") == set()
    assert (await desk.work()) == Kept()


@pytest.mark.parametrize("told", [True, False])
async def test_the_server_is_started_with_it(told: bool, module_cora: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CORA_PUBLISH_CONTACTS", str(told).lower())
    settings = Settings(data_dir=module_cora.settings.data_dir)
    async with opened(settings, module_cora.log.dsn, module_cora.log.schema) as cora:
        assert cora.equipment.publishes_contacts is told
        assert (cora.equipment.public_contacts is None) is not told


async def test_all_of_it_can_be_verified(module_cora: Opened) -> None:
    log = module_cora.log
    assert (await verify(log.dsn, log.schema, module_cora.equipment.aggregates)).difference is None
