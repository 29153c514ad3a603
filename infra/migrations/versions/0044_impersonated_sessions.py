"""Whoever signs out looks on as nobody any more: their sessions as others are found."""

import sqlalchemy as sa
from alembic import op

revision = "0044"
down_revision = "0043"


def upgrade() -> None:
    op.create_index(
        "ix_session_impersonated_by_live",
        "session",
        ["impersonated_by"],
        postgresql_where=sa.text("impersonated_by IS NOT NULL AND revoked_at IS NULL"),
    )
