"""Names for asyncpg's generic types, which are generic for the type checker only."""

from typing import TYPE_CHECKING, Any, TypeAlias

import asyncpg
from asyncpg.prepared_stmt import PreparedStatement

if TYPE_CHECKING:
    Connection: TypeAlias = asyncpg.Connection[Any]
    Pool: TypeAlias = asyncpg.Pool[Any]
    Statement: TypeAlias = PreparedStatement[Any]
else:
    Connection = asyncpg.Connection
    Pool = asyncpg.Pool
    Statement = PreparedStatement
