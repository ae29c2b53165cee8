"""What harvesters ask is read strictly, and what they send back is what they were given."""

import json
from base64 import urlsafe_b64encode
from contextlib import suppress
from datetime import UTC, datetime
from hashlib import sha256
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cora.kernel.harvest import Asked
from cora.surfaces.http.oai.asking import OaiError, read_arguments, read_asked
from cora.surfaces.http.oai.resuming import Position, read_token, token_of
from cora.surfaces.http.oai.site import Site

ID = UUID("0198c0de-0000-7000-8000-000000000001")
MOMENTS = st.datetimes(timezones=st.just(UTC))
ASKED = st.builds(Asked, st.none() | MOMENTS, st.none() | MOMENTS, st.none() | st.text(max_size=20))
POSITIONS = st.builds(
    Position,
    st.sampled_from(["ListRecords", "ListIdentifiers"]),
    st.text(max_size=10),
    ASKED,
    st.tuples(MOMENTS, st.uuids()),
    st.integers(0, 10**6),
    st.integers(0, 10**6),
)


def moment(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[misc,arg-type]


@pytest.mark.parametrize(
    ("since", "until", "expected"),
    [
        ("2026-01-01", None, (moment(2026, 1, 1), None)),
        (None, "2026-01-01", (None, moment(2026, 1, 2))),
        (None, "2026-01-01T10:00:00Z", (None, moment(2026, 1, 1, 10, 0, 1))),
        ("2026-01-01T10:00:00Z", "2026-01-01T10:00:00Z", (moment(2026, 1, 1, 10), moment(2026, 1, 1, 10, 0, 1))),
        ("2026-01-01", "2026-01-01", (moment(2026, 1, 1), moment(2026, 1, 2))),
        (None, "9999-12-31", (None, None)),
        (None, "9999-12-31T23:59:59Z", (None, None)),
    ],
)
def test_until_is_meant_to_its_end(
    since: str | None, until: str | None, expected: tuple[datetime | None, datetime | None]
) -> None:
    given = {name: text for name, text in (("from", since), ("until", until)) if text is not None}
    asked = read_asked(given)
    assert (asked.since, asked.until) == expected


@given(st.dictionaries(st.text(max_size=8), st.lists(st.text(max_size=20), max_size=2), max_size=4))
def test_whatever_is_asked_is_read_or_refused(given: dict[str, list[str]]) -> None:
    for verb in ("ListRecords", "GetRecord", "Identify"):
        with suppress(OaiError):
            read_asked(read_arguments({**given, "verb": [verb]}))


@given(POSITIONS)
def test_a_token_leads_back(position: Position) -> None:
    token = token_of(position)
    assert token.isascii()
    assert read_token(token, position.verb) == position


@given(POSITIONS, st.data())
def test_a_token_that_was_changed_leads_nowhere(position: Position, data: st.DataObject) -> None:
    token = token_of(position)
    at = data.draw(st.integers(0, len(token) - 1))
    other = data.draw(st.characters())
    changed = token[:at] + other + token[at + 1 :]
    if changed != token:
        with pytest.raises(OaiError, match="token"):
            read_token(changed, position.verb)


@given(st.text() | st.binary().map(lambda sent: urlsafe_b64encode(sent).decode().rstrip("=")))
def test_what_is_no_token_leads_nowhere(text: str) -> None:
    with pytest.raises(OaiError, match="token"):
        read_token(text, "ListRecords")


@given(st.recursive(st.none() | st.integers() | st.text(max_size=5), lambda inner: st.lists(inner, max_size=9)))
def test_a_token_that_somebody_made_up_leads_nowhere(members: object) -> None:
    body = json.dumps(members, separators=(",", ":")).encode()
    check = sha256(b"cora resumption token\n" + body).digest()[:8]
    with pytest.raises(OaiError, match="token"):
        read_token(urlsafe_b64encode(check + body).decode().rstrip("="), "ListRecords")


@pytest.mark.parametrize(
    ("url", "host", "mail", "has_domain"),
    [
        ("https://cora.aps.example", "cora.aps.example", "noreply@cora.aps.example", True),
        ("http://127.0.0.1:8000", "127.0.0.1", "noreply@127.0.0.1", False),
        ("http://localhost:8000", "localhost", "noreply@localhost.invalid", False),
        ("http://[::1]:8000", "1", "noreply@1.invalid", False),
        ("https://cora.aps.example/base", "cora.aps.example", "noreply@cora.aps.example", True),
    ],
)
def test_a_site_is_named_after_its_host(url: str, host: str, mail: str, has_domain: bool) -> None:
    site = Site(url)
    assert (site.host, site.admin_email, site.has_domain) == (host, mail, has_domain)
    assert site.base_url == f"{url}/oai"
    assert site.id_of(site.identifier(ID)) == ID


def test_only_its_own_identifiers_are_known() -> None:
    site = Site("https://cora.example", contact="pids@cora.example")
    assert site.admin_email == "pids@cora.example"
    for text in (
        f"oai:other.example:{ID}",
        f"oai:cora.example:{str(ID).upper()}",
        f"oai:cora.example:{ID.hex}",
        str(ID),
    ):
        assert site.id_of(text) is None
    assert Site("https://cora.example", contact="pids@localhost").admin_email == "noreply@cora.example"
