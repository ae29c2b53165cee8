"""The client of DataCite against a simulator of it: what happens to a request whatever goes wrong on the way."""

import base64
import json
import logging
from collections.abc import AsyncGenerator

import pytest
from tests.authorities.clients import DOI, OTHER_URL, URL, datacite_client, request_for
from tests.authorities.datacite_simulator import (
    NEVER,
    PASSWORD,
    PREFIX,
    REPOSITORY,
    DataciteSimulator,
    Record,
    datacite_simulator,
)
from tests.authorities.faults import GATEWAY_LOST_IT, PASSING, TOO_MANY, Cut, Fault, Says

from cora.equipment.adapters.datacite import Datacite
from cora.equipment.ports.doi_minter import HeldState, MintFailedError
from cora.equipment.values import IdentifierScheme, PersistentIdentifier

WANTED = request_for(DOI)
DRAFT = request_for(DOI, publish=False)


@pytest.fixture
async def simulator() -> AsyncGenerator[DataciteSimulator]:
    async with datacite_simulator() as made:
        yield made


@pytest.fixture
async def client(simulator: DataciteSimulator) -> AsyncGenerator[Datacite]:
    async with datacite_client(simulator) as made:
        yield made


def the_one(simulator: DataciteSimulator) -> Record:
    """The only record there is."""
    (record,) = simulator.records.values()
    return record


async def test_a_doi_is_looked_up_and_then_created_findable_in_one_request(
    simulator: DataciteSimulator, client: Datacite
) -> None:
    assert (await client.mint(WANTED)).state is HeldState.FINDABLE
    record = the_one(simulator)
    assert (record.doi, record.state, record.handle, record.attributes["url"]) == (DOI.value, "findable", URL, URL)
    assert [call.method for call in simulator.plan.calls] == ["GET", "PUT"]
    (agent,) = simulator.agents
    assert agent.startswith("cora/")
    assert agent.endswith(" (mailto:pids@facility.example)")


async def test_what_is_minted_already_is_not_sent_again(simulator: DataciteSimulator, client: Datacite) -> None:
    await client.mint(WANTED)
    assert (await client.mint(WANTED)).state is HeldState.FINDABLE
    assert (the_one(simulator).saved, simulator.plan.asked(["PUT"])) == (1, 1)


async def test_a_draft_is_published_pushed_hidden_and_published_again(
    simulator: DataciteSimulator, client: Datacite
) -> None:
    assert (await client.mint(DRAFT)).state is HeldState.DRAFT
    assert (await client.hide(DRAFT)).state is HeldState.DRAFT
    assert (await client.push(request_for(DOI, name="A draft still"))).state is HeldState.DRAFT
    held = await client.look(DOI)
    assert held is not None
    assert (held.state, held.ours, held.resolves, held.url) == (HeldState.DRAFT, True, False, URL)
    assert (await client.publish(WANTED)).state is HeldState.FINDABLE
    assert (await client.mint(DRAFT)).state is HeldState.FINDABLE
    moved = request_for(DOI, "https://cora.facility.example/moved", name="Another name")
    assert (await client.push(moved)).state is HeldState.FINDABLE
    assert the_one(simulator).handle == moved.url
    assert the_one(simulator).attributes["titles"] == [{"title": "Another name"}]
    assert (await client.hide(moved)).state is HeldState.REGISTERED
    assert (await client.hide(moved)).state is HeldState.REGISTERED
    assert (await client.push(moved)).state is HeldState.REGISTERED
    assert (await client.publish(moved)).state is HeldState.FINDABLE


