"""The statement for a page of a list; a cursor is made by cora and may be made up by anybody."""

import base64
import json
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cora.equipment.aggregates.facility import FACILITY
from cora.kernel.documents import Asked
from cora.kernel.errors import InvalidRequestError
from cora.log.documents import ListQuery

ID = "01935c5e-7b1a-7c3e-9f2d-5a6b7c8d9e0f"


def _cursor(text: str | bytes) -> str:
    data = text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass")
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _is_refused(cursor: str, sort: str | None = "name") -> bool:
    try:
        ListQuery(FACILITY, Asked(sort=sort, after=cursor), {})
    except InvalidRequestError as refused:
        return [each.pointer for each in refused.errors] == ["/cursor"]
    return False


@pytest.mark.parametrize(
    "text",
    [
        f'["name","a\\u0000b","{ID}"]',
        f'["name","a\\ud800b","{ID}"]',
        f'["name","a\ud800b","{ID}"]',
        f'["name",{"[" * 100_000}{"]" * 100_000},"{ID}"]',
        f'["name",1e999,"{ID}"]',
        f'["name",null,"{ID}"]',
        f'["name","a","{ID}","more"]',
        f'["code","a","{ID}"]',
        '["name","a","no id"]',
        '["name","a",1]',
        '{"name":"a"}',
        "null",
        "",
        b"\xff\xfe",
    ],
)
def test_a_cursor_that_is_made_up_is_refused(text: str | bytes) -> None:
    assert _is_refused(_cursor(text))


@pytest.mark.parametrize("cursor", ["?", "ü", "a\n", "A", "====", "W10=x"])
def test_a_cursor_that_is_no_base64_is_refused(cursor: str) -> None:
    assert _is_refused(cursor)


@given(st.text() | st.binary().map(lambda data: base64.urlsafe_b64encode(data).decode()))
def test_any_text_is_refused_or_read(cursor: str) -> None:
    _is_refused(cursor)


@pytest.mark.parametrize(("sort", "value"), [("name", "Ångström \U0001f52c"), ("-name", ""), (None, None)])
def test_a_cursor_as_cora_makes_it_is_read(sort: str | None, value: str | None) -> None:
    cursor = _cursor(json.dumps([sort, value, ID], ensure_ascii=False))
    _, values = ListQuery(FACILITY, Asked(sort=sort, after=cursor), {}).page
    assert UUID(ID) in values
    assert value is None or value in values
