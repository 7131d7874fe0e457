"""API keys on a SQL database."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence

from sqlalchemy import RowMapping, func, insert, select, update

from manimatic.errors import KeyNotFound
from manimatic.keys import ApiKey, Quotas, Scope, Used, day_of
from manimatic.store import usage
from manimatic.store.database import Database
from manimatic.store.rows import clean
from manimatic.store.schema import api_keys


class SqlKeyStore:
    """A `KeyStore` beside the jobs; it is closed with the job store."""

    def __init__(self, database: Database, clock: Callable[[], float]) -> None:
        self._database = database
        self._clock = clock

    def add(self, key: ApiKey) -> None:
        """Keep a new key."""
        values = {f.name: getattr(key, f.name) for f in dataclasses.fields(key)}
        values |= {"scopes": sorted(key.scopes), "name": clean(key.name), "quotas": clean(key.quotas)}
        with self._database.write() as connection:
            connection.execute(insert(api_keys).values(values))

    def find(self, prefix: str) -> ApiKey | None:
        """Return the key with this prefix."""
        with self._database.read() as connection:
            row = connection.execute(select(api_keys).where(api_keys.c.prefix == prefix)).mappings().one_or_none()
        return None if row is None else _key_of(row)

    def all_keys(self) -> Sequence[ApiKey]:
        """Return all keys, oldest first."""
        with self._database.read() as connection:
            rows = connection.execute(select(api_keys).order_by(api_keys.c.created_at, api_keys.c.prefix))
            return [_key_of(row) for row in rows.mappings()]

    def revoke(self, prefix: str) -> ApiKey:
        """Let the key be good for nothing from now on; the first time counts. Raises KeyNotFound."""
        first = func.coalesce(api_keys.c.revoked_at, self._clock())
        change = update(api_keys).where(api_keys.c.prefix == prefix).values(revoked_at=first).returning(api_keys)
        with self._database.write() as connection:
            row = connection.execute(change).mappings().one_or_none()
        if row is None:
            raise KeyNotFound(f"No API key has the prefix {prefix[:40]!r}.")
        return _key_of(row)

    def touch(self, prefix: str) -> None:
        """Note that the key is in use."""
        with self._database.write() as connection:
            connection.execute(update(api_keys).where(api_keys.c.prefix == prefix).values(used_at=self._clock()))

    def used(self, prefix: str) -> Used:
        """Return what the key has used today."""
        with self._database.read() as connection:
            return usage.used_on(connection, prefix, day_of(self._clock()))


def _key_of(row: RowMapping) -> ApiKey:
    known = {f.name for f in dataclasses.fields(Quotas)}
    quotas = Quotas(**{name: value for name, value in row["quotas"].items() if name in known})
    scopes = frozenset(Scope(name) for name in row["scopes"] if name in list(Scope))
    return ApiKey(**{**row, "scopes": scopes, "quotas": quotas})
