"""From bytes and texts to commands: what is refused, and that every violation is told with its place."""

import contextlib
import json
import math
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field

from cora.equipment.aggregates.asset.errors import InvalidAssetSettingsError
from cora.equipment.aggregates.family import InvalidSettingsSchemaError
from cora.kernel.errors import MAXIMUM_VIOLATIONS, InvalidRequestError, Violation, pointer
from cora.kernel.principal import ANONYMOUS
from cora.kernel.requests import (
    MAXIMUM_DEPTH,
    gathering,
    invalid,
    read_call,
    read_json,
    read_moment,
    require_fit,
    to_request,
)
from cora.kernel.slice import Command


class Part(Command):
    kind: Literal["part"]
    length: float


class Order(Command):
    asset_id: UUID
    name: Annotated[str, Field(max_length=5)]
    count: int = 1
    parts: tuple[Part, ...] = ()
    either: Part | int | None = None


ASSET = "01935c5e-7b1a-7c3e-9f2d-5a6b7c8d9e0f"


def _violations(body: bytes) -> dict[str, str]:
    with pytest.raises(InvalidRequestError) as refused:
        read_json(body)
    return {each.pointer: each.detail for each in refused.value.errors}


def test_reads_json() -> None:
    assert read_json(b"") == {}
    assert read_json(b'{"a": [1, -2.5e3, "\\u00e4\\n", null, true]}') == {"a": [1, -2500.0, "ä\n", None, True]}
    assert read_json(b"9223372036854775807") == 2**63 - 1


@pytest.mark.parametrize(
    ("body", "place", "says"),
    [
        (b"{", "", "is not JSON"),
        (b"{} {}", "", "is not JSON"),
        (b"\xef\xbb\xbf{}", "", "is not JSON"),
        (b"\xff{}", "", "is not UTF-8 at byte 0"),
        (b'{"a": 1, "a": 1}', "/a", "is given twice"),
        (b'{"x": {"a/b": 1, "a/b": 2}}', "/x/a~1b", "is given twice"),
        (b'{"a": NaN}', "/a", "NaN is not a JSON number"),
        (b"[-Infinity]", "/0", "-Infinity is not a JSON number"),
        (b'{"a": 1e400}', "/a", "beyond range"),
        (b'{"a": 1e-400}', "/a", "beyond range"),
        (b'{"a": 1.1e64}', "/a", "beyond range"),
        (b'{"a": -9e-65}', "/a", "beyond range"),
        (b'{"a": 9223372036854775808}', "/a", "beyond 64 bits"),
        (b'{"a": -9223372036854775809}', "/a", "beyond 64 bits"),
        (b"1" * 100_000, "", "beyond 64 bits"),
        (b'{"a": "\\u0000"}', "/a", "U+0000"),
        (b'{"a": "\\u0001"}', "/a", "U+0001"),
        (b'{"a": "\\ud800"}', "/a", "U+D800"),
        (b'{"\\u0000": 1}', "", "'\\x00'"),
        (b'{"a": "\x01"}', "", "is not JSON"),
        (b"[" * 1_000_000, "", "nested deeper"),
        (b"[" * 65 + b"]" * 65, "", "nested deeper"),
        (b'{"a":' * 65 + b"1" + b"}" * 65, "", "nested deeper"),
    ],
)
def test_refuses_what_cannot_be_kept(body: bytes, place: str, says: str) -> None:
    found = _violations(body)
    assert says in found[place]


def test_takes_zero_in_any_clothes_and_depth_up_to_the_limit() -> None:
    assert read_json(b"[0e999, -0.0e-999, 0]") == [0, 0, 0]
    deep = b"[" * MAXIMUM_DEPTH + b"]" * MAXIMUM_DEPTH
    assert json.dumps(read_json(deep)).encode() == deep


def test_tells_everything_at_once() -> None:
    assert _violations(b'{"a": NaN, "b": ["\\u0000", 99999999999999999999], "a": 1}').keys() == {"/a", "/b/0", "/b/1"}


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(body: bytes) -> None:
    with contextlib.suppress(InvalidRequestError):
        read_json(body)


