"""The log and the authority compared, after something has gone wrong on either side; and mended, where that may be."""

import json
from dataclasses import replace
from typing import Any
from unittest.mock import ANY
from uuid import UUID

import pytest
from pydantic import SecretStr
from tests.authorities.clients import OTHER_URL, be_patient
from tests.authorities.datacite_simulator import (
    PASSWORD,
    PREFIX,
    REPOSITORY,
    DataciteSimulator,
    Record,
    datacite_simulator,
)
from tests.authorities.faults import PASSING, TOO_MANY, Cut, Fault, Says
from tests.authorities.handle_simulator import PREFIX as HANDLE_PREFIX
from tests.authorities.handle_simulator import HandleSimulator
from tests.authorities.test_minting import Story, story_of, story_with
from tests.unit.memory_log import MemoryCalls

from cora.equipment.adapters.datacite_metadata import datacite_metadata
from cora.equipment.adapters.opening import opened_authorities
from cora.equipment.aggregates.asset import ASSET
from cora.equipment.aggregates.asset.events import AssetDescribed
from cora.equipment.aggregates.persistent_id import (
    PERSISTENT_ID,
    PersistentIdMetadataPushed,
    PersistentIdRedirected,
    PersistentIdReleased,
    PersistentIdWithdrawn,
)
from cora.equipment.features.reconcile_persistent_ids import (
    Reconciled,
    ReconcilePersistentIds,
    reconcile_persistent_ids,
)
from cora.equipment.pidinst.forms.handle import TYPES
from cora.equipment.ports.authorities import Authorities, DataciteAccount
from cora.equipment.reconcile import Difference, Interruption
from cora.equipment.values import IdentifierScheme, PersistentIdentifier
from cora.kernel.errors import InvalidRequestError, NotFoundError, OverloadedError
from cora.kernel.execute import Call
from cora.kernel.identity import new_id
from cora.kernel.principal import Principal, Role

AUTHORITIES = ("datacite", "handle", "epic")


async def asked(story: Story, **fields: Any) -> Reconciled:
    """One part."""
    declared: Any = reconcile_persistent_ids.__slice__  # type: ignore[attr-defined]
    call = Call(Principal("steward", Role.STEWARD), "http", "request-1")
    return await story.world.kernel.act(declared, ReconcilePersistentIds(**fields), call)


async def all_of(story: Story, **fields: Any) -> list[Reconciled]:
    """All parts of a side."""
    parts = [await asked(story, **fields)]
    while parts[-1].next is not None:
        parts.append(await asked(story, **fields, cursor=parts[-1].next))
    return parts


async def found(story: Story, **fields: Any) -> dict[str, tuple[str, bool | None]]:
    """What differs on both sides, by value."""
    parts = [*await all_of(story, **fields), *await all_of(story, of="authority")]
    assert not any(part.interrupted for part in parts)
    return {each.value: (each.difference, each.mended) for part in parts for each in part.findings}


async def minted(story: Story, suffix: str) -> tuple[UUID, UUID, str]:
    """An asset that has an identifier: both ids, and the value."""
    asset = await story.world.asset()
    await story.world.assign("asset", asset, scheme=story.scheme, suffix=suffix)
    value = story.world.wired.doi_minter.make_value(story.scheme, suffix)
    for id, document in story.world.log.tables.documents.items():
        if document.kind == "persistent_id" and json.loads(document.body)["value"] == value:
            return asset, id, value
    raise AssertionError(value)


def record_of(story: Story, value: str) -> Record:
    assert isinstance(story.simulator, DataciteSimulator)
    return story.simulator.records[value]


def lose(story: Story, value: str) -> None:
    """The authority has lost it."""
    if isinstance(story.simulator, DataciteSimulator):
        del story.simulator.records[value]
    else:
        del story.simulator.handles[value.lower()]


def lead(story: Story, value: str, url: str) -> None:
    """Somebody lets it lead there, where it may not have been before."""
    if isinstance(story.simulator, DataciteSimulator):
        if value not in story.simulator.records:
            story.simulator.put_there(value, url)
        record = story.simulator.records[value]
        record.attributes["url"] = record.handle = url
    else:
        story.simulator.handles[value.lower()] = {1: ("URL", url)}


