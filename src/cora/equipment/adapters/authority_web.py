"""Calling an authority over HTTP: to its own host only, within a budget, and with every way to fail told apart."""

import asyncio
import base64
import json
import ssl
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from importlib.metadata import version
from typing import Any, cast
from urllib.parse import quote

import httpx

from cora.equipment.adapters.budget import AT_ONCE, BudgetSpentError, CallBudget, UnansweredError
from cora.equipment.ports.doi_minter import MintFailedError, NotAskedError
from cora.kernel.errors import OverloadedError

# DataCite waits up to 10 s for the handle server before it answers.
TIMEOUT = httpx.Timeout(10.0, read=40.0, write=30.0, pool=30.0)
PATIENCE_SECONDS = 20.0
LARGEST_ANSWER = 8 << 20
LONGEST_REASON = 500
LONGEST_RETRY_AFTER = 3600.0
"""It holds for all processes and over a restart: whoever means longer may say so again after one call in an hour."""
PAUSES = (1.0, 2.0, 4.0)
"""Seconds between the tries of one request. After that it fails, and the workflow tries again later."""

Json = Mapping[str, Any]


class NoAnswerError(Exception):
    """The request or its answer was lost: what was asked may have been done."""

    @property
    def failure(self) -> MintFailedError:
        """The same, where it is not asked again."""
        return MintFailedError(str(self), retryable=True, answered=False)


@dataclass(frozen=True)
class Answer:
    """What an authority answered. `body` is None where it is no JSON, as from a gateway."""

    status: int
    body: Any
    media_type: str
    retry_after: float | None
    etag: str | None = None
    """Of this very content: a weak one is left out, for no request can be bound to it (RFC 9110, 13.1.1)."""

    @property
    def is_success(self) -> bool:
        """Whether the authority says that it did what was asked."""
        return 200 <= self.status < 300

    @property
    def is_passing(self) -> bool:
        """Whether a moment later it may be another one: also where somebody was faster (409, 412)."""
        return self.status in (408, 409, 412, 425, 429) or self.status >= 500

    @property
    def ends_it(self) -> bool:
        """Whether trying again at once would only make it worse: the password is wrong, or we ask too often."""
        return self.status in (401, 429)

    @property
    def members(self) -> Json:
        """The body as a JSON object; an empty one where it is something else."""
        return object_of(self.body)


def object_of(value: Any) -> Json:
    """The value as a JSON object; an empty one where it is something else."""
    return cast("Json", value) if isinstance(value, Mapping) else {}


def objects_of(value: Any) -> list[Json]:
    """The objects of a JSON array; none where it is something else."""
    return [object_of(each) for each in cast("list[Any]", value)] if isinstance(value, list) else []


@asynccontextmanager
async def opened_client(
    url: str,
    *,
    contact: str | None,
    auth: httpx.Auth | None = None,
    headers: Mapping[str, str] | None = None,
    tls: ssl.SSLContext | None = None,
) -> AsyncGenerator[httpx.AsyncClient]:
    """A client for one host: it follows no redirect and takes neither proxies nor passwords from the environment."""
    async with httpx.AsyncClient(
        base_url=url,
        auth=auth,
        headers={"User-Agent": user_agent(contact), "Accept": "application/json", **(headers or {})},
        timeout=TIMEOUT,
        follow_redirects=False,
        trust_env=False,
        verify=tls or ssl.create_default_context(),
        limits=httpx.Limits(max_connections=AT_ONCE, max_keepalive_connections=2, keepalive_expiry=20.0),
    ) as client:
        yield client


def user_agent(contact: str | None) -> str:
    """Who calls, and where one can write to (DataCite REST API, 3.1 of the reference: more calls are granted then)."""
    name = f"cora/{version('cora')}"
    return name if contact is None else f"{name} (mailto:{contact})"


def path_of(identifier: str) -> str:
    """An identifier as a part of a path. Raises `MintFailedError` for one that would lead to another path."""
    if any(part in (".", "..") for part in identifier.split("/")):
        raise MintFailedError("the identifier cannot be written in an address", retryable=False)
    return quote(identifier, safe="/")


@contextmanager
def failed_before(failure: MintFailedError) -> Generator[None]:
    """Another try: where no call is free for it, the failure of the tries before is what the request came to."""
    try:
        yield
    except NotAskedError as not_asked:
        raise (not_asked if isinstance(failure, NotAskedError) else failure) from None
    except MintFailedError as another:
        raise following(failure, another) from None


def following(before: MintFailedError, failure: MintFailedError) -> MintFailedError:
    """The failure of another try: what was lost at one before may still arrive."""
    failure.answered = failure.answered and before.answered
    return failure


