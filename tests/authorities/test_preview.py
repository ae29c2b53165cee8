"""What is shown beforehand is what is sent: the dry run of an assignment, and the request that comes in."""

import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from tests.authorities.clients import DOI, datacite_client, handle_client, request_for
from tests.authorities.datacite_simulator import datacite_simulator
from tests.authorities.handle_simulator import epic_simulator, handle_simulator
from tests.authorities.loopback import Asked
from tests.authorities.test_minting import Story, story_with

from cora.equipment.adapters import datacite_metadata as metadata
from cora.equipment.ports.doi_minter import MintFailedError

AUTHORITIES = ("datacite", "handle", "epic", "handle with values", "epic with values")


@asynccontextmanager
async def story_of(authority: str) -> AsyncGenerator[tuple[Story, list[bytes]]]:
    """A facility with an authority, and the bodies that the authority is sent."""
    name, _, values = authority.partition(" ")
    sent: list[bytes] = []

    def heard(simulator: Any, name: str) -> None:
        answer = getattr(simulator, name)

        def listening(asked: Asked) -> Any:
            if asked.method == "PUT":
                sent.append(asked.body)
            return answer(asked)

        setattr(simulator, name, listening)

    if name == "datacite":
        async with datacite_simulator(heard) as datacite, datacite_client(datacite) as minter:
            yield story_with(minter, datacite, name), sent
    elif name == "handle":
        async with handle_simulator(heard) as handles, handle_client(handles, pidinst=bool(values)) as minter:
            yield story_with(minter, handles, name), sent
    else:
        async with epic_simulator(heard) as handles:
            async with handle_client(handles, api="epic", pidinst=bool(values)) as minter:
                yield story_with(minter, handles, name), sent


@pytest.mark.parametrize("authority", AUTHORITIES)
@pytest.mark.parametrize("kind", ["asset", "fixture"])
@pytest.mark.parametrize("publishes", [True, False])
async def test_what_a_dry_run_shows_is_sent_byte_for_byte(authority: str, kind: str, publishes: bool) -> None:
    async with story_of(authority) as (story, sent):
        story.publishes(publishes)
        id = await story.world.asset()
        if kind == "fixture":
            id = await story.world.fixture_of(id)
        rehearsed = await story.world.assign(kind, id, scheme=story.scheme, suffix="tower", dry_run=True)
        shown = json.loads(rehearsed.body)
        assert (shown["dry_run"], shown["problems"], story.plan.calls) == (True, [], [])
        await story.assign(kind, id, "tower")
        assert len(sent) == 1
        assert _canonical(json.loads(sent[0])) == _canonical(shown["payload"])


@pytest.mark.parametrize("authority", AUTHORITIES)
async def test_what_is_not_told_is_told_in_a_dry_run_and_only_there(authority: str) -> None:
    async with story_of(authority) as (story, _):
        id = await story.world.asset()
        shown = json.loads((await story.world.assign("asset", id, scheme=story.scheme, dry_run=True)).body)
        lost = {each["property"] for each in shown["loss"]}
        assert lost.isdisjoint({"LandingPage", "Identifier"})
        for name in ("Model", "Name", "Manufacturer"):
            assert (name in lost) == (authority in ("handle", "epic")), name
        done = json.loads((await story.world.assign("asset", id, scheme=story.scheme)).body)
        assert {"payload", "problems", "loss"}.isdisjoint(done)


async def test_what_the_schema_refuses_is_shown_and_never_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    def wrong(_xml: bytes) -> list[str]:
        return [f"line {number}: no" for number in range(9)]

    monkeypatch.setattr(metadata, "violations", wrong)
    async with datacite_simulator() as datacite, datacite_client(datacite) as minter:
        assert len(minter.preview(request_for(DOI)).problems) == 9
        with pytest.raises(MintFailedError, match=r"schema of DataCite 4\.7: line 0: no; line 1") as failure:
            await minter.mint(request_for(DOI))
        assert not failure.value.retryable
        assert "line 5" not in failure.value.reason
        assert datacite.plan.asked(["PUT"]) == 0


def _canonical(value: Any) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()
