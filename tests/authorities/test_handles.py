"""The clients of Handle servers against a simulator, by the API of Handle.Net and by that of ePIC."""

import json
from collections.abc import AsyncGenerator
from dataclasses import replace
from typing import Any

import pytest
from tests.authorities.clients import HANDLE, OTHER_URL, URL, handle_client, request_for
from tests.authorities.faults import PASSING, Cut, Fault, Says
from tests.authorities.handle_simulator import (
    PREFIX,
    SECRET,
    HandleSimulator,
    epic_simulator,
    handle_simulator,
)

from cora.equipment.adapters.epic import EpicServer
from cora.equipment.adapters.handle import HandleServer
from cora.equipment.pidinst.record import AlternateIdentifier, Model, ModelIdentifier
from cora.equipment.ports.doi_minter import Held, HeldState, Minted, MintFailedError
from cora.equipment.values import AlternateIdentifierKind, IdentifierScheme, PersistentIdentifier

WANTED = request_for(HANDLE)
MOVED = request_for(HANDLE, "https://cora.facility.example/moved")
APIS = ["handle", "epic"]

Client = HandleServer | EpicServer


@pytest.fixture(params=APIS)
def api(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
async def simulator(api: str) -> AsyncGenerator[HandleSimulator]:
    async with epic_simulator() if api == "epic" else handle_simulator() as made:
        yield made


@pytest.fixture
async def client(api: str, simulator: HandleSimulator) -> AsyncGenerator[Client]:
    async with handle_client(simulator, api=api) as made:
        yield made


def put_there(simulator: HandleSimulator, url: str, handle: str = HANDLE.value) -> None:
    """A Handle of earlier times."""
    simulator.handles[handle.lower()] = {1: ("URL", url), 50: ("EMAIL", "old@facility.example")}


async def test_a_handle_is_created_with_who_administers_it(simulator: HandleSimulator, client: Client) -> None:
    assert await client.mint(replace(WANTED, publish=False)) == Minted(HANDLE, HeldState.FINDABLE)
    assert simulator.leads_to(HANDLE.value) == URL
    type, data = simulator.handles[HANDLE.value.lower()][100]
    assert (type, data) == (
        "HS_ADMIN", {"handle": f"0.NA/{PREFIX}", "index": 200, "permissions": "011111110011"}
    )  # fmt: skip
    assert await client.look(HANDLE) == Held(HANDLE, HeldState.FINDABLE, URL, ours=True, resolves=True)
    assert await client.look(HANDLE) is not None


async def test_what_is_minted_already_stays_as_it_is(simulator: HandleSimulator, client: Client) -> None:
    await client.mint(WANTED)
    assert await client.mint(WANTED) == Minted(HANDLE, found=True)
    assert simulator.written == [HANDLE.value]


@pytest.mark.parametrize("fault", PASSING)
async def test_whatever_is_lost_on_the_way_there_is_one_handle_in_the_end(
    simulator: HandleSimulator, client: Client, fault: Fault
) -> None:
    simulator.plan.next(fault)
    await client.mint(WANTED)
    assert (simulator.written, simulator.leads_to(HANDLE.value)) == ([HANDLE.value], URL)


@pytest.mark.parametrize("fault", PASSING)
@pytest.mark.parametrize("step", ["push", "hide", "publish"])
async def test_every_other_step_goes_through_as_well(
    simulator: HandleSimulator, client: Client, fault: Fault, step: str
) -> None:
    await client.mint(WANTED if step != "publish" else MOVED)
    simulator.plan.next(fault, fault)
    assert await getattr(client, step)(MOVED) == Minted(HANDLE)
    assert simulator.leads_to(HANDLE.value) == MOVED.url
    assert simulator.handles[HANDLE.value.lower()][100][0] == "HS_ADMIN"


@pytest.mark.parametrize("cut", list(Cut))
async def test_what_is_lost_for_longer_can_be_sent_again_later(
    simulator: HandleSimulator, client: Client, cut: Cut
) -> None:
    simulator.plan.always |= {"PUT": cut, "GET": Cut.BEFORE}
    with pytest.raises(MintFailedError, match="gave no answer") as failure:
        await client.mint(WANTED)
    assert failure.value.retryable
    simulator.plan.always.clear()
    await client.mint(WANTED)
    assert (simulator.written, simulator.leads_to(HANDLE.value)) == ([HANDLE.value], URL)


async def test_what_somebody_else_has_registered_is_not_written_over(
    simulator: HandleSimulator, client: Client
) -> None:
    put_there(simulator, OTHER_URL)
    with pytest.raises(MintFailedError, match="leads elsewhere") as failure:
        await client.mint(WANTED)
    assert not failure.value.retryable
    assert simulator.leads_to(HANDLE.value) == OTHER_URL


async def test_whoever_is_faster_by_a_moment_is_not_written_over(simulator: HandleSimulator, client: Client) -> None:
    simulator.overtakes = {HANDLE.value: {1: ("URL", OTHER_URL)}}
    with pytest.raises(MintFailedError, match="leads elsewhere"):
        await client.mint(WANTED)
    assert simulator.leads_to(HANDLE.value) == OTHER_URL


async def test_what_others_have_written_there_is_kept(simulator: HandleSimulator, client: Client) -> None:
    put_there(simulator, URL)
    await client.push(MOVED)
    values = simulator.handles[HANDLE.value.lower()].values()
    assert ("EMAIL", "old@facility.example") in values
    assert simulator.leads_to(HANDLE.value) == MOVED.url


async def test_a_wrong_secret_is_told_without_it_and_may_be_mended(api: str, simulator: HandleSimulator) -> None:
    async with handle_client(simulator, api=api, secret="s3cret-as-can-be") as client:
        with pytest.raises(MintFailedError, match="CORA_HANDLE_SECRET") as failure:
            await client.mint(WANTED)
        assert failure.value.retryable
        assert "s3cret" not in f"{failure.value!r}{vars(client)!r}"
    assert SECRET not in repr(client)


async def test_a_foreign_prefix_is_refused_for_good(client: Client) -> None:
    with pytest.raises(MintFailedError) as failure:
        await client.mint(request_for(PersistentIdentifier(IdentifierScheme.HANDLE, "21.T99999/abc")))
    assert not failure.value.retryable


async def test_what_is_not_there_can_be_neither_pushed_nor_hidden(client: Client) -> None:
    assert await client.look(HANDLE) is None
    for step in (client.push, client.hide):
        with pytest.raises(MintFailedError, match="no such Handle") as failure:
            await step(WANTED)
        assert not failure.value.retryable


async def test_all_handles_of_the_prefix_are_listed(simulator: HandleSimulator, client: Client) -> None:
    for number in range(105):
        put_there(simulator, f"{URL}/{number}", f"{PREFIX}/{number:03}")
    found = [held async for held in client.list("Handle")]
    assert [held.url for held in found] == [f"{URL}/{number}" for number in range(105)]
    assert [held async for held in client.list("DOI")] == []


async def test_the_record_stands_beside_the_url_where_that_is_wanted(api: str, simulator: HandleSimulator) -> None:
    model = Model(
        model_name="X7",
        model_identifier=ModelIdentifier(model_identifier="X7-1", model_identifier_type="PartNumber"),
    )
    serial = AlternateIdentifier(
        alternate_identifier="42", alternate_identifier_type=AlternateIdentifierKind.SERIAL_NUMBER
    )
    told = WANTED.record.record.model_copy(update={"model": model, "alternate_identifiers": (serial,)})
    record = replace(WANTED.record, record=told)
    async with handle_client(simulator, api=api, pidinst=True) as client:
        await client.mint(replace(WANTED, record=record))
        assert _told(simulator)["21.T11148/c1a0ec5ad347427f25d6"] == {
            "modelName": "X7",
            "modelIdentifier": {"modelIdentifierValue": "X7-1", "modelIdentifierType": "PartNumber"},
        }
        assert _told(simulator)["21.T11148/eb3c713572f681e6c4c3"] == [
            {"AlternateIdentifier": {"alternateIdentifierValue": "42", "alternateIdentifierType": "SerialNumber"}}
        ]
        assert _told(simulator)["21.T11148/4eaec4bc0f1df68ab2a7"] == [{"Owner": {"ownerName": "Facility"}}]
        simulator.plan.next(*[Cut.AFTER] * 3)
        await client.push(WANTED)
    assert "21.T11148/c1a0ec5ad347427f25d6" not in _told(simulator), "what the record no longer has is gone"
    assert simulator.leads_to(HANDLE.value) == URL
    assert simulator.handles[HANDLE.value.lower()][100][0] == "HS_ADMIN"


def _told(simulator: HandleSimulator) -> dict[str, Any]:
    values = simulator.handles[HANDLE.value.lower()].values()
    return {type: json.loads(data) for type, data in values if type.startswith("21.") and data[0] in "[{"}


@pytest.mark.parametrize("api", ["handle"])
async def test_a_gateway_that_finds_nothing_does_not_speak_for_the_handle_server(
    simulator: HandleSimulator, client: Client
) -> None:
    simulator.plan.always["GET"] = Says(404)
    with pytest.raises(MintFailedError) as failure:
        await client.look(HANDLE)
    assert failure.value.retryable


@pytest.mark.parametrize("api", ["epic"])
async def test_values_that_epic_tells_as_data_alone_are_kept_too(simulator: HandleSimulator, client: Client) -> None:
    simulator.data_name = "data"
    put_there(simulator, URL)
    held = await client.look(HANDLE)
    assert held is not None
    assert held.url == URL
    await client.push(MOVED)
    assert ("EMAIL", "old@facility.example") in simulator.handles[HANDLE.value.lower()].values()


@pytest.mark.parametrize("api", ["epic"])
async def test_what_others_write_while_ours_is_sent_is_kept_where_epic_tells_etags(
    simulator: HandleSimulator, client: Client
) -> None:
    simulator.etags = True
    put_there(simulator, URL)
    simulator.overtakes = {HANDLE.value: {1: ("URL", URL), 50: ("EMAIL", "new@facility.example")}}
    await client.push(MOVED)
    assert ("EMAIL", "new@facility.example") in simulator.handles[HANDLE.value.lower()].values()
    assert simulator.leads_to(HANDLE.value) == MOVED.url


@pytest.mark.parametrize("api", ["epic"])
@pytest.mark.parametrize("fault", PASSING)
async def test_with_etags_too_whatever_is_lost_goes_through(
    simulator: HandleSimulator, client: Client, fault: Fault
) -> None:
    simulator.etags = True
    await client.mint(WANTED)
    for ahead in (0, 1, 2):
        simulator.plan.at[len(simulator.plan.calls) + ahead] = fault
        assert await client.push(MOVED) == Minted(HANDLE)
        assert simulator.leads_to(HANDLE.value) == MOVED.url


@pytest.mark.parametrize("api", ["epic"])
async def test_an_etag_that_is_refused_though_nothing_changed_is_left_out(
    simulator: HandleSimulator, client: Client
) -> None:
    simulator.etags, simulator.heeds = True, False
    put_there(simulator, URL)
    await client.push(MOVED)
    assert simulator.leads_to(HANDLE.value) == MOVED.url


@pytest.mark.parametrize("api", ["epic"])
async def test_a_handle_that_changes_all_the_time_is_told_of_later(simulator: HandleSimulator, client: Client) -> None:
    simulator.etags = simulator.restless = True
    put_there(simulator, URL)
    with pytest.raises(MintFailedError, match="changed at ePIC each time") as failure:
        await client.push(MOVED)
    assert failure.value.retryable
    assert simulator.leads_to(HANDLE.value) == URL
