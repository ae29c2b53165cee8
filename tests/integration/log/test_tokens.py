"""Tokens in Postgres: only the hash is kept, every failure looks alike, and revoking works within a second."""

import asyncio
import re
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from uuid import UUID

import pytest

from cora.kernel.errors import OverloadedError
from cora.kernel.principal import Principal, Role
from cora.log import tokens as tokens_module
from cora.log.link import Link
from cora.log.store import PostgresLog
from cora.log.tokens import TIME_TO_LIVE, TokenNameTakenError, TokenTable


@pytest.fixture
def tokens(log: PostgresLog) -> TokenTable:
    return log.tokens


@asynccontextmanager
async def another(log: PostgresLog) -> AsyncGenerator[TokenTable]:
    """A table as another process has it: it remembers nothing of what the first one was asked."""
    tokens = TokenTable(log.pool, Link(log.dsn, log.schema))
    try:
        yield tokens
    finally:
        await tokens.close()


def _id_in(token: str) -> UUID:
    return UUID(token.split("_")[1])


async def test_a_token_stands_for_its_holder(tokens: TokenTable) -> None:
    token = await tokens.create(Role.OPERATOR, "beamline staff")
    assert re.fullmatch(r"cora_[0-9a-f]{32}_[\w-]{43}", token)
    for _ in range(2):
        assert await tokens.authenticate(token) == Principal("beamline staff", Role.OPERATOR)


async def test_only_the_hash_of_the_secret_is_stored(tokens: TokenTable, log: PostgresLog) -> None:
    token = await tokens.create(Role.ADMIN)
    secret = token.split("_", 2)[2]
    row = await log.pool.fetchrow("select * from token")
    assert row is not None
    assert row["hash"] == sha256(secret.encode()).digest()
    assert secret not in repr(dict(row))
    assert token not in repr(await tokens.list())


async def test_whatever_is_wrong_there_is_no_holder(tokens: TokenTable) -> None:
    token = await tokens.create(Role.READER)
    other = await tokens.create(Role.ADMIN)
    expired = await tokens.create(Role.READER, expires_at=datetime.now(UTC) - timedelta(seconds=1))
    revoked = await tokens.create(Role.READER)
    assert await tokens.revoke(_id_in(revoked))
    mixed = f"cora_{_id_in(token).hex}_{other.split('_', 2)[2]}"
    wrong = [token[:-1], token + "A", token.upper(), "", "cora__", "cora_x_y", "\x00", "ü", mixed, expired, revoked]
    wrong.append(f"cora_{UUID(int=7).hex}_{token.split('_', 2)[2]}")
    for bearer in wrong:
        assert await tokens.authenticate(bearer) is None, bearer


async def test_a_revoked_token_is_believed_a_moment_longer_elsewhere_but_not_here(log: PostgresLog) -> None:
    here = log.tokens
    token = await here.create(Role.READER)
    assert await here.authenticate(token)
    async with another(log) as elsewhere:
        assert await elsewhere.authenticate(token)
        checked_at = time.monotonic()
        assert await here.revoke(_id_in(token))
        assert await here.authenticate(token) is None
        await asyncio.sleep(checked_at + TIME_TO_LIVE + 0.1 - time.monotonic())
        assert await elsewhere.authenticate(token) is None
    assert not await here.revoke(_id_in(token))
    assert not await here.revoke(UUID(int=1))


async def test_within_its_time_a_check_is_not_made_again(log: PostgresLog, monkeypatch: pytest.MonkeyPatch) -> None:
    tokens = log.tokens
    token = await tokens.create(Role.READER)
    await tokens.authenticate(token)
    await log.pool.execute("delete from token")
    assert await tokens.authenticate(token)
    monkeypatch.setattr(tokens_module, "TIME_TO_LIVE", 0.0)
    async with another(log) as tokens:
        assert await tokens.authenticate(token) is None


async def test_what_is_remembered_is_bounded(log: PostgresLog, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokens_module, "MOST_REMEMBERED", 3)
    for _ in range(8):
        assert await log.tokens.authenticate(await log.tokens.create(Role.READER))
        assert len(log.tokens._remembered) <= 3


async def test_names_go_into_events_so_they_are_plain_and_used_once(tokens: TokenTable) -> None:
    first = await tokens.create(Role.READER, "José M.")
    with pytest.raises(TokenNameTakenError):
        await tokens.create(Role.ADMIN, "José M.")
    assert await tokens.revoke(_id_in(first))
    await tokens.create(Role.ADMIN, "José M.")
    for name in ("", " ", "cli:root", "a\nb", "a" * 101, " a", "a ", "\u202e", "system:x"):
        with pytest.raises(ValueError, match="is not a name"):
            await tokens.create(Role.READER, name)
    for name in ("system", "System", "anonymous", "ＳＹＳＴＥＭ"):
        with pytest.raises(ValueError, match="choose another name"):
            await tokens.create(Role.ADMIN, name)
    await tokens.create(Role.READER, "systems group")
    with pytest.raises(ValueError, match="has a role"):
        await tokens.create(Role.ANONYMOUS)


async def test_of_two_made_at_once_with_one_name_one_is_made(tokens: TokenTable) -> None:
    results = await asyncio.gather(*(tokens.create(Role.READER, "one") for _ in range(5)), return_exceptions=True)
    assert sum(isinstance(result, str) for result in results) == 1
    assert sum(isinstance(result, TokenNameTakenError) for result in results) == 4


async def test_tokens_are_listed_in_the_order_they_were_made(tokens: TokenTable) -> None:
    expires_at = datetime.now(UTC).replace(microsecond=0) + timedelta(days=1)
    await tokens.create(Role.ADMIN, "first")
    second = await tokens.create(Role.READER, "second", expires_at)
    await tokens.revoke(_id_in(second))
    one, two = await tokens.list()
    assert (one.name, one.role, one.expires_at, one.revoked_at) == ("first", Role.ADMIN, None, None)
    assert (two.name, two.role, two.expires_at) == ("second", Role.READER, expires_at)
    assert two.revoked_at is not None
    assert two.id == _id_in(second)


async def test_without_a_database_nobody_is_told_that_a_token_is_wrong(database_url: str) -> None:
    log = await PostgresLog.open(database_url)
    token = await log.tokens.create(Role.READER)
    await log.close()
    with pytest.raises(OverloadedError):
        await log.tokens.authenticate(token)
