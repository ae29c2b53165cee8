"""From what a caller sent to a command or question, with every violation and its place.

Three steps, each of which raises `InvalidRequestError` with all it finds:
`read_json` turns bytes into a value that can be kept (no NUL, no lone
surrogates, no numbers beyond range, no key twice, bounded depth),
`to_request` makes a command or a question of its members, and `read_call`
reads what goes with any command.
"""

import json
import re
import unicodedata
from collections.abc import Callable, Generator, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, TypeVar, cast

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from cora.kernel.errors import InvalidRequestError, Violation, pointer, told
from cora.kernel.execute import Call
from cora.kernel.principal import Principal
from cora.kernel.when import When
from cora.kernel.wrong_values import what_is_wrong

M = TypeVar("M", bound=BaseModel)

MAXIMUM_BODY = 1024 * 1024
"""Bytes of a request's body."""
MAXIMUM_DEPTH = 64
"""Levels of arrays and objects inside each other."""
EARLIEST = datetime(1900, 1, 1, tzinfo=UTC)
"""Nothing that is recorded occurred before."""

INTEGERS = range(-(2**63), 2**63)
# The database writes numbers out, digit by digit: 1e308 would come back as 309 of them.
SMALLEST, LARGEST = 1e-64, 1e64

IDEMPOTENCY_KEY = "Idempotency-Key"
OCCURRED_AT = "Occurred-At"
ON_BEHALF_OF = "On-Behalf-Of"
IF_MATCH = "If-Match"
DRY_RUN = "dry_run"
CALL_OPTIONS = (IDEMPOTENCY_KEY, OCCURRED_AT, ON_BEHALF_OF, IF_MATCH, DRY_RUN)
"""What goes with any command, by its name on every surface."""

AS_OF = "as_of"
TRUE_AT = "true_at"
WHEN_OPTIONS = (AS_OF, TRUE_AT)
"""What goes with any question about what is recorded: the moment it is about."""


def argument(option: str) -> str:
    """The name of an option where it is an argument among others: `idempotency_key` for `Idempotency-Key`."""
    return option.lower().replace("-", "_")


# Control characters (but tab and line ends), lone surrogates and the two
# non-characters: Postgres, XML or the marks of moment.py could not hold them.
_UNFIT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
_MOMENT = re.compile(r"(?a:\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(:\d\d(\.\d{1,9})?)?([Zz]|[+-]\d\d:\d\d))")
_VERSION = re.compile(r'"(?a:\d{1,18})"')
_POSITION = re.compile(r"(?a:\d{1,18})")
_KEY = re.compile(r"[\x21-\x7e]{1,200}")
# Each is an object of its own before the first of them is told.
_MOST_EXAMINED = 20_000
_BEYOND_RANGE = f"is a number beyond range: it must be 0, or from {SMALLEST} to {LARGEST} in size"


class _Unfit:
    """Stands in a parsed value for something that cannot be kept."""

    __slots__ = ("why",)

    def __init__(self, why: str) -> None:
        self.why = why


class _Gathering:
    def __init__(self, errors: list[Violation]) -> None:
        self._errors = errors

    def __enter__(self) -> None:
        return None

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> bool:
        if isinstance(error, InvalidRequestError):
            self._errors.extend(error.errors)
            return True
        return False


def gathering(errors: list[Violation]) -> _Gathering:
    """Gather the violations of one step instead of raising them, so that the next one can report its own too."""
    return _Gathering(errors)


def invalid(errors: Iterable[Violation]) -> InvalidRequestError:
    """The refusal for some violations. They are looked at no longer than it takes to tell them."""
    return InvalidRequestError(told(errors))


def read_json(body: bytes) -> Any:
    """The JSON value of a body, fit to be kept; an empty body is an empty object."""
    if not body:
        return {}
    try:
        value = json.loads(
            body.decode(),
            object_pairs_hook=_object,
            parse_int=_integer,
            parse_float=_number,
            parse_constant=lambda name: _Unfit(f"{name} is not a JSON number"),
        )
    except UnicodeDecodeError as error:
        raise invalid([Violation("", f"is not UTF-8 at byte {error.start}")]) from None
    except RecursionError:
        raise invalid([Violation("", f"is nested deeper than {MAXIMUM_DEPTH} levels")]) from None
    except ValueError as error:
        raise invalid([Violation("", f"is not JSON: {error}")]) from None
    require_fit(value)
    return value