_TEXT = st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff"))
_SIZES = st.floats(1e-64, 1e64)
_NUMBERS = st.integers(-(2**63), 2**63 - 1) | st.just(0.0) | _SIZES | _SIZES.map(lambda number: -number)
_FIT = st.recursive(
    st.none() | st.booleans() | _NUMBERS | _TEXT,
    lambda inside: st.lists(inside, max_size=4) | st.dictionaries(_TEXT, inside, max_size=4),
    max_leaves=20,
)


@given(_FIT)
def test_what_is_fit_comes_back_equal(value: Any) -> None:
    require_fit(value)
    assert read_json(json.dumps(value).encode()) == value


@given(
    _FIT,
    st.sampled_from(["\x00", "\ud800", 2**63, math.inf, math.nan, 1e65, {1}]),
    st.lists(st.text("ab~/"), max_size=5),
)
def test_what_is_unfit_is_found_at_any_depth(fit: Any, unfit: Any, keys: list[str]) -> None:
    value = unfit
    for key in reversed(keys):
        value = {"beside": fit, key: value}
    with pytest.raises(InvalidRequestError) as refused:
        require_fit(value)
    assert [each.pointer for each in refused.value.errors] == [pointer(keys)]


def _refused(members: Any, **options: Any) -> dict[str, str]:
    with pytest.raises(InvalidRequestError) as refused:
        to_request(Order, members, **options)
    return {each.pointer: each.detail for each in refused.value.errors}


def test_makes_a_command() -> None:
    order = to_request(Order, {"asset_id": ASSET, "name": "a", "parts": [{"kind": "part", "length": 1}]})
    assert order == Order(asset_id=UUID(ASSET), name="a", parts=(Part(kind="part", length=1.0),))


def test_every_violation_has_its_place() -> None:
    found = _refused(
        {
            "asset_id": "x",
            "name": "too long",
            "count": "1",
            "parts": [{"kind": "part", "length": 1}, {"kind": "p"}],
            "more": 1,
        }
    )
    assert found.keys() == {"/asset_id", "/name", "/count", "/parts/1/kind", "/parts/1/length", "/more"}
    assert found["/parts/1/length"] == "is required"
    assert found["/more"] == "is not known here"


def test_the_place_does_not_name_the_alternatives_of_a_union() -> None:
    found = _refused({"asset_id": ASSET, "name": "a", "either": {"kind": "part", "length": "x"}})
    assert "/either/length" in found
    assert all(place in {"/either", "/either/length"} for place in found)


@pytest.mark.parametrize("members", [None, [], "a", 1, True])
def test_members_are_an_object(members: Any) -> None:
    assert _refused(members) == {"": "must be a JSON object"}


def test_text_stands_for_numbers_only_where_all_is_text() -> None:
    texts = {"asset_id": ASSET, "name": "a", "count": "7"}
    assert to_request(Order, texts, strict=False).count == 7
    assert _refused(texts).keys() == {"/count"}
    assert _refused({"asset_id": ASSET, "name": "a", "count": True}).keys() == {"/count"}


def test_violations_are_told_once_and_not_without_end() -> None:
    many = [Violation(f"/{number}", "is wrong") for number in range(MAXIMUM_VIOLATIONS + 5)]
    told = invalid([*many, *many]).errors
    assert told[:-1] == tuple(many[:MAXIMUM_VIOLATIONS])
    assert told[-1].detail == "and further violations"


def test_violations_are_looked_at_no_longer_than_it_takes_to_tell_them() -> None:
    seen = 0

    def endless() -> Iterator[Violation]:
        nonlocal seen
        while True:
            seen += 1
            yield Violation(f"/{seen}", "is wrong")

    assert len(invalid(endless()).errors) == MAXIMUM_VIOLATIONS + 1
    assert seen == MAXIMUM_VIOLATIONS + 1


@pytest.mark.parametrize("refusal", [InvalidRequestError, InvalidAssetSettingsError, InvalidSettingsSchemaError])
def test_every_refusal_with_violations_tells_them_so(refusal: type[InvalidRequestError]) -> None:
    many = tuple(Violation(f"/{number}", "is wrong") for number in range(MAXIMUM_VIOLATIONS + 5))
    assert len(refusal(many).errors) == MAXIMUM_VIOLATIONS + 1
    long = Violation("/" + "k" * 100_000, "x" * 100_000)
    (error,) = refusal((long,)).errors
    assert len(error.pointer) + len(error.detail) < 3000
    assert len(refusal((long,) * 5).detail()) < 20_000


