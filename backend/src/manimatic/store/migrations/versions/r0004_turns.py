"""Note whose turn it is, and find the jobs that run by index, so that accounts are served in turn."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Add the table of turns; nobody has had one yet."""
    op.create_table(
        "turns",
        sa.Column("account", sa.Text, primary_key=True),
        sa.Column("turn", sa.BigInteger, nullable=False),
    )
    op.create_index("jobs_by_lease", "jobs", ["lease_until"])