def read_number(text: str) -> int | float:
    """A number as JSON and YAML write it. Raises `ValueError` when it cannot be kept."""
    number = _number(text) if re.search("[.eE]", text) else _integer(text)
    if why := why_unfit(number):
        raise ValueError(f"{text} {why}")
    return cast("int | float", number)


def require_fit(value: Any) -> None:
    """Raises `InvalidRequestError` unless a JSON value can be kept: its texts, numbers, keys and depth."""
    if not _is_fit(value):
        raise invalid(_unfit_parts(value))


def to_request(model: type[M], members: Any, *, strict: bool = True) -> M:
    """The command or question with these members.

    `strict` takes members as JSON has them (a number is not the text of one);
    without it they may all be text, as in a query string or on a command line.
    """
    if not isinstance(members, dict):
        raise invalid([Violation("", "must be a JSON object")])
    try:
        return model.model_validate_json(json.dumps(members), strict=strict)
    except ValidationError as error:
        if error.error_count() > _MOST_EXAMINED:
            raise invalid([Violation("", f"has {error.error_count():,} violations, too many to be told")]) from None
        found = error.errors(include_url=False, include_input=False)
        raise invalid(_violation(each, cast("dict[str, Any]", members)) for each in found) from None


def read_call(principal: Principal, via: str, request_id: str, options: Mapping[str, str | None]) -> Call:
    """What goes with any command, from its options as text (`CALL_OPTIONS`); one left out may be None."""
    read = _Options(options)
    call = Call(
        principal=principal,
        via=via,
        request_id=request_id,
        on_behalf_of=read(ON_BEHALF_OF, _person),
        occurred_at=read(OCCURRED_AT, read_moment),
        idempotency_key=read(IDEMPOTENCY_KEY, _idempotency_key),
        if_match=read(IF_MATCH, _expected_version),
        dry_run=bool(read(DRY_RUN, _yes_or_no)),
    )
    read.require_none_wrong()
    return call


def read_when(options: Mapping[str, str | None]) -> When:
    """Which moment a question is about, from its options as text (`WHEN_OPTIONS`); one left out may be None."""
    read = _Options(options)
    when = When(read(AS_OF, read_moment_or_position), read(TRUE_AT, read_moment))
    read.require_none_wrong()
    return when


class _Options:
    """Reads options, and gathers what is wrong with them."""

    def __init__(self, options: Mapping[str, str | None]) -> None:
        self._options = options
        self._errors: list[Violation] = []

    def __call__(self, name: str, how: Callable[[str], Any]) -> Any:
        text = self._options.get(name)
        if text is None:
            return None
        try:
            return how(text)
        except ValueError as error:
            self._errors.append(Violation(f"/{name}", str(error)))
            return None

    def require_none_wrong(self) -> None:
        """Raises `InvalidRequestError` with all that was wrong."""
        if self._errors:
            raise invalid(self._errors)


def read_moment(text: str) -> datetime:
    """An RFC 3339 time with its offset, in UTC. Raises `ValueError`, as do the other readers of one text."""
    says = "must be a time with its offset, such as 2026-05-03T14:00:00Z"
    if not _MOMENT.fullmatch(text):
        is_plus_lost = _MOMENT.fullmatch("+".join(text.rsplit(" ", 1)))
        raise ValueError(f"{says}; in an address + is written %2B" if is_plus_lost else says)
    try:
        moment = datetime.fromisoformat(text.upper()).astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError(says) from None
    if moment < EARLIEST:
        raise ValueError("must not lie before 1900")
    return moment


def read_position(text: str) -> int:
    """A position of the log."""
    if not _POSITION.fullmatch(text):
        raise ValueError("must be a position of the log, a whole number")
    return int(text)


def read_moment_or_position(text: str) -> datetime | int:
    """A time, or a position of the log."""
    if _POSITION.fullmatch(text):
        return int(text)
    try:
        return read_moment(text)
    except ValueError as error:
        raise ValueError(f"{error}, or a position of the log") from None


