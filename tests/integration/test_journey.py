"""The main job of cora: one beamline from nothing to citable fixtures, on the real log, over HTTP and MCP."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Any

import pytest
from tests.integration.beamline import Beamline, build
from tests.integration.minters import Granting, Refusing, Unasked
from tests.integration.scenario import World
from tests.integration.surfaces import surfaces

from cora.kernel.principal import Role
from cora.surfaces.start import Opened

TOWER, MICROSCOPE = "Sample tower at 2-BM", "Microscope at 2-BM"
CAMERA = "aps/2-BM/PropagationDistance/Microscope housing/Camera"


@dataclass
class Journey:
    """The beamline, and the ways to it."""

    world: World
    beamline: Beamline

    async def get(self, path: str, role: Role = Role.READER, **params: str) -> Any:
        """What a path shows."""
        answer = await self.world.surfaces.web[role].get(path, params=params)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def pidinst(self, fixture: str) -> dict[str, Any]:
        """The PIDINST record of a fixture, after a look that HTTP and MCP show the same."""
        over_http: dict[str, Any] = await self.get(f"/fixtures/{fixture}/pidinst")
        over_mcp = await self.world.surfaces.mcp("get_fixture_pidinst", {"fixture_id": fixture}, Role.READER)
        assert over_mcp.body == over_http
        return over_http

    async def sql(self, query: str, *values: Any) -> list[dict[str, Any]]:
        """Rows that a person with SQL gets."""
        async with self.world.surfaces.cora.log.pool.acquire() as connection:
            return [dict(row) for row in await connection.fetch(query, *values)]


@pytest.fixture(scope="module")
async def journey(module_cora: Opened) -> AsyncGenerator[Journey]:
    async with surfaces(module_cora) as shown:
        world = World(shown)
        yield Journey(world, await build(world))


async def test_everything_of_the_file_is_there(journey: Journey) -> None:
    made, said = journey.beamline, journey.beamline.said
    page = await journey.get("/assets", limit="200")
    assert page["next"] is None
    assert {item["id"] for item in page["items"]} == set(made.assets.values())
    assert {item["state"]["lifecycle"] for item in page["items"]} == {"Active"}
    degraded = await journey.get("/assets", condition="Degraded")
    assert [item["state"]["name"] for item in degraded["items"]] == ["Camera high resolution"]
    mounts = (await journey.get("/mounts", limit="200"))["items"]
    assert len(mounts) == len(said["mounts"])
    bolted = {item["state"]["slot_code"]: item["state"]["installed_asset_id"] for item in mounts}
    assert bolted["02-BM-B-CAMERA-0"] == made.assets[CAMERA]
    camera = (await journey.get(f"/assets/{made.assets[CAMERA]}"))["state"]
    assert camera["settings"]["readout_mode"] == "GlobalShutter"
    assert camera["fixture_id"] == made.fixtures[MICROSCOPE]


async def test_the_microscope_becomes_citable(journey: Journey) -> None:
    fixture = journey.beamline.fixtures[MICROSCOPE]
    before = await journey.pidinst(fixture)
    assert before["identifier"] == {"identifier": f"urn:uuid:{fixture}", "identifierType": "URN"}
    assert (before["complete"], before["missing"], before["test"]) == (True, [], False)
    assert [owner["ownerName"] for owner in before["owners"]] == ["Advanced Photon Source"]
    makers = {maker["manufacturerName"] for maker in before["manufacturers"]}
    assert makers == {"Optique Peter", "Mitutoyo", "Crytur", "Teledyne FLIR", "Advanced Photon Source"}
    assert before["model"]["modelName"] == "Microscope"
    assert before["model"]["modelIdentifier"]["modelIdentifierType"] == "SHA-256"
    assert before["instrumentTypes"][0]["instrumentTypeName"] == "Microscope"
    anybody = journey.world.surfaces.web[Role.ANONYMOUS]
    assert (await anybody.get(f"/fixtures/{fixture}/pidinst")).status_code == 401
    assert (await anybody.get(f"/id/{fixture}")).status_code == 404

    camera = await journey.world.do(
        "assign_asset_persistent_id", asset_id=journey.beamline.assets[CAMERA], scheme="Handle"
    )
    answer = await journey.world.surfaces.http(
        "assign_fixture_persistent_id", {"fixture_id": fixture, "scheme": "DOI"}, Role.STEWARD
    )
    assert answer.status_code == 201
    assigned = answer.json()
    assert assigned["value"].startswith("10.0000/cora-stub/")
    assert assigned["url"] == before["landingPage"]
    assert answer.headers["ETag"] == '"2"'

    after = await journey.pidinst(fixture)
    assert after["identifier"] == {"identifier": assigned["value"], "identifierType": "DOI"}
    assert after["test"] is True
    (component,) = after["relatedIdentifiers"]
    assert component["relatedIdentifier"] == camera["value"]
    assert component["relationType"] == "HasComponent"
    shown = await anybody.get(f"/fixtures/{fixture}/pidinst")
    assert shown.json() == after
    page = await anybody.get(f"/id/{fixture}")
    assert page.status_code == 200
    assert assigned["value"] in page.text
    assert "test identifier" in page.text


async def test_lists_and_sql_carry_the_identifier(journey: Journey) -> None:
    fixture = await journey.world.citable()
    value = (await journey.world.do("assign_fixture_persistent_id", fixture_id=fixture, scheme="DOI"))["value"]
    everything = (await journey.get("/fixtures", limit="200"))["items"]
    carried = {item["id"]: item["state"]["persistent_id"] for item in everything}
    assert carried[fixture]["value"] == value
    assert carried[journey.beamline.fixtures[TOWER]] is None
    page = await journey.get("/fixtures", persistent_id=value)
    assert [item["id"] for item in page["items"]] == [fixture]
    asked = {"kind": "fixture", "filters": {"persistent_id": value}}
    over_mcp = await journey.world.surfaces.agents[Role.READER].call_tool("list", asked)
    assert over_mcp.structured_content == page
    for written in (f"https://doi.org/{value}", f"doi:{value.upper()}"):
        assert await journey.get("/fixtures", persistent_id=written) == page
    assert (await journey.get("/fixtures", persistent_id="10.1/none"))["items"] == []
    rows = await journey.sql(
        "select id, persistent_id_is_test from cora.fixture_summary where persistent_id = $1", value
    )
    assert [(str(row["id"]), row["persistent_id_is_test"]) for row in rows] == [(fixture, True)]
    (without,) = await journey.sql(
        "select persistent_id from cora.fixture_summary where id = $1", journey.beamline.fixtures[TOWER]
    )
    assert without["persistent_id"] is None


async def test_a_minter_that_fails_and_the_retry_that_resumes(journey: Journey) -> None:
    surfaces, fixture = journey.world.surfaces, await journey.world.citable()
    given = {"fixture_id": fixture, "scheme": "DOI", "suffix": "resumed"}
    usual, down, up = surfaces.app.state.equipment.doi_minter, Refusing(retryable=True), Granting()
    try:
        surfaces.use_minter(down)
        failed = await surfaces.http("assign_fixture_persistent_id", given, Role.STEWARD)
        problem = failed.json()
        assert (failed.status_code, problem["code"]) == (502, "PersistentIdentifierMint")
        assert (problem["scheme"], problem["reason"], problem["retryable"]) == ("DOI", "closed for the night", True)
        assert (await journey.pidinst(fixture))["identifier"]["identifierType"] == "URN"
        (reserved,) = (await journey.get("/persistent-ids", subject_id=fixture))["items"]
        assert reserved["state"]["status"] == "Reserved"

        surfaces.use_minter(up)
        resumed = await surfaces.mcp("assign_fixture_persistent_id", {"fixture_id": fixture, "scheme": "DOI"})
        assert not resumed.refuses, resumed.body
    finally:
        surfaces.use_minter(usual)
    assert resumed.body["value"] == problem["value"] == "10.0000/cora-stub/resumed"
    assert [request.identifier.value for request in down.asked + up.asked] == [problem["value"]] * 2
    assert {request.url for request in down.asked + up.asked} == {resumed.body["url"]}
    (minted,) = (await journey.get("/persistent-ids", subject_id=fixture))["items"]
    assert (minted["id"], minted["state"]["status"]) == (reserved["id"], "Minted")
    again = await surfaces.http("assign_fixture_persistent_id", given)
    assert (again.status_code, again.json()["code"]) == (409, "FixturePersistentIdAlreadyAssigned")


async def test_after_a_failure_for_good_another_suffix_can_be_tried(journey: Journey) -> None:
    surfaces, fixture = journey.world.surfaces, await journey.world.citable()
    given = {"fixture_id": fixture, "scheme": "DOI"}
    usual = surfaces.app.state.equipment.doi_minter
    surfaces.use_minter(Refusing(retryable=False))
    failed = await surfaces.http("assign_fixture_persistent_id", {**given, "suffix": "first"})
    surfaces.use_minter(usual)
    assert (failed.status_code, failed.json()["retryable"]) == (502, False)
    (released,) = (await journey.get("/persistent-ids", subject_id=fixture))["items"]
    assert released["state"]["status"] == "Released"
    assert (await journey.world.do("assign_fixture_persistent_id", **given, suffix="second"))["value"].endswith(
        "second"
    )


async def test_a_rehearsed_assignment_asks_nobody(journey: Journey) -> None:
    surfaces, fixture = journey.world.surfaces, await journey.world.citable()
    usual, before = surfaces.app.state.equipment.doi_minter, await surfaces.recorded()
    surfaces.use_minter(Unasked())
    answer = await surfaces.http(
        "assign_fixture_persistent_id", {"fixture_id": fixture, "scheme": "DOI", "suffix": "maybe"}, dry_run=True
    )
    surfaces.use_minter(usual)
    assert (answer.status_code, answer.json()["value"]) == (200, "10.0000/cora-stub/maybe")
    assert await surfaces.recorded() == before
    assert (await journey.get("/persistent-ids", subject_id=fixture))["items"] == []


async def test_an_erased_contact_is_gone_from_everywhere(journey: Journey) -> None:
    address = "erase.me@example.org"
    surfaces, asset = journey.world.surfaces, await journey.world.asset()
    given = {"asset_id": asset, "owner": {"name": "Group", "contact": address}}
    added = await surfaces.http("add_asset_owner", given, headers={"Idempotency-Key": "erasable"})
    (shown,) = added.json()["state"]["owners"]
    contact = shown["contact_id"]
    assert (await journey.get(f"/contacts/{contact}"))["address"] == address
    assert (await surfaces.web[Role.ANONYMOUS].get(f"/contacts/{contact}")).status_code == 401
    path = f"/contacts/{contact}/erase"
    assert (await surfaces.web[Role.STEWARD].post(path)).status_code == 403
    assert (await surfaces.web[Role.ADMIN].post(path)).status_code == 200
    assert (await surfaces.web[Role.READER].get(f"/contacts/{contact}")).status_code == 404
    tables = await journey.sql(
        "select tablename as name from pg_tables where schemaname = 'cora' "
        "and has_table_privilege(quote_ident(schemaname) || '.' || quote_ident(tablename), 'select')"
    )
    assert {"event", "document", "contact", "answer"} <= {table["name"] for table in tables}
    for table in tables:
        held = await journey.sql(f"select count(*) as n from cora.{table['name']} t where t::text like '%erase.me%'")
        assert held == [{"n": 0}], table["name"]
    assert (await journey.get(f"/assets/{asset}"))["state"]["owners"] == [shown]


async def test_a_token_works_until_it_is_revoked_or_expires(journey: Journey) -> None:
    tokens, web = journey.world.surfaces.cora.tokens, journey.world.surfaces.web[Role.ANONYMOUS]
    bearer = await tokens.create(Role.OPERATOR, "shift leader")
    headers = {"Authorization": f"Bearer {bearer}"}
    (token,) = [token for token in await tokens.list() if token.name == "shift leader"]
    assert (token.role, token.revoked_at) == (Role.OPERATOR, None)
    assert (await web.get("/assets", headers=headers)).status_code == 200
    name = journey.world.name("Frame")
    made = await web.post("/frames", json={"name": name}, headers=headers)
    assert made.status_code == 201
    (row,) = await journey.sql("select actor from cora.event where position = $1", made.json()["position"])
    assert row["actor"] == "shift leader"
    assert await tokens.revoke(token.id) is True

    expired = await tokens.create(Role.READER, "visitor", expires_at=token.created_at)
    refused = [
        await web.get("/assets", headers={"Authorization": f"Bearer {wrong}"})
        for wrong in (bearer, expired, "nonsense", bearer[:-1], "")
    ]
    problems = [answer.json() for answer in refused]
    assert {answer.status_code for answer in refused} == {401}
    for problem in problems:
        problem.pop("request_id")
        assert problem == problems[0]
