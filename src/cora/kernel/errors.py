"""What can be refused, and how a refusal names itself.

    Refusal
        UnauthenticatedError       401
        ForbiddenError             403
        NotFoundError              404   <Kind>NotFoundError of each aggregate
        MethodNotAllowedError      405
        ConflictError              409   most refusals of the domain
            ConcurrencyConflictError
            IdTakenError
            OccurredBeforeLastFactError
            RecordTooLargeError
        PreconditionFailedError    412
        TooLargeError              413
        AnswersTooLargeError       413
        UnsupportedMediaTypeError  415
        InvalidError               422   rules that a request breaks by itself
            InvalidRequestError          every violation, each with its place
            IdempotencyKeyReusedError
            OccurredInFutureError
            UnstorableError              a value that the database cannot hold
        AuthorityError             502   an outside authority failed
        OverloadedError            503   with Retry-After

A refusal is declared as a dataclass: its fields are its typed members, its
docstring is its title, `says` is the sentence a person reads.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from functools import cache
from itertools import islice
from typing import Any, ClassVar, Self, cast
from uuid import UUID

PROBLEM_TYPE = "https://cora.invalid/problems/"

MAXIMUM_VIOLATIONS = 1000
"""How many violations a refusal tells at most."""
LONGEST_TOLD = 1000
"""Characters that are told of one value: a key or a text may be as long as a request."""
# Told in short, long ones may all be alike.
_MOST_LOOKED_AT = 4 * MAXIMUM_VIOLATIONS


@dataclass(eq=False)
class Refusal(Exception):
    """The request is refused."""

    status: ClassVar[int] = 400
    says: ClassVar[str] = "The request is refused."
    _place = None
    _is_of_the_past = False

    @property
    def place(self) -> str | None:
        """Which part of the request is refused, as an RFC 6901 pointer; None: all of it."""
        return self._place

    def at(self, place: str) -> Self:
        """This refusal, of a part of the request."""
        self._place = place
        return self

    def then(self) -> Self:
        """This refusal, of a question about a moment in the past."""
        self._is_of_the_past = True
        return self

    def __str__(self) -> str:
        return self.detail()

    @classmethod
    def code(cls) -> str:
        """The stable name of this refusal: the class name without `Error`."""
        return cls.__name__.removesuffix("Error")

    @classmethod
    def title(cls) -> str:
        """One sentence that is the same for every refusal of this kind."""
        return (cls.__doc__ or cls.code()).strip().splitlines()[0]

    def detail(self) -> str:
        """What is wrong here and what to do first."""
        told = self.says.format(**{name: _shown(value) for name, value in self.members().items()})
        return f"{told} The question is about a moment in the past." if self._is_of_the_past else told

    def members(self) -> dict[str, Any]:
        """The typed members: the offending ids and values."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    def headers(self) -> Mapping[str, str]:
        """Headers that go with this refusal over HTTP."""
        return {}


def _shown(value: Any) -> Any:
    return ", ".join(map(str, cast("tuple[Any, ...]", value))) if isinstance(value, tuple) else value


@dataclass(eq=False)
class UnauthenticatedError(Refusal):
    """A valid bearer token is required."""

    status = 401
    says = "Send a valid token as 'Authorization: Bearer <token>'."

    def headers(self) -> Mapping[str, str]:
        return {"WWW-Authenticate": "Bearer"}


@dataclass(eq=False)
class ForbiddenError(Refusal):
    """The role of the caller does not allow this."""

    status = 403
    says = "This needs the role {needed}; the token has the role {role}."
    needed: str
    role: str


@dataclass(eq=False)
class NotFoundError(Refusal):
    """There is no such record. `id` is what it was asked by: its id, or a natural key."""

    status = 404
    says = "There is no record {id}."
    id: UUID | str


@dataclass(eq=False)
class UnknownPathError(Refusal):
    """There is nothing at this path."""

    status = 404
    says = "There is nothing at {path}. The routes are listed at /docs."
    path: str


@dataclass(eq=False)
class MethodNotAllowedError(Refusal):
    """The path exists, but not with this method."""

    status = 405
    says = "{path} does not take {method}; it takes {allowed}."
    path: str
    method: str
    allowed: str

    def headers(self) -> Mapping[str, str]:
        return {"Allow": self.allowed}


@dataclass(eq=False)
class ConflictError(Refusal):
    """The request conflicts with what is recorded."""

    status = 409


@dataclass(eq=False)
class ConcurrencyConflictError(ConflictError):
    """The record was too busy for this command."""

    says = "Too many changes happened at once; send the command again."


