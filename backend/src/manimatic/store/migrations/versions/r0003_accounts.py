"""Give every job an account; add API keys with their usage, idempotency keys, and webhooks."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add what is new; the jobs of older releases are `local`."""
    op.add_column("jobs", sa.Column("account", sa.Text, nullable=False, server_default="local"))
    op.add_column("jobs", sa.Column("api_key", sa.String(16)))
    op.add_column("jobs", sa.Column("request_id", sa.String(64)))
    op.add_column("jobs", sa.Column("webhook", _json()))
    op.create_index("jobs_by_account", "jobs", ["account", "seq"])
    _create_keys()
    _create_request_keys()
    _create_webhooks()


def _json() -> sa.types.TypeEngine[Any]:
    return sa.JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")


def _job_id() -> sa.Column[str]:
    return sa.Column("job_id", sa.String(64), sa.ForeignKey("jobs.id", ondelete="CASCADE"), nullable=False)


def _create_keys() -> None:
    op.create_table(
        "api_keys",
        sa.Column("prefix", sa.String(16), primary_key=True),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("account", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("scopes", _json(), nullable=False),
        sa.Column("quotas", _json(), nullable=False),
        sa.Column("created_at", sa.Double, nullable=False),
        sa.Column("expires_at", sa.Double),
        sa.Column("revoked_at", sa.Double),
        sa.Column("used_at", sa.Double),
    )
    op.create_table(
        "key_usage",
        sa.Column("prefix", sa.String(16), primary_key=True),
        sa.Column("day", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("jobs", sa.Integer, nullable=False, server_default="0"),
        sa.Column("render_s", sa.Double, nullable=False, server_default="0"),
        sa.Column("cost_usd", sa.Double, nullable=False, server_default="0"),
    )


def _create_request_keys() -> None:
    op.create_table(
        "request_keys",
        sa.Column("account", sa.Text, primary_key=True),
        sa.Column("key", sa.String(255), primary_key=True),
        sa.Column("digest", sa.String(64), nullable=False),
        _job_id(),
        sa.Column("created_at", sa.Double, nullable=False),
    )
    op.create_index("request_keys_by_age", "request_keys", ["created_at"])
    op.create_index("request_keys_by_job", "request_keys", ["job_id"])


def _create_webhooks() -> None:
    op.create_table(
        "deliveries",
        sa.Column("id", sa.String(64), primary_key=True),
        _job_id(),
        sa.Column("event", sa.String(32), nullable=False),
        sa.Column("url", sa.Text, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("created_at", sa.Double, nullable=False),
        sa.Column("next_at", sa.Double),
        sa.Column("fence", sa.Integer, nullable=False, server_default="0"),
        sa.Column("tries", _json(), nullable=False),
    )
    op.create_index("deliveries_due", "deliveries", ["state", "next_at"])
    op.create_index("deliveries_by_job", "deliveries", ["job_id"])
    op.create_table(
        "webhook_secrets",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("account", sa.Text, nullable=False),
        sa.Column("secret", sa.Text, nullable=False),
        sa.Column("created_at", sa.Double, nullable=False),
        sa.Column("retires_at", sa.Double),
    )
    op.create_index("webhook_secrets_by_account", "webhook_secrets", ["account"])
