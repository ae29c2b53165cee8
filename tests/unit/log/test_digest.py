"""The digest of an event: over all that it says, and so that no two events say the same."""

from datetime import UTC, datetime
from hashlib import sha256
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cora.log.verify import digest_of

EVENT: dict[str, Any] = {
    "position": 17,
    "stream": UUID("01a20b6a-79ce-7cd9-8efd-a8b880c89495"),
    "version": 2,
    "kind": "BadgeTaken",
    "data": '{"badge":"7"}',
    "actor": "ada",
    "via": "http",
    "on_behalf_of": None,
    "request": "r1",
    "schema_version": 1,
    "occurred_at": datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC),
    "recorded_at": datetime(2026, 1, 2, 3, 4, 6, tzinfo=UTC),
}


def test_it_is_the_sha256_of_the_fields_in_order() -> None:
    said = (
        "17\x1f01a20b6a-79ce-7cd9-8efd-a8b880c89495\x1f2\x1fBadgeTaken\x1fada\x1fhttp\x1f\x1e\x1fr1\x1f1"
        '\x1f1767323045678901\x1f1767323046000000\x1f{"badge":"7"}'
    )
    assert digest_of(EVENT) == sha256(said.encode()).digest()


@pytest.mark.parametrize("field", EVENT)
def test_every_field_counts(field: str) -> None:
    other: dict[type, Any] = {
        int: 99,
        str: "other",
        UUID: UUID(int=1),
        datetime: datetime(2026, 1, 1, tzinfo=UTC),
        type(None): "",
    }
    assert digest_of({**EVENT, field: other[type(EVENT[field])]}) != digest_of(EVENT)


texts = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=5)


@given(texts, texts, texts, texts)
def test_what_lies_in_one_field_does_not_look_like_two(actor: str, request: str, other: str, another: str) -> None:
    one = digest_of({**EVENT, "actor": actor, "request": request})
    two = digest_of({**EVENT, "actor": other, "request": another})
    assert (one == two) is ((actor, request) == (other, another))
