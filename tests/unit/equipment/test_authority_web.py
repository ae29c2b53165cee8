"""What is read from the answers of authorities, and what is told of them."""

from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from tests.unit.memory_log import MemoryCalls

from cora.equipment.adapters.authority_web import (
    LONGEST_REASON,
    Answer,
    AuthorityWeb,
    failed_before,
    following,
    path_of,
    retry_after_of,
    user_agent,
)
from cora.equipment.adapters.budget import CallBudget
from cora.equipment.adapters.datacite_answers import errors_of, held_of, is_taken, next_cursor
from cora.equipment.adapters.handle import said
from cora.equipment.ports.doi_minter import HeldState, MintFailedError

NOW = datetime(2026, 10, 1, 12, tzinfo=UTC)


def answer(status: int, body: Any, media_type: str = "application/json") -> Answer:
    return Answer(status, body, media_type, None)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None),
        ("7", 7.0),
        ("0", 0.0),
        ("Thu, 01 Oct 2026 12:01:00 GMT", 60.0),
        ("Thu, 01 Oct 2026 11:00:00 GMT", 0.0),
        ("soon", None),
        ("-5", None),
        ("9" * 400, 3600.0),
    ],
)
def test_retry_after_is_a_number_or_a_date(header: str | None, seconds: float | None) -> None:
    assert retry_after_of(header, NOW) == seconds


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ({"errors": [{"status": "401", "title": "Bad credentials."}]}, "Bad credentials."),
        (
            {"errors": [{"source": "url", "title": "Can't be blank", "uid": "1"}, {"source": "xml", "title": "no"}]},
            "url: Can't be blank; xml: no",
        ),
        ({"errors": {"title": "no payload"}}, "no payload"),
        ({"errors": [None, 7, {"status": "500"}]}, None),
        ({"errors": "broken"}, None),
        ([1], None),
        (None, None),
    ],
)  # fmt: skip
def test_both_shapes_of_datacites_errors_are_read(body: Any, says: str | None) -> None:
    assert errors_of(answer(422, body)) == says


def test_that_a_doi_was_taken_is_told_by_either_of_two_errors() -> None:
    taken = {"errors": [{"source": "doi", "title": "This DOI has already been taken", "uid": "10.1/x"}]}
    exists = {"errors": [{"status": "409", "title": "The resource already exists."}]}
    assert is_taken(answer(422, taken))
    assert is_taken(answer(409, exists))
    assert not is_taken(answer(422, {"errors": [{"source": "url", "title": "Can't be blank"}]}))


@pytest.mark.parametrize(
    "data",
    [
        None,
        [],
        {"attributes": {}},
        {"attributes": {"doi": "10.1234/x"}},
        {"attributes": {"doi": "10.1234/x", "state": "undecided"}},
        {"attributes": {"doi": "nothing", "state": "findable"}},
        {"attributes": {"doi": 7, "state": "findable"}},
    ],
)
def test_what_is_no_record_of_a_doi_is_none(data: Any) -> None:
    assert held_of(data, "A.B") is None


def test_a_record_tells_its_state_and_whose_it_is() -> None:
    client = {"client": {"data": {"id": "a.b"}}}
    attributes = {"doi": "10.1234/X", "state": "findable", "url": "https://x", "registered": None}
    held = held_of({"attributes": attributes, "relationships": client}, "A.B")
    assert held is not None
    assert (held.identifier.value, held.state, held.ours, held.resolves) == (
        "10.1234/x", HeldState.FINDABLE, True, False
    )  # fmt: skip
    other = held_of({"attributes": {**attributes, "registered": "2026"}}, "A.B")
    assert other is not None
    assert (other.ours, other.resolves) == (False, True)


@pytest.mark.parametrize(
    ("body", "cursor"),
    [
        ({"links": {"next": "https://anywhere/dois?page%5Bcursor%5D=abc%3D&x=1"}}, "abc="),
        ({"links": {"next": "https://anywhere/dois"}}, None),
        ({"links": {"next": 7}}, None),
        ({}, None),
    ],
)
def test_of_the_link_to_the_next_page_only_the_cursor_counts(body: Any, cursor: str | None) -> None:
    assert next_cursor(answer(200, body)) == cursor


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ({"responseCode": 101, "handle": "1/2"}, "the Handle exists"),
        ({"responseCode": 402, "message": "Who are you?"}, "Who are you?"),
        ({"responseCode": 999}, "response code 999"),
        ({}, None),
    ],
)
def test_the_response_codes_of_handle_servers_are_put_in_words(body: Any, says: str | None) -> None:
    assert said(answer(400, body)) == says


def test_a_failure_has_a_reason_of_bounded_length_without_secrets() -> None:
    web = AuthorityWeb(
        "It", httpx.AsyncClient(), CallBudget(MemoryCalls(), "it", 1), errors_of, settings="X", secrets=("hush", "")
    )
    failure = web.failure(answer(422, {"errors": [{"title": "hush " * 1000}]}))
    assert "hush" not in failure.reason
    assert len(failure.reason) <= LONGEST_REASON + 3
    assert not failure.retryable
    assert web.failure(answer(503, None, "text/html")).retryable


@pytest.mark.parametrize(
    ("status", "body", "is_answered"),
    [(503, {"errors": []}, True), (422, None, True), (502, None, False), (504, None, False)],
)
def test_the_page_of_a_gateway_is_no_answer(status: int, body: Any, is_answered: bool) -> None:
    web = AuthorityWeb("It", httpx.AsyncClient(), CallBudget(MemoryCalls(), "it", 1), errors_of, settings="X")
    failure = web.failure(answer(status, body))
    assert failure.answered == is_answered
    lost = MintFailedError("no answer", retryable=True, answered=False)
    assert not following(lost, failure).answered, "what was lost before may still arrive"
    with pytest.raises(MintFailedError) as raised, failed_before(lost):
        raise MintFailedError("refused", retryable=False)
    assert (raised.value.reason, raised.value.answered) == ("refused", False)


@pytest.mark.parametrize("value", ["10.1/../x", "10.1/./x", "../x"])
def test_an_identifier_that_is_a_way_out_has_no_path(value: str) -> None:
    with pytest.raises(MintFailedError):
        path_of(value)


def test_an_identifier_is_quoted_in_a_path() -> None:
    assert path_of("10.1/a?b#c d%") == "10.1/a%3Fb%23c%20d%25"


def test_the_caller_names_itself() -> None:
    assert user_agent("a@b.example").endswith(" (mailto:a@b.example)")
    assert user_agent(None).startswith("cora/")
