"""Accounts are counted by role out of an index alone."""

import sqlalchemy as sa
from alembic import op

revision = "0048"
down_revision = "0047"


def upgrade() -> None:
    op.create_index(
        "ix_user_counted", "user", ["role"], postgresql_where=sa.text("status <> 'erased' AND is_synthetic IS false")
    )
