"""What comes in and goes out, as plain values: the surface speaks ASGI without a framework on the way of a request."""

import re
from collections.abc import AsyncGenerator, Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qsl

from pydantic_core import to_json
from starlette.types import Receive

from cora.kernel.errors import Refusal, TooLargeError, UnsupportedMediaTypeError, Violation
from cora.kernel.principal import ANONYMOUS, Principal
from cora.kernel.problem import internal_problem, problem
from cora.kernel.requests import MAXIMUM_BODY, invalid, require_fit

Headers = list[tuple[bytes, bytes]]

JSON = b"application/json"
MERGE_PATCH = b"application/merge-patch+json"
PROBLEM = b"application/problem+json"
EVENT_STREAM = b"text/event-stream"
CSV = b"text/csv"
XLSX = b"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

FRESH = (b"cache-control", b"private, no-cache")
"""The header of what a record holds: that is for its reader, and may have moved on by the next look."""

MAXIMUM_QUERY_FIELDS = 500

_QUALITY = re.compile(rb"[01](?:\.[0-9]{0,3})?")


class ClientGoneError(Exception):
    """The client has closed the connection; nobody waits for an answer."""


@dataclass(slots=True)
class Request:
    """A request on its way to its endpoint. `values` are the parts of the path that its template names."""

    method: str
    path: str
    headers: dict[bytes, bytes]
    repeated: frozenset[bytes]
    query_string: bytes
    receive: Receive
    request_id: str
    values: tuple[str, ...] = ()
    principal: Principal = ANONYMOUS

    def header(self, name: str) -> str | None:
        """The one value of a header. Raises `InvalidRequestError` when there are several, or when it is not text."""
        key = name.lower().encode()
        value = self.headers.get(key)
        if value is None:
            return None
        if key in self.repeated:
            raise invalid([Violation(f"/{name}", "is given twice")])
        try:
            return value.decode()
        except UnicodeDecodeError:
            raise invalid([Violation(f"/{name}", "is not UTF-8")]) from None

    def accepts(self, media_type: bytes) -> bool:
        """Whether the client names this very type as one it takes."""
        given = self.headers.get(b"accept", b"").lower().split(b",")
        return any(each.partition(b";")[0].strip() == media_type for each in given)

    def preferred(self, *offered: bytes) -> bytes:
        """The media type that the client likes best: by its `q`, then the one it names more exactly, then the earlier.

        The first, when it takes none of them.
        """
        return _preferred(self.headers.get(b"accept", b"*/*"), offered)

    def query(self) -> dict[str, list[str]]:
        """The query parameters, each with its values. Raises `InvalidRequestError` when they cannot be read."""
        if not self.query_string:
            return {}
        try:
            pairs = parse_qsl(
                self.query_string.decode("ascii"),
                keep_blank_values=True,
                errors="strict",
                max_num_fields=MAXIMUM_QUERY_FIELDS,
            )
        except ValueError:
            says = f"must be at most {MAXIMUM_QUERY_FIELDS} parameters, percent-encoded UTF-8"
            raise invalid([Violation("", f"the query {says}")]) from None
        found: dict[str, list[str]] = {}
        for name, value in pairs:
            found.setdefault(name, []).append(value)
        require_fit({name: "".join(values) for name, values in found.items()})
        return found

    async def body(self) -> bytes:
        """The whole body, counted as it comes. Raises `TooLargeError` as soon as it is over the limit."""
        announced = self.headers.get(b"content-length", b"")
        # What is announced may be wrong; it only saves reading what is too large anyway.
        if announced.isdigit() and (len(announced) > 18 or int(announced) > MAXIMUM_BODY):
            raise TooLargeError(MAXIMUM_BODY)
        chunks: list[bytes] = []
        size = 0
        more = True
        while more:
            message = await self.receive()
            if message["type"] == "http.disconnect":
                raise ClientGoneError
            chunk = message.get("body", b"")
            size += len(chunk)
            if size > MAXIMUM_BODY:
                raise TooLargeError(MAXIMUM_BODY)
            chunks.append(chunk)
            more = message.get("more_body", False)
        return chunks[0] if len(chunks) == 1 else b"".join(chunks)

    def require_media_type(self, *accepted: bytes) -> None:
        """Raises `UnsupportedMediaTypeError` unless the body is said to be of one of these types, in UTF-8."""
        given = self.headers.get(b"content-type", b"")
        media_type, _, parameters = given.partition(b";")
        charset = parameters.replace(b" ", b"").replace(b'"', b"").lower()
        is_known = media_type.strip().lower() in accepted and charset in (b"", b"charset=utf-8")
        if not is_known or b"content-type" in self.repeated:
            raise UnsupportedMediaTypeError(given.decode("latin-1")[:100] or "nothing")
        coding = self.headers.get(b"content-encoding", b"identity")
        if coding.strip().lower() != b"identity":
            raise UnsupportedMediaTypeError(f"{given.decode('latin-1')[:100]} in {coding.decode('latin-1')[:50]}")