@pytest.mark.parametrize("authority", AUTHORITIES)
async def test_where_nothing_went_wrong_both_sides_agree(authority: str) -> None:
    async with story_of(authority) as story:
        ids = {(await minted(story, f"tower-{number}"))[1] for number in range(3)}
        log = await all_of(story, limit=2)
        listed = await all_of(story, of="authority")
        assert [len(part.agreed) for part in log] == [2, 1]
        assert {id for part in log for id in part.agreed} == {id for part in listed for id in part.agreed} == ids
        assert await found(story) == {}


@pytest.mark.parametrize("authority", AUTHORITIES)
async def test_what_the_authority_has_lost_is_registered_again(authority: str) -> None:
    async with story_of(authority) as story:
        _, _, value = await minted(story, "tower")
        before = story.held()
        lose(story, value)
        assert await found(story) == {value: (Difference.MISSING, None)}
        assert story.held() == {}
        assert await found(story, fix=True) == {value: (Difference.MISSING, True)}
        assert story.held() == before
        assert await found(story) == {}


@pytest.mark.parametrize("authority", AUTHORITIES)
async def test_what_leads_to_another_of_our_pages_is_led_back(authority: str) -> None:
    async with story_of(authority) as story:
        asset, _, value = await minted(story, "tower")
        lead(story, value, f"https://cora.test/id/{asset}")
        assert await found(story, fix=True) == {value: (Difference.STALE, True)}
        assert story.held() == {value.lower(): f"http://cora.test/id/{asset}"}
        assert await found(story) == {}


@pytest.mark.parametrize("authority", AUTHORITIES)
async def test_what_leads_to_where_the_pages_were_is_led_to_where_they_are(authority: str) -> None:
    async with story_of(authority) as story:
        _, id, value = await minted(story, "tower")
        moved = f"https://moved.example/id/{id}"
        await story.world.note(PERSISTENT_ID, id, PersistentIdRedirected(moved))
        assert await found(story) == {value: (Difference.STALE, None)}
        assert await found(story, fix=True) == {value: (Difference.STALE, True)}
        held = await story.world.wired.doi_minter.look(PersistentIdentifier(IdentifierScheme(story.scheme), value))
        assert held is not None
        assert held.url == moved
        assert await found(story) == {}


@pytest.mark.parametrize("authority", AUTHORITIES)
async def test_a_record_that_changed_is_told_again(authority: str) -> None:
    async with story_of(authority) as story:
        asset, id, value = await minted(story, "tower")
        await story.world.note(ASSET, asset, AssetDescribed("Tower", "The tower of today"))
        assert await found(story) == {value: (Difference.STALE, None)}
        assert await found(story, fix=True) == {value: (Difference.STALE, True)}
        assert await found(story) == {}
        assert story.world.state(PERSISTENT_ID, id)["pushed"] is not None
        if authority == "datacite":
            assert record_of(story, value).attributes["descriptions"][0]["description"] == "The tower of today"


@pytest.mark.parametrize("authority", AUTHORITIES)
async def test_what_leads_elsewhere_is_foreign_and_left_alone(authority: str) -> None:
    async with story_of(authority) as story:
        _, _, value = await minted(story, "tower")
        lead(story, value, OTHER_URL)
        before = story.held()
        assert await found(story, fix=True) == {value: (Difference.FOREIGN, None)}
        assert story.held() == before


async def test_what_belongs_to_another_account_is_foreign_and_left_alone() -> None:
    async with story_of("datacite") as story:
        _, _, value = await minted(story, "tower")
        record = record_of(story, value)
        record.client, saved = "somebody.else", record.saved
        assert await found(story, fix=True) == {value: (Difference.FOREIGN, None)}
        assert (record.client, record.saved) == ("somebody.else", saved)


