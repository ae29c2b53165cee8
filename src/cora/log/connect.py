"""Connections to Postgres that the log works with, and what they are set to."""

from collections.abc import Mapping
from types import MappingProxyType

import asyncpg

from cora.log.types import Connection

# Plans of the append and of the looks go by index whatever the statistics
# say: a plan made while the tables were empty is kept for the connection.
INDEXED = {
    "enable_seqscan": "off",
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
    "plan_cache_mode": "force_generic_plan",
    "jit": "off",
}

# For walks along an index that end early: the few rows that are guessed of an
# average record would else be fetched and sorted whole, of one with very many too.
WALKING = {"enable_bitmapscan": "off"}

LOCK_TIMEOUT = "2s"
TRANSACTION_TIMEOUT = "10s"
IDLE_TIMEOUT = "5s"

# What a lost connection looks like. A statement sent over it may or may not have been carried out.
LOST = (
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.TransactionTimeoutError,
    asyncpg.IdleInTransactionSessionTimeoutError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    OSError,
)

# The database asked for patience: the statement was rolled back, nothing was applied.
BUSY = (
    asyncpg.LockNotAvailableError,
    asyncpg.DeadlockDetectedError,
    asyncpg.InsufficientResourcesError,
    asyncpg.ReadOnlySQLTransactionError,
)

# The request itself is at fault: it holds something that the database, or the way to it, cannot take.
POISON = (asyncpg.DataError, asyncpg.IntegrityConstraintViolationError, asyncpg.ProgramLimitExceededError)


async def connect(
    dsn: str,
    schema: str,
    *,
    indexed: bool = True,
    restricted: bool = True,
    further: Mapping[str, str] = MappingProxyType({}),
) -> Connection:
    """A connection in a schema, under the restricted role unless asked otherwise.

    Raises what asyncpg raises when the database cannot be reached.
    """
    settings = {
        "application_name": "cora",
        "search_path": schema,
        "default_transaction_isolation": "read committed",
        "lock_timeout": LOCK_TIMEOUT,
        "idle_in_transaction_session_timeout": IDLE_TIMEOUT,
        "client_connection_check_interval": "1s",
        "tcp_keepalives_idle": "10",
        "tcp_keepalives_interval": "5",
        "tcp_keepalives_count": "3",
        "timezone": "UTC",
        **(INDEXED if indexed else {"jit": "off"}),
        **further,
    }
    connection: Connection = await asyncpg.connect(dsn, server_settings=settings, timeout=10)
    try:
        if connection.get_server_version().major >= 17:
            await connection.execute(f"set transaction_timeout = '{TRANSACTION_TIMEOUT}'")
        if restricted:
            await connection.execute("set role cora_app")
    except BaseException:
        await connection.close()
        raise
    return connection
