"""The job store: SQLAlchemy on SQLite, and on Postgres.

`schema` holds the tables and `migrations` their history; `dialects` is all that knows one database from another;
`moves`, `queueing`, `upkeep` and `reading` are what happens inside a transaction; `sql` is the port.
"""

from __future__ import annotations

from manimatic.store.sql import SqlJobStore, open_store

__all__ = ["SqlJobStore", "open_store"]
