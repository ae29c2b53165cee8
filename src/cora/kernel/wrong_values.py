"""What is wrong with a value, in words for whoever gave it: Pydantic's own are about Python."""

from collections.abc import Mapping
from typing import Any, cast

from pydantic_core import ErrorDetails

_TIME = "must be a time with its offset, such as 2026-05-03T14:00:00Z"
_DATE = "must be a date, such as 2026-05-03"
_OBJECT = "must be an object"
_LIST = "must be a list"

# By the beginning of the type of an error (docs.pydantic.dev/latest/errors/validation_errors), the longest first where
# one is the beginning of another. In braces is what Pydantic gives with it.
_WORDS: Mapping[str, str] = {
    "missing": "is required",
    "extra_forbidden": "is not known here",
    "unexpected_keyword_argument": "is not known here",
    "none_required": "must be null",
    "string_too_short": "must have at least {min_length} characters",
    "string_too_long": "must have at most {max_length} characters",
    "string_pattern_mismatch": "must match {pattern}",
    "string": "must be text",
    "int_from_float": "must be a whole number",
    "int": "must be a whole number",
    "float": "must be a number",
    "finite_number": "must be a finite number",
    "bool": "must be true or false",
    "greater_than_equal": "must be at least {ge}",
    "greater_than": "must be greater than {gt}",
    "less_than_equal": "must be at most {le}",
    "less_than": "must be less than {lt}",
    "too_short": "must have at least {min_length} items",
    "too_long": "must have at most {max_length} items",
    "literal_error": "must be {expected}",
    "enum": "must be {expected}",
    "union_tag_not_found": "needs {discriminator}",
    "union_tag_invalid": "has {discriminator} '{tag}', which is none of {expected_tags}",
    "uuid": "must be a UUID",
    "datetime": _TIME,
    "timezone": _TIME,
    "date": _DATE,
    "url": "must be a URL: {error}",
    "list": _LIST,
    "tuple": _LIST,
    "frozen_set": _LIST,
    "set": _LIST,
    "dict": _OBJECT,
    "mapping": _OBJECT,
    "model": _OBJECT,
    "dataclass": _OBJECT,
}


def what_is_wrong(error: ErrorDetails) -> str:
    """The complaint as the end of a sentence about the value. What no words are known for is told in Pydantic's."""
    context = cast("Mapping[str, Any]", error.get("ctx", {}))
    for begins, words in _WORDS.items():
        if error["type"].startswith(begins):
            try:
                said = words.format_map(context)
            except KeyError:
                break
            return said.removesuffix("s") if said.endswith((" 1 characters", " 1 items")) else said
    return error["msg"].removeprefix("Value error, ").removeprefix("Assertion failed, ")