@dataclass(slots=True)
class Reply:
    """What goes out."""

    status: int
    body: bytes
    media_type: bytes = JSON
    headers: Headers = field(default_factory=Headers)
    stream: AsyncGenerator[bytes] | None = None
    """What goes out piece by piece instead of a body, for as long as there is something."""


def repeated(query: dict[str, list[str]], names: Iterable[str]) -> list[Violation]:
    """The query parameters of these names that are given more than once."""
    return [Violation(f"/{name}", "is given twice") for name in names if len(query.get(name, ())) > 1]


@lru_cache(256)
def _preferred(accept: bytes, offered: tuple[bytes, ...]) -> bytes:
    """Programs send the same few headers again and again."""
    given = [_accepted(each) for each in accept.lower().split(b",")]

    def liking(media_type: bytes) -> tuple[float, int]:
        exact, quality = max((_exactness(pattern, media_type), quality) for pattern, quality in given)
        return (quality, exact) if exact and quality else (0.0, 0)

    return max(offered, key=liking)


def _accepted(text: bytes) -> tuple[bytes, float]:
    """One range of media types of the header `Accept`, and how much it is liked; not at all where that is no number."""
    pattern, *parameters = (part.strip() for part in text.split(b";"))
    quality = next((part[2:].strip() for part in parameters if part.startswith(b"q=")), b"1")
    return pattern, float(quality) if _QUALITY.fullmatch(quality) else 0.0


def _exactness(pattern: bytes, media_type: bytes) -> int:
    """How exactly a range names a media type: 0 where it is another."""
    if pattern == media_type:
        return 3
    if pattern == media_type.partition(b"/")[0] + b"/*":
        return 2
    return 1 if pattern == b"*/*" else 0


def etag(version: int) -> bytes:
    """The entity tag of a version of a record."""
    return b'"%d"' % version


def text_reply(request: Request, text: str, media_type: str) -> Reply:
    """A text as it is, or 304 when the client has it already."""
    body = text.encode()
    tag = b'"%s"' % sha256(body).hexdigest()[:32].encode("ascii")
    headers = [(b"etag", tag), FRESH]
    known = request.headers.get(b"if-none-match", b"").split(b",")
    if any(each.strip().removeprefix(b"W/") in (tag, b"*") for each in known):
        return Reply(304, b"", headers=headers)
    sent_as = f"{media_type}; charset=utf-8" if media_type.startswith("text/") else media_type
    return Reply(200, body, sent_as.encode("ascii"), headers)


def json_reply(value: Any, status: int = 200) -> Reply:
    """A value as JSON."""
    return Reply(status, to_json(value))


def problem_reply(refusal: Refusal, request_id: str) -> Reply:
    """A refusal as problem details."""
    headers = [(name.lower().encode(), value.encode("latin-1", "replace")) for name, value in refusal.headers().items()]
    return Reply(refusal.status, to_json(problem(refusal, request_id)), PROBLEM, headers)


def fault_reply(request_id: str) -> Reply:
    """The answer when the server is at fault."""
    return Reply(500, to_json(internal_problem(request_id)), PROBLEM)
