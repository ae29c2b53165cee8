"""Handles by the API of ePIC (4.2 of the reference), as GWDG and others offer it.

`PUT` with `If-None-Match: *` creates and never replaces. Without it the whole Handle is replaced,
so what others have written there is read first and sent along, bound to what was read where the
server tells an ETag.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, NamedTuple, cast

import httpx

from cora.equipment.adapters.authority_web import PAUSES, Answer, AuthorityWeb, Json, objects_of, path_of
from cora.equipment.adapters.budget import CallBudget
from cora.equipment.adapters.handle_prefix import HandlePrefix
from cora.equipment.adapters.handle_values import (
    held_handle,
    held_of_names,
    pidinst_types,
    property_of,
    register_once,
    same_data,
    untold_by,
    values_of,
)
from cora.equipment.ports.authorities import HandleAccount
from cora.equipment.ports.doi_minter import (
    Held,
    HeldPage,
    Minted,
    MintFailedError,
    MintRequest,
    Preview,
)
from cora.equipment.values import PersistentIdentifier

# Each Handle of a page is read by itself.
PAGE_SIZE = 20

_SETTINGS = "CORA_HANDLE_USER and CORA_HANDLE_SECRET"
_CREATE_ONLY = {"If-None-Match": "*"}
_CHANGED = 412


class EpicServer(HandlePrefix):
    """A Handle prefix of ePIC as an authority."""

    def __init__(
        self,
        account: HandleAccount,
        client: httpx.AsyncClient,
        budget: CallBudget,
        *,
        secrets: Sequence[str] = (),
        pauses: Sequence[float] = PAUSES,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        super().__init__(account)
        self._web = AuthorityWeb(
            "ePIC", client, budget, said, settings=_SETTINGS, secrets=secrets, pauses=pauses, sleep=sleep
        )

    def preview(self, request: MintRequest) -> Preview:
        """The body of the `PUT` that creates the Handle; ePIC adds who administers it."""
        return Preview(self._values(request), loss=untold_by(self._account, request.record))

    def changed(self, request: MintRequest, held: Held) -> Sequence[str]:
        """The types of our values of which ePIC has others; values of other types are not ours."""
        sent = {each.type: each.data for each in values_of(request, self._account)}
        found: dict[str, list[Any]] = {type: [] for type in sent}
        for each in objects_of(held.metadata):
            found.setdefault(str(each.get("type")), []).append(each.get(_data_name(each)))
        changed = (
            type
            for type, data in found.items()
            if self._is_ours(type) and not _is_admin(type) and not _is_alone(sent.get(type), data)
        )
        return [property_of(type, self._account.pidinst_types) for type in sorted(changed)]

    async def mint(self, request: MintRequest) -> Minted:
        """Create the Handle, or find that it leads to this URL already. It is public from then on."""
        return await register_once(
            request,
            self._web,
            send=lambda: self._web.send(
                "PUT", self._path(request.identifier), body=self._values(request), headers=_CREATE_ONLY
            ),
            is_done=lambda answer: answer.is_success,
            look=self.look,
        )

    async def publish(self, request: MintRequest) -> Minted:
        """A Handle has no drafts: create it where it is not there, else send its values."""
        await self.mint(request)
        return await self.push(request)

    async def push(self, request: MintRequest) -> Minted:
        """Replace our values, and leave those of others as they are, also those that come in between.

        Where the server tells an ETag, what has changed since it was read is read again. One that is refused though
        it is still the same is of no use, and left out.
        """
        etag: str | None = None
        for pause in (0.0, *self._web.pauses):
            await self._web.sleep(pause)
            held = await self._read(request.identifier)
            if held is None:
                raise MintFailedError("ePIC holds no such Handle", retryable=False)
            etag = held.etag if held.etag != etag else None
            others = (_kept(each) for each in held.values if not self._is_ours(str(each.get("type"))))
            answer = await self._web.ask(
                "PUT",
                self._path(request.identifier),
                body=[*self._values(request), *others],
                headers=None if etag is None else {"If-Match": etag},
                until=None if etag is None else _CHANGED,
                is_understood=_is_understood,
            )
            if answer.is_success:
                return Minted(request.identifier)
            if answer.status != _CHANGED:
                raise self._web.failure(answer)
        raise MintFailedError("the Handle was changed at ePIC each time before ours could be written", retryable=True)

    async def look(self, identifier: PersistentIdentifier) -> Held | None:
        """What ePIC has now."""
        found = await self._read(identifier)
        if found is None:
            return None
        url = next((_text_of(each) for each in found.values if each.get("type") == "URL"), None)
        return held_handle(identifier, url, self._account, found.values)

    async def list_from(self, scheme: str, cursor: str | None) -> HeldPage:
        """The same by pages of suffixes; each Handle is read by itself."""
        if scheme not in self.schemes:
            return HeldPage(())
        page = int(cursor or 1)
        query = [("limit", str(PAGE_SIZE)), ("page", str(page))]
        answer = await self._web.ask(
            "GET", f"/handles/{self._account.prefix}/", query=query, is_understood=_is_understood
        )
        if not isinstance(answer.body, list):
            raise self._web.failure(answer)
        suffixes = cast("Sequence[Any]", answer.body)
        held = await held_of_names((f"{self._account.prefix}/{suffix}" for suffix in suffixes), self.look)
        return HeldPage(held, str(page + 1) if len(suffixes) == PAGE_SIZE else None)

    def _path(self, identifier: PersistentIdentifier) -> str:
        return f"/handles/{path_of(identifier.value)}"

    def _values(self, request: MintRequest) -> Sequence[dict[str, Any]]:
        return [{"type": each.type, "parsed_data": each.data} for each in values_of(request, self._account)]

    def _is_ours(self, type: str) -> bool:
        """Whether values of this type are not kept: they are written by us, or by the server itself."""
        if type == "URL" or _is_admin(type):
            return True
        return self._account.pidinst_values and type in pidinst_types(self._account.pidinst_types)

    async def _read(self, identifier: PersistentIdentifier) -> "_Found | None":
        """A Handle as it is; None when there is no such Handle."""
        answer = await self._web.ask("GET", self._path(identifier), is_understood=_is_understood)
        if answer.status == 404:
            return None
        values = objects_of(answer.body)
        if not answer.is_success or not values:
            raise self._web.failure(answer, retryable=answer.is_success or None)
        return _Found(values, answer.etag)


class _Found(NamedTuple):
    """The values of a Handle, and the ETag of what was read."""

    values: Sequence[Json]
    etag: str | None


def said(answer: Answer) -> str | None:
    """What is wrong, as far as the answer tells it: ePIC describes no form for errors."""
    if answer.status == 412:
        return "the Handle exists already, or was changed meanwhile"
    found = answer.members.get("message") or answer.members.get("error")
    return found if isinstance(found, str) else None


def _is_understood(answer: Answer) -> bool:
    """Whether the answer tells something: the body of an error, and of a change, may be anything."""
    return answer.body is not None or answer.status in (201, 204, 401, 403, 404)


def _is_admin(type: str) -> bool:
    """Whether values of this type administer the Handle: ePIC writes them itself."""
    return type.startswith("HS_")


def _is_alone(sent: Any, held: Sequence[Any]) -> bool:
    return len(held) == 1 and sent is not None and same_data(sent, held[0])


def _kept(value: Json) -> dict[str, Any]:
    """A value as it is sent back: under the name that its data has."""
    name = _data_name(value)
    return {"type": value.get("type"), name: value.get(name)}


def _text_of(value: Json) -> str | None:
    found = value.get(_data_name(value))
    return found if isinstance(found, str) else None


def _data_name(value: Json) -> str:
    return "data" if value.get("parsed_data") is None and "data" in value else "parsed_data"
