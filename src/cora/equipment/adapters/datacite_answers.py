"""What DataCite answers: a record with its state, and errors in their two shapes (DataCite REST API, 3.6)."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

from cora.equipment.adapters.authority_web import Answer, Json, object_of, objects_of
from cora.equipment.ports.doi_minter import Held, HeldState
from cora.equipment.values import IdentifierScheme, PersistentIdentifier

_STATES = {"draft": HeldState.DRAFT, "registered": HeldState.REGISTERED, "findable": HeldState.FINDABLE}


def held_of(data: Any, repository: str) -> Held | None:
    """The record of a DOI; None when this is not the form of one.

    It resolves once `registered` is set: the handle is written only after the record is kept, and when that
    fails the record is answered all the same (3.7).
    """
    attributes = object_of(object_of(data).get("attributes"))
    doi, url, state = attributes.get("doi"), attributes.get("url"), attributes.get("state")
    if not isinstance(doi, str) or not isinstance(state, str) or state not in _STATES:
        return None
    try:
        identifier = PersistentIdentifier(IdentifierScheme.DOI, doi)
    except ValueError:
        return None
    return Held(
        identifier,
        _STATES[state],
        url if isinstance(url, str) else None,
        ours=_is_of(object_of(data), repository),
        resolves=_STATES[state] is not HeldState.DRAFT and bool(attributes.get("registered")),
        metadata=attributes,
    )


def _is_of(data: Json, repository: str) -> bool:
    client = object_of(object_of(data.get("relationships")).get("client"))
    id = object_of(client.get("data")).get("id")
    return isinstance(id, str) and id.casefold() == repository.casefold()


def errors_of(answer: Answer) -> str | None:
    """What is wrong in words: `{status, title}` of a controller, `{source, title, uid}` of a validation."""
    errors = answer.members.get("errors")
    found = objects_of(errors) or [object_of(errors)]
    told = [
        f"{source}: {title}" if (source := each.get("source")) else str(title)
        for each in found
        if (title := each.get("title"))
    ]
    return "; ".join(told) or None


def is_taken(answer: Answer) -> bool:
    """Whether somebody else was faster to create the DOI."""
    return answer.status in (409, 422) and "already" in (errors_of(answer) or "")


def next_cursor(answer: Answer) -> str | None:
    """The cursor of the next page; its link is not followed, as it could lead anywhere."""
    link = object_of(answer.members.get("links")).get("next")
    return next(iter(parse_qs(urlsplit(link).query).get("page[cursor]", [])), None) if isinstance(link, str) else None