@pytest.mark.parametrize("number", [0, 1])
@pytest.mark.parametrize("fault", PASSING)
@pytest.mark.parametrize("wanted", [WANTED, DRAFT], ids=["findable", "draft"])
async def test_whatever_is_lost_on_the_way_there_is_one_doi_in_the_end(
    simulator: DataciteSimulator, client: Datacite, fault: Fault, number: int, wanted: object
) -> None:
    assert wanted in (WANTED, DRAFT)
    request = WANTED if wanted is WANTED else DRAFT
    simulator.plan.at[number] = fault
    minted = await client.mint(request)
    assert the_one(simulator).state == minted.state.lower() == ("findable" if request.publish else "draft")
    assert the_one(simulator).saved == 1, "what was done is not done again"


@pytest.mark.parametrize("step", ["publish", "push", "hide"])
@pytest.mark.parametrize("fault", PASSING)
@pytest.mark.parametrize("number", [0, 1])
async def test_every_other_step_goes_through_as_well(
    simulator: DataciteSimulator, client: Datacite, fault: Fault, number: int, step: str
) -> None:
    await client.mint(DRAFT if step == "publish" else WANTED)
    simulator.plan.at[len(simulator.plan.calls) + number] = fault
    done = await getattr(client, step)(request_for(DOI, name="Changed"))
    assert the_one(simulator).state == done.state.lower() == ("registered" if step == "hide" else "findable")
    assert the_one(simulator).attributes["titles"] == [{"title": "Changed"}]


@pytest.mark.parametrize("fault", PASSING)
async def test_what_is_lost_for_longer_can_be_sent_again_later(
    simulator: DataciteSimulator, client: Datacite, fault: Fault
) -> None:
    simulator.plan.always["PUT"] = fault
    was_done = fault in (Cut.DURING, Cut.AFTER) or (isinstance(fault, Says) and fault.all_the_same)
    if not was_done:
        with pytest.raises(MintFailedError) as failure:
            await client.mint(WANTED)
        assert failure.value.retryable
    simulator.plan.always.clear()
    await client.mint(WANTED)
    assert the_one(simulator).saved == 1


async def test_without_any_answer_it_fails_and_says_why(simulator: DataciteSimulator, client: Datacite) -> None:
    simulator.plan.always["GET"] = Cut.BEFORE
    with pytest.raises(MintFailedError, match=r"DataCite gave no answer \(RemoteProtocolError\)") as failure:
        await client.mint(WANTED)
    assert failure.value.retryable


async def test_a_page_of_a_gateway_is_told_as_what_it_is(simulator: DataciteSimulator, client: Datacite) -> None:
    simulator.plan.always["GET"] = GATEWAY_LOST_IT
    with pytest.raises(MintFailedError, match=r"DataCite did not do it \(HTTP 502\): text/html instead of JSON"):
        await client.look(DOI)


async def test_a_gateway_that_finds_nothing_does_not_speak_for_datacite(
    simulator: DataciteSimulator, client: Datacite
) -> None:
    simulator.plan.always["GET"] = Says(404)
    with pytest.raises(MintFailedError) as failure:
        await client.look(DOI)
    assert failure.value.retryable
    simulator.plan.always["GET"] = Says(200)
    with pytest.raises(MintFailedError):
        await client.look(DOI)


@pytest.mark.parametrize("number", [0, 1])
async def test_when_it_asks_for_patience_that_is_passed_on_and_nobody_calls_meanwhile(
    simulator: DataciteSimulator, client: Datacite, number: int
) -> None:
    simulator.plan.at[number] = TOO_MANY
    with pytest.raises(MintFailedError, match="fewer calls") as failure:
        await client.mint(WANTED)
    assert (failure.value.retryable, failure.value.retry_after) == (True, 7.0)
    assert len(simulator.plan.calls) == number + 1


async def test_a_handle_that_is_written_late_is_waited_for(simulator: DataciteSimulator, client: Datacite) -> None:
    simulator.handle_is_late = 1
    assert (await client.mint(WANTED)).state is HeldState.FINDABLE
    assert (the_one(simulator).handle, the_one(simulator).saved) == (URL, 1)


