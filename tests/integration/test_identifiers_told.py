"""Every identifier that a page or a form tells is one for idutils, which repositories check theirs with: of the example
beamline, of records of others that were imported, and of an instrument with identifiers of every scheme there is."""

from collections.abc import AsyncGenerator

import pytest
from tests.integration.beamline import EXAMPLE
from tests.integration.scenario import World
from tests.integration.support.identifiers import Told, is_known, is_refused, of_form, of_page
from tests.integration.surfaces import surfaces
from tests.integration.test_import_records import TOGETHER, facility_of, imported

from cora.equipment.pidinst.forms import FORMS
from cora.facility_file import apply_plan, make_plan, read_files
from cora.kernel.principal import Role
from cora.surfaces.start import Opened

ORCID, ISNI, WIKIDATA = "https://orcid.org/0000-0002-1825-0097", "0000000121032683", "Q107529885"
AGENTS = (("ROR", "https://ror.org/02aj13c28"), ("ORCID", ORCID), ("ISNI", ISNI), ("Wikidata", WIKIDATA))
NO_IDENTIFIERS = (
    ("DOI", "11.5438/x"), ("DOI", "doi.org"), ("Handle", "21.11157"), ("ROR", "https://ror.org/02aj13c2"),
    ("ORCID", ORCID.replace("97", "98")), ("ISNI", ISNI.replace("83", "84")), ("Wikidata", "107529885"),
    ("URL", "/id/7"), ("URN", "uuid:7"), ("RRID", "SCR"),
)  # fmt: skip


@pytest.fixture
async def world(cora: Opened) -> AsyncGenerator[World]:
    async with surfaces(cora) as shown:
        yield World(shown)


async def told_of(world: World, id: str) -> set[Told]:
    """All that is told of a record at its page and in its forms, which must be public."""
    web = world.surfaces.web[Role.ANONYMOUS]
    page = await web.get(f"/id/{id}")
    assert page.status_code == 200, page.text
    found = of_page(page.text)
    for form in FORMS:
        answer = await web.get(f"/id/{id}/{form.name}")
        assert answer.status_code == 200, answer.text
        found |= of_form(form.name, answer.text)
    return found


async def all_told(world: World) -> set[Told]:
    """What is told of every record with an identifier."""
    found: set[Told] = set()
    known = await world.surfaces.web[Role.READER].get("/persistent-ids", params={"limit": 200})
    for item in known.json()["items"]:
        found |= await told_of(world, item["state"]["subject_id"])
    return found


def schemes_of(told: set[Told]) -> set[str]:
    """The schemes that were judged, none of whose identifiers may be refused."""
    assert [each for each in sorted(told) if is_refused(each)] == []
    return {scheme for scheme, _ in told if is_known((scheme, ""))}


async def test_of_the_example_beamline(cora: Opened, world: World) -> None:
    facility = facility_of(cora)
    assert (await apply_plan(await make_plan(read_files([EXAMPLE]), facility), facility)).is_complete
    assets = await world.surfaces.web[Role.READER].get("/assets", params={"limit": 200})
    for item in assets.json()["items"]:
        if item["state"]["model_id"] is not None:
            await world.do("assign_asset_persistent_id", asset_id=item["id"], scheme="DOI")
    told = await all_told(world)
    assert schemes_of(told) >= {"DOI", "ROR", "URL", "URN"}
    known = (await world.surfaces.web[Role.READER].get("/persistent-ids", params={"limit": 200})).json()["items"]
    assert len(known) >= 20
    assert {each["state"]["value"] for each in known} <= {value for scheme, value in told if scheme == "DOI"}


@pytest.mark.parametrize("names", TOGETHER, ids=lambda names: names[0])
async def test_of_the_records_of_others(cora: Opened, world: World, names: tuple[str, ...]) -> None:
    await imported(cora, *names)
    assets = (await world.surfaces.web[Role.READER].get("/assets", params={"limit": 200})).json()["items"]
    for item in assets:
        if item["state"]["persistent_id"] is None and item["state"]["lifecycle"] != "Decommissioned":
            value = f"21.11157/{item['id']}"
            await world.do("record_asset_persistent_id", asset_id=item["id"], scheme="Handle", value=value)
    assert schemes_of(await all_told(world)) >= {"URL", "Handle"}


@pytest.mark.parametrize("own", [("DOI", "10.5438/08qf-ee96"), ("Handle", "21.11157/A-7")])
async def test_of_every_scheme(world: World, own: Told) -> None:
    drawing = {"system": "DOI", "number": "https://doi.org/10.17815/JLSRF-2-64"}
    maker = {"name": "Maker", "identifier": {"scheme": "Wikidata", "value": WIKIDATA}}
    asset = await world.asset(model_id=await world.model(manufacturer=maker), drawing=drawing)
    part = await world.asset(parent_id=asset)
    for scheme, value in AGENTS:
        owner = {"name": f"By {scheme}", "identifier": {"scheme": scheme, "value": value}}
        await world.do("add_asset_owner", asset_id=asset, owner=owner)
    await world.do("record_asset_persistent_id", asset_id=asset, scheme=own[0], value=own[1])
    await world.do("record_asset_persistent_id", asset_id=part, scheme="Handle", value="21.11157/part")
    told = await told_of(world, asset)
    expected = {own, *AGENTS, ("DOI", "10.17815/jlsrf-2-64"), ("Handle", "21.11157/part")}
    assert expected <= told
    assert schemes_of(told) >= {scheme for scheme, _ in expected} | {"URL"}
    of_part = await told_of(world, part)
    assert own in of_part
    assert schemes_of(of_part) >= {own[0], "Handle"}


@pytest.mark.parametrize("told", NO_IDENTIFIERS)
def test_what_is_none_is_refused(told: Told) -> None:
    assert is_refused(told)
    with pytest.raises(AssertionError):
        schemes_of({told, ("DOI", "10.5438/08qf-ee96")})