def _person(text: str) -> str:
    text = unicodedata.normalize("NFC", text.strip())
    if not 1 <= len(text) <= 200 or _UNFIT.search(text) or not text.isprintable():
        raise ValueError("must be 1 to 200 printable characters")
    return text


def _idempotency_key(text: str) -> str:
    if not _KEY.fullmatch(text):
        raise ValueError("must be 1 to 200 visible ASCII characters")
    return text


def _expected_version(text: str) -> int | None:
    if text == "*":
        return None
    if not _VERSION.fullmatch(text):
        raise ValueError('must be the ETag of one version, such as "3", or *; weak tags cannot match')
    return int(text[1:-1])


def _yes_or_no(text: str) -> bool:
    if text not in ("true", "false"):
        raise ValueError("must be true or false")
    return text == "true"


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                result[key] = _Unfit("is given twice")
            seen.add(key)
    return result


def _integer(text: str) -> int | _Unfit:
    if len(text) <= 20:
        number = int(text)
        if number in INTEGERS:
            return number
    return _Unfit("is an integer beyond 64 bits")


def _number(text: str) -> float | _Unfit:
    number = float(text)
    if number == 0 and re.search("[1-9]", re.split("[eE]", text)[0]):
        return _Unfit(_BEYOND_RANGE)
    return number


def _is_fit(value: Any) -> bool:
    """Whether there is nothing unfit in a value; level by level, without keeping track of places."""
    level: list[Any] = [value]
    for depth in range(MAXIMUM_DEPTH + 1):
        below: list[Any] = []
        for item in level:
            if isinstance(item, dict | list):
                if depth == MAXIMUM_DEPTH:
                    return False
                if isinstance(item, dict):
                    members = cast("dict[str, Any]", item)
                    if any(map(_UNFIT.search, members)):
                        return False
                    below += members.values()
                else:
                    below += cast("list[Any]", item)
            elif why_unfit(item) is not None:
                return False
        if not below:
            return True
        level = below
    return False


def _unfit_parts(value: Any) -> Generator[Violation]:
    """What is unfit in a value. Without recursion: how deep the value goes is up to whoever sent it."""
    waiting: list[tuple[Any, tuple[str | int, ...]]] = [(value, ())]
    while waiting:
        inside, path = waiting.pop()
        items: Iterable[tuple[str | int, Any]]
        if isinstance(inside, dict):
            items = cast("dict[str, Any]", inside).items()
            for key in cast("dict[str, Any]", inside):
                if _UNFIT.search(key):
                    yield Violation(pointer(path), f"has a key with a character that cannot be kept: {key!a}")
        elif isinstance(inside, list):
            items = enumerate(cast("list[Any]", inside))
        else:
            if why := why_unfit(inside):
                yield Violation(pointer(path), why)
            continue
        if len(path) >= MAXIMUM_DEPTH:
            yield Violation("", f"is nested deeper than {MAXIMUM_DEPTH} levels")
            return
        waiting += [(item, (*path, key)) for key, item in items][::-1]


def why_unfit(leaf: Any) -> str | None:
    """Why a text, a number or what else is no list or object cannot be kept; None when it can."""
    if isinstance(leaf, str):
        found = _UNFIT.search(leaf)
        return f"has a character that cannot be kept: U+{ord(found[0]):04X}" if found else None
    if isinstance(leaf, _Unfit):
        return leaf.why
    if isinstance(leaf, int):
        return None if leaf in INTEGERS else "is an integer beyond 64 bits"
    if isinstance(leaf, float):
        return None if not leaf or SMALLEST <= abs(leaf) <= LARGEST else _BEYOND_RANGE
    return None if leaf is None else "is not a JSON value"


def _violation(error: ErrorDetails, members: dict[str, Any]) -> Violation:
    """A complaint of Pydantic, at the place in the members: it also names the alternatives of a union on the way."""
    steps: list[str | int] = []
    inside: Any = members
    for step in error["loc"]:
        if isinstance(inside, dict) and step in inside:
            inside = cast("dict[Any, Any]", inside)[step]
        elif isinstance(inside, list) and isinstance(step, int) and step < len(cast("list[Any]", inside)):
            inside = cast("list[Any]", inside)[step]
        elif not (error["type"] == "missing" and step == error["loc"][-1]):
            continue
        steps.append(step)
    return Violation(pointer(steps), what_is_wrong(error))
