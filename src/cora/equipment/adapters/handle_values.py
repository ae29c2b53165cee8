"""The values of a Handle: where it leads, who administers it, and the PIDINST record beside it.

The PIDINST values are those of the PIDINST cookbook for ePIC (dialect C of the reference): one
value for each property, its type the PID of the property in the ePIC data type registry, its
data JSON as text.
"""

import json
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from cora.equipment.adapters.authority_web import Answer, AuthorityWeb, NoAnswerError
from cora.equipment.pidinst.record import PidinstRecord
from cora.equipment.ports.doi_minter import Held, Minted, MintFailedError, MintRequest
from cora.equipment.values import PersistentIdentifier

URL_INDEX = 1
ADMIN_INDEX = 100
FIRST_PIDINST_INDEX = 11

# All but listing Handles and derived prefixes: HS_ADMIN of the Handle.Net software.
ADMIN_PERMISSIONS = "011111110011"

PIDINST_TYPES: Mapping[str, str] = {
    "Identifier": "21.T11148/8eb858ee0b12e8e463a5",
    "SchemaVersion": "21.T11148/aa24da8ba845c23ea75c",
    "LandingPage": "21.T11148/e0efc41346cda4ba84ca",
    "Name": "21.T11148/ab8d232261b9b60ba559",
    "Owners": "21.T11148/4eaec4bc0f1df68ab2a7",
    "Manufacturers": "21.T11148/1f3e82ddf0697a497432",
    "Model": "21.T11148/c1a0ec5ad347427f25d6",
    "Description": "21.T11148/f1627ce85386d8d75078",
    "InstrumentTypes": "21.T11148/c60c8da7fff2ef4f98ce",
    "MeasuredVariables": "21.T11148/72928b84e060d491ee41",
    "Dates": "21.T11148/22c62082a4d2d9ae2602",
    "RelatedIdentifiers": "21.T11148/178fb558abc755ca7046",
    "AlternateIdentifiers": "21.T11148/eb3c713572f681e6c4c3",
}
"""The type of the value of each property, in the order of their indices."""


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


def pidinst_values(record: PidinstRecord, types: Mapping[str, str]) -> tuple[HandleValue, ...]:
    """The properties that the record has, each at its own index."""
    found = dict(_properties(record))
    indices = {name: FIRST_PIDINST_INDEX + at for at, name in enumerate(PIDINST_TYPES)}
    return tuple(
        HandleValue(index, types.get(name, PIDINST_TYPES[name]), _text(found[name]))
        for name, index in indices.items()
        if name in found
    )


def pidinst_indices() -> tuple[int, ...]:
    """All indices at which PIDINST values may stand."""
    return tuple(range(FIRST_PIDINST_INDEX, FIRST_PIDINST_INDEX + len(PIDINST_TYPES)))


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _properties(record: PidinstRecord) -> Iterator[tuple[str, Any]]:
    told = record.model_dump(mode="json", by_alias=True)
    identifier = told["identifier"]
    yield "Identifier", _typed("identifier", identifier)
    yield "SchemaVersion", told["schemaVersion"]
    yield "LandingPage", told["landingPage"]
    yield "Name", told["name"]
    yield "Owners", [{"Owner": _agent("owner", each)} for each in told["owners"]]
    yield "Manufacturers", [{"Manufacturer": _agent("manufacturer", each)} for each in told["manufacturers"]]
    if "model" in told:
        yield "Model", _agent("model", told["model"])
    if "description" in told:
        yield "Description", told["description"]
    if types := told["instrumentTypes"]:
        yield "InstrumentTypes", [{"InstrumentType": _agent("instrumentType", each)} for each in types]
    if variables := told["measuredVariables"]:
        yield "MeasuredVariables", [{"MeasuredVariable": {"measuredVariable": each}} for each in variables]
    if dates := told["dates"]:
        yield "Dates", [{"Date": each} for each in dates]
    if related := told["relatedIdentifiers"]:
        yield "RelatedIdentifiers", [{"RelatedIdentifier": _valued("relatedIdentifier", each)} for each in related]
    if alternates := told["alternateIdentifiers"]:
        yield (
            "AlternateIdentifiers",
            [{"AlternateIdentifier": _valued("alternateIdentifier", each)} for each in alternates],
        )


def _agent(name: str, part: Mapping[str, Any]) -> dict[str, Any]:
    """A part with a name and, nested, an identifier: `...IdentifierValue` and `...IdentifierType`."""
    key = f"{name}Identifier"
    return {each: _typed(key, value) if each == key else value for each, value in part.items()}


def _typed(key: str, identifier: Mapping[str, Any]) -> dict[str, Any]:
    return {f"{key}Value": identifier[key], f"{key}Type": identifier[f"{key}Type"]}


def _valued(key: str, part: Mapping[str, Any]) -> dict[str, Any]:
    """A part whose identifier has the name of the part itself."""
    return {f"{key}Value" if each == key else each: value for each, value in part.items()}


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
    failure = web.not_asked()
    for pause in (*web.pauses, None):
        try:
            answer = await send()
        except NoAnswerError as lost:
            failure = MintFailedError(str(lost), retryable=True)
        else:
            if is_done(answer):
                return Minted(request.identifier)
            failure = web.failure(answer, retryable=answer.is_success or None)
            if not failure.retryable or answer.ends_it:
                raise failure
        if pause is not None:
            await web.sleep(pause)
        held = await look(request.identifier)
        if held is not None:
            if not held.is_for(request.url):
                raise MintFailedError(f"the Handle {held.identifier.value} leads elsewhere already", retryable=False)
            return Minted(request.identifier)
    raise failure