@pytest.mark.parametrize("authority", AUTHORITIES)
async def test_what_only_the_authority_has_is_orphaned_and_only_reported(authority: str) -> None:
    async with story_of(authority) as story:
        asset, other, _ = await minted(story, "tower")
        bare = await story.world.asset()
        make = story.world.wired.doi_minter.make_value
        taken, free, gone = (make(story.scheme, suffix).lower() for suffix in ("taken", "free", "gone"))
        for value, id in ((taken, asset), (free, bare), (gone, new_id())):
            lead(story, value, f"http://cora.test/id/{id}")
        before = story.held()
        parts = await all_of(story, of="authority", fix=True)
        told = {each.value.lower(): each for part in parts for each in part.findings}
        assert {each.difference for each in told.values()} == {Difference.ORPHANED}
        assert "one too many" in told[taken].to_do
        assert f"--asset-id {bare} --scheme {story.scheme} --suffix free" in told[free].to_do
        assert "no other log" in told[gone].to_do
        assert (told[free].subject_id, told[gone].subject_id) == (bare, None)
        assert story.held() == before
        await story.world.assign("asset", bare, scheme=story.scheme, suffix="free")
        assert {value.lower(): each for value, (each, _) in (await found(story)).items()}[free] is Difference.STALE, (
            "what was found there is told its metadata too"
        )
        await found(story, fix=True)
        assert free not in {value.lower() for value in await found(story)}
        assert other in {id for part in await all_of(story, of="authority") for id in part.agreed}


@pytest.mark.parametrize("authority", AUTHORITIES)
async def test_what_leads_elsewhere_under_our_prefix_is_somebody_elses(authority: str) -> None:
    async with story_of(authority) as story:
        theirs = story.world.wired.doi_minter.make_value(story.scheme, "theirs").lower()
        lead(story, theirs, OTHER_URL)
        (part,) = await all_of(story, of="authority", fix=True)
        assert [(each.value.lower(), each.url) for each in part.others] == [(theirs, OTHER_URL)]
        assert part.findings == ()
        assert story.held() == {theirs: OTHER_URL}


async def test_what_the_resolver_does_not_know_is_told_again() -> None:
    async with story_of("datacite") as story:
        _, _, value = await minted(story, "tower")
        record_of(story, value).handle = None
        assert await found(story) == {value: (Difference.UNRESOLVED, None)}
        assert await found(story, fix=True) == {value: (Difference.UNRESOLVED, True)}
        assert await found(story) == {}


async def test_what_was_withdrawn_and_can_still_be_found_is_hidden() -> None:
    async with story_of("datacite") as story:
        _, id, value = await minted(story, "tower")
        await story.world.note(PERSISTENT_ID, id, PersistentIdWithdrawn("not to be cited"))
        assert await found(story) == {value: (Difference.STALE, None)}
        assert await found(story, fix=True) == {value: (Difference.STALE, True)}
        assert record_of(story, value).state == "registered"
        assert await found(story) == {}
        lose(story, value)
        assert await found(story, fix=True) == {value: (Difference.MISSING, True)}
        assert record_of(story, value).state == "registered"
        assert await found(story) == {}


async def test_what_somebody_has_hidden_is_shown_again() -> None:
    async with story_of("datacite") as story:
        _, _, value = await minted(story, "tower")
        record_of(story, value).state = "registered"
        assert await found(story, fix=True) == {value: (Difference.STALE, True)}
        assert record_of(story, value).state == "findable"
        assert await found(story) == {}


async def test_a_draft_stays_one_and_one_that_was_published_there_is_published_here() -> None:
    async with story_of("datacite") as story:
        story.publishes(False)
        _, id, value = await minted(story, "tower")
        lose(story, value)
        assert await found(story, fix=True) == {value: (Difference.MISSING, True)}
        assert (record_of(story, value).state, await found(story)) == ("draft", {})
        record = record_of(story, value)
        record.state, record.handle = "findable", record.attributes["url"]
        assert await found(story, fix=True) == {value: (Difference.STALE, True)}
        assert story.world.state(PERSISTENT_ID, id)["status"] == "Minted"


async def test_what_was_released_here_and_kept_there_is_orphaned() -> None:
    async with story_of("datacite") as story:
        asset = await story.world.asset()
        story.plan.always["PUT"] = Says(422, '{"errors":[{"source":"url","title":"no"}]}', "application/json")
        await story.assign("asset", asset, "tower")
        story.plan.always.clear()
        assert PersistentIdReleased.__name__ in story.world.log.kinds()
        value = f"{PREFIX}/tower"
        lead(story, value, f"http://cora.test/id/{asset}")
        assert await found(story) == {value: (Difference.ORPHANED, None)}