@dataclass(eq=False)
class IdTakenError(ConflictError):
    """The id brought along is used already."""

    says = "The id {id} belongs to a record already; bring another or leave it out."
    id: UUID


@dataclass(eq=False)
class OccurredBeforeLastFactError(ConflictError):
    """The time lies before what is known to have happened later."""

    says = "Record {id} has a fact of {last_occurred_at}; occurred_at must not lie before it."
    id: UUID
    last_occurred_at: datetime


@dataclass(eq=False)
class RecordTooLargeError(ConflictError):
    """The record would grow too large."""

    says = "Record {id} would have more than {limit} characters; take something out of it first."
    id: UUID
    limit: int


@dataclass(eq=False)
class PreconditionFailedError(Refusal):
    """The record has moved on since it was read."""

    status = 412
    says = "If-Match asks for version {expected}, the record has version {version}; read it again."
    expected: str
    version: int


@dataclass(eq=False)
class TooLargeError(Refusal):
    """The request is too large."""

    status = 413
    says = "A request may have at most {limit} bytes."
    limit: int


@dataclass(eq=False)
class AnswersTooLargeError(Refusal):
    """The answers to one batch would be too large."""

    status = 413
    says = (
        "The commands before this one are answered with more than {limit} characters; send the rest in another batch."
    )
    limit: int


@dataclass(eq=False)
class UnsupportedMediaTypeError(Refusal):
    """The content type is not understood."""

    status = 415
    says = "Send the body as application/json, not as {content_type}."
    content_type: str


@dataclass(eq=False)
class InvalidError(Refusal):
    """The request breaks a rule by itself."""

    status = 422


@dataclass(frozen=True)
class Violation:
    """One thing that is wrong, and where: an RFC 6901 pointer into the request."""

    pointer: str
    detail: str


def pointer(steps: Iterable[str | int]) -> str:
    """Steps into a JSON value as an RFC 6901 pointer."""
    return "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in steps)


def told(errors: Iterable[Violation]) -> tuple[Violation, ...]:
    """Violations as a refusal tells them: each once, none at any length, and not without end."""
    shown: dict[Violation, None] = {}
    for looked_at, each in enumerate(errors, 1):
        shown[Violation(_short(each.pointer), _short(each.detail))] = None
        if len(shown) > MAXIMUM_VIOLATIONS or looked_at > _MOST_LOOKED_AT:
            return (*islice(shown, MAXIMUM_VIOLATIONS), Violation("", "and further violations"))
    return tuple(shown)


def _short(text: str) -> str:
    return text if len(text) <= LONGEST_TOLD else f"{text[:LONGEST_TOLD]}..."


@dataclass(eq=False)
class InvalidRequestError(InvalidError):
    """The request is not of the right shape."""

    errors: tuple[Violation, ...]

    def __post_init__(self) -> None:
        self.errors = told(self.errors)

    def detail(self) -> str:
        return "; ".join(f"{e.pointer or 'request'}: {e.detail}" for e in self.errors[:5])


@dataclass(eq=False)
class IdempotencyKeyReusedError(InvalidError):
    """The idempotency key was used for another request."""

    says = "The Idempotency-Key was used with another command, path or body; use a new key."


@dataclass(eq=False)
class OccurredInFutureError(InvalidError):
    """Nothing can be recorded before it has happened."""

    says = "occurred_at {occurred_at} lies in the future (it is {now})."
    occurred_at: datetime
    now: datetime


@dataclass(eq=False)
class UnstorableError(InvalidError):
    """The database cannot hold a value of this request."""

    says = "A value of this request cannot be stored; look for unusual characters or numbers."


@dataclass(eq=False)
class AuthorityError(Refusal):
    """An outside authority failed."""

    status = 502


@dataclass(eq=False)
class OverloadedError(Refusal):
    """The server has too much to do."""

    status = 503
    says = "The server is overloaded; try again in {retry_after} s."
    retry_after: int = 1
    _why = None

    @property
    def why(self) -> str:
        """What there is too much of, in words."""
        return self._why or "the server is overloaded"

    def because(self, why: str) -> Self:
        """This refusal, with what there is too much of."""
        self._why = why
        return self

    def detail(self) -> str:
        return super().detail() if self._why is None else f"{self._why}; try again in {self.retry_after} s."

    def headers(self) -> Mapping[str, str]:
        return {"Retry-After": str(self.retry_after)}


@cache
def member_types(refusal: type[Refusal]) -> Mapping[str, Any]:
    """The names and types of the members of a refusal, for its documentation."""
    return {field.name: field.type for field in fields(refusal)}
