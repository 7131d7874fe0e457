"""Note which job another one is a version of, and what was to be changed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Add the columns; jobs of older releases are versions of nothing."""
    json_type = sa.JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")
    op.add_column("jobs", sa.Column("parent", sa.String(64)))
    op.add_column("jobs", sa.Column("lineage", sa.String(64)))
    op.add_column("jobs", sa.Column("revision", json_type))
    op.create_index("jobs_by_lineage", "jobs", ["lineage", "seq"])
