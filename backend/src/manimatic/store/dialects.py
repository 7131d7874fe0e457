"""The only place that knows one database from another."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, Table, create_engine, event, make_url, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import ArgumentError, NoSuchModuleError
from sqlalchemy.pool import StaticPool

from manimatic.errors import SettingsError

BUSY_TIMEOUT_S = 10.0
"""How long a SQLite writer waits for another process's transaction; `?timeout=…` in the address changes it."""
# Postgres locks take a number; these spell "mani" and the letter after.
_UPGRADE_LOCK = 0x6D616E69
_SUBMIT_LOCK = 0x6D616E6A


def parse_url(text_: str) -> URL:
    """Read a database's address.

    Raises:
        SettingsError: It is no address, or of a database that Manimatic does not work with.
    """
    hint = "Use sqlite:////absolute/path.sqlite3 or postgresql://user:password@host/database."
    try:
        url = make_url(text_)
    except ArgumentError as error:
        raise SettingsError("MANIMATIC_DATABASE_URL is not a database's address.", hint=hint) from error
    if url.get_backend_name() not in {"sqlite", "postgresql"}:
        raise SettingsError(f"MANIMATIC_DATABASE_URL: {url.get_backend_name()} is not supported.", hint=hint)
    return url


def is_memory(url: URL) -> bool:
    """Tell whether the database lives in this process only."""
    return url.get_backend_name() == "sqlite" and (url.database or ":memory:") == ":memory:"


def make_engine(url: URL) -> Engine:
    """Return an engine whose transactions write when the execution option `writes` is set.

    Raises:
        SettingsError: The database's driver is not installed.
    """
    common: dict[str, Any] = {
        "hide_parameters": True,  # prompts do not belong in error messages
        "json_serializer": partial(json.dumps, ensure_ascii=False, allow_nan=False, separators=(",", ":")),
    }
    if url.get_backend_name() == "sqlite":
        return _sqlite_engine(url, common)
    try:
        return create_engine(url, pool_pre_ping=True, isolation_level="READ COMMITTED", **common)
    except (ModuleNotFoundError, NoSuchModuleError) as error:
        raise SettingsError(
            "MANIMATIC_DATABASE_URL: the driver for this database is not installed.",
            hint="Install it with: pip install 'psycopg[binary]'.",
        ) from error


def has_one_writer(engine: Engine) -> bool:
    """Tell whether writers queue in any case, so that threads had better queue fairly before they begin."""
    return engine.dialect.name == "sqlite"


def submit_one_at_a_time(connection: Connection) -> None:
    """Let no other transaction submit until this one ends, so that what it counted stays true."""
    if connection.dialect.name == "postgresql":  # a writing transaction on SQLite is alone in any case
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _SUBMIT_LOCK})


def insert_if_missing(connection: Connection, table: Table, values: dict[str, Any]) -> None:
    """Insert a row unless one with its primary key is there, whatever other transactions do."""
    make = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    connection.execute(make(table).values(values).on_conflict_do_nothing())


@contextmanager
def upgrade_lock(engine: Engine) -> Iterator[Connection]:
    """Give a connection, outside a transaction, while no other process changes the schema."""
    if engine.dialect.name == "sqlite":
        with _file_lock(engine.url), engine.connect() as connection, _sqlite_upgrade(connection):
            yield connection
        return
    with engine.connect() as connection:
        connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": _UPGRADE_LOCK})
        connection.commit()
        try:
            yield connection
        finally:
            connection.rollback()
            connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": _UPGRADE_LOCK})
            connection.commit()


def _sqlite_engine(url: URL, common: dict[str, Any]) -> Engine:
    arguments: dict[str, Any] = {"check_same_thread": False}
    if "timeout" not in url.query:
        arguments["timeout"] = BUSY_TIMEOUT_S
    if is_memory(url):
        engine = create_engine(url, poolclass=StaticPool, connect_args=arguments, **common)
    else:
        engine = create_engine(url, pool_size=8, max_overflow=64, connect_args=arguments, **common)
    event.listen(engine, "connect", _sqlite_connect)
    event.listen(engine, "begin", _sqlite_begin)
    return engine


def _sqlite_connect(driver: Any, _record: object) -> None:
    driver.isolation_level = None  # the driver begins no transactions of its own; `_sqlite_begin` does
    driver.execute("PRAGMA foreign_keys = ON")
    driver.execute("PRAGMA synchronous = NORMAL")


def _sqlite_begin(connection: Connection) -> None:
    # A reader that turns writer fails at once when another wrote in between; a writer that says so first waits.
    writes = connection.get_execution_options().get("writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


@contextmanager
def _file_lock(url: URL) -> Iterator[None]:
    """Lock a file beside the database: switching it to WAL does not wait for other processes by itself."""
    if is_memory(url):
        yield
        return
    path = Path(f"{url.database}.lock")
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o666)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


@contextmanager
def _sqlite_upgrade(connection: Connection) -> Iterator[None]:
    driver: Any = connection.connection.driver_connection
    driver.execute("PRAGMA journal_mode = WAL")  # where the file system cannot do it, the old mode stays
    driver.execute("PRAGMA foreign_keys = OFF")  # rebuilding a table must not delete what refers to it
    try:
        yield
    finally:
        connection.rollback()
        driver.execute("PRAGMA foreign_keys = ON")
