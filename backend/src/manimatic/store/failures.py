"""From a driver's error to a StoreError that says what to do."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import URL
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from manimatic.errors import StoreError

_PRIMARY_CODE = 0xFF  # the low byte of SQLite's extended error codes
_UNWRITABLE = "Make the file and its folder writable for the user that runs Manimatic, or set MANIMATIC_DATA_DIR."
_DAMAGED = "Move it away (with its -wal and -shm files) and put a backup in its place, or start with an empty one."
_SQLITE = {
    sqlite3.SQLITE_READONLY: ("{place} cannot be written", _UNWRITABLE),
    sqlite3.SQLITE_PERM: ("{place} may not be used", _UNWRITABLE),
    sqlite3.SQLITE_CANTOPEN: ("{place} cannot be opened or created", _UNWRITABLE),
    sqlite3.SQLITE_FULL: ("The disk that holds {place} is full", "Free some space there, then try again."),
    sqlite3.SQLITE_BUSY: (
        "{place} is locked by another process",
        "Try again; if it lasts, end what holds it open (a database shell, a backup).",
    ),
    sqlite3.SQLITE_LOCKED: ("{place} is locked", "Try again."),
    sqlite3.SQLITE_CORRUPT: ("{place} is damaged", _DAMAGED),
    sqlite3.SQLITE_NOTADB: ("{place} is not a SQLite database", _DAMAGED),
    sqlite3.SQLITE_IOERR: (
        "Reading or writing {place} failed",
        "Check the disk, its free space and its quota, then start again.",
    ),
}
_ADDRESS = "Mend MANIMATIC_DATABASE_URL; `manimatic doctor` tries it."
_ROOM = "Free some space on the database server, then try again."
# By SQLSTATE. A refused connection has none, so its message is looked through; the server may speak another language,
# and then the general text below it is given.
_POSTGRES = {
    "28P01": ("{place} does not accept the user or the password", _ADDRESS),
    "28000": ("{place} does not let this user in from this machine", "Allow it in pg_hba.conf on the database server."),
    "3D000": ("{place}: there is no such database", "Make it with `createdb`, owned by the user in the address."),
    "42501": ("{place} does not give its user the rights that are needed", "Make the user the database's owner."),
    "25006": ("{place} only lets itself be read", "Name the primary server in MANIMATIC_DATABASE_URL, not a copy."),
    "53100": ("The disk of {place} is full", _ROOM),
    "53300": (
        "{place} has no connection left",
        "Raise max_connections on the database server: each process of Manimatic takes up to 16.",
    ),
    "55P03": ("{place} is locked by another process", "Try again; if it lasts, end what holds the lock."),
    "40P01": ("{place} has broken off one of two changes that waited for each other", "Try again."),
    "57P03": ("{place} is starting or stopping", "Try again in a moment."),
}
_PHRASES = {
    "password authentication failed": "28P01",
    "no password supplied": "28P01",
    "no pg_hba.conf entry": "28000",
    "too many clients": "53300",
    "remaining connection slots": "53300",
    "the database system is": "57P03",
}
_NO_DATABASE = re.compile(r'database ".*" does not exist')
_UNREACHABLE = (
    "{place} cannot be reached",
    "Start PostgreSQL, or mend host and port in MANIMATIC_DATABASE_URL.",
)


def place_of(url: URL) -> str:
    """Return how messages call the database: the file's path, or the address without its password."""
    if url.get_backend_name() == "sqlite":
        return url.database or "the database in memory"
    shown = {name: value for name, value in url.query.items() if name in {"host", "port"}}  # a password may stand there
    return url.set(query=shown).render_as_string(hide_password=True)


@contextmanager
def plain_errors(place: str) -> Iterator[None]:
    """Turn every error of the database into a StoreError without a driver's traceback."""
    try:
        yield
    except DBAPIError as error:
        explained = _explained if isinstance(error.orig, sqlite3.Error) else _explained_postgres
        raise explained(place, error.orig) from None
    except sqlite3.Error as error:
        raise _explained(place, error) from None
    except SQLAlchemyError as error:
        raise StoreError(f"The job database {place} cannot be used: {_first_line(error)}.") from None
    except OSError as error:
        raise StoreError(f"{error.filename or place} cannot be used: {error.strerror}.", hint=_UNWRITABLE) from None


def _explained(place: str, error: BaseException | None) -> StoreError:
    code = getattr(error, "sqlite_errorcode", 0) & _PRIMARY_CODE
    detail = _first_line(error)
    if code not in _SQLITE:
        return StoreError(f"The job database {place} cannot be used: {detail}.")
    text, hint = _SQLITE[code]
    return StoreError(f"{text.format(place=place)} ({detail}).", hint=hint)


def _explained_postgres(place: str, error: BaseException | None) -> StoreError:
    detail = _first_line(error)
    state = getattr(error, "sqlstate", None) or _state_of(str(error))
    if state in _POSTGRES:
        text, hint = _POSTGRES[state]
    elif state is None or state.startswith(("08", "57P")):
        text, hint = _UNREACHABLE
    else:
        return StoreError(f"The job database {place} cannot be used: {detail}.")
    return StoreError(f"{text.format(place=place)} ({detail}).", hint=hint)


def _state_of(message: str) -> str | None:
    """Return the SQLSTATE that a refused connection would have."""
    if _NO_DATABASE.search(message):
        return "3D000"
    return next((state for phrase, state in _PHRASES.items() if phrase in message), None)


def _first_line(error: BaseException | None) -> str:
    lines = str(error).strip().splitlines()
    return lines[0].rstrip(".") if lines else type(error).__name__
