"""Resumption tokens (section 3.5): where a list goes on, and what was asked, so that no server has to remember it.

A token holds no secret. Its check is there to tell what was cut off or changed on the way; a made-up one shows nothing
that the list itself would not. It never expires.
"""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any
from uuid import UUID

from cora.kernel.harvest import Asked, Place
from cora.surfaces.http.oai.asking import OaiError

_CHECK = 8
_LONGEST = 2000


@dataclass(frozen=True)
class Position:
    """A place in a list: of which format and selection, how many were given before it, and of about how many."""

    verb: str
    prefix: str
    asked: Asked
    place: Place
    cursor: int
    size: int


def token_of(position: Position) -> str:
    """The token of a position."""
    asked, (changed_at, id) = position.asked, position.place
    members = [
        position.verb,
        position.prefix,
        asked.since and asked.since.isoformat(),
        asked.until and asked.until.isoformat(),
        asked.set,
        changed_at.isoformat(),
        id.hex,
        position.cursor,
        position.size,
    ]
    body = json.dumps(members, separators=(",", ":")).encode()
    return urlsafe_b64encode(_check(body) + body).decode("ascii").rstrip("=")


def read_token(token: str, verb: str) -> Position:
    """The position of a token. Raises `OaiError` unless it was made here for this verb and is unchanged."""
    try:
        if len(token) > _LONGEST:
            raise ValueError("too long")
        kept = urlsafe_b64decode(token.encode("ascii") + b"=" * (-len(token) % 4))
        check, body = kept[:_CHECK], kept[_CHECK:]
        # Decoding skips what is no base64; the token made of what was read shows that.
        if check != _check(body):
            raise ValueError("changed")
        members: list[Any] = json.loads(body)
        made_for, prefix, since, until, within, changed_at, id, cursor, size = members
        asked = Asked(_moment(since), _moment(until), within)
        position = Position(made_for, prefix, asked, (datetime.fromisoformat(changed_at), UUID(id)), cursor, size)
        if token_of(position) != token or made_for != verb:
            raise ValueError("another")
    except (ValueError, TypeError, AttributeError, RecursionError):
        raise OaiError("badResumptionToken", "The token is not one that was given here for this verb.") from None
    return position


def _check(body: bytes) -> bytes:
    return sha256(b"cora resumption token\n" + body).digest()[:_CHECK]


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
