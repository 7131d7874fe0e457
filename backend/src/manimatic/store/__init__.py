"""The job store: SQLAlchemy on SQLite, and on Postgres.

`schema` holds the tables and `migrations` their history; `dialects` is all that knows one database from another;
`moves`, `queueing`, `upkeep`, `usage` and `reading` are what happens inside a transaction; `sql`, `keys` and
`webhooks` are the ports, and `outbox` is what a move leaves for webhooks.
"""

from __future__ import annotations

from manimatic.store.keys import SqlKeyStore
from manimatic.store.sql import SqlJobStore, Stores, open_store, open_stores
from manimatic.store.webhooks import SqlWebhookStore

__all__ = ["SqlJobStore", "SqlKeyStore", "SqlWebhookStore", "Stores", "open_store", "open_stores"]