async def test_a_list_that_lags_behind_is_not_believed() -> None:
    """Whatever it shows to be amiss is looked at by itself."""
    async with story_of("datacite") as story:
        _, id, value = await minted(story, "tower")
        assert isinstance(story.simulator, DataciteSimulator)
        listed = story.simulator.records[value]
        late = Record(value, listed.client, "draft", {"url": None})
        orphan = Record(f"{PREFIX}/gone", listed.client, "findable", {"url": f"http://cora.test/id/{new_id()}"})
        minter: Any = story.world.wired.doi_minter
        story.simulator.records |= {value: late, orphan.doi: orphan}
        stale = await minter.list_from("DOI", None)
        story.simulator.records = {value: listed}

        async def lagging(_scheme: str, _cursor: str | None) -> Any:
            return stale

        minter.list_from = lagging
        part = await asked(story, of="authority")
        assert (part.agreed, part.findings, part.others) == ((), (), ())
        assert (await asked(story, ids=(id,))).agreed == (id,)


@pytest.mark.parametrize("authority", AUTHORITIES)
@pytest.mark.parametrize("fault", PASSING)
@pytest.mark.parametrize("number", range(3))
async def test_a_passing_fault_changes_nothing_of_what_is_found_and_mended(
    authority: str, fault: Fault, number: int
) -> None:
    async with story_of(authority) as story:
        _, _, value = await minted(story, "tower")
        before = story.held()
        lose(story, value)
        story.plan.at[len(story.plan.calls) + number] = fault
        assert await found(story, fix=True) == {value: (Difference.MISSING, True)}
        assert story.held() == before
        assert await found(story) == {}


@pytest.mark.parametrize("authority", AUTHORITIES)
@pytest.mark.parametrize("of", ["log", "authority"])
@pytest.mark.parametrize("fault", [TOO_MANY, Cut.BEFORE, Says(401)])
async def test_an_authority_that_does_not_answer_interrupts_it(authority: str, of: str, fault: Fault) -> None:
    async with story_of(authority) as story:
        _, id, _ = await minted(story, "tower")
        story.plan.always["GET"] = fault
        part = await asked(story, of=of)
        assert part.interrupted is not None
        assert part.interrupted.retryable
        assert (part.findings, part.agreed) == ((), ())
        assert part.interrupted.retry_after == (7.0 if fault is TOO_MANY else None)
        story.plan.always.clear()
        be_patient(story.world.wired.doi_minter)
        assert (await asked(story, of=of)).agreed == (id,)


async def test_an_authority_that_will_not_tell_is_reported_and_the_rest_goes_on() -> None:
    async with story_of("datacite") as story:
        (_, one, first), (_, two, _) = await minted(story, "one"), await minted(story, "two")
        story.plan.next(Says(403, '{"errors":[{"status":"403","title":"Not you."}]}', "application/json"))
        part = await asked(story, ids=(one, two), fix=True)
        assert [(each.value, each.difference, each.mended) for each in part.findings] == [
            (first, Difference.UNREADABLE, None)
        ]
        assert part.agreed == (two,)


async def test_what_cannot_be_mended_is_told_with_its_reason() -> None:
    async with story_of("datacite") as story:
        _, _, value = await minted(story, "tower")
        lose(story, value)
        story.plan.always["PUT"] = Says(422, '{"errors":[{"source":"url","title":"no"}]}', "application/json")
        (part,) = await all_of(story, fix=True)
        (told,) = part.findings
        assert (told.value, told.mended) == (value, False)
        assert told.failure is not None
        assert "url: no" in told.failure


async def test_what_no_authority_keeps_for_us_is_skipped() -> None:
    async with story_of("datacite") as story:
        asset = await story.world.asset()
        await story.world.record("asset", asset, "DOI", "10.1234/recorded")
        (recorded,) = [id for id, each in story.world.log.tables.documents.items() if each.kind == "persistent_id"]
        part = await asked(story, ids=(recorded,), fix=True)
        assert (part.skipped, part.findings, story.plan.calls) == ((recorded,), (), [])
        assert (await asked(story)).skipped == ()


async def test_only_a_scheme_that_is_asked_for_is_compared() -> None:
    async with story_of("datacite") as story:
        _, id, _ = await minted(story, "tower")
        assert (await asked(story, scheme="Handle")).agreed == ()
        assert (await asked(story, scheme="DOI")).agreed == (id,)
        assert await asked(story, of="authority", scheme="Handle") == Reconciled((), (), (), (), None, None)


