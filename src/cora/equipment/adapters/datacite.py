"""DataCite: DOIs by its REST API, registered so that a lost answer never makes a second one.

cora chooses the whole DOI and keeps it before anything is sent. `PUT /dois/{doi}`
creates or updates, so the same request may be sent again (DataCite REST API, 3.8
of the reference). Whatever is in doubt is read back; a record of somebody else is never
written over.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import urlsplit

import httpx

from cora.equipment.adapters.authority_web import (
    PAUSES,
    Answer,
    AuthorityWeb,
    NoAnswerError,
    failed_before,
    following,
    object_of,
    objects_of,
    path_of,
)
from cora.equipment.adapters.budget import CallBudget
from cora.equipment.adapters.datacite_answers import errors_of, held_of, is_taken, next_cursor
from cora.equipment.adapters.datacite_changed import changed_attributes
from cora.equipment.pidinst.forms.form import Loss
from cora.equipment.ports.authorities import DATACITE_TEST_HOST, DataciteAccount
from cora.equipment.ports.doi_minter import (
    Held,
    HeldPage,
    HeldState,
    Minted,
    MintFailedError,
    MintRequest,
    Preview,
    listed,
)
from cora.equipment.values import IdentifierScheme, PersistentIdentifier


@dataclass(frozen=True)
class Metadata:
    """What DataCite is told of a record: `attributes` of the REST API, what its schema says against them, what they
    have no place for."""

    attributes: Mapping[str, Any]
    problems: tuple[str, ...] = ()
    loss: tuple[Loss, ...] = ()


Describe = Callable[[MintRequest], Metadata]
"""The metadata of a request."""

Transition = Literal["publish", "hide"]

PAGE_SIZE = 100
MOST_TOLD = 5

_DOI = IdentifierScheme.DOI
_SETTINGS = "CORA_DATACITE_REPOSITORY and CORA_DATACITE_PASSWORD or CORA_DATACITE_API_KEY"


class Datacite:
    """A repository of DataCite as an authority for DOIs."""

    def __init__(
        self,
        account: DataciteAccount,
        client: httpx.AsyncClient,
        budget: CallBudget,
        describe: Describe,
        *,
        secrets: Sequence[str] = (),
        pauses: Sequence[float] = PAUSES,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._repository = account.repository
        self._prefix = account.prefix
        self._is_test = urlsplit(account.url).hostname == DATACITE_TEST_HOST
        self._describe = describe
        self._web = AuthorityWeb(
            "DataCite",
            client,
            budget,
            errors_of,
            settings=_SETTINGS,
            secrets=secrets,
            pauses=pauses,
            sleep=sleep,
        )

    @property
    def test(self) -> bool:
        """Whether this is DataCite's test system, whose DOIs do not resolve at doi.org."""
        return self._is_test

    @property
    def schemes(self) -> Set[str]:
        """DOI."""
        return frozenset({_DOI})

    def make_value(self, scheme: str, suffix: str) -> str:
        """`<prefix>/<suffix>`."""
        return f"{self._prefix}/{suffix}"

    def preview(self, request: MintRequest) -> Preview:
        """The body of the `PUT` that creates the DOI."""
        told = self._describe(request)
        return Preview(_body(request, told, "publish" if request.publish else None), told.problems, told.loss)

    def changed(self, request: MintRequest, held: Held) -> Sequence[str]:
        """The attributes of the REST API that differ."""
        sent = _body(request, self._describe(request), None)["data"]["attributes"]
        return changed_attributes(sent, object_of(held.metadata))

    async def mint(self, request: MintRequest) -> Minted:
        """Create the DOI with its metadata, findable or as a draft; or find that this was done."""
        held = await self.look(request.identifier)
        self._require(held, lambda it: it.is_for(request.url))
        if held is not None and _is_there(held, None if not request.publish else HeldState.FINDABLE):
            return Minted(request.identifier, held.state, found=True)
        transition = "publish" if request.publish else None
        return await self._put(request, transition, held, lambda it: it.is_for(request.url))

    async def publish(self, request: MintRequest) -> Minted:
        """Make it findable."""
        held = await self.look(request.identifier)
        self._require(held, lambda it: it.is_for(request.url))
        return await self._put(request, "publish", held, lambda it: it.is_for(request.url))

    async def push(self, request: MintRequest) -> Minted:
        """Send URL and metadata, without a transition."""
        held = self._require_held(await self.look(request.identifier))
        return await self._put(request, None, held, lambda it: it.ours)

    async def hide(self, request: MintRequest) -> Minted:
        """Make it registered: it resolves to its landing page and is found no more."""
        held = self._require_held(await self.look(request.identifier))
        if held.state in (HeldState.DRAFT, HeldState.REGISTERED):
            return Minted(request.identifier, held.state, found=True)
        return await self._put(request, "hide", held, lambda it: it.ours)

    async def look(self, identifier: PersistentIdentifier) -> Held | None:
        """Read a single DOI, straight from DataCite's database."""
        path = f"/dois/{path_of(identifier.value)}"
        # Without it the publisher is its name alone.
        query = [("publisher", "true")]
        answer = await self._web.ask("GET", path, query=query, is_understood=lambda it: self._is_about(it, identifier))
        if answer.status == 404:
            return None
        held = held_of(answer.members.get("data"), self._repository)
        if held is None:
            raise self._web.failure(answer)
        return held

    def list(self, scheme: str) -> AsyncIterator[Held]:
        """All DOIs of our repository under our prefix."""
        return listed(self, scheme)

    async def list_from(self, scheme: str, cursor: str | None) -> HeldPage:
        """The same by pages of DataCite's search index, which lags behind."""
        if scheme not in self.schemes:
            return HeldPage(())
        query = [
            ("client-id", self._repository.lower()),
            ("prefix", self._prefix),
            ("page[cursor]", cursor or "1"),
            ("page[size]", str(PAGE_SIZE)),
            ("disable-facets", "true"),
        ]
        answer = await self._web.ask("GET", "/dois", query=query, is_understood=lambda it: bool(it.members))
        records = answer.members.get("data")
        if not answer.is_success or not isinstance(records, list):
            raise self._web.failure(answer, retryable=answer.is_success or None)
        found = (held_of(record, self._repository) for record in objects_of(records))
        return HeldPage(
            tuple(held for held in found if held is not None and held.ours), next_cursor(answer) if records else None
        )

    async def _put(
        self, request: MintRequest, transition: Transition | None, before: Held | None, is_ours: Callable[[Held], bool]
    ) -> Minted:
        """Send the request until DataCite says, or shows, that it is done.

        Between two tries the record is read, so that whoever was faster is not written over.
        """
        wanted = {"publish": HeldState.FINDABLE, "hide": HeldState.REGISTERED, None: None}[transition]
        told = self._describe(request)
        if told.problems:
            wrong = "; ".join(told.problems[:MOST_TOLD])
            reason = f"the metadata is not valid by the schema of DataCite 4.7: {wrong}"
            raise MintFailedError(reason, retryable=False)
        body = _body(request, told, transition)
        failure: MintFailedError = self._web.not_asked()
        for pause in (*self._web.pauses, None):
            try:
                with failed_before(failure):
                    answer = await self._web.send("PUT", f"/dois/{path_of(request.identifier.value)}", body=body)
            except NoAnswerError as lost:
                failure = following(failure, lost.failure)
            else:
                if answer.is_success:
                    held = held_of(answer.members.get("data"), self._repository)
                    if held is not None and self._is_done(held, request, wanted):
                        return Minted(request.identifier, held.state)
                    failure = following(failure, self._unfinished(held, answer))
                else:
                    failure = following(failure, self._web.failure(answer, retryable=is_taken(answer) or None))
                    if not failure.retryable or answer.ends_it:
                        raise failure
            if pause is not None:
                await self._web.sleep(pause)
            with failed_before(failure):
                held = await self.look(request.identifier)
            self._require(held, is_ours)
            if held is not None and _shows(before, wanted) and self._is_done(held, request, wanted):
                return Minted(request.identifier, held.state, found=True)
        raise failure

    def _is_about(self, answer: Answer, identifier: PersistentIdentifier) -> bool:
        """Whether this is the record of the DOI, or an error in DataCite's own form: a gateway has others."""
        if not answer.is_success:
            return "errors" in answer.members
        held = held_of(answer.members.get("data"), self._repository)
        return held is not None and held.identifier.key == identifier.key

    def _is_done(self, held: Held, request: MintRequest, wanted: HeldState | None) -> bool:
        return held.identifier.key == request.identifier.key and held.is_for(request.url) and _is_there(held, wanted)

    def _unfinished(self, held: Held | None, answer: Answer) -> MintFailedError:
        if held is None:
            reason = f"DataCite answered {answer.status} with something else than the DOI"
        elif held.state is not HeldState.DRAFT and not held.resolves:
            reason = "DataCite has kept the DOI, but it is not known to the resolver yet"
        else:
            reason = f"DataCite has kept the DOI as {held.state}, leading to {held.url}"
        return MintFailedError(self._web.redacted(reason), retryable=True, retry_after=answer.retry_after)

    def _require(self, held: Held | None, is_ours: Callable[[Held], bool]) -> None:
        """Raises `MintFailedError` for what somebody else has registered, in this repository or another."""
        if held is None or is_ours(held):
            return
        whose = "leads elsewhere already" if held.ours else "belongs to another repository"
        raise MintFailedError(f"the DOI {held.identifier.value} {whose}", retryable=False)

    def _require_held(self, held: Held | None) -> Held:
        if held is None:
            raise MintFailedError("DataCite holds no such DOI", retryable=False)
        self._require(held, lambda it: it.ours)
        return held


def _body(request: MintRequest, told: Metadata, transition: Transition | None) -> dict[str, Any]:
    attributes: dict[str, Any] = {"doi": request.identifier.value, "url": request.url}
    if transition is not None:
        attributes["event"] = transition
    return {"data": {"type": "dois", "attributes": {**told.attributes, **attributes}}}


def _is_there(held: Held, wanted: HeldState | None) -> bool:
    """Whether it is in the state that is wanted, and the resolver knows it; without a state, in any."""
    return (held.state is wanted or wanted is None) and (held.resolves or held.state is HeldState.DRAFT)


def _shows(before: Held | None, wanted: HeldState | None) -> bool:
    """Whether the state alone tells that a request was carried out: DataCite does all of it at once, or nothing.

    It does not where the record was in that state before: then only an answer tells.
    """
    if before is None:
        return True
    return wanted is not None and (before.state is not wanted or not before.resolves)
