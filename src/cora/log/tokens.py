"""Bearer tokens in Postgres: `cora_<id>_<secret>`, of which only the SHA-256 of the secret is stored."""

import re
import secrets
import time
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from hmac import compare_digest
from uuid import UUID

import asyncpg

from cora.kernel.identity import new_id
from cora.kernel.principal import Principal, Role
from cora.log.link import Link
from cora.log.look import Fetch, Gatherer
from cora.log.pool import borrowed
from cora.log.types import Pool

TIME_TO_LIVE = 1.0
"""Seconds that a check is believed: a token that was revoked or has expired works at most so much longer."""
MOST_REMEMBERED = 10_000

_TOKEN = re.compile(r"cora_([0-9a-f]{32})_([A-Za-z0-9_-]{43})")
_NAME = re.compile(r"[^\W_](?:[\w .@-]{0,98}[\w.@-])?")
_RESERVED = frozenset({"system", "anonymous"})
"""What cora itself is called in events, and whoever has no token. Its other actors have a colon in their names."""
_NO_HASH = bytes(32)

_FIND = """
select t.hash, t.role, t.name, t.revoked_at is null and (t.expires_at is null or t.expires_at > now()) as valid
from unnest($1::uuid[]) with ordinality u(id, n) left join token t on t.id = u.id order by u.n
"""


class TokenNameTakenError(ValueError):
    """Another token, not revoked, has this name: events name their actor by it."""


@dataclass(frozen=True)
class Token:
    """A token as it is listed; the secret is nowhere."""

    id: UUID
    name: str
    role: Role
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None


async def find_tokens(fetch: Fetch, ids: Sequence[UUID]) -> list[asyncpg.Record]:
    """One row for each id, in order; `hash` is None for what does not exist."""
    return await fetch(_FIND, ids)


class TokenTable:
    """Implements `kernel.tokens.Tokens`, and the making and revoking of tokens.

    Tokens are looked up together over a connection of their own: anybody may send one, and what they send must
    neither take the connections of others nor wait without end.
    """

    def __init__(self, pool: Pool, link: Link) -> None:
        self._pool = pool
        self._looks = Gatherer[UUID, asyncpg.Record](link, find_tokens)
        self._remembered: dict[bytes, tuple[float, Principal]] = {}

    async def close(self) -> None:
        """Close the connection; who still waits is refused as overload."""
        await self._looks.close()

    async def authenticate(self, bearer: str) -> Principal | None:
        """Who holds this token; None when it is unknown, expired or revoked.

        Raises `OverloadedError` when too many ask or the database does not answer.
        """
        key = sha256(bearer.encode()).digest()
        remembered = self._remembered.get(key)
        if remembered is not None and remembered[0] > time.monotonic():
            return remembered[1]
        asked_at = time.monotonic()
        principal = await self._find(bearer)
        if principal is None:
            self._remembered.pop(key, None)
            return None
        if len(self._remembered) >= MOST_REMEMBERED:
            self._remembered.clear()
        self._remembered[key] = (asked_at + TIME_TO_LIVE, principal)
        return principal

    async def _find(self, bearer: str) -> Principal | None:
        # Whatever is wrong with a token, the same steps are taken: malformed
        # ones are looked up too, under an id that nobody has.
        parsed = _TOKEN.fullmatch(bearer)
        id, secret = (UUID(parsed[1]), parsed[2]) if parsed else (UUID(int=0), "")
        row = await self._looks.look(id)
        is_right = compare_digest(row["hash"] or _NO_HASH, _hashed(secret))
        if row["hash"] is None or not is_right or not row["valid"]:
            return None
        return Principal(row["name"], Role.named(row["role"]))

    async def create(self, role: Role, name: str | None = None, expires_at: datetime | None = None) -> str:
        """Make a token and return its text, which cannot be had again.

        Raises `ValueError` for a name that is not 1 to 100 letters, digits, spaces or `.@-`, or that another living
        token or cora itself has: it goes into every event as the actor.
        """
        id, secret = new_id(), secrets.token_urlsafe(32)
        name = name if name is not None else f"{role.label}-{id.hex[-8:]}"
        if role is Role.ANONYMOUS:
            raise ValueError("a token has a role: reader, operator, steward or admin")
        if not _NAME.fullmatch(name) or not name.isprintable():
            raise ValueError(f"{name!r} is not a name of 1 to 100 letters, digits, spaces or .@-")
        if unicodedata.normalize("NFKC", name).casefold() in _RESERVED:
            raise ValueError(f"{name!r} is what cora calls itself, or nobody; choose another name")
        async with borrowed(self._pool) as connection, connection.transaction():
            await connection.execute("select pg_advisory_xact_lock(hashtextextended('cora.token', 0))")
            if await connection.fetchval(
                "select exists (select from token where name = $1 and revoked_at is null)", name
            ):
                raise TokenNameTakenError(f"a token named {name!r} exists; revoke it first or take another name")
            await connection.execute(
                "insert into token (id, hash, role, name, expires_at) values ($1, $2, $3, $4, $5)",
                id, _hashed(secret), role.label, name, expires_at,
            )  # fmt: skip
        return f"cora_{id.hex}_{secret}"

    async def list(self) -> Sequence[Token]:
        """Every token ever made, oldest first."""
        async with borrowed(self._pool) as connection:
            rows = await connection.fetch(
                "select id, name, role, created_at, expires_at, revoked_at from token order by created_at, id"
            )
        return [
            Token(
                row["id"], row["name"], Role.named(row["role"]),
                row["created_at"], row["expires_at"], row["revoked_at"],
            )
            for row in rows
        ]  # fmt: skip

    async def revoke(self, id: UUID) -> bool:
        """Make a token useless; whether it was not so already. Other processes believe in it `TIME_TO_LIVE` longer."""
        async with borrowed(self._pool) as connection:
            revoked = await connection.fetchval(
                "update token set revoked_at = now() where id = $1 and revoked_at is null returning true", id
            )
        self._remembered.clear()
        return bool(revoked)


def _hashed(secret: str) -> bytes:
    return sha256(secret.encode()).digest()