@pytest.mark.parametrize("cursor", ["", "DOI", "Handle:1", "ARK:", "nonsense"])
async def test_a_cursor_of_another_list_is_refused(cursor: str) -> None:
    async with story_of("datacite") as story:
        with pytest.raises(InvalidRequestError):
            await asked(story, of="authority", cursor=cursor)


async def test_a_cursor_that_no_handle_server_gave_is_refused() -> None:
    async with story_of("handle") as story:
        with pytest.raises(InvalidRequestError):
            await asked(story, of="authority", cursor="Handle:x")


async def test_an_unknown_id_is_refused() -> None:
    async with story_of("datacite") as story:
        with pytest.raises(NotFoundError):
            await asked(story, ids=(new_id(),))


async def test_long_lists_are_gone_through_by_their_pages() -> None:
    async with story_of("handle") as story:
        assert isinstance(story.simulator, HandleSimulator)
        for number in range(45):
            story.simulator.handles[f"{HANDLE_PREFIX}/{number:02}".lower()] = {1: ("URL", OTHER_URL)}
        parts = await all_of(story, of="authority")
        assert [len(part.others) for part in parts] == [20, 20, 5]
        assert PersistentIdMetadataPushed.__name__ not in story.world.log.kinds()


async def test_where_no_call_is_free_to_mend_it_the_rest_is_left_for_later() -> None:
    async with story_of("datacite") as story:
        id = (await minted(story, "lost"))[1]
        simulator: Any = story.simulator
        simulator.records.clear()
        minter: Any = story.world.wired.doi_minter
        budget = minter._web._budget
        budget._most = len(budget._calls.known) + 1
        before = story.world.log.kinds()
        part = await asked(story, ids=[id], fix=True)
        assert part.interrupted is not None
        assert "as often as we may" in part.interrupted.reason
        assert (part.interrupted.retryable, part.findings, story.world.log.kinds()) == (True, (), before)
        budget._most = 1000
        (finding,) = (await asked(story, ids=[id], fix=True)).findings
        assert finding.mended


def edit(story: Story, value: str) -> tuple[str, ...]:
    """Somebody changes metadata at the authority by hand; the names of what was changed."""
    if isinstance(story.simulator, DataciteSimulator):
        attributes = story.simulator.records[value].attributes
        attributes["titles"] = [{"title": "Edited", "lang": "en"}]
        attributes["contributors"] = [*attributes["contributors"], {"name": "Me", "contributorType": "Other"}]
        return ("titles", "contributors")
    values = story.simulator.handles[value.lower()]
    (at,) = (index for index, (type, _) in values.items() if type == TYPES["Name"])
    values[at] = (TYPES["Name"], "Edited")
    (gone,) = (index for index, (type, _) in values.items() if type == TYPES["Owners"])
    del values[gone]
    more = 11 + [*TYPES].index("MeasuredVariables")
    assert more not in values
    assert TYPES["MeasuredVariables"] not in {type for type, _ in values.values()}
    values[more] = (TYPES["MeasuredVariables"], "[]")
    values[77] = ("EMAIL", "theirs@facility.example")
    return ("Name", "Owners", "MeasuredVariables")


@pytest.mark.parametrize("authority", AUTHORITIES)
async def test_metadata_that_were_edited_at_the_authority_are_told_by_name_and_restored(authority: str) -> None:
    async with story_of(authority) as story:
        asset, id, value = await minted(story, "tower")
        assert await found(story) == {}
        await story.world.note(ASSET, asset, AssetDescribed("Tower <b> & more", "Two\nlines"))
        await found(story, fix=True)
        assert await found(story) == {}
        names = edit(story, value)
        (finding,) = (await asked(story, ids=[id])).findings
        assert finding.difference is Difference.STALE
        assert set(finding.detail.rstrip(".").partition(": ")[2].split(", ")) == set(names)
        assert (await asked(story, of="authority")).agreed == (), "the list shows it too"
        assert await found(story, fix=True) == {value: (Difference.STALE, True)}
        assert await found(story) == {}
        if isinstance(story.simulator, HandleSimulator):
            assert ("EMAIL", "theirs@facility.example") in story.simulator.handles[value.lower()].values()


