"""Note which job another one is a version of, what was to be changed, and where it is shared."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Add the columns; jobs of older releases are versions of nothing, and not shared."""
    json_type = sa.JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")
    op.add_column("jobs", sa.Column("parent", sa.String(64)))
    op.add_column("jobs", sa.Column("lineage", sa.String(64)))
    op.add_column("jobs", sa.Column("revision", json_type))
    op.add_column("jobs", sa.Column("share_token", sa.String(64)))
    op.create_index("jobs_by_lineage", "jobs", ["lineage", "seq"])
    op.create_index("jobs_by_share", "jobs", ["share_token"], unique=True)