class AuthorityWeb:
    """The calls to one authority.

    `name` is told to people, `settings` are what they look at when access fails, `says` reads what
    an answer says is wrong.
    """

    def __init__(
        self,
        name: str,
        client: httpx.AsyncClient,
        budget: CallBudget,
        says: Callable[[Answer], str | None],
        *,
        settings: str,
        secrets: Iterable[str] = (),
        pauses: Sequence[float] = PAUSES,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.name = name
        self.settings = settings
        self.pauses = tuple(pauses)
        self.sleep = sleep
        self._client = client
        self._budget = budget
        self._says = says
        self._secrets = tuple(secret for secret in secrets if secret)

    async def send(
        self,
        method: str,
        path: str,
        *,
        query: Iterable[tuple[str, str]] = (),
        body: Any = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Send a request and read its answer. Raises `NoAnswerError` and, where no call is free, `NotAskedError`."""
        try:
            async with self._budget.call(PATIENCE_SECONDS):
                answer = await self._exchange(method, path, query, body, headers)
        except BudgetSpentError as spent:
            reason = f"{self.name} was called as often as we may; the next call is free in {spent.seconds:.0f} s"
            raise NotAskedError(reason, retry_after=spent.seconds) from None
        except UnansweredError:
            reason = f"{self.name} has not answered earlier calls; this one was not made"
            raise NotAskedError(reason, retry_after=PATIENCE_SECONDS) from None
        except OverloadedError as overloaded:
            reason = f"calls to {self.name} cannot be counted now; this one was not made"
            raise NotAskedError(reason, retry_after=overloaded.retry_after) from overloaded
        except (httpx.TransportError, httpx.DecodingError, TimeoutError) as error:
            raise NoAnswerError(f"{self.name} gave no answer ({type(error).__name__})") from None
        return answer

    async def _exchange(
        self,
        method: str,
        path: str,
        query: Iterable[tuple[str, str]],
        body: Any,
        headers: Mapping[str, str] | None,
    ) -> Answer:
        """One call; what it asks for holds for those that wait before the next of them begins."""
        async with self._client.stream(
            method, path, params=httpx.QueryParams(list(query)), json=body, headers=headers
        ) as response:
            text = await _bounded(response)
        answer = Answer(
            response.status_code,
            _json(text),
            response.headers.get("Content-Type", "").partition(";")[0].strip().lower(),
            retry_after_of(response.headers.get("Retry-After"), datetime.now(UTC)),
            etag if (etag := response.headers.get("ETag", "")).startswith('"') else None,
        )
        if answer.retry_after is not None and answer.status in (429, 503):
            self._budget.hold_off(answer.retry_after)
        return answer

    async def ask(
        self,
        method: str,
        path: str,
        *,
        is_understood: Callable[[Answer], bool],
        query: Iterable[tuple[str, str]] = (),
        body: Any = None,
        headers: Mapping[str, str] | None = None,
        until: int | None = None,
    ) -> Answer:
        """Send what may be done twice, until there is an answer that will not be another one a moment later, or one of
        the status `until`.

        Raises `MintFailedError` when there is none after all tries.
        """
        failure: MintFailedError = self.not_asked()
        query = tuple(query)
        for pause in (0.0, *self.pauses):
            await self.sleep(pause)
            try:
                with failed_before(failure):
                    answer = await self.send(method, path, query=query, body=body, headers=headers)
            except NoAnswerError as lost:
                failure = following(failure, lost.failure)
                continue
            if answer.status == until:
                return answer
            understood = is_understood(answer)
            if understood and not answer.is_passing:
                return answer
            failure = following(failure, self.failure(answer, retryable=None if understood else True))
            if answer.ends_it:
                break
        raise failure

    def not_asked(self) -> NotAskedError:
        """The failure before the first try."""
        return NotAskedError(f"{self.name} was not asked")

    def failure(self, answer: Answer, said: str | None = None, *, retryable: bool | None = None) -> MintFailedError:
        """An answer as a failure, with its reason in words.

        A gateway that waited in vain tells nothing of what the authority does with the request: that is no answer.
        """
        again = answer.is_passing if retryable is None else retryable
        match answer.status:
            case 401:
                # Another password may be set at any time, and the same request succeeds.
                what, again = f"did not accept our credentials; check {self.settings}", True
            case status if 300 <= status < 400:
                what, again = f"answered with a redirect, which is not followed; check {self.settings}", True
            case 429:
                what = "asks for fewer calls"
            case _:
                what = "did not do it"
        told = (
            said
            or self._says(answer)
            or (None if answer.body is not None else f"{answer.media_type or 'nothing'} instead of JSON")
        )
        reason = f"{self.name} {what} (HTTP {answer.status})" + (f": {told}" if told else "")
        return MintFailedError(
            self.redacted(reason),
            retryable=again,
            retry_after=answer.retry_after,
            answered=answer.body is not None or answer.status < 500,
        )

    def redacted(self, text: str) -> str:
        """A text of bounded length in which no secret stands: an authority may repeat what it was sent."""
        for secret in self._secrets:
            text = text.replace(secret, "***")
        text = " ".join(text.split())
        return text if len(text) <= LONGEST_REASON else f"{text[:LONGEST_REASON]}..."


async def _bounded(response: httpx.Response) -> bytes:
    """The body, as far as it is of a sensible size; nothing of one that is larger."""
    found = bytearray()
    async for chunk in response.aiter_bytes():
        found += chunk
        if len(found) > LARGEST_ANSWER:
            return b""
    return bytes(found)


def _json(text: bytes) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def retry_after_of(header: str | None, now: datetime) -> float | None:
    """The seconds that a `Retry-After` asks for, given as a number or as a date (RFC 9110, 10.2.3)."""
    if header is None:
        return None
    try:
        seconds = float(header) if header.strip().isdecimal() else (_date(header) - now).total_seconds()
    except ValueError:
        return None
    return min(max(seconds, 0.0), LONGEST_RETRY_AFTER)


def _date(text: str) -> datetime:
    found = parsedate_to_datetime(text)
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def basic(user: str, secret: str) -> tuple[httpx.BasicAuth, tuple[str, str]]:
    """Basic authentication, and the forms in which its secret travels."""
    return httpx.BasicAuth(user, secret), (secret, base64.b64encode(f"{user}:{secret}".encode()).decode())
