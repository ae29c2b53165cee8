"""The values of a Handle: where it leads, who administers it, and the PIDINST record beside it.

The PIDINST values are those of the PIDINST cookbook for ePIC: one for each property, its type
the PID of the property in the ePIC data type registry, its data JSON as text.
"""

import json
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from cora.equipment.adapters.authority_web import Answer, AuthorityWeb, NoAnswerError, failed_before, following
from cora.equipment.pidinst.forms import loss_of
from cora.equipment.pidinst.forms.form import Loss, untold
from cora.equipment.pidinst.forms.handle import HANDLE, TYPES, handle_values
from cora.equipment.pidinst.published import PublishedRecord
from cora.equipment.ports.authorities import HandleAccount
from cora.equipment.ports.doi_minter import Held, HeldState, Minted, MintFailedError, MintRequest
from cora.equipment.values import IdentifierScheme, PersistentIdentifier

URL_INDEX = 1
ADMIN_INDEX = 100
FIRST_PIDINST_INDEX = 11

# All but listing Handles and derived prefixes: HS_ADMIN of the Handle.Net software.
ADMIN_PERMISSIONS = "011111110011"


@dataclass(frozen=True)
class HandleValue:
    """A value of a Handle at its index. `data` is text, or an object of the Handle protocol for HS_ADMIN."""

    index: int
    type: str
    data: str | Mapping[str, Any]

    @property
    def body(self) -> dict[str, Any]:
        """The value as the JSON API of Handle.Net takes it (Handle.Net HTTP JSON API, 4.1 of the reference)."""
        form = "string" if isinstance(self.data, str) else "admin"
        return {"index": self.index, "type": self.type, "data": {"format": form, "value": self.data}}


def admin_value(admin: str) -> HandleValue:
    """Who may change the Handle: `admin` is `index:handle`. Raises `ValueError` for another form."""
    index, colon, handle = admin.partition(":")
    if not colon or not index.isdecimal() or "/" not in handle:
        raise ValueError("is not index:handle, as in 200:0.NA/21.T11998")
    value = {"handle": handle, "index": int(index), "permissions": ADMIN_PERMISSIONS}
    return HandleValue(ADMIN_INDEX, "HS_ADMIN", value)


def url_value(url: str) -> HandleValue:
    """Where the Handle leads."""
    return HandleValue(URL_INDEX, "URL", url)


def pidinst_values(record: PublishedRecord, types: Mapping[str, str]) -> tuple[HandleValue, ...]:
    """The properties that the record has, each at its own index. `types` stand in place of those of the cookbook."""
    names = {type: name for name, type in TYPES.items()}
    order = list(TYPES)
    return tuple(
        HandleValue(FIRST_PIDINST_INDEX + order.index(name), types.get(name, type), text)
        for type, text in handle_values(record)
        if (name := names.get(type)) is not None
    )


def values_of(request: MintRequest, account: HandleAccount) -> tuple[HandleValue, ...]:
    """What we write into a Handle: where it leads and, if the account says so, the PIDINST record."""
    beside = pidinst_values(request.record, account.pidinst_types) if account.pidinst_values else ()
    return (url_value(request.url), *beside)


def held_handle(identifier: PersistentIdentifier, url: str | None, account: HandleAccount, values: Any) -> Held:
    """A Handle that a server has: always public, and ours where it has our prefix. `values` are all that it holds."""
    is_ours = identifier.value.lower().startswith(f"{account.prefix.lower()}/")
    return Held(identifier, HeldState.FINDABLE, url, ours=is_ours, resolves=url is not None, metadata=values)


def pidinst_indices() -> tuple[int, ...]:
    """All indices at which PIDINST values may stand."""
    return tuple(range(FIRST_PIDINST_INDEX, FIRST_PIDINST_INDEX + len(TYPES)))


def pidinst_types(types: Mapping[str, str]) -> frozenset[str]:
    """The types of all PIDINST values."""
    return frozenset(types.get(name, type) for name, type in TYPES.items())


def property_at(index: int) -> str:
    """What stands at one of our indices."""
    return "URL" if index == URL_INDEX else list(TYPES)[index - FIRST_PIDINST_INDEX]


def property_of(type: str, types: Mapping[str, str]) -> str:
    """What a type of our values is called; `types` stand in place of those of the cookbook."""
    names = {types.get(name, known): name for name, known in TYPES.items()}
    return names.get(type, type)


def same_data(sent: Any, held: Any) -> bool:
    """Whether the data of a value are those that were sent: JSON may come back parsed, or written otherwise."""
    return sent == held or _parsed(sent) == _parsed(held)


def _parsed(data: Any) -> Any:
    try:
        return json.loads(data) if isinstance(data, str) else data
    except ValueError:
        return data


def untold_by(account: HandleAccount, record: PublishedRecord) -> tuple[Loss, ...]:
    """What of a record the Handles of an account do not tell."""
    if account.pidinst_values:
        return loss_of(HANDLE, record)
    says = "Only the URL is kept at the Handle server; with CORA_HANDLE_PIDINST_VALUES=true the record is kept there."
    return untold(record, frozenset({"LandingPage"}), says)


async def held_of_names(
    names: Iterable[str], look: Callable[[PersistentIdentifier], Awaitable[Held | None]]
) -> tuple[Held, ...]:
    """What is held under names that a server has listed."""
    found: list[Held] = []
    for name in names:
        try:
            identifier = PersistentIdentifier(IdentifierScheme.HANDLE, name)
        except ValueError:
            # What is no Handle for us was not registered by us.
            continue
        held = await look(identifier)
        if held is not None:
            found.append(held)
    return tuple(found)


async def register_once(
    request: MintRequest,
    web: AuthorityWeb,
    *,
    send: Callable[[], Awaitable[Answer]],
    is_done: Callable[[Answer], bool],
    look: Callable[[PersistentIdentifier], Awaitable[Held | None]],
) -> Minted:
    """Send what creates and never replaces, until it is done or the Handle is seen to lead to this URL.

    Raises `MintFailedError`, also for a Handle that leads elsewhere.
    """
    failure: MintFailedError = web.not_asked()
    for pause in (*web.pauses, None):
        try:
            with failed_before(failure):
                answer = await send()
        except NoAnswerError as lost:
            failure = following(failure, lost.failure)
        else:
            if is_done(answer):
                return Minted(request.identifier)
            failure = following(failure, web.failure(answer, retryable=answer.is_success or None))
            if not failure.retryable or answer.ends_it:
                raise failure
        if pause is not None:
            await web.sleep(pause)
        with failed_before(failure):
            held = await look(request.identifier)
        if held is not None:
            if not held.is_for(request.url):
                raise MintFailedError(f"the Handle {held.identifier.value} leads elsewhere already", retryable=False)
            return Minted(request.identifier, found=True)
    raise failure