async def test_a_handle_that_was_not_written_is_written_by_sending_the_record_again(
    simulator: DataciteSimulator, client: Datacite
) -> None:
    simulator.handle_fails = 1
    await client.mint(WANTED)
    assert (the_one(simulator).handle, the_one(simulator).saved) == (URL, 2)


async def test_a_handle_that_is_never_written_is_a_failure_until_it_is(
    simulator: DataciteSimulator, client: Datacite
) -> None:
    simulator.handle_fails = NEVER
    with pytest.raises(MintFailedError, match="not known to the resolver yet") as failure:
        await client.mint(WANTED)
    assert failure.value.retryable
    held = await client.look(DOI)
    assert held is not None
    assert (held.state, held.resolves) == (HeldState.FINDABLE, False)
    simulator.handle_fails = 0
    await client.mint(WANTED)
    assert the_one(simulator).handle == URL


@pytest.mark.parametrize(
    ("client_id", "url", "says"),
    [("FACILITY.CORA", OTHER_URL, "leads elsewhere"), ("OTHER.REPOSITORY", URL, "belongs to another repository")],
)
async def test_what_somebody_else_has_registered_is_not_written_over(
    simulator: DataciteSimulator, client: Datacite, client_id: str, url: str, says: str
) -> None:
    simulator.put_there(DOI.value, url, client=client_id)
    with pytest.raises(MintFailedError, match=says) as failure:
        await client.mint(WANTED)
    assert not failure.value.retryable
    assert (simulator.plan.asked(["PUT"]), the_one(simulator).attributes) == (0, {"url": url})


async def test_a_draft_of_another_repository_is_not_seen_but_refused(
    simulator: DataciteSimulator, client: Datacite
) -> None:
    simulator.put_there(DOI.value, OTHER_URL, client="OTHER.REPOSITORY", state="draft")
    assert await client.look(DOI) is None
    with pytest.raises(MintFailedError, match="not authorized") as failure:
        await client.mint(WANTED)
    assert not failure.value.retryable


@pytest.mark.parametrize(("url", "is_ours"), [(OTHER_URL, False), (URL, True)])
async def test_whoever_is_faster_by_a_moment_is_not_written_over(
    simulator: DataciteSimulator, client: Datacite, url: str, is_ours: bool
) -> None:
    simulator.overtakes = [Record(DOI.value, "facility.cora", "findable", {"url": url}, url)]
    if is_ours:
        assert (await client.mint(WANTED)).state is HeldState.FINDABLE
    else:
        with pytest.raises(MintFailedError, match="leads elsewhere") as failure:
            await client.mint(WANTED)
        assert not failure.value.retryable
    assert the_one(simulator).saved == 0


async def test_a_foreign_prefix_is_refused_for_good(simulator: DataciteSimulator, client: Datacite) -> None:
    foreign = PersistentIdentifier(IdentifierScheme.DOI, "10.99999/abc")
    with pytest.raises(MintFailedError, match=r"HTTP 403.*not authorized") as failure:
        await client.mint(request_for(foreign))
    assert not failure.value.retryable
    assert await client.look(foreign) is None


async def test_what_is_not_valid_is_refused_for_good_with_all_that_is_wrong(
    simulator: DataciteSimulator, client: Datacite
) -> None:
    with pytest.raises(MintFailedError, match=r"HTTP 422\): url: URL is not valid") as failure:
        await client.mint(request_for(DOI, "cora.facility.example"))
    assert not failure.value.retryable
    assert simulator.records == {}


