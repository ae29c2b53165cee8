"""What goes with any command, as arguments: the names of the headers, folded to those of arguments."""

from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from typing import Any, TypeVar

from cora.kernel.errors import InvalidRequestError, Violation
from cora.kernel.execute import Call
from cora.kernel.principal import Principal
from cora.kernel.requests import (
    AS_OF,
    CALL_OPTIONS,
    DRY_RUN,
    IDEMPOTENCY_KEY,
    IF_MATCH,
    OCCURRED_AT,
    ON_BEHALF_OF,
    TRUE_AT,
    argument,
    gathering,
    invalid,
    read_call,
    read_when,
)
from cora.kernel.when import When
from cora.surfaces.mcp.schemas import Schema

VIA = "mcp"

Q = TypeVar("Q")

OPTIONS: dict[str, Schema] = {
    argument(IDEMPOTENCY_KEY): {
        "type": "string",
        "minLength": 1,
        "maxLength": 200,
        "description": "a key of your own; the same call with the same key is answered again, not done again",
    },
    argument(OCCURRED_AT): {
        "type": "string",
        "format": "date-time",
        "description": "when it became true, with an offset; left out: now",
    },
    argument(ON_BEHALF_OF): {"type": "string", "maxLength": 200, "description": "for whom this is done"},
    argument(IF_MATCH): {
        "type": "integer",
        "minimum": 0,
        "description": "the version the record must still have, else PreconditionFailed (412)",
    },
    argument(DRY_RUN): {
        "type": "boolean",
        "default": False,
        "description": "answer what would be recorded, and record nothing",
    },
}


WHEN: dict[str, Schema] = {
    AS_OF: {
        "type": "string",
        "description": "what the record said then: a time with an offset, or a position of the log; left out: now",
    },
    TRUE_AT: {
        "type": "string",
        "format": "date-time",
        "description": "what was true in the hutch then, by all that is known now (or was by as_of)",
    },
}


def split_when(arguments: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The moment among the arguments of a question, and the members of the question itself."""
    when = {name: arguments[name] for name in WHEN if arguments.get(name) is not None}
    return when, {name: value for name, value in arguments.items() if name not in WHEN}


def both(query: Callable[[], Q], when: Callable[[], When]) -> tuple[Q, When]:
    """A question and its moment. Raises `InvalidRequestError` with what is wrong with both."""
    errors: list[Violation] = []
    asked: list[Q] = []
    moment: list[When] = []
    with gathering(errors):
        asked.append(query())
    with gathering(errors):
        moment.append(when())
    if errors:
        raise invalid(errors)
    return asked[0], moment[0]


def when_of(options: dict[str, Any]) -> When:
    """The moment a question is about. Raises `InvalidRequestError`."""
    if wrong := [name for name, value in options.items() if not isinstance(value, str)]:
        raise invalid(Violation(f"/{name}", "must be text") for name in wrong)
    return read_when(options)


BATCH_OPTIONS = {name: schema for name, schema in OPTIONS.items() if name != argument(IF_MATCH)}
"""What goes with a batch: each of its commands is about another record, with a version of its own."""


def split(arguments: dict[str, Any], options: Mapping[str, Schema]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The options among the arguments of a command, and the members of the command itself."""
    given = {each: arguments[argument(each)] for each in CALL_OPTIONS if argument(each) in arguments.keys() & options}
    return given, {name: value for name, value in arguments.items() if name not in options}


def call_of(options: dict[str, Any], principal: Principal, request_id: str) -> Call:
    """A call with these options. Raises `InvalidRequestError`, naming the arguments."""
    errors: list[Violation] = []
    texts: dict[str, str | None] = {}
    for option, value in options.items():
        try:
            texts[option] = _text(option, value)
        except ValueError as error:
            errors.append(Violation(f"/{argument(option)}", str(error)))
    call: Any = None
    with gathering(errors), _named_as_arguments():
        call = read_call(principal, VIA, request_id, texts)
    if errors:
        raise invalid(errors)
    return call


def _text(option: str, value: Any) -> str | None:
    """An option as the header would have it."""
    if value is None:
        return None
    if option == IF_MATCH:
        if type(value) is not int or value < 0:
            raise ValueError("must be the version of a record, such as 3")
        return f'"{value}"'
    if option == DRY_RUN:
        if type(value) is not bool:
            raise ValueError("must be true or false")
        return "true" if value else "false"
    if not isinstance(value, str):
        raise ValueError("must be text")
    return value


@contextmanager
def _named_as_arguments() -> Generator[None]:
    try:
        yield
    except InvalidRequestError as error:
        places = {f"/{option}": f"/{argument(option)}" for option in CALL_OPTIONS}
        raise InvalidRequestError(
            tuple(Violation(places.get(each.pointer, each.pointer), each.detail) for each in error.errors)
        ) from None
