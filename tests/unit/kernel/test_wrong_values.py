"""What is wrong with a value is told in words that are not Pydantic's, whatever a command or question takes."""

import json
from collections.abc import Iterator
from typing import Annotated, Any, Literal
from uuid import UUID

import pytest
from annotated_types import Ge, Len
from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from cora.equipment import features
from cora.kernel.slice import declared_slices
from cora.kernel.wrong_values import what_is_wrong

WRONG: tuple[Any, ...] = (
    None, True, 0, -(10**30), 1.5, float("inf"), "", "x", "é" * 100_000, "2026-13-45", "javascript:x", [], ["x"],
    [None] * 100_000, {}, {"x": 1}, [{"x": 1}] * 3, {"kind": "x"}, {"scheme": "x", "value": "\x00"},
)  # fmt: skip


def complaints(request: type[BaseModel]) -> Iterator[ErrorDetails]:
    """All that the members of a request can be wrong with, one wrong value after the other."""
    for name in request.model_fields:
        for strict in (True, False):
            for wrong in WRONG:
                try:
                    request.model_validate_json(json.dumps({name: wrong, "unknown": 1}), strict=strict)
                except ValidationError as error:
                    yield from error.errors(include_url=False)


@pytest.mark.parametrize("declared", [*declared_slices(features)], ids=lambda each: each.name)
def test_nothing_is_told_in_pydantics_words(declared: Any) -> None:
    told = {
        (error["type"], what_is_wrong(error))
        for error in complaints(declared.request)
        if error["type"] not in ("value_error", "assertion_error") and what_is_wrong(error) == error["msg"]
    }
    assert not told


@pytest.mark.parametrize(
    ("kind", "value", "says"),
    [
        (Annotated[str, Len(1, 1)], "", "must have at least 1 character"),
        (Annotated[str, Len(0, 3)], "four", "must have at most 3 characters"),
        (Annotated[tuple[str, ...], Len(1, 2)], [], "must have at least 1 item"),
        (Literal["DOI", "Handle"], "ARK", "must be 'DOI' or 'Handle'"),
        (UUID, "x", "must be a UUID"),
        (Annotated[int, Ge(1)], 0, "must be at least 1"),
        (int, 1.5, "must be a whole number"),
    ],
)
def test_the_bounds_are_told(kind: Any, value: Any, says: str) -> None:
    with pytest.raises(ValidationError) as wrong:
        TypeAdapter[Any](kind).validate_python(value)
    assert [what_is_wrong(each) for each in wrong.value.errors()] == [says]