async def test_a_wrong_password_is_told_without_it_and_may_be_mended(
    simulator: DataciteSimulator, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    async with datacite_client(simulator, password="s3cret-as-can-be") as client:
        with pytest.raises(MintFailedError, match="CORA_DATACITE_PASSWORD") as failure:
            await client.mint(WANTED)
        assert failure.value.retryable
        assert len(simulator.plan.calls) == 1, "a wrong password is not tried again and again"
        shown = f"{failure.value!r} {client!r} {vars(client)!r}{caplog.text}"
        travels = base64.b64encode(f"{REPOSITORY}:s3cret-as-can-be".encode()).decode()
        assert [secret for secret in ("s3cret", travels) if secret in shown] == []


async def test_a_password_that_is_sent_back_is_not_passed_on(simulator: DataciteSimulator, client: Datacite) -> None:
    for said in (PASSWORD, "RkFDSUxJVFkuQ09SQTpwYXNzOndvcmQvNw=="):
        simulator.plan.next(Says(403, f'{{"errors":[{{"title":"no {said}"}}]}}', "application/json"))
        with pytest.raises(MintFailedError, match=r"no \*\*\*$"):
            await client.look(DOI)


async def test_redirects_are_not_followed(simulator: DataciteSimulator, client: Datacite) -> None:
    async with datacite_simulator() as elsewhere:
        simulator.plan.always["GET"] = Says(307, "", headers={"Location": f"{elsewhere.url}/dois/{DOI.value}"})
        with pytest.raises(MintFailedError, match="redirect") as failure:
            await client.look(DOI)
        assert failure.value.retryable
        assert elsewhere.plan.calls == []


async def test_an_answer_without_end_is_not_read_to_its_end(simulator: DataciteSimulator, client: Datacite) -> None:
    attributes = {"doi": DOI.value, "state": "draft", "url": URL}
    record = json.dumps({"data": {"attributes": attributes}})
    simulator.plan.next(Says(200, record, "application/json"))
    assert await client.look(DOI) is not None
    simulator.plan.always["GET"] = Says(200, record + " " * (9 << 20), "application/json")
    with pytest.raises(MintFailedError):
        await client.look(DOI)


async def test_all_dois_of_the_repository_are_listed_page_by_page(
    simulator: DataciteSimulator, client: Datacite
) -> None:
    for number in range(230):
        simulator.put_there(f"{PREFIX}/{number:03}", URL, state=("draft", "registered", "findable")[number % 3])
    simulator.put_there(f"{PREFIX}/other", URL, client="OTHER.REPOSITORY")
    simulator.put_there("10.1234/other", URL)
    found = [held async for held in client.list("DOI")]
    assert [held.identifier.value for held in found] == [f"{PREFIX}/{number:03}" for number in range(230)]
    assert {(held.state, held.resolves) for held in found} == {
        (HeldState.DRAFT, False), (HeldState.REGISTERED, True), (HeldState.FINDABLE, True)
    }  # fmt: skip
    assert [held async for held in client.list("Handle")] == []


async def test_what_is_not_there_can_be_neither_pushed_nor_hidden(client: Datacite) -> None:
    for step in (client.push, client.hide):
        with pytest.raises(MintFailedError, match="no such DOI") as failure:
            await step(WANTED)
        assert not failure.value.retryable


async def test_an_identifier_that_leads_out_of_its_path_is_not_asked_for(
    simulator: DataciteSimulator, client: Datacite
) -> None:
    with pytest.raises(MintFailedError, match="address"):
        await client.look(PersistentIdentifier(IdentifierScheme.DOI, "10.1234/../../clients"))
    assert simulator.plan.calls == []
    odd = PersistentIdentifier(IdentifierScheme.DOI, "10.1234/a?b#c%2fd")
    assert await client.look(odd) is None
    assert simulator.plan.calls[-1].path == f"/dois/{odd.value}"


async def test_a_spent_budget_is_told_with_the_time_until_the_next_call(simulator: DataciteSimulator) -> None:
    async with datacite_client(simulator, calls=2) as client:
        await client.mint(WANTED)
        with pytest.raises(MintFailedError, match="called as often as we may") as failure:
            await client.look(DOI)
    assert failure.value.retryable
    assert failure.value.retry_after == pytest.approx(300, abs=5)
