"""The only place that knows one database from another."""

from __future__ import annotations

import fcntl
import json
import os
import time
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
POSTGRES_CONNECT_S = 5
"""How long connecting to Postgres may take; `?connect_timeout=…` in the address changes it."""
POSTGRES_CONNECTIONS = 16
"""Connections that one process opens at most; the server allows 100 by default. Threads wait for one another."""
_POSTGRES_ARGUMENTS: dict[str, Any] = {
    "connect_timeout": POSTGRES_CONNECT_S,
    "application_name": "manimatic",
    # A server that vanishes from the network is noticed within half a minute, not after the kernel's two hours.
    "keepalives_idle": 15,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 30_000,
    # Nobody waits longer for a row than on SQLite, and a stuck process does not hold one for ever.
    "options": f"-c lock_timeout={int(BUSY_TIMEOUT_S)}s -c idle_in_transaction_session_timeout=60s",
}
# Postgres locks take a number; these spell "mani" and the letter after.
_UPGRADE_LOCK = 0x6D616E69
_SUBMIT_LOCK = 0x6D616E6A


def parse_url(text_: str) -> URL:
    """Read a database's address.

    Raises:
        SettingsError: It is no address, or of a database that Manimatic does not work with; no part of it is quoted
            that may belong to a password.
    """
    hint = "Use sqlite:////absolute/path.sqlite3 or postgresql://user:password@host/database."
    try:
        url = make_url(text_)
    except (ArgumentError, ValueError):  # the latter quotes what stands where a port should
        raise SettingsError("MANIMATIC_DATABASE_URL is not a database's address.", hint=hint) from None
    if url.get_backend_name() not in {"sqlite", "postgresql"}:
        raise SettingsError(f"MANIMATIC_DATABASE_URL: {url.get_backend_name()} is not supported.", hint=hint)
    if url.get_backend_name() == "postgresql" and "@" in f"{url.host}{url.database}":
        raise SettingsError(
            "MANIMATIC_DATABASE_URL: its password holds characters that have a meaning in an address.",
            hint="Write @ as %40, / as %2F, : as %3A and % as %25.",
        )
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
        return _postgres_engine(url, common)
    except (ModuleNotFoundError, NoSuchModuleError) as error:
        raise SettingsError(
            "MANIMATIC_DATABASE_URL: the driver for this database is not installed.",
            hint="Install it with: pip install 'psycopg[binary]'.",
        ) from error


def has_one_writer(engine: Engine) -> bool:
    """Tell whether writers queue in any case, so that threads had better queue fairly before they begin."""
    return engine.dialect.name == "sqlite"


def now_of(connection: Connection) -> float:
    """Return the time in seconds since the epoch by the one clock that all users of the database share.

    On Postgres that is the server's, so that leases mean the same on machines whose clocks differ.
    """
    if connection.dialect.name == "postgresql":
        return float(connection.execute(text("SELECT extract(epoch FROM clock_timestamp())")).scalar_one())
    return time.time()


def submit_one_at_a_time(connection: Connection) -> None:
    """Let no other transaction submit until this one ends, so that what it counted stays true."""
    if connection.dialect.name == "postgresql":  # a writing transaction on SQLite is alone in any case
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _SUBMIT_LOCK})


def insert_or_change(connection: Connection, table: Table, values: dict[str, Any], changes: dict[str, Any]) -> None:
    """Insert a row, or change the one with its primary key, whatever other transactions do."""
    make = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    keys = list(table.primary_key.columns)
    connection.execute(make(table).values(values).on_conflict_do_update(index_elements=keys, set_=changes))


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
        connection.execute(text("SET lock_timeout = 0"))  # an upgrade of many jobs may take its time
        connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": _UPGRADE_LOCK})
        connection.commit()
        try:
            yield connection
        finally:
            connection.rollback()
            connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": _UPGRADE_LOCK})
            connection.commit()


def _postgres_engine(url: URL, common: dict[str, Any]) -> Engine:
    arguments = {name: value for name, value in _POSTGRES_ARGUMENTS.items() if name not in url.query}
    return create_engine(
        url,
        isolation_level="READ COMMITTED",
        pool_size=POSTGRES_CONNECTIONS // 2,
        max_overflow=POSTGRES_CONNECTIONS // 2,
        connect_args=arguments,
        **common,
    )


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