def test_many_violations_below_a_long_key_are_told_in_a_moment() -> None:
    body = json.dumps({"k" * 500_000: ["\x01"] * 50_000}).encode()
    began = time.process_time()
    with pytest.raises(InvalidRequestError) as refused:
        read_json(body)
    assert len(refused.value.errors) <= MAXIMUM_VIOLATIONS + 1
    assert time.process_time() - began < 5


def test_very_many_complaints_are_not_told_one_by_one() -> None:
    with pytest.raises(InvalidRequestError) as refused:
        to_request(Order, {"asset_id": ASSET, "name": "x", "parts": [1] * 50_000})
    (error,) = refused.value.errors
    assert "too many to be told" in error.detail


def test_gathering_keeps_violations_and_lets_all_else_through() -> None:
    errors: list[Violation] = []
    with gathering(errors):
        raise invalid([Violation("/a", "is wrong")])
    assert errors == [Violation("/a", "is wrong")]
    with pytest.raises(KeyError), gathering(errors):
        raise KeyError


def test_reads_what_goes_with_a_command() -> None:
    call = read_call(
        ANONYMOUS, "http", "r1",
        {"Idempotency-Key": "k-1", "Occurred-At": "2026-05-03T16:00:00+02:00", "On-Behalf-Of": " Jos\u0065\u0301 ",
         "If-Match": '"12"', "dry_run": "true"},
    )  # fmt: skip
    assert call.idempotency_key == "k-1"
    assert call.occurred_at == datetime(2026, 5, 3, 14, tzinfo=UTC)
    assert call.on_behalf_of == "Jos\u00e9"
    assert call.if_match == 12
    assert call.dry_run


def test_what_is_left_out_is_not_there() -> None:
    call = read_call(ANONYMOUS, "mcp", "r1", {"Occurred-At": None})
    assert (call.idempotency_key, call.occurred_at, call.on_behalf_of, call.if_match) == (None, None, None, None)
    assert not call.dry_run
    assert read_call(ANONYMOUS, "mcp", "r1", {"If-Match": "*"}).if_match is None


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("Idempotency-Key", ""),
        ("Idempotency-Key", "a b"),
        ("Idempotency-Key", "ü"),
        ("Idempotency-Key", "k" * 201),
        ("Occurred-At", "2026-05-03"),
        ("Occurred-At", "2026-05-03T14:00:00"),
        ("Occurred-At", "2026-13-03T14:00:00Z"),
        ("Occurred-At", "2026-02-30T14:00:00Z"),
        ("Occurred-At", "2026-05-03T25:00:00Z"),
        ("Occurred-At", "1770000000"),
        ("Occurred-At", "0001-01-01T00:00:00Z"),
        ("Occurred-At", "0001-01-01T00:00:00+14:00"),
        ("Occurred-At", "9999-12-31T23:59:59-14:00"),
        ("Occurred-At", "٢٠٢٦-05-03T14:00:00Z"),
        ("On-Behalf-Of", "  "),
        ("On-Behalf-Of", "a\nb"),
        ("On-Behalf-Of", "n" * 201),
        ("If-Match", "3"),
        ("If-Match", 'W/"3"'),
        ("If-Match", '"3", "4"'),
        ("If-Match", '"-1"'),
        ("If-Match", '"' + "9" * 19 + '"'),
        ("dry_run", "1"),
        ("dry_run", "True"),
        ("dry_run", ""),
    ],
)
def test_refuses_an_option(name: str, text: str) -> None:
    with pytest.raises(InvalidRequestError) as refused:
        read_call(ANONYMOUS, "http", "r1", {name: text})
    assert [each.pointer for each in refused.value.errors] == [f"/{name}"]


@given(st.datetimes(datetime(1900, 1, 2), datetime(9999, 12, 30)), st.timezones())  # noqa: DTZ001
def test_reads_every_time_that_python_writes(moment: datetime, zone: Any) -> None:
    aware = moment.replace(tzinfo=zone)
    if aware.utcoffset() is None or aware.utcoffset().seconds % 60:  # type: ignore[union-attr]
        return
    # Two times of different zones are never equal in the hour that comes twice (PEP 495).
    assert read_moment(aware.isoformat()) == aware.astimezone(UTC)
