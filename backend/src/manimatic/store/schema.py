"""The tables. Columns of `jobs` are named as the fields of `Job`; the few others are explained where they stand."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    ColumnElement,
    Double,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    false,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.types import TypeEngine

from manimatic.jobs import DOOMED

HEAD = "0005"
"""The newest revision in `migrations/versions`; a database that has it needs no upgrade."""


def json_type() -> TypeEngine[Any]:
    """Return the type of a JSON column; None is stored as NULL."""
    return JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")


metadata = MetaData()

jobs = Table(
    "jobs",
    metadata,
    # The order in which jobs came; it never goes back, even when the newest job is deleted.
    Column("seq", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("id", String(64), nullable=False, unique=True),
    Column("state", String(16), nullable=False),
    Column("state_since", Double, nullable=False),
    Column("prompt", Text, nullable=False),
    Column("brought_code", Text),
    Column("options", json_type(), nullable=False),
    Column("metadata", json_type(), nullable=False),
    Column("created_at", Double, nullable=False),
    Column("updated_at", Double, nullable=False),
    Column("deadline_at", Double),
    Column("ended_at", Double),
    Column("owner", Text),
    Column("lease_until", Double),
    Column("fence", Integer, nullable=False, server_default="0"),
    Column("tries", Integer, nullable=False, server_default="0"),
    Column("cancel_requested", Boolean, nullable=False, server_default=false()),
    Column("generator", Text),
    Column("title", Text),
    Column("explanation", Text),
    Column("code", Text),
    Column("verdict", String(32)),
    Column("partial", Boolean, nullable=False, server_default=false()),
    Column("partial_reason", Text),
    Column("failure", json_type()),
    Column("video", json_type()),
    # A copy of the video's own `expires_at`, so that the clean-up finds it by index.
    Column("video_expires_at", Double),
    Column("held_video", Text),
    Column("progress", json_type(), nullable=False),
    Column("timings", json_type(), nullable=False),
    Column("isolation", json_type()),
    # The number of the job's newest event; raised in the transaction that inserts it, hence no gaps.
    Column("last_event", Integer, nullable=False, server_default="0"),
    # Whose job it is; `owner` is the dispatcher that holds the lease.
    Column("account", Text, nullable=False, server_default="local"),
    # The prefix of the key that asked for it, whose usage it is charged to.
    Column("api_key", String(16)),
    Column("request_id", String(64)),
    Column("webhook", json_type()),
    # The job that this one is a version of, the first version of all, and what was to be changed.
    Column("parent", String(64)),
    Column("lineage", String(64)),
    Column("revision", json_type()),
    Column("share_token", String(64)),
    Index("jobs_by_state", "state", "seq"),
    Index("jobs_by_video_expiry", "video_expires_at"),
    Index("jobs_by_account", "account", "seq"),
    Index("jobs_by_lease", "lease_until"),
    Index("jobs_by_lineage", "lineage", "seq"),
    Index("jobs_by_share", "share_token", unique=True),
    sqlite_autoincrement=True,
)

# The higher an account's number, the later it was served; one that never was has none.
turns = Table(
    "turns",
    metadata,
    Column("account", Text, primary_key=True),
    Column("turn", BigInteger, nullable=False),
)

attempts = Table(
    "attempts",
    metadata,
    Column("job_id", String(64), ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("origin", Text, nullable=False),
    Column("code", Text, nullable=False),
    Column("fixes", json_type(), nullable=False, server_default="[]"),
    Column("diagnostics", json_type(), nullable=False, server_default="[]"),
    Column("verdict", String(32)),
    Column("failure", json_type()),
    Column("usage", json_type(), nullable=False),
    Column("started_at", Double, nullable=False),
    Column("ended_at", Double),
    Column("isolation", json_type()),
    Column("figures", json_type(), nullable=False),
)

events = Table(
    "events",
    metadata,
    Column("job_id", String(64), ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("at", Double, nullable=False),
    Column("kind", String(32), nullable=False),
    Column("data", json_type(), nullable=False),
)

services = Table(
    "services",
    metadata,
    Column("name", String(255), primary_key=True),
    Column("role", String(64), nullable=False),
    Column("facts", json_type(), nullable=False),
    Column("seen_at", Double, nullable=False),
)

api_keys = Table(
    "api_keys",
    metadata,
    Column("prefix", String(16), primary_key=True),
    Column("digest", String(64), nullable=False),
    Column("account", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("scopes", json_type(), nullable=False),
    Column("quotas", json_type(), nullable=False),
    Column("created_at", Double, nullable=False),
    Column("expires_at", Double),
    Column("revoked_at", Double),
    Column("used_at", Double),
)

# What a key has used on a day (UTC, counted from 1970). It outlives the jobs, so deleting those gives nothing back.
key_usage = Table(
    "key_usage",
    metadata,
    Column("prefix", String(16), primary_key=True),
    Column("day", Integer, primary_key=True, autoincrement=False),
    Column("jobs", Integer, nullable=False, server_default="0"),
    Column("render_s", Double, nullable=False, server_default="0"),
    Column("cost_usd", Double, nullable=False, server_default="0"),
)

# Which job an Idempotency-Key has made.
request_keys = Table(
    "request_keys",
    metadata,
    Column("account", Text, primary_key=True),
    Column("key", String(255), primary_key=True),
    Column("digest", String(64), nullable=False),
    Column("job_id", String(64), ForeignKey("jobs.id", ondelete="CASCADE"), nullable=False),
    Column("created_at", Double, nullable=False),
    Index("request_keys_by_age", "created_at"),
    Index("request_keys_by_job", "job_id"),
)

# What is to be told to webhooks, and every try to do so.
deliveries = Table(
    "deliveries",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("job_id", String(64), ForeignKey("jobs.id", ondelete="CASCADE"), nullable=False),
    Column("event", String(32), nullable=False),
    Column("url", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("state", String(16), nullable=False),
    Column("created_at", Double, nullable=False),
    # When it is due; while it is being sent, when another dispatcher may take it over.
    Column("next_at", Double),
    Column("fence", Integer, nullable=False, server_default="0"),
    Column("tries", json_type(), nullable=False),
    Index("deliveries_due", "state", "next_at"),
    Index("deliveries_by_job", "job_id"),
)

# Secrets are kept as they are: signing needs them.
webhook_secrets = Table(
    "webhook_secrets",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("account", Text, nullable=False),
    Column("secret", Text, nullable=False),
    Column("created_at", Double, nullable=False),
    Column("retires_at", Double),
    Index("webhook_secrets_by_account", "account"),
)


def not_doomed() -> ColumnElement[bool]:
    """Return the condition that passes over jobs which the user has deleted."""
    return jobs.c.video_expires_at.is_distinct_from(DOOMED)
