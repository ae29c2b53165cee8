"""Handles by the HTTP JSON API of the Handle.Net software (4.1 of the reference).

A Handle is created with `overwrite=false`, which the server judges by itself: whoever is second
learns it. It is changed value by value, so that who administers it stays as it is.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, cast

import httpx

from cora.equipment.adapters.authority_web import (
    PAUSES,
    Answer,
    AuthorityWeb,
    object_of,
    objects_of,
    path_of,
)
from cora.equipment.adapters.budget import CallBudget
from cora.equipment.adapters.handle_prefix import HandlePrefix
from cora.equipment.adapters.handle_values import (
    HandleValue,
    admin_value,
    held_handle,
    held_of_names,
    pidinst_indices,
    property_at,
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

_SETTINGS = "CORA_HANDLE_USER and CORA_HANDLE_SECRET, or CORA_HANDLE_CERTIFICATE"
_DONE = 1
_NO_SUCH_HANDLE = 100
_NO_SUCH_VALUES = 200


class HandleServer(HandlePrefix):
    """A Handle prefix on a Handle.Net server as an authority."""

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
        self._admin = admin_value(account.admin or f"200:0.NA/{account.prefix}")
        self._web = AuthorityWeb(
            "The Handle server", client, budget, said, settings=_SETTINGS, secrets=secrets, pauses=pauses, sleep=sleep
        )

    def preview(self, request: MintRequest) -> Preview:
        """The body of the `PUT` that creates the Handle."""
        return Preview(self._creating(request), loss=untold_by(self._account, request.record))

    def changed(self, request: MintRequest, held: Held) -> Sequence[str]:
        """The values at our indices that differ; those at others are not ours."""
        found: Mapping[int, tuple[str, str | None]] = held.metadata or {}
        sent = {each.index: each for each in self._values(request)}
        wrong = (
            index
            for index, each in sent.items()
            if index not in found or found[index][0] != each.type or not same_data(each.data, found[index][1])
        )
        left = (index for index in self._indices() if index in found and index not in sent)
        return [property_at(index) for index in sorted((*wrong, *left))]

    async def mint(self, request: MintRequest) -> Minted:
        """Create the Handle, or find that it leads to this URL already. It is public from then on."""
        body = self._creating(request)
        return await register_once(
            request,
            self._web,
            send=lambda: self._web.send(
                "PUT",
                self._path(request.identifier),
                query=[("overwrite", "false")],
                body=body,
            ),
            is_done=lambda answer: answer.is_success and answer.members.get("responseCode") == _DONE,
            look=self.look,
        )

    async def publish(self, request: MintRequest) -> Minted:
        """A Handle has no drafts: create it where it is not there, else send its values."""
        await self.mint(request)
        return await self.push(request)

    async def push(self, request: MintRequest) -> Minted:
        """Replace our values by their indices; who administers the Handle stays as it is."""
        values = self._values(request)
        held = await self._read(request.identifier)
        if held is None:
            raise MintFailedError(f"{self._web.name} holds no such Handle", retryable=False)
        given = {value.index for value in values}
        gone = sorted(index for index in self._indices() if index in held and index not in given)
        await self._change("PUT", request.identifier, [each.index for each in values], values)
        if gone:
            await self._change("DELETE", request.identifier, gone)
        return Minted(request.identifier)

    async def look(self, identifier: PersistentIdentifier) -> Held | None:
        """What the server has now, past all caches."""
        values = await self._read(identifier)
        if values is None:
            return None
        url = next((data for type, data in values.values() if type == "URL"), None)
        return held_handle(identifier, url, self._account, values)

    async def list_from(self, scheme: str, cursor: str | None) -> HeldPage:
        """The same by pages of names; each Handle is read by itself."""
        if scheme not in self.schemes:
            return HeldPage(())
        page = int(cursor or 0)
        query = [("prefix", self._account.prefix), ("page", str(page)), ("pageSize", str(PAGE_SIZE))]
        answer = await self._web.ask("GET", "/api/handles", query=query, is_understood=_is_understood)
        names = answer.members.get("handles")
        if not answer.is_success or not isinstance(names, list):
            raise self._web.failure(answer)
        found = cast("Sequence[Any]", names)
        held = await held_of_names(map(str, found), self.look)
        return HeldPage(held, str(page + 1) if len(found) == PAGE_SIZE else None)

    def _path(self, identifier: PersistentIdentifier) -> str:
        return f"/api/handles/{path_of(identifier.value)}"

    def _creating(self, request: MintRequest) -> dict[str, Any]:
        return {"values": [each.body for each in (*self._values(request), self._admin)]}

    def _values(self, request: MintRequest) -> tuple[HandleValue, ...]:
        return values_of(request, self._account)

    def _indices(self) -> tuple[int, ...]:
        return pidinst_indices() if self._account.pidinst_values else ()

    async def _read(self, identifier: PersistentIdentifier) -> dict[int, tuple[str, str | None]] | None:
        """Type and text of each value by its index; None when there is no such Handle."""
        answer = await self._web.ask(
            "GET", self._path(identifier), query=[("auth", "true")], is_understood=_is_understood
        )
        if answer.members.get("responseCode") == _NO_SUCH_HANDLE:
            return None
        values = objects_of(answer.members.get("values"))
        if not answer.is_success or not values:
            raise self._web.failure(answer, retryable=answer.is_success or None)
        return {
            each["index"]: (str(each.get("type")), _text_of(each.get("data"))) for each in values if "index" in each
        }

    async def _change(
        self,
        method: str,
        identifier: PersistentIdentifier,
        indices: Sequence[int],
        values: Sequence[HandleValue] | None = None,
    ) -> None:
        """Replace or delete values by their indices: the same however often it is done."""
        query = [*(("index", str(index)) for index in indices)]
        body = None
        if values is not None:
            query.append(("overwrite", "true"))
            body = {"values": [each.body for each in values]}
        answer = await self._web.ask(
            method, self._path(identifier), query=query, body=body, is_understood=_is_understood
        )
        done = (_DONE,) if values is not None else (_DONE, _NO_SUCH_VALUES)
        if answer.members.get("responseCode") not in done:
            raise self._web.failure(answer)


def _is_understood(answer: Answer) -> bool:
    """Whether the Handle software has answered, and not a gateway before it."""
    return isinstance(answer.members.get("responseCode"), int)


def said(answer: Answer) -> str | None:
    """What is wrong, in the words of the server or by its response code (4.1, errors)."""
    code, message = answer.members.get("responseCode"), answer.members.get("message")
    if isinstance(message, str) and message:
        return message
    known = {
        2: "it had an error",
        100: "there is no such Handle",
        101: "the Handle exists",
        102: "it is not a valid Handle",
        200: "there are no such values",
        202: "a value is not valid",
        301: "the server is not responsible for this prefix",
        400: "we may not do this",
        402: "authentication is needed",
    }
    return known.get(code, f"response code {code}") if isinstance(code, int) else None


def _text_of(data: object) -> str | None:
    """The text of a value, which may be bare or in an object with its format."""
    value = data if isinstance(data, str) else object_of(data).get("value")
    return value if isinstance(value, str) else None
