"""Many requests as one call, and what became of each."""

import json
from asyncio import Future
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cora.kernel.aggregate import Claim
from cora.kernel.reader import (
    Accepted,
    Append,
    Claimed,
    Entry,
    Holding,
    KeyedAnswer,
    KeyReused,
    NewEvent,
    Pointer,
    ReadSet,
    Replayed,
    Stale,
    TooEarly,
    TooLate,
)
from cora.log.append import Writer, _Waiting
from cora.log.batch import Touched, claim_key, from_micros, verdicts
from cora.log.link import Link

A, B, C = (UUID(int=number) for number in (1, 2, 3))
NOTHING = Append(ReadSet(None, {}, frozenset(), {}, True), actor="ada", via="system", entries=(Entry("r"),))
WEST, EAST = Claim("name", "west"), Claim("name", "east")
NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)


def changing(request: Append = NOTHING, **changed: Any) -> Append:
    """The request with something more in its entry."""
    (entry,) = request.entries
    return replace(request, entries=(replace(entry, **changed),))


def reading(*streams: UUID, relations: tuple[tuple[str, UUID], ...] = (), claims: tuple[Claim, ...] = ()) -> Append:
    """A request that reads and writes nothing."""
    reads = ReadSet(0, dict.fromkeys(streams, 1), frozenset(relations), dict.fromkeys(claims), True)
    return replace(NOTHING, reads=reads)


def writing(*streams: UUID, joined: tuple[UUID, ...] = ()) -> Append:
    """A request with an event of each record."""
    events = tuple(NewEvent(stream, 1, "Happened", "{}", 1, (stream,), joined) for stream in streams)
    return changing(reading(*streams), events=events)


def keyed(key: str, principal: str = "ada") -> Append:
    """A request whose answer is kept."""
    return replace(NOTHING, answer=KeyedAnswer(principal, key, b"", 200, A, 1, "{}"))


def collide(first: Append, second: Append) -> bool:
    touched = Touched()
    touched.add(first)
    return touched.collide(second)


@pytest.mark.parametrize(
    ("first", "second", "collides"),
    [
        (writing(A), writing(A), True),
        (writing(A), reading(A), True),
        (writing(A), writing(B), False),
        (reading(A), writing(A), False),
        (reading(A), reading(A), False),
        (changing(gained=(Pointer("bay", A, B),)), reading(relations=(("bay", A),)), True),
        (changing(lost=(Pointer("bay", A, B),)), reading(relations=(("bay", A),)), True),
        (changing(gained=(Pointer("bay", A, B),)), reading(relations=(("bay", C),)), False),
        (changing(gained=(Pointer("bay", A, B),)), reading(relations=(("mount", A),)), False),
        (changing(gained=(Pointer("bay", A, B),)), changing(gained=(Pointer("bay", A, C),)), False),
        (changing(taken=(Holding(WEST, A),)), changing(taken=(Holding(WEST, B),)), True),
        (changing(taken=(Holding(WEST, A),)), changing(taken=(Holding(EAST, B),)), False),
        (changing(released=(Holding(WEST, A),)), changing(taken=(Holding(WEST, B),)), True),
        (changing(taken=(Holding(WEST, A),)), changing(released=(Holding(WEST, B),)), True),
        (changing(released=(Holding(WEST, A),)), reading(claims=(WEST,)), True),
        (changing(taken=(Holding(WEST, A),)), reading(claims=(EAST,)), False),
        (writing(A, joined=(A, C)), changing(writing(B, joined=(B, C)), occurred_at=NOON), True),
        (writing(A, joined=(A, C)), writing(B, joined=(B, C)), False),
        (keyed("k"), keyed("k"), True),
        (keyed("k"), keyed("l"), False),
        (keyed("k"), keyed("k", "grace"), False),
    ],
)
def test_a_request_waits_when_it_depends_on_an_earlier_one(first: Append, second: Append, collides: bool) -> None:
    assert collide(first, second) is collides


def test_a_claim_is_compared_as_it_is_stored() -> None:
    long = Claim("name", "x" * 500)
    assert collide(changing(taken=(Holding(long, A),)), reading(claims=(long,)))


@given(st.text(max_size=600), st.text(max_size=600))
def test_stored_claims_are_short_and_equal_only_when_the_values_are(one: str, other: str) -> None:
    stored = claim_key(Claim("name", one)), claim_key(Claim("name", other))
    assert all(len(value) <= 200 for _, value in stored)
    assert (stored[0] == stored[1]) is (one == other)


@given(st.datetimes(min_value=datetime(1970, 1, 1), max_value=datetime(9999, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001
def test_microseconds_are_exact(moment: datetime) -> None:
    micros = (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
    assert from_micros(micros) == moment


def test_each_request_is_told_its_own_verdict() -> None:
    accepted = [writing(A), writing(B, C), NOTHING]
    lost = {
        "stale": {"is": "stale"},
        "claimed": {"is": "claimed", "what": "name", "value": "west", "owner": str(C)},
        "early": {"is": "early", "id": str(A), "last": 1_000_001},
        "late": {"is": "late", "now": 2_000_000},
        "replayed": {"is": "replayed", "status": 201, "id": str(A), "version": 3, "position": 7, "body": "{}"},
        "reused": {"is": "reused"},
    }
    requests = [accepted[0], *(changing(writing(A), taken=(Holding(WEST, A),)) for _ in lost), *accepted[1:]]
    answer = {
        "head": 40,
        "at": 5_000_000,
        "lost": {str(number): verdict for number, verdict in enumerate(lost.values(), 2)},
    }
    at = from_micros(5_000_000)
    assert verdicts(requests, json.dumps(answer)) == [
        Accepted(41, at),
        Stale(),
        Claimed(WEST, C),
        TooEarly(A, from_micros(1_000_001)),
        TooLate(from_micros(2_000_000)),
        Replayed(201, A, 3, 7, "{}"),
        KeyReused(),
        Accepted(43, at),
        Accepted(43, at),
    ]


async def test_a_request_of_several_entries_goes_alone() -> None:
    """The references that pass within it are counted from the head of the log."""
    many = replace(NOTHING, entries=(Entry("r/0"), Entry("r/1")))
    waiting = [_Waiting(request, 0, Future()) for request in (many, writing(A), many, writing(B))]
    writer = Writer(Link("", ""), lambda: None)
    writer._task.cancel()
    writer._waiting.extend(waiting)
    gathered = [[waiting.index(each) for each in writer._gather()] for _ in range(3)]
    assert gathered == [[0], [1, 3], [2]]


def test_a_verdict_nobody_knows_is_an_alarm() -> None:
    with pytest.raises(ValueError, match="whatever"):
        verdicts([NOTHING], '{"head": 0, "at": 0, "lost": {"1": {"is": "whatever"}}}')