@pytest.mark.parametrize("authority", AUTHORITIES)
async def test_after_a_lost_answer_what_the_authority_has_is_compared(authority: str) -> None:
    """Nobody knows what it was told: it may have all of it, and what was edited there is told by name."""
    async with story_of(authority) as story:
        at_put = 1 if authority == "datacite" else 0
        story.plan.at[len(story.plan.calls) + at_put] = Cut.AFTER
        _, id, value = await minted(story, "tower")
        known = PERSISTENT_ID.decode_state(story.world.log.tables.documents[id].body)
        assert known.pushed is None
        assert await found(story) == {}
        names = edit(story, value)
        (finding,) = (await asked(story, ids=[id])).findings
        assert finding.detail.startswith("At the authority these differ from the record: ")
        assert set(finding.detail.rstrip(".").partition(": ")[2].split(", ")) == set(names)


async def test_a_draft_and_what_was_withdrawn_agree_when_they_are_told() -> None:
    async with story_of("datacite") as story:
        story.publishes(False)
        _, id, value = await minted(story, "tower")
        assert await found(story) == {}
        edit(story, value)
        assert await found(story, fix=True) == {value: (Difference.STALE, True)}
        assert (await found(story), record_of(story, value).state) == ({}, "draft")
        story.publishes(True)
        _, id, value = await minted(story, "other")
        await story.world.note(PERSISTENT_ID, id, PersistentIdWithdrawn("not to be cited"))
        await found(story, fix=True)
        assert await found(story) == {}
        edit(story, value)
        assert await found(story, fix=True) == {value: (Difference.STALE, True)}
        assert await found(story) == {}


async def test_a_draft_that_was_given_up_and_is_published_there_is_told() -> None:
    async with story_of("datacite") as story:
        story.publishes(False)
        _, id, value = await minted(story, "tower")
        await story.world.note(PERSISTENT_ID, id, PersistentIdWithdrawn("never existed"))
        assert (await found(story, fix=True), (await asked(story, ids=[id])).agreed) == ({}, (id,))
        record_of(story, value).state = "findable"
        (finding,) = (await asked(story, ids=[id], fix=True)).findings
        assert (finding.difference, finding.mended) == (Difference.STALE, None)
        assert "given up as a draft, and is Findable" in finding.detail
        assert finding.to_do == "Hide it at the authority."


async def test_an_orphan_that_leads_to_where_the_pages_were_is_no_stranger() -> None:
    async with story_of("datacite") as story:
        asset = await story.world.asset()
        lead(story, f"{PREFIX}/lost", f"https://former.example/id/{asset}")
        lead(story, f"{PREFIX}/theirs", f"https://former.example/id/{new_id()}")
        (part,) = await all_of(story, of="authority")
        assert [(each.difference, each.value) for each in part.findings] == [(Difference.ORPHANED, f"{PREFIX}/lost")]
        assert [each.value for each in part.others] == [f"{PREFIX}/theirs"]


@pytest.mark.parametrize("parsed", [False, True])
async def test_values_that_epic_answers_as_json_are_the_same(parsed: bool) -> None:
    async with story_of("epic") as story:
        _, _, value = await minted(story, "tower")
        assert isinstance(story.simulator, HandleSimulator)
        values = story.simulator.handles[value.lower()]
        for at, (type, data) in values.items():
            if parsed and isinstance(data, str) and data.startswith(("[", "{")):
                values[at] = (type, json.loads(data))
        assert await found(story) == {}


async def test_work_in_bulk_leaves_calls_to_those_who_wait() -> None:
    async with datacite_simulator() as datacite:
        account = DataciteAccount(datacite.url, REPOSITORY, PREFIX, SecretStr(PASSWORD))
        async with opened_authorities(Authorities(account, calls=10), MemoryCalls(), datacite_metadata) as minters:
            story = story_with(minters.for_people, datacite, "datacite")
            story.world.wired = replace(story.world.wired, bulk_minter=minters.in_bulk)
            story.world.kernel.wired = story.world.wired
            for _ in range(3):
                await story.world.assign("asset", await story.world.asset())
            part = await asked(story)
            assert (len(part.agreed), part.interrupted) == (2, Interruption(ANY, retryable=True, retry_after=ANY))
            await story.world.assign("asset", await story.world.asset())
            assert len(datacite.plan.calls) == 10
            with pytest.raises(OverloadedError, match="as often as we may"):
                await story.world.assign("asset", await story.world.asset())
