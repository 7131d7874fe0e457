"""Transactions, with every failure turned into a StoreError."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, nullcontext

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError

from manimatic.errors import StoreError
from manimatic.store.dialects import has_one_writer, is_memory, make_engine, now_of, parse_url
from manimatic.store.failures import place_of, plain_errors
from manimatic.store.upgrade import upgrade

_BEGAN = "manimatic began"


class Database:
    """One process's way to the database; safe to use from many threads.

    It belongs to the process that made it: SQLite's locks do not survive a fork, so a forked child is refused.
    """

    def __init__(self, url: str) -> None:
        parsed = parse_url(url)
        self.place = place_of(parsed)
        self._process = os.getpid()
        self._engine = make_engine(parsed)
        self._writer = self._engine.execution_options(writes=True)
        # Threads queue here in order; SQLite's own wait is a lottery among sleepers.
        self._turn = threading.RLock() if has_one_writer(self._engine) else None
        self._readers_queue = is_memory(parsed)

    def upgrade(self) -> None:
        """Bring the tables up to date. Raises StoreError."""
        with plain_errors(self.place):
            try:
                upgrade(self._engine, self.place)
            finally:
                if not self._readers_queue:
                    self._engine.dispose()  # a fork right after opening inherits no connection

    def close(self) -> None:
        """Close every connection; the next use opens new ones, except in memory, where all is gone."""
        with self._turn or nullcontext():  # the one connection in memory must not be closed under a thread that reads
            self._engine.dispose()

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Give a connection in a transaction that only reads. Raises StoreError."""
        self._refuse_fork()
        with ExitStack() as stack:
            if self._turn and self._readers_queue:
                stack.enter_context(self._turn)
            stack.enter_context(plain_errors(self.place))
            yield stack.enter_context(_begun(self._engine))

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """Give a connection in a transaction that writes; it ends with the block. Raises StoreError."""
        self._refuse_fork()
        with ExitStack() as stack:
            if self._turn:
                stack.enter_context(self._turn)
            stack.enter_context(plain_errors(self.place))
            yield stack.enter_context(_begun(self._writer))

    def now(self) -> float:
        """Return the time in seconds since the epoch by the clock that all users of the database share."""
        if self._turn:
            return time.time()
        with self.read() as connection:
            return began_at(connection)

    def _refuse_fork(self) -> None:
        if os.getpid() != self._process:
            raise StoreError(
                f"{self.place} was opened before this process was forked.", hint="Open the store in each process."
            )


def began_at(connection: Connection) -> float:
    """Return when the transaction began, by the clock that all users of the database share."""
    at: float = connection.info[_BEGAN]
    return at


@contextmanager
def _begun(engine: Engine) -> Iterator[Connection]:
    """Give a connection in a transaction that ends with the block.

    Its first statement asks the time. That it is answered also shows that the server is there: one that was started
    again since the last transaction costs no request.
    """
    connection = _alive(engine)
    with connection:
        transaction = connection.get_transaction()
        assert transaction is not None  # noqa: S101  begun a moment ago
        with transaction:
            yield connection


def _alive(engine: Engine) -> Connection:
    for last in (False, True):
        connection = engine.connect()
        try:
            connection.begin()
            connection.info[_BEGAN] = now_of(connection)
        except BaseException as error:
            connection.close()
            if last or not (isinstance(error, DBAPIError) and error.connection_invalidated):
                raise
        else:
            return connection
    raise AssertionError  # the second round returns or raises
