"""Brings a database to the schema of this cora: numbered SQL files, each applied once, under a lock."""

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import psycopg
from psycopg import sql
from yoyo import get_backend, read_migrations  # pyright: ignore[reportUnknownVariableType]

FOLDER = Path(__file__).parent / "schema"
CONNECT_WITHIN = 10
"""Seconds to wait for a database that does not answer."""


def migrate(dsn: str, schema: str = "cora") -> list[str]:
    """Apply what is missing; the names of the files applied. Several processes may do so at once.

    Raises what psycopg raises when the database cannot be reached or refuses.
    """
    with _locked(dsn, schema) as backend:
        wanted = backend.to_apply(read_migrations(str(FOLDER)))
        names = [migration.id for migration in wanted]
        backend.apply_migrations(wanted)
    return names


def pending(dsn: str, schema: str = "cora") -> list[str]:
    """The names of the files not yet applied."""
    with psycopg.connect(dsn, connect_timeout=CONNECT_WITHIN) as connection:
        known = connection.execute("select to_regclass(%s)", (f'"{schema}"._yoyo_migration',)).fetchone()
        applied: set[str] = set()
        if known and known[0]:
            query = sql.SQL("select migration_id from {}._yoyo_migration").format(sql.Identifier(schema))
            applied = {row[0] for row in connection.execute(query)}
    return sorted(path.stem for path in FOLDER.glob("*.sql") if path.stem not in applied)


def holds_events(dsn: str, schema: str = "cora") -> bool:
    """Whether anything was ever recorded in a database, by whichever cora."""
    with psycopg.connect(dsn, connect_timeout=CONNECT_WITHIN) as connection:
        there = connection.execute("select to_regclass(%s)", (f'"{schema}".event',)).fetchone()
        if not there or not there[0]:
            return False
        query = sql.SQL("select exists (select from {}.event)").format(sql.Identifier(schema))
        return bool(connection.execute(query).fetchone() == (True,))


@contextmanager
def _locked(dsn: str, schema: str) -> Generator[Any]:
    with psycopg.connect(dsn, autocommit=True, connect_timeout=CONNECT_WITHIN) as guard:
        guard.execute("select pg_advisory_lock(hashtextextended(%s, 0))", (f"cora.migrate.{schema}",))
        guard.execute(sql.SQL("create schema if not exists {}").format(sql.Identifier(schema)))
        backend: Any = get_backend(_uri(dsn, schema))
        try:
            # Yoyo locks by a row, which survives a crash. Whoever is here holds
            # the advisory lock, so a row that is left belongs to nobody.
            backend.break_lock()
            yield backend
        finally:
            backend.connection.close()


def _uri(dsn: str, schema: str) -> str:
    parts = urlsplit(dsn)
    query = f"{parts.query}&schema={quote(schema)}" if parts.query else f"schema={quote(schema)}"
    return parts._replace(scheme="postgresql+psycopg", query=query).geturl()
