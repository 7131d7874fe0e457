"""Keep what the checker found and mended, and why a video is partial."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add the columns; attempts of older releases have none of either."""
    op.add_column("attempts", sa.Column("fixes", _json(), nullable=False, server_default="[]"))
    op.add_column("attempts", sa.Column("diagnostics", _json(), nullable=False, server_default="[]"))
    op.add_column("jobs", sa.Column("partial_reason", sa.Text))


def _json() -> sa.types.TypeEngine[Any]:
    return sa.JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")
