"""The authority fails, is slow or answers twice; servers and the worker meet at one record: one identifier."""

import asyncio
import signal
from collections import Counter
from collections.abc import Sequence

import httpx
import pytest
from tests.faults.minting_authority import PATIENCE
from tests.faults.minting_world import AT_ONCE, PREFIX, Client, World

KINDS = ("asset", "fixture")


def already_assigned(client: Client) -> str:
    return f"{client.kind.capitalize()}PersistentIdAlreadyAssigned"


async def told(answers: Sequence[httpx.Response]) -> Counter[tuple[int, str]]:
    """The answers, by status and code."""
    return Counter((answer.status_code, answer.json().get("code", "")) for answer in answers)


@pytest.mark.parametrize("has_suffix", [True, False])
async def test_two_servers_are_asked_at_once_with_one_key(minting: World, has_suffix: bool) -> None:
    """Both tell the same, as if there had been one request."""
    minting.authority.slow = 0.1
    one, two = await minting.serve(), await minting.serve()
    clients = [await minting.new(kind, key=f"key-{kind}") for kind in KINDS]
    for client in clients:
        suffix = f"s-{client.kind}" if has_suffix else None
        answers = await asyncio.gather(*(client.ask(server, suffix) for server in (one, two, one, two)))
        assert await told(answers) == {(201, ""): 4}
        assert len({answer.text for answer in answers}) == 1
    assert set(minting.authority.asked.values()) == {1}
    await minting.require_sound(clients)


async def test_two_servers_are_asked_at_once_without_a_key(minting: World) -> None:
    minting.authority.slow = 0.1
    one, two = await minting.serve(), await minting.serve()
    clients = [await minting.new(kind) for kind in KINDS]
    for client in clients:
        answers = await asyncio.gather(*(client.ask(server, None) for server in (one, two, one, two)))
        assert await told(answers) == {(201, ""): 1, (409, already_assigned(client)): 3}
        assert len({answer.json()["value"] for answer in answers}) == 1
    assert set(minting.authority.asked.values()) == {1}
    await minting.require_sound(clients)


async def test_two_servers_are_asked_at_once_for_different_suffixes(minting: World) -> None:
    minting.authority.slow = 0.1
    one, two = await minting.serve(), await minting.serve()
    clients = [await minting.new(kind) for kind in KINDS]
    for client in clients:
        answers = await asyncio.gather(client.ask(one, f"a-{client.kind}"), client.ask(two, f"b-{client.kind}"))
        (won,) = [answer for answer in answers if answer.status_code == 201]
        (lost,) = [answer for answer in answers if answer.status_code == 409]
        assert lost.json()["code"] in ("PersistentIdReserved", already_assigned(client))
        assert lost.json()["value"] == won.json()["value"]
    await minting.require_sound(clients)


async def test_the_worker_finishes_while_clients_ask_again(minting: World) -> None:
    """Whoever comes first records it; the other finds it done."""
    clients = [await minting.new(kind, suffix=f"{number}-{kind}") for kind in KINDS for number in range(6)]
    minting.authority.answers = dict.fromkeys((client.id for client in clients), 503)
    server = await minting.serve()
    answers = await asyncio.gather(*(client.ask(server, client.suffix) for client in clients))
    assert await told(answers) == {(502, "PersistentIdentifierMint"): len(clients)}
    minting.authority.answers.clear()
    minting.authority.slow = 0.02
    await minting.serve(grace=AT_ONCE)

    async def ask_twice(client: Client) -> None:
        one, two = await asyncio.gather(client.ask(server, None), client.ask(server, client.suffix))
        said = await told([one, two])
        assert said[(201, "")] <= 1
        assert said[(201, "")] + said[(409, already_assigned(client))] == 2, said
        assert {one.json()["value"], two.json()["value"]} == {f"{PREFIX}{client.suffix}"}

    await asyncio.gather(*(ask_twice(client) for client in clients))
    await minting.require_sound(clients)


@pytest.mark.parametrize("held", [False, True])
async def test_a_failure_that_passes_leaves_the_reservation_open(minting: World, held: bool) -> None:
    """Also when the authority registered it and said otherwise."""
    clients = [await minting.new(kind, suffix=f"s-{kind}") for kind in KINDS]
    subjects = [client.id for client in clients]
    minting.authority.answers = dict.fromkeys(subjects, 503)
    minting.authority.registers_all_the_same = set(subjects) if held else set()
    server = await minting.serve()
    for client in clients:
        failed = (await client.ask(server, client.suffix)).json()
        assert (failed["status"], failed["code"], failed["retryable"]) == (502, "PersistentIdentifierMint", True)
        assert failed["value"] == f"{PREFIX}s-{client.kind}"
    await minting.require_unassigned(server, clients)
    assert await minting.standings(clients) == {"reserved"}
    minting.authority.answers.clear()
    await minting.require_sound(clients)


async def test_a_failure_for_good_frees_the_suffix(minting: World) -> None:
    clients = [await minting.new(kind, suffix=f"bad-{kind}") for kind in KINDS]
    server = await minting.serve()
    for client in clients:
        minting.authority.answers[client.id] = 422
        failed = (await client.ask(server, client.suffix)).json()
        assert (failed["status"], failed["code"], failed["retryable"]) == (502, "PersistentIdentifierMint", False)
        assert await minting.standings([client]) == {"nothing"}
        del minting.authority.answers[client.id]
        assert (await client.ask(server, f"good-{client.kind}")).status_code == 201
    await minting.require_sound(clients)


@pytest.mark.parametrize("step", ["before failed", "after failed"])
@pytest.mark.parametrize(("status", "held"), [(503, False), (422, False), (422, True)])
async def test_killed_while_a_failure_is_recorded(minting: World, step: str, status: int, held: bool) -> None:
    """Nothing that the authority holds is ever forgotten, and nothing is held twice."""
    clients = [await minting.new(kind, suffix=f"s-{kind}") for kind in KINDS]
    subjects = [client.id for client in clients]
    minting.authority.answers = dict.fromkeys(subjects, status)
    minting.authority.registers_all_the_same = set(subjects) if held else set()
    minting.authority.stop(subjects, step)
    server = await minting.serve()
    asking = [asyncio.create_task(client.ask(server, client.suffix)) for client in clients]
    await minting.authority.all_stand(subjects)
    assert await minting.end(server) == -signal.SIGKILL
    await asyncio.wait(asking, timeout=PATIENCE)
    assert all(isinstance(ask.exception(), httpx.TransportError) for ask in asking)
    minting.authority.go_on(lost=True)
    is_released = step == "after failed" and status == 422 and not held
    assert await minting.standings(clients) == {"nothing" if is_released else "reserved"}
    minting.authority.answers.clear()
    server = await minting.serve()
    for client in clients:
        answer = await client.ask(server, None if step == "before failed" else client.suffix)
        assert (answer.status_code, answer.json()["value"]) == (201, f"{PREFIX}{client.suffix}")
    await minting.require_sound(clients)
