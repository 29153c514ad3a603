"""Emergency access is listed by its beginning, and ended by its time."""

import sqlalchemy as sa
from alembic import op

revision = "0046"
down_revision = "0045"


def upgrade() -> None:
    op.create_index("ix_break_glass_grant_granted_at", "break_glass_grant", ["granted_at", "id"])
    op.create_index(
        "ix_break_glass_grant_unended",
        "break_glass_grant",
        ["expires_at"],
        postgresql_where=sa.text("ended_at IS NULL"),
    )
