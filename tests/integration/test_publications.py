"""What the world is told of identifiers is kept true at a simulated DataCite: published, pushed when something changed,
withdrawn; by one worker, once for each change."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Coroutine, Generator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import replace
from datetime import timedelta
from itertools import islice
from typing import Any
from uuid import UUID

import httpx
import pytest
from tests.authorities.clients import be_patient, datacite_client
from tests.authorities.datacite_simulator import PREFIX, DataciteSimulator, datacite_simulator
from tests.authorities.faults import GATEWAY_LOST_IT, TOO_MANY, Cut, Says, Stands
from tests.integration.scenario import World
from tests.integration.surfaces import unattended

from cora.equipment import keep_publications as keeping
from cora.equipment.adapters.by_scheme import BySchemeMinter
from cora.equipment.adapters.stub_doi_minter import StubDoiMinter
from cora.equipment.keep_publications import Kept, keep_publications
from cora.equipment.minting import ON_ITS_WAY_SECONDS
from cora.equipment.pidinst.forms import FORMS
from cora.equipment.ports.doi_minter import Minted, MintRequest
from cora.kernel.execute import Kernel
from cora.kernel.principal import Role
from cora.log.store import PostgresLog
from cora.log.verify import verify
from cora.surfaces.start import Opened

AT_ONCE = timedelta(0)


class Facility:
    """A facility whose DOIs come from a simulated DataCite."""

    def __init__(self, world: World, datacite: DataciteSimulator) -> None:
        self.world = world
        self.datacite = datacite

    @property
    def cora(self) -> Opened:
        return self.world.surfaces.cora

    async def work(self, quiet: timedelta = AT_ONCE) -> Kept:
        """The worker comes around."""
        return await keep_publications(self.cora.kernel, self.cora.log.publications, quiet=quiet)

    async def with_doi(self, **given: Any) -> tuple[str, str]:
        """An asset with a DOI that the worker has looked at, and the DOI."""
        asset = await self.world.made_by(**given)
        assigned = await self.world.do("assign_asset_persistent_id", asset_id=asset, scheme="DOI")
        await self.work()
        return asset, assigned["value"]

    async def known(self, value: str) -> dict[str, Any]:
        """What cora says of a DOI."""
        response = await self.world.surfaces.web[Role.READER].get(f"/persistent-ids/DOI/{value}")
        assert response.status_code == 200, response.text
        answer: dict[str, Any] = response.json()
        return answer

    def held(self, value: str) -> dict[str, Any]:
        """What DataCite holds of a DOI."""
        return self.datacite.records[value].attributes

    async def anonymous(self, path: str) -> httpx.Response:
        return await self.world.surfaces.web[Role.ANONYMOUS].get(path)

    @contextmanager
    def set(self, **wired: Any) -> Generator[None]:
        """Other settings for a while."""
        equipment = self.cora.equipment
        usual = {name: getattr(equipment, name) for name in wired}
        for name, value in wired.items():
            object.__setattr__(equipment, name, value)
        yield
        for name, value in usual.items():
            object.__setattr__(equipment, name, value)

    @contextmanager
    def counted(self) -> Generator[list[Any]]:
        """The requests that change something at DataCite."""
        calls: list[Any] = []
        before = len(self.datacite.plan.calls)
        yield calls
        calls += [call for call in self.datacite.plan.calls[before:] if call.method == "PUT"]


@pytest.fixture(scope="module")
async def world(module_cora: Opened) -> AsyncGenerator[World]:
    async with unattended(module_cora) as shown:
        yield World(shown)


@pytest.fixture
async def facility(world: World) -> AsyncGenerator[Facility]:
    usual = world.surfaces.cora.equipment.doi_minter
    async with datacite_simulator() as datacite, datacite_client(datacite) as client:
        world.surfaces.use_minter(client)
        try:
            yield Facility(world, datacite)
        finally:
            world.surfaces.use_minter(usual)
            assert datacite.wrong == []


@pytest.fixture
def drafts(module_cora: Opened) -> Iterator[None]:
    """Assignments end with drafts."""
    object.__setattr__(module_cora.equipment, "publishes", False)
    yield
    object.__setattr__(module_cora.equipment, "publishes", True)


@pytest.mark.usefixtures("drafts")
async def test_a_draft_is_not_public_until_it_is_published(facility: Facility) -> None:
    asset = await facility.world.made_by()
    assigned = await facility.world.do("assign_asset_persistent_id", asset_id=asset, scheme="DOI")
    assert assigned["publication"] == "Draft"
    value = assigned["value"]
    assert facility.datacite.records[value].state == "draft"
    for path in (f"/assets/{asset}/pidinst", f"/id/{asset}/pidinst.xml"):
        assert (await facility.anonymous(path)).status_code == 401
    assert (await facility.anonymous(f"/id/{asset}")).status_code == 404
    id = (await facility.known(value))["id"]
    published = await facility.world.do("publish_persistent_id", persistent_id_id=id)
    assert published["state"]["status"] == "Minted"
    assert facility.datacite.records[value].state == "findable"
    for path in (f"/assets/{asset}/pidinst", f"/id/{asset}/pidinst.xml", f"/id/{asset}"):
        assert (await facility.anonymous(path)).status_code == 200


@pytest.mark.usefixtures("drafts")
async def test_a_publication_that_was_interrupted_is_finished_by_the_worker(facility: Facility) -> None:
    asset = await facility.world.made_by()
    value = (await facility.world.do("assign_asset_persistent_id", asset_id=asset, scheme="DOI"))["value"]
    id = (await facility.known(value))["id"]
    facility.datacite.plan.always["PUT"] = Says(503)
    response = await facility.world.surfaces.http("publish_persistent_id", {"persistent_id_id": id})
    assert (response.status_code, response.json()["code"]) == (502, "PersistentIdentifierPush")
    failing = await facility.world.surfaces.web[Role.READER].get("/persistent-ids", params={"status": "Draft"})
    assert value in {item["state"]["value"] for item in failing.json()["items"] if item["state"]["last_failure"]}
    facility.datacite.plan.always.clear()
    await facility.work()
    assert (await facility.known(value))["state"]["status"] == "Minted"
    assert facility.datacite.records[value].state == "findable"


@pytest.mark.usefixtures("drafts")
async def test_a_rehearsed_push_foresees_that_an_interrupted_publication_is_finished(facility: Facility) -> None:
    asset = await facility.world.made_by()
    value = (await facility.world.do("assign_asset_persistent_id", asset_id=asset, scheme="DOI"))["value"]
    id = (await facility.known(value))["id"]
    facility.datacite.plan.always["PUT"] = Says(503)
    await facility.world.surfaces.http("publish_persistent_id", {"persistent_id_id": id})
    facility.datacite.plan.always.clear()
    given = {"persistent_id_id": id}
    rehearsed = (await facility.world.surfaces.http("push_persistent_id", given, dry_run=True)).json()
    pushed = await facility.world.do("push_persistent_id", **given)
    for answer in (rehearsed, pushed):
        kinds = [event["kind"] for event in answer["events"]]
        assert kinds == ["PersistentIdMetadataPushed", "PersistentIdPublished"]
        assert answer["state"]["status"] == "Minted"
    assert rehearsed["state"]["pushed"]["digest"] == pushed["state"]["pushed"]["digest"]


async def test_every_change_is_told_and_the_same_is_not_told_again(facility: Facility) -> None:
    unit = await facility.world.asset(tier="Unit", parent_id=None, facility_code=await facility.world.facility())
    asset, value = await facility.with_doi(tier="Device", parent_id=unit, facility_code=None)
    with facility.counted() as calls:
        assert (await facility.work()).pushed == []
    assert calls == []
    await facility.world.do("describe_asset", asset_id=asset, name="Renamed", description="for tomography")
    await facility.world.do("add_asset_owner", asset_id=asset, owner={"name": "Imaging group"})
    with facility.counted() as calls:
        assert len((await facility.work()).pushed) == 1
        assert (await facility.work()).pushed == []
    assert len(calls) == 1
    held = facility.held(value)
    assert held["titles"][0]["title"] == "Renamed"
    assert [each["name"] for each in held["contributors"]] == ["Imaging group"]
    # The same again, which is no change; and what nobody is told.
    await facility.world.do("add_asset_note", asset_id=asset, text="cleaned")
    with facility.counted() as calls:
        assert (await facility.work()).pushed == []
    assert calls == []


async def test_what_is_stated_of_an_asset_is_told_once_for_each_change(facility: Facility) -> None:
    asset, value = await facility.with_doi()
    manual = {"relation": "WasUsedIn", "scheme": "DOI", "value": "10.5438/campaign"}
    told = {"relatedIdentifier": "10.5438/campaign", "relatedIdentifierType": "DOI",
            "relationType": "Other", "relationTypeInformation": "WasUsedIn"}  # fmt: skip
    for verb, related, subjects in (("add", [told], [{"subject": "optics"}]), ("remove", [], [])):
        subject = {"subject": {"name": "optics"}} if verb == "add" else {"name": "optics"}
        await facility.world.do(f"{verb}_asset_related_identifier", asset_id=asset, identifier=manual)
        await facility.world.do(f"{verb}_asset_subject", asset_id=asset, **subject)
        with facility.counted() as calls:
            assert len((await facility.work()).pushed) == 1
            assert (await facility.work()).pushed == []
        assert len(calls) == 1
        held = facility.held(value)
        assert (held["relatedIdentifiers"], held["subjects"]) == (related, subjects)


async def test_who_else_made_it_is_told_once_the_model_says_so(facility: Facility) -> None:
    asset, value = await facility.with_doi()
    state = (await facility.world.surfaces.web[Role.READER].get(f"/assets/{asset}")).json()["state"]
    model = (await facility.world.surfaces.web[Role.READER].get(f"/models/{state['model_id']}")).json()["state"]
    content = {name: model[name] for name in ("name", "manufacturer", "part_number", "declared_family_ids")}
    for tag, further in (("2", ["ESRF", "Huber"]), ("3", ["Huber"]), ("4", [])):
        makers = [{"name": name} for name in further]
        await facility.world.do(
            "version_model", model_id=model["id"], tag=tag, **content, further_manufacturers=makers
        )  # fmt: skip
        with facility.counted() as calls:
            assert len((await facility.work()).pushed) == 1
            assert (await facility.work()).pushed == []
        assert len(calls) == 1
        assert [each["name"] for each in facility.held(value)["creators"]] == [model["manufacturer"]["name"], *further]


async def test_both_ends_of_a_relation_are_told_when_one_gets_its_identifier(facility: Facility) -> None:
    code = await facility.world.facility()
    parent, parent_doi = await facility.with_doi(tier="Unit", parent_id=None, facility_code=code)
    child = await facility.world.made_by(tier="Device", parent_id=parent, facility_code=None)
    assert facility.held(parent_doi).get("relatedIdentifiers", []) == []
    child_doi = (await facility.world.do("assign_asset_persistent_id", asset_id=child, scheme="DOI"))["value"]
    await facility.work()
    (down,) = facility.held(parent_doi)["relatedIdentifiers"]
    (up,) = facility.held(child_doi)["relatedIdentifiers"]
    assert (down["relatedIdentifier"], down["relationType"]) == (child_doi, "HasPart")
    assert (up["relatedIdentifier"], up["relationType"]) == (parent_doi, "IsPartOf")
    # The name of a part is none of what DataCite takes, but a part that is given up is gone from the whole.
    await facility.world.do("decommission_asset", asset_id=child, reason="worn")
    await facility.work()
    assert [each["dateInformation"] for each in facility.held(child_doi)["dates"]] == ["Commissioned", "Decommissioned"]


@pytest.mark.usefixtures("drafts")
@pytest.mark.parametrize("published_first", ["parent", "child"])
async def test_a_relation_to_a_draft_is_told_once_that_is_public(facility: Facility, published_first: str) -> None:
    code = await facility.world.facility()
    parent, parent_doi = await facility.with_doi(tier="Unit", parent_id=None, facility_code=code)
    child, child_doi = await facility.with_doi(tier="Device", parent_id=parent, facility_code=None)
    values, assets = {"parent": parent_doi, "child": child_doi}, {"parent": parent, "child": child}
    late = "child" if published_first == "parent" else "parent"

    async def publish(which: str) -> None:
        id = (await facility.known(values[which]))["id"]
        await facility.world.do("publish_persistent_id", persistent_id_id=id)
        await facility.work()

    async def forms() -> dict[str, str]:
        paths = [f"/id/{assets[published_first]}{end}" for end in ("", *(f"/{form.name}" for form in FORMS))]
        told = {path: await facility.anonymous(path) for path in paths}
        assert {each.status_code for each in told.values()} == {200}
        return {path: each.text for path, each in told.items()}

    await publish(published_first)
    assert facility.held(values[published_first]).get("relatedIdentifiers", []) == []
    assert [path for path, text in (await forms()).items() if values[late] in text] == []
    with facility.counted() as calls:
        await publish(late)
    assert {call.path.rpartition("/dois/")[2] for call in calls} == set(values.values())
    for which, other, relation in (("parent", "child", "HasPart"), ("child", "parent", "IsPartOf")):
        (told,) = facility.held(values[which])["relatedIdentifiers"]
        assert (told["relatedIdentifier"], told["relationType"]) == (values[other], relation)
    assert len([path for path, text in (await forms()).items() if values[late] in text]) > 5
    # What leads to a tombstone resolves still.
    id = (await facility.known(values[late]))["id"]
    await facility.world.do("withdraw_persistent_id", persistent_id_id=id, reason="never existed")
    await facility.work()
    assert len(facility.held(values[published_first])["relatedIdentifiers"]) == 1


@pytest.mark.usefixtures("drafts")
async def test_a_fixture_and_what_it_binds_tell_each_other_only_what_is_public(facility: Facility) -> None:
    world = facility.world
    asset = await world.installed(model_id=await world.model())
    fixture = await world.fixture(asset)
    await world.do("attach_asset_to_fixture", asset_id=asset, fixture_id=fixture)
    drafted = (await world.do("assign_fixture_persistent_id", fixture_id=fixture, scheme="DOI"))["value"]
    own = (await world.do("assign_asset_persistent_id", asset_id=asset, scheme="DOI"))["value"]
    await facility.work()
    for value in (own, drafted):
        assert facility.held(value).get("relatedIdentifiers", []) == []
    await world.do("publish_persistent_id", persistent_id_id=(await facility.known(drafted))["id"])
    await facility.work()
    (up,) = facility.held(own)["relatedIdentifiers"]
    assert (up["relatedIdentifier"], up["relationType"]) == (drafted, "IsPartOf")
    assert facility.held(drafted).get("relatedIdentifiers", []) == []


async def test_changes_within_a_short_while_are_told_together_later(facility: Facility) -> None:
    asset, value = await facility.with_doi()
    await facility.world.do("describe_asset", asset_id=asset, name="First", description=None)
    with facility.counted() as calls:
        await facility.work(quiet=timedelta(minutes=1))
    assert calls == []
    await facility.world.do("describe_asset", asset_id=asset, name="Second", description=None)
    with facility.counted() as calls:
        await facility.work()
    assert len(calls) == 1
    assert facility.held(value)["titles"][0]["title"] == "Second"


async def test_a_withdrawn_identifier_is_hidden_and_keeps_its_record(facility: Facility) -> None:
    asset, value = await facility.with_doi()
    id = (await facility.known(value))["id"]
    await facility.world.do("withdraw_persistent_id", persistent_id_id=id, reason="never existed")
    await facility.work()
    record = facility.datacite.records[value]
    assert (record.state, record.handle is None) == ("registered", False)
    known = (await facility.known(value))["state"]
    assert (known["status"], known["withdrawal"]["reason"]) == ("Withdrawn", "never existed")
    shown = await facility.world.surfaces.web[Role.READER].get(f"/assets/{asset}")
    assert shown.json()["state"]["persistent_id"]["value"] == value
    refused = await facility.world.surfaces.http("withdraw_persistent_id", {"persistent_id_id": id, "reason": "again"})
    assert (refused.status_code, refused.json()["code"]) == (409, "PersistentIdCannotWithdraw")


async def test_pages_that_have_moved_are_told_whatever_the_identifier_is(facility: Facility) -> None:
    """Published, withdrawn, and a draft that is published before its authority was told."""
    moved = "https://moved.example.org"
    _, published = await facility.with_doi()
    _, withdrawn = await facility.with_doi()
    with facility.set(publishes=False):
        _, draft = await facility.with_doi()
    id = (await facility.known(withdrawn))["id"]
    await facility.world.do("withdraw_persistent_id", persistent_id_id=id, reason="never existed")
    await facility.work()
    with facility.set(public_url=moved):
        with facility.counted() as calls:
            await facility.work()
        assert calls == []
        for value in (published, withdrawn, draft):
            known = await facility.known(value)
            await facility.world.do("redirect_persistent_id", persistent_id_id=known["id"])
        await facility.world.do("publish_persistent_id", persistent_id_id=(await facility.known(draft))["id"])
        await facility.work()
        with facility.counted() as calls:
            await facility.work()
        assert calls == []
    for value, state in ((published, "findable"), (withdrawn, "registered"), (draft, "findable")):
        known = (await facility.known(value))["state"]
        assert known["landing_page"].startswith(f"{moved}/id/")
        assert facility.held(value)["url"] == known["landing_page"]
        assert facility.datacite.records[value].state == state


@pytest.mark.usefixtures("drafts")
async def test_a_draft_that_was_given_up_stays_one_that_nobody_sees(facility: Facility) -> None:
    asset, value = await facility.with_doi()
    id = (await facility.known(value))["id"]
    await facility.world.do("withdraw_persistent_id", persistent_id_id=id, reason="never existed")
    await facility.world.do("describe_asset", asset_id=asset, name=value, description=None)
    with facility.counted() as calls:
        assert (await facility.work()).pushed == []
    assert calls == []
    assert facility.datacite.records[value].state == "draft"
    assert (await facility.anonymous(f"/id/{asset}")).status_code == 404
    refused = await facility.world.surfaces.http("push_persistent_id", {"persistent_id_id": id, "again": True})
    assert refused.json()["code"] == "PersistentIdNotKeptHere"
    refused = await facility.world.surfaces.http("publish_persistent_id", {"persistent_id_id": id})
    assert refused.json()["code"] == "PersistentIdCannotPublish"
    compared = await facility.world.surfaces.http("reconcile_persistent_ids", {"ids": [id], "fix": True})
    assert compared.json()["agreed"] == [id]


@pytest.mark.usefixtures("drafts")
async def test_a_draft_that_is_refused_is_given_up_and_if_it_was_published_meanwhile_it_is_hidden(
    facility: Facility, monkeypatch: pytest.MonkeyPatch
) -> None:
    asset, value = await facility.with_doi()
    id = (await facility.known(value))["id"]
    given_up = {"persistent_id_id": id, "reason": "never existed"}
    facility.datacite.plan.always["PUT"] = Says(422)
    refused = await facility.world.surfaces.http("publish_persistent_id", {"persistent_id_id": id})
    assert (refused.status_code, refused.json()["retryable"]) == (502, False)
    facility.datacite.plan.always.clear()
    minter: Any = facility.cora.equipment.doi_minter
    usual = minter.publish

    async def while_it_is_given_up(request: MintRequest) -> Minted:
        await facility.world.do("withdraw_persistent_id", **given_up)
        return await usual(request)

    monkeypatch.setattr(minter, "publish", while_it_is_given_up)
    await facility.world.surfaces.http("publish_persistent_id", {"persistent_id_id": id})
    assert facility.datacite.records[value].state == "findable"
    await facility.work()
    assert facility.datacite.records[value].state == "registered"
    assert "never existed" in (await facility.anonymous(f"/id/{asset}")).text


@pytest.mark.parametrize(
    "fault", [Cut.BEFORE, Cut.DURING, Cut.AFTER, Says(502), Says(429, "{}", headers={"Retry-After": "0"})]
)
async def test_what_fails_is_put_off_and_told_later(facility: Facility, fault: Any) -> None:
    asset, value = await facility.with_doi()
    await facility.world.do("describe_asset", asset_id=asset, name=value, description=None)
    facility.datacite.plan.always |= {"PUT": fault, "GET": Says(503)}
    kept = await facility.work()
    assert len(kept.failed) == 1
    state = (await facility.known(value))["state"]
    assert (state["status"], state["last_failure"]["retryable"]) == ("Minted", True)
    facility.datacite.plan.always.clear()
    with facility.counted() as calls:
        assert (await facility.work()).failed == []
    assert calls == [], "it is put off"
    async with facility.cora.log.pool.acquire() as connection:
        await connection.execute("update cora.publication set due_at = '-infinity'")
    await facility.work()
    assert facility.held(value)["titles"][0]["title"] == value
    assert (await facility.known(value))["state"]["last_failure"] is None


async def _renamed(facility: Facility, count: int) -> list[str]:
    """The DOIs of so many assets of which there are news to tell."""
    known = [await facility.with_doi() for _ in range(count)]
    for asset, value in known:
        await facility.world.do("describe_asset", asset_id=asset, name=value, description=None)
    return [value for _, value in known]


async def _due_again(facility: Facility) -> None:
    async with facility.cora.log.pool.acquire() as connection:
        await connection.execute("update cora.publication set due_at = '-infinity'")


async def test_what_was_put_off_for_long_is_told_when_something_is_done_about_it(facility: Facility) -> None:
    asset, value = await facility.with_doi()
    facility.datacite.plan.always["PUT"] = Says(
        422, '{"errors":[{"status":"422","title":"Not so."}]}', "application/json"
    )
    await facility.world.do("describe_asset", asset_id=asset, name="Changed", description=None)
    assert len((await facility.work()).failed) == 1
    facility.datacite.plan.always.clear()
    assert await facility.work() == Kept()
    identifier = (await facility.known(value))["id"]
    await facility.world.do("withdraw_persistent_id", persistent_id_id=identifier, reason="never existed")
    assert len((await facility.work()).pushed) == 1
    assert facility.datacite.records[value].state == "registered"


async def test_where_no_call_is_free_the_round_ends_and_nothing_is_recorded(facility: Facility) -> None:
    values = await _renamed(facility, 3)
    minter: Any = facility.cora.equipment.doi_minter
    minter._web._budget.hold_off(300.0)
    before = len(facility.datacite.plan.calls)
    kept = await facility.work()
    assert (len(kept.left), kept.failed, len(facility.datacite.plan.calls)) == (3, [], before)
    assert [(await facility.known(value))["state"]["last_failure"] for value in values] == [None] * 3
    be_patient(minter)
    assert (await facility.work()).pushed == [], "they are put off"
    await _due_again(facility)
    assert len((await facility.work()).pushed) == 3


async def test_an_authority_that_gives_no_answer_is_asked_once_in_a_round(facility: Facility) -> None:
    await _renamed(facility, 3)
    facility.datacite.plan.always["GET"] = Cut.BEFORE
    kept = await facility.work()
    assert (len(kept.failed), len(kept.left)) == (1, 2)
    facility.datacite.plan.always.clear()
    await _due_again(facility)
    assert len((await facility.work()).pushed) == 3


async def test_where_no_authority_is_set_up_nothing_is_recorded(facility: Facility) -> None:
    (value,) = await _renamed(facility, 1)
    usual = facility.cora.equipment.doi_minter
    facility.world.surfaces.use_minter(BySchemeMinter({"Handle": StubDoiMinter()}))
    kept = await facility.work()
    facility.world.surfaces.use_minter(usual)
    assert (len(kept.left), kept.failed) == (1, [])
    assert (await facility.known(value))["state"]["last_failure"] is None
    await _due_again(facility)
    assert len((await facility.work()).pushed) == 1


@pytest.mark.parametrize("name", ["read_publication", "tell"])
async def test_what_breaks_is_put_off_and_those_behind_it_are_told(
    facility: Facility, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    values = await _renamed(facility, 3)
    first = UUID((await facility.known(values[0]))["id"])
    usual, tries = getattr(keeping, name), list[UUID]()

    async def breaks(id: UUID, *rest: Any, **given: Any) -> Any:
        if id == first:
            tries.append(id)
            raise ZeroDivisionError
        return await usual(id, *rest, **given)

    monkeypatch.setattr(keeping, name, breaks)
    kept = await facility.work()
    assert (kept.failed, len(kept.pushed)) == ([first], 2)
    times = len(tries)
    await facility.work()
    assert len(tries) == times, "it is put off"
    monkeypatch.setattr(keeping, name, usual)
    await _due_again(facility)
    assert (await facility.work()).pushed == [first]


async def test_one_worker_acts_for_all(facility: Facility) -> None:
    """Ten servers over one database: while one stands at the authority the others go home with nothing done."""
    assets = [await facility.with_doi() for _ in range(3)]
    for asset, value in assets:
        await facility.world.do("describe_asset", asset_id=asset, name=value, description=None)
    stands = Stands(before=True)
    async with AsyncExitStack() as stack:
        workers = [await stack.enter_async_context(_server_beside(facility)) for _ in range(10)]
        with facility.counted() as calls:
            facility.datacite.plan.next(stands)
            async with asyncio.timeout(30):
                ended = asyncio.as_completed([work() for work in workers])
                assert [await each for each in islice(ended, 9)] == [Kept()] * 9
                assert stands.came.is_set()
                stands.goes_on.set()
                (last,) = [await each for each in ended]
    assert len(last.pushed) == len(calls) == len(assets)


@asynccontextmanager
async def _server_beside(facility: Facility) -> AsyncGenerator[Callable[[], Coroutine[Any, Any, Kept]]]:
    """A round of the worker of another server, with connections to the database of its own."""
    equipment = facility.cora.equipment
    log = await PostgresLog.open(facility.cora.log.dsn, facility.cora.log.schema)
    try:
        wired = replace(equipment, leases=log.leases, tellings=log.publications)
        kernel = Kernel(log, wired, events=log, searches=log, documents=log)
        yield lambda: keep_publications(kernel, log.publications, quiet=AT_ONCE)
    finally:
        await log.close()


async def _is_being_told(facility: Facility, id: str) -> bool:
    return await facility.cora.log.publications.again_in(UUID(id), ON_ITS_WAY_SECONDS) == 0


@pytest.mark.usefixtures("drafts")
async def test_a_draft_that_is_given_up_while_it_is_told_stays_open_for_nothing(facility: Facility) -> None:
    _, value = await facility.with_doi()
    id = (await facility.known(value))["id"]
    facility.datacite.plan.always["PUT"] = Cut.AFTER
    lost = await facility.world.surfaces.http("push_persistent_id", {"persistent_id_id": id, "again": True})
    assert (lost.status_code, await _is_being_told(facility, id)) == (502, True)
    await facility.world.do("withdraw_persistent_id", persistent_id_id=id, reason="never existed")
    await facility.work()
    assert not await _is_being_told(facility, id)


async def test_what_is_released_after_its_request_was_lost_stays_open_for_nothing(facility: Facility) -> None:
    asset = await facility.world.made_by()
    facility.datacite.plan.always["PUT"] = Cut.BEFORE
    wanted = {"asset_id": asset, "scheme": "DOI", "suffix": asset}
    lost = await facility.world.surfaces.http("assign_asset_persistent_id", wanted)
    id = (await facility.known(f"{PREFIX}/{asset}"))["id"]
    assert (lost.status_code, await _is_being_told(facility, id)) == (502, True)
    async with facility.cora.log.pool.acquire() as connection:
        await connection.execute("update cora.telling set begun_at = begun_at - interval '1 hour'")
    await facility.world.do("release_persistent_id", persistent_id_id=id, reason="not wanted")
    await facility.work()
    assert not await _is_being_told(facility, id)


@pytest.mark.parametrize(
    ("fault", "is_lost"), [(Cut.BEFORE, True), (Cut.AFTER, True), (GATEWAY_LOST_IT, True), (TOO_MANY, False)]
)
async def test_what_was_lost_is_told_once_more_when_it_can_no_longer_arrive(
    facility: Facility, fault: Any, is_lost: bool
) -> None:
    """Who was answered, even by a refusal, waits for nothing that may arrive."""
    asset, value = await facility.with_doi()
    id = (await facility.known(value))["id"]
    facility.datacite.plan.always["PUT"] = fault
    await facility.world.do("describe_asset", asset_id=asset, name=f"{asset} anew", description=None)
    await facility.work()
    assert (await facility.known(value))["state"]["last_failure"] is not None
    facility.datacite.plan.always.clear()
    told: list[int] = []
    for past in ("0 s", "0 s", "1 hour", "1 hour"):
        async with facility.cora.log.pool.acquire() as connection:
            await connection.execute("update cora.publication set due_at = '-infinity'")
            await connection.execute(f"update cora.telling set lost_at = lost_at - interval '{past}'")
        be_patient(facility.cora.equipment.doi_minter)
        with facility.counted() as calls:
            await facility.work()
        told.append(len(calls))
    assert told == [1, 0, int(is_lost), 0]
    assert not await _is_being_told(facility, id)


async def test_nobody_is_told_of_a_recorded_identifier_but_it_is_public(facility: Facility) -> None:
    asset = await facility.world.made_by()
    value = f"10.1234/{asset}"
    await facility.world.do("record_asset_persistent_id", asset_id=asset, scheme="DOI", value=value)
    with facility.counted() as calls:
        await facility.work()
    assert calls == []
    id = (await facility.known(value))["id"]
    refused = await facility.world.surfaces.http("push_persistent_id", {"persistent_id_id": id})
    assert (refused.status_code, refused.json()["code"]) == (409, "PersistentIdNotKeptHere")
    assert (await facility.anonymous(f"/id/{asset}")).status_code == 200


async def test_all_of_it_can_be_verified(facility: Facility) -> None:
    cora = facility.cora
    assert (await verify(cora.log.dsn, cora.log.schema, cora.equipment.aggregates)).difference is None
