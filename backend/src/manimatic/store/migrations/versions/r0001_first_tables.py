"""Create the first tables."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Create jobs, attempts, events and services."""
    _create_jobs()
    _create_attempts()
    _create_events()
    _create_services()


def _json() -> sa.types.TypeEngine[Any]:
    return sa.JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")


def _job_id() -> sa.Column[str]:
    return sa.Column("job_id", sa.String(64), sa.ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True)


def _create_jobs() -> None:
    op.create_table(
        "jobs",
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True, autoincrement=True),
        sa.Column("id", sa.String(64), nullable=False, unique=True),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("state_since", sa.Double, nullable=False),
        sa.Column("prompt", sa.Text, nullable=False),
        sa.Column("brought_code", sa.Text),
        sa.Column("options", _json(), nullable=False),
        sa.Column("metadata", _json(), nullable=False),
        sa.Column("created_at", sa.Double, nullable=False),
        sa.Column("updated_at", sa.Double, nullable=False),
        sa.Column("deadline_at", sa.Double),
        sa.Column("ended_at", sa.Double),
        *_claim_columns(),
        *_result_columns(),
        sa.Column("last_event", sa.Integer, nullable=False, server_default="0"),
        sqlite_autoincrement=True,
    )
    op.create_index("jobs_by_state", "jobs", ["state", "seq"])
    op.create_index("jobs_by_video_expiry", "jobs", ["video_expires_at"])


def _claim_columns() -> list[sa.Column[Any]]:
    return [
        sa.Column("owner", sa.Text),
        sa.Column("lease_until", sa.Double),
        sa.Column("fence", sa.Integer, nullable=False, server_default="0"),
        sa.Column("tries", sa.Integer, nullable=False, server_default="0"),
        sa.Column("cancel_requested", sa.Boolean, nullable=False, server_default=sa.false()),
    ]


def _result_columns() -> list[sa.Column[Any]]:
    return [
        sa.Column("generator", sa.Text),
        sa.Column("title", sa.Text),
        sa.Column("explanation", sa.Text),
        sa.Column("code", sa.Text),
        sa.Column("verdict", sa.String(32)),
        sa.Column("partial", sa.Boolean, nullable=False, server_default=sa.false()),
        sa.Column("failure", _json()),
        sa.Column("video", _json()),
        sa.Column("video_expires_at", sa.Double),
        sa.Column("held_video", sa.Text),
        sa.Column("progress", _json(), nullable=False),
        sa.Column("timings", _json(), nullable=False),
        sa.Column("isolation", _json()),
    ]


def _create_attempts() -> None:
    op.create_table(
        "attempts",
        _job_id(),
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("origin", sa.Text, nullable=False),
        sa.Column("code", sa.Text, nullable=False),
        sa.Column("verdict", sa.String(32)),
        sa.Column("failure", _json()),
        sa.Column("usage", _json(), nullable=False),
        sa.Column("started_at", sa.Double, nullable=False),
        sa.Column("ended_at", sa.Double),
        sa.Column("isolation", _json()),
        sa.Column("figures", _json(), nullable=False),
    )


def _create_events() -> None:
    op.create_table(
        "events",
        _job_id(),
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("at", sa.Double, nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("data", _json(), nullable=False),
    )


def _create_services() -> None:
    op.create_table(
        "services",
        sa.Column("name", sa.String(255), primary_key=True),
        sa.Column("role", sa.String(64), nullable=False),
        sa.Column("facts", _json(), nullable=False),
        sa.Column("seen_at", sa.Double, nullable=False),
    )
