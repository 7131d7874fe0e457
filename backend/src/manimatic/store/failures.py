"""From a driver's error to a StoreError that says what to do."""

from __future__ import annotations

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


def place_of(url: URL) -> str:
    """Return how messages call the database: the file's path, or the address without its password."""
    if url.get_backend_name() == "sqlite":
        return url.database or "the database in memory"
    return url.render_as_string(hide_password=True)


@contextmanager
def plain_errors(place: str) -> Iterator[None]:
    """Turn every error of the database into a StoreError without a driver's traceback."""
    try:
        yield
    except DBAPIError as error:
        raise _explained(place, error.orig) from None
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


def _first_line(error: BaseException | None) -> str:
    lines = str(error).strip().splitlines()
    return lines[0].rstrip(".") if lines else type(error).__name__
